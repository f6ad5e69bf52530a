"""The documents a Sage Pro connection takes, named by its own columns.

Widths are those of the standard SQL Server edition; a site's own are checked when writing.
"""

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields

_ADDRESS = (
    Field("company", "text", "Name", length_max=60),
    Field("address1", "text", "Address line 1", length_max=60),
    Field("address2", "text", "Address line 2", length_max=60),
    Field("city", "text", "City", length_max=20),
    Field("addrstate", "text", "State", length_max=10),
    Field("zip", "text", "Postal code", length_max=10),
    Field("country", "text", "Country", length_max=15),
    Field("phone", "text", "Phone", length_max=20),
    Field("email", "text", "E-mail", length_max=50),
)
_ADDRESS_LINE_3 = Field("address3", "text", "Address line 3", length_max=60)

SALES_ORDER = DocumentShape(
    "sales_order",
    "Sales order",
    (
        Field("ponum", "text", "Purchase order number", required=True, length_max=20),
        Field("websono", "text", "Web order number, where the site has the column", length_max=20),
        Field(
            "custno", "group", "Customer",
            of=(
                Field("id", "text", "Shop's customer number; empty for a guest", length_max=64),
                Field("custno", "text", "A fixed customer instead", length_max=10),
                Field("contact", "text", "Contact", length_max=30),
                *_ADDRESS,
            ),
        ),
        Field("shipto", "group", "Ship to", of=(*_ADDRESS, _ADDRESS_LINE_3)),
        Field("ordate", "date", "Order date", required=True),
        Field("rqdate", "date", "Requested date"),
        Field("shipvia", "text", "Ship via", length_max=12),
        Field("fob", "text", "FOB", length_max=12),
        Field("pterms", "text", "Terms, instead of the customer's", length_max=20),
        Field("salesmn", "text", "Salesperson, instead of the customer's", length_max=4),
        Field("terr", "text", "Territory, instead of the customer's", length_max=3),
        Field("notes", "text", "Notes, where the site has the column"),
        Field(
            "lines", "list", "Lines", required=True,
            of=(
                Field("item", "text", "Item", required=True, length_max=25),
                Field("descrip", "text", "Description; empty: the item's", length_max=120),
                Field(
                    "qtyord", "decimal", "Quantity", required=True, digits_max=3, unit="quantity"
                ),
                Field("price", "unit_amount", "Price per unit", required=True),
                Field("disc", "decimal", "Discount, per cent", digits_max=3, unit="percentage"),
                Field("discount", "money", "Discount of the line as money, instead of per cent"),
            ),
        ),
        Field("freight", "money", "Freight"),
        Field("tax", "money", "Sales tax of the order"),
        Field("discount", "money", "Discount of the order"),
        Field("rounding", "money", "Rounding"),
        Field("total", "money", "Total", required=True),
        Field("hold", "boolean", "Hold back from the warehouse"),
        Field("payment_id", "text", "Request id of the payment's authorization", length_max=64),
        Field("custom", "group", "The site's own columns of somast", custom=True),
    ),
)  # fmt: skip

_ORDER = Field("sono", "text", "Order number", required=True, length_max=10)

SALES_ORDER_RELEASE = DocumentShape("sales_order_release", "Release of a sales order", (_ORDER,))

SALES_ORDER_CANCELLATION = DocumentShape(
    "sales_order_cancellation", "Cancellation of a sales order", (_ORDER,)
)

OPERATIONS = ("authorization", "sale", "capture", "reversal", "void", "refund")

PAYMENT_TRANSACTION = DocumentShape(
    "payment_transaction",
    "Payment operation of a sales order",
    (
        Field("sono", "text", "Order number", length_max=10),
        Field("websono", "text", "The shop's order number, where sono is not known", length_max=50),
        Field("operation", "choice", "Operation", required=True, options=OPERATIONS),
        Field("transaction_id", "text", "Request id of the payment", required=True, length_max=64),
        Field("amount", "money", "Amount"),
    ),
)  # fmt: skip

ORDER_LOOKUP = DocumentShape(
    "sales_order",
    "A sales order by its number",
    (
        Field("sono", "text", "Order number", length_max=10),
        Field("websono", "text", "The shop's order number", length_max=50),
    ),
)


def identifier(fields: Fields, name: str, place: str, length_max: int) -> str:
    """Text that names something: plain ASCII and never cut, because two cut ids may be one."""
    value = values.text(fields, name).strip()
    if len(value) <= length_max and value.isascii() and (value.isprintable() or not value):
        return value
    raise Rejected(
        f"{place} is {value!r}; it takes up to {length_max} plain ASCII characters.",
        reason="bad_identifier",
        place=Place(field=place),
        next_step="Correct it in the shop, or in the mapping.",
    )
