"""Both ends of the benchmark's order: the document's shape, and an order with three lines."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order, OrderLine
from tillbridge.canonical.parties import Address, Customer
from tillbridge.canonical.payments import AttemptState, Card, Payment
from tillbridge.connector.documents import DocumentShape, Field

CARD_TYPES_CSV: Final = "key,value\nvisa,100000001\nmastercard,100000002\namex,100000003\n"
PRODUCTS_CSV: Final = "key,value\nMUG,MUG-BLUE\nTRAY,TRAY-OAK\nBOWL,BOWL-SET\n"

_PLACED_AT = datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
_SHIP_TO = (
    ("name", 200), ("line1", 250), ("line2", 250), ("city", 80), ("stateorprovince", 50),
    ("postalcode", 20), ("country", 80), ("telephone", 50),
)  # fmt: skip
_BILL_TO = tuple(part for part in _SHIP_TO if part[0] not in ("line2", "telephone"))
_CUSTOMER = (
    Field("id", "text", length_max=100),
    Field("name", "text", length_max=160),
    Field("emailaddress1", "text", length_max=100),
    Field("telephone1", "text", length_max=50),
)
_LINE = (
    Field("productnumber", "text", required=True, length_max=100),
    Field("quantity", "decimal", required=True, digits_max=5),
    Field("priceperunit", "unit_amount", required=True),
    Field("tax", "money"),
    Field("amount", "money"),
)

SHAPE: Final = DocumentShape(
    "sales_order",
    "Sales order",
    (
        Field("ordernumber", "text", required=True, length_max=100),
        Field("name", "text", required=True, length_max=300),
        Field("external_order", "text", required=True, length_max=40),
        Field("transactioncurrencyid", "text", required=True, length_max=3),
        Field("description", "text", length_max=2000),
        Field("emailaddress", "text", length_max=100),
        Field(
            "paymentmethodcode",
            "choice",
            required=True,
            options=("100000001", "100000002", "100000003"),
        ),
        Field("hold", "boolean", required=True),
        Field("payment_id", "text", required=True, length_max=100),
        Field("ordered_on", "date", required=True),
        Field("freight_terms", "choice", options=("prepaid", "collect")),
        Field("totalamount", "money", required=True),
        Field("totaltax", "money", required=True),
        Field("freightamount", "money"),
        Field("discountamount", "money"),
        Field("rounding", "money"),
        Field("netamount", "money"),
        Field("customer", "group", of=_CUSTOMER),
        *(Field(f"shipto_{name}", "text", length_max=length) for name, length in _SHIP_TO),
        *(Field(f"billto_{name}", "text", length_max=length) for name, length in _BILL_TO),
        Field("lines", "list", required=True, of=_LINE),
    ),
)


def event() -> Event:
    """A payment was authorized for an order of three lines."""
    home = Address(
        first_name="Ada",
        last_name="Byron",
        line1="12 St James's Square",
        line2="Flat 3",
        city="London",
        postal_code="SW1Y 4JH",
        country="GB",
        phone="+44 20 7946 0000",
    )
    total = _usd("104.71")
    order = Order(
        number="SO-104217",
        currency="USD",
        lines=(
            _line(1, "MUG", "2", "9.90", "1.40"),
            _line(2, "TRAY", "1", "39.50", "2.91"),
            _line(3, "BOWL", "3", "10.30", "2.20"),
        ),
        total=total,
        tax=_usd("6.51"),
        freight=_usd("8.00"),
        discount=_usd("0.00"),
        rounding=_usd("0.00"),
        placed_at=_PLACED_AT,
        customer=Customer(
            id="C-77", name="Ada Byron", email="ada@example.org", phone="+44 20 7946 0000"
        ),
        billing=home,
        shipping=home,
        custom={"note": "Please ring twice"},
    )
    payment = Payment(
        connection="cybersource",
        order_number=order.number,
        attempt_key="a-1",
        state=AttemptState.AUTHORIZED,
        authorized=total,
        captured=_usd("0.00"),
        authorization_id="7049811234567890123456",
        card=Card(brand="visa", last4="1111"),
    )
    return Event(
        id="e-1",
        source="cybersource",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject=order.number,
        occurred_at=_PLACED_AT,
        data=EventData(order=order, payment=payment),
    )


def _line(number: int, product: str, quantity: str, price: str, tax: str) -> OrderLine:
    unit_price = UnitAmount.of(price, "USD")
    return OrderLine(
        number=number,
        product=product,
        description=product.title(),
        quantity=Decimal(quantity),
        unit_price=unit_price,
        discount=_usd("0.00"),
        tax=_usd(tax),
        amount=unit_price.times(Decimal(quantity), "half_up"),
    )


def _usd(amount: str) -> Money:
    return Money.of(amount, "USD")
