"""The document kinds of orders: their fields, and the sales order as read from them.

Names are Dataverse's own (learn.microsoft.com, "SalesOrder" and "SalesOrderDetail" table
references, with their lengths) where it has one.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields, Value
from tillbridge_dynamics365.accounts import Buyer, read_buyer
from tillbridge_dynamics365.names import EXTERNAL_ORDER_LENGTH, PAYMENT_ID_LENGTH

_CUSTOM = re.compile(r"[a-z][a-z0-9]{1,7}_[a-z0-9_]+")

_ADDRESS = (
    ("name", "Name", 200),
    ("contactname", "Contact", 150),
    ("line1", "Street 1", 250),
    ("line2", "Street 2", 250),
    ("line3", "Street 3", 250),
    ("city", "City", 80),
    ("stateorprovince", "State or province", 50),
    ("postalcode", "Postal code", 20),
    ("country", "Country", 80),
    ("telephone", "Telephone", 50),
)


def _address(prefix: str, title: str) -> tuple[Field, ...]:
    return tuple(
        Field(f"{prefix}_{name}", "text", f"{title}: {label}", length_max=length)
        for name, label, length in _ADDRESS
    )


_TEXTS = (
    Field("description", "text", "Description", length_max=2000),
    Field("emailaddress", "text", "E-mail address", length_max=100),
    *_address("shipto", "Ship to"),
    *_address("billto", "Bill to"),
)

SALES_ORDER = DocumentShape(
    "sales_order",
    "Sales order",
    (
        Field("ordernumber", "text", "Order number", required=True, length_max=100),
        Field("name", "text", "Name", length_max=300),
        Field(
            "transactioncurrencyid",
            "text",
            "Currency (ISO code)",
            required=True,
            length_max=3,
            unit="currency",
        ),
        Field("totalamount", "money", "Total it must come to", required=True),
        Field("totaltax", "money", "Tax of the whole order"),
        Field("freightamount", "money", "Freight"),
        Field("discountamount", "money", "Discount on the order"),
        Field("rounding", "money", "Rounding"),
        Field("payment_id", "text", "Payment id", length_max=PAYMENT_ID_LENGTH),
        Field("external_order", "text", "Shop's order", length_max=EXTERNAL_ORDER_LENGTH),
        Field("hold", "boolean", "Create on hold"),
        Field(
            "customer",
            "group",
            "Customer",
            of=(
                Field("id", "text", "Shop's customer number; empty for a guest", length_max=100),
                Field("name", "text", "Name", length_max=160),
                Field("emailaddress1", "text", "E-mail address", length_max=100),
                Field("telephone1", "text", "Telephone", length_max=50),
            ),
        ),
        *_TEXTS,
        Field(
            "lines",
            "list",
            "Lines",
            required=True,
            of=(
                Field("productnumber", "text", "Product number", length_max=100),
                Field("productdescription", "text", "Write-in product", length_max=500),
                Field("quantity", "decimal", "Quantity", required=True, unit="quantity"),
                Field("priceperunit", "unit_amount", "Price per unit", required=True),
                Field("tax", "money", "Tax"),
                Field("manualdiscountamount", "money", "Discount on the line"),
            ),
        ),
        Field("custom", "group", "Columns of your own, by logical name", custom=True),
    ),
)

ORDER_POINTER = (
    Field("salesorderid", "text", "Order's id in Dynamics", length_max=36),
    Field("ordernumber", "text", "Order number", length_max=100),
)
SALES_ORDER_RELEASE = DocumentShape(
    "sales_order_release", "Release of a sales order from hold", ORDER_POINTER
)
SALES_ORDER_CANCELLATION = DocumentShape(
    "sales_order_cancellation",
    "Cancellation of a sales order",
    (*ORDER_POINTER, Field("subject", "text", "Why", length_max=200)),
)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line; without a product number it is a write-in."""

    product: str
    description: str
    quantity: Decimal
    price: Decimal
    tax: Money
    discount: Money


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A sales order as it is to be written. All money is in `currency`.

    Attributes:
        texts: columns of text, by logical name.
        custom: columns of the organization's own, by logical name; none is empty.
        rounding: what is left over; it becomes a line of its own.
        untaxed: tax of the order that no line carries (on freight, say); a line of its own too.
    """

    number: str
    name: str
    currency: str
    total: Money
    freight: Money
    discount: Money
    rounding: Money
    untaxed: Money
    payment_id: str
    external_order: str
    hold: bool
    buyer: Buyer
    texts: dict[str, str]
    custom: dict[str, Value]
    lines: tuple[OrderLine, ...]


def read_sales_order(fields: Fields) -> SalesOrder:
    """Raises Rejected, naming the field, for a document that is not a sales order."""
    number = values.required_text(fields, "ordernumber")
    currency = values.required_text(fields, "transactioncurrencyid")
    lines = tuple(_line(line, currency) for line in values.groups(fields, "lines"))
    if not lines:
        raise Rejected("The order has no lines.", reason="no_lines", place=Place(field="lines"))
    lines_tax = sum((line.tax for line in lines), Money.zero(currency))
    tax = values.money(fields, "totaltax", currency) if "totaltax" in fields else lines_tax
    return SalesOrder(
        number=number,
        name=values.text(fields, "name") or f"Web order {number}",
        currency=currency,
        total=values.money(fields, "totalamount", currency),
        freight=values.money(fields, "freightamount", currency),
        discount=values.money(fields, "discountamount", currency),
        rounding=values.money(fields, "rounding", currency),
        untaxed=tax - lines_tax,
        payment_id=values.text(fields, "payment_id"),
        external_order=values.text(fields, "external_order"),
        hold=values.flag(fields, "hold"),
        buyer=read_buyer(fields),
        texts=_texts(fields),
        custom=_custom(fields),
        lines=lines,
    )


def _line(fields: Fields, currency: str) -> OrderLine:
    product = values.text(fields, "productnumber")
    description = values.text(fields, "productdescription")
    if not product and not description:
        raise Rejected(
            "A line has neither a product number nor a write-in product.",
            reason="missing_field",
            place=Place(field="lines.productnumber"),
            next_step="Map one of the two.",
        )
    return OrderLine(
        product=product,
        description=description,
        quantity=values.decimal(fields, "quantity"),
        price=values.price(fields, "priceperunit", currency).amount,
        tax=values.money(fields, "tax", currency),
        discount=values.money(fields, "manualdiscountamount", currency),
    )


def _texts(fields: Fields) -> dict[str, str]:
    found = {field.name: values.text(fields, field.name) for field in _TEXTS}
    return {name: text for name, text in found.items() if text}


def _custom(fields: Fields) -> dict[str, Value]:
    custom = values.group(fields, "custom")
    for name in custom:
        if not _CUSTOM.fullmatch(name):
            raise Rejected(
                f"{name!r} is not the logical name of a custom column.",
                reason="bad_column",
                place=Place(field=f"custom.{name}"),
                next_step="Such a name has a publisher's prefix, as in new_giftmessage.",
            )
    return {name: value for name, value in custom.items() if value not in (None, "")}
