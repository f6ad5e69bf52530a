"""The order of `sales_order.yaml` by hand: what a careful programmer writes without a mapping.

It checks what the mapping checks: required fields, types, lengths, options, exact decimals and
currencies. Its errors name the field and the value.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import OrderLine

CARD_TYPES: Final = {"visa": "100000001", "mastercard": "100000002", "amex": "100000003"}
PRODUCTS: Final = {"MUG": "MUG-BLUE", "TRAY": "TRAY-OAK", "BOWL": "BOWL-SET"}
PAYMENT_METHODS: Final = frozenset(CARD_TYPES.values())
FREIGHT_TERMS: Final = frozenset({"prepaid", "collect"})
NEW_YORK: Final = ZoneInfo("America/New_York")
QUANTITY_DIGITS: Final = 5


def sales_order(context: Mapping[str, Any]) -> dict[str, Any]:
    """The sales order of an event. Raises Rejected naming the field and the value."""
    order, payment = context["order"], context["payment"]
    shipping, billing, customer = order.shipping, order.billing, order.customer
    document: dict[str, Any] = {
        "ordernumber": required("ordernumber", order.number, 100),
        "name": required("name", f"Web order {order.number}", 300),
        "external_order": required("external_order", order.number, 40),
        "transactioncurrencyid": required("transactioncurrencyid", order.currency, 3),
    }
    note = order.custom.get("note", "")
    if note != "":
        document["description"] = text("description", note, 2000)
    document["emailaddress"] = text("emailaddress", customer.email or billing.email, 100)
    document["paymentmethodcode"] = option(
        "paymentmethodcode",
        found("paymentmethodcode", CARD_TYPES, payment.card.brand),
        PAYMENT_METHODS,
    )
    document["hold"] = payment.state == "in_review"
    document["payment_id"] = required("payment_id", payment.authorization_id, 100)
    document["ordered_on"] = day("ordered_on", order.placed_at)
    document["freight_terms"] = option("freight_terms", "prepaid", FREIGHT_TERMS)
    document["totalamount"] = money("totalamount", order.total)
    document["totaltax"] = money("totaltax", order.tax)
    document["freightamount"] = money("freightamount", order.freight)
    document["discountamount"] = money("discountamount", order.discount)
    document["rounding"] = money("rounding", order.rounding)
    document["netamount"] = money("netamount", order.total - order.tax)
    document["customer"] = {
        "id": text("customer.id", customer.id, 100),
        "name": text("customer.name", customer.name, 160),
        "emailaddress1": text("customer.emailaddress1", customer.email, 100),
        "telephone1": text("customer.telephone1", customer.phone, 50),
    }
    document["shipto_name"] = text("shipto_name", shipping.name, 200)
    document["shipto_line1"] = text("shipto_line1", shipping.line1, 250)
    document["shipto_line2"] = text("shipto_line2", shipping.line2, 250)
    document["shipto_city"] = text("shipto_city", shipping.city, 80)
    document["shipto_stateorprovince"] = text("shipto_stateorprovince", shipping.region, 50)
    document["shipto_postalcode"] = text("shipto_postalcode", shipping.postal_code, 20)
    document["shipto_country"] = text("shipto_country", shipping.country, 80)
    document["shipto_telephone"] = text("shipto_telephone", shipping.phone, 50)
    document["billto_name"] = text("billto_name", billing.name, 200)
    document["billto_line1"] = text("billto_line1", billing.line1, 250)
    document["billto_city"] = text("billto_city", billing.city, 80)
    document["billto_stateorprovince"] = text("billto_stateorprovince", billing.region, 50)
    document["billto_postalcode"] = text("billto_postalcode", billing.postal_code, 20)
    document["billto_country"] = text("billto_country", billing.country, 80)
    document["lines"] = [line(at, each) for at, each in enumerate(order.lines)]
    if not document["lines"]:
        raise refused("lines", "has no item")
    return document


def line(at: int, ordered: OrderLine) -> dict[str, Any]:
    """One line of the document."""
    path = f"lines[{at}]"
    product = found(f"{path}.productnumber", PRODUCTS, ordered.product)
    return {
        "productnumber": required(f"{path}.productnumber", product, 100),
        "quantity": decimal(f"{path}.quantity", ordered.quantity, QUANTITY_DIGITS),
        "priceperunit": unit_amount(f"{path}.priceperunit", ordered.unit_price),
        "tax": money(f"{path}.tax", ordered.tax),
        "amount": money(f"{path}.amount", ordered.amount),
    }


def text(field: str, value: object, length: int) -> str:
    """A text that is not too long."""
    if not isinstance(value, str):
        raise refused(field, f"takes text, not {value!r}")
    if len(value) > length:
        raise refused(field, f"takes {length} characters; {value!r} has {len(value)}")
    return value


def required(field: str, value: object, length: int) -> str:
    """A text that has to be there and is not too long."""
    if value is None or value == "":
        raise refused(field, "has no value")
    return text(field, value, length)


def option(field: str, value: object, options: Collection[str]) -> str:
    """One of the texts a field takes."""
    if not isinstance(value, str) or value not in options:
        raise refused(field, f"does not take {value!r}")
    return value


def found(field: str, table: Mapping[str, str], key: str) -> str:
    """A row of a table."""
    try:
        return table[key]
    except KeyError:
        raise refused(field, f"has no row for {key!r}") from None


def money(field: str, value: object) -> Money:
    """Money: an exact amount with its currency."""
    if not isinstance(value, Money):
        raise refused(field, f"takes money, not {value!r}")
    return value


def unit_amount(field: str, value: object) -> UnitAmount:
    """A price per unit, of a size that can be written out."""
    if not isinstance(value, UnitAmount) or not value.amount.is_finite():
        raise refused(field, f"takes a price per unit, not {value!r}")
    return value


def decimal(field: str, value: object, digits: int) -> Decimal:
    """An exact number with at most so many digits after the point."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise refused(field, f"takes a number, not {value!r}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -digits and value != round(value, digits):
        raise refused(field, f"takes {digits} digits after the point; {value} has more")
    return value


def day(field: str, value: object) -> date:
    """The day of an instant in New York."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise refused(field, f"takes an instant, not {value!r}")
    return value.astimezone(NEW_YORK).date()


def refused(field: str, why: str) -> Rejected:
    """The error for a field."""
    return Rejected(f"{field} {why}.", reason="bad_value", place=Place(field=field))
