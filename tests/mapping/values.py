"""The canonical values the mapping tests read."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.canonical.fulfilments import FulfilledLine, Fulfilment
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order, OrderLine
from tillbridge.canonical.parties import Address, Customer
from tillbridge.canonical.payments import AttemptState, Card, Payment
from tillbridge.mapping.source import names_of

AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


LINE = OrderLine(
    number=1,
    product="MUG",
    description="A mug",
    quantity=Decimal("2"),
    unit_price=UnitAmount.of("12.505", "USD"),
    discount=usd("0"),
    tax=usd("2.00"),
    amount=usd("25.01"),
)

ORDER = Order(
    number="1042",
    currency="USD",
    lines=(LINE,),
    total=usd("32.01"),
    tax=usd("2.00"),
    freight=usd("5.00"),
    discount=usd("0"),
    rounding=usd("0"),
    placed_at=AT,
    customer=Customer(id="7", name="Ada King"),
    billing=Address(first_name="Ada", last_name="King", city="Hull", country="GB"),
    shipping=Address(city="Hull", country="GB"),
    custom={"note": "ring twice"},
)

PAYMENT = Payment(
    connection="cybersource",
    order_number="1042",
    attempt_key="a-1",
    state=AttemptState.AUTHORIZED,
    authorized=usd("32.01"),
    captured=usd("0"),
    authorization_id="7001",
    card=Card(brand="visa", last4="1111"),
)

FULFILMENT = Fulfilment(
    order_number="1042",
    id="S1",
    lines=(FulfilledLine(1, Decimal("2")),),
    amount=None,
    complete=True,
    shipped_at=AT,
)


def event(**parts: Any) -> Event:
    """A payment.authorized event; parts replace those of the example order."""
    data = EventData(**{"order": ORDER, "payment": PAYMENT, **parts})
    return Event(
        id="e-1",
        source="cybersource",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject="1042",
        occurred_at=AT,
        data=data,
    )


def context(**parts: Any) -> dict[str, object]:
    return names_of(event(**parts))


def order_with(**fields: Any) -> dict[str, object]:
    """The context of an order with other fields."""
    return context(order=replace(ORDER, **fields))


WRITTEN = Written(document="sales_order", connection="dynamics", references={"sales_order": "G-1"})
