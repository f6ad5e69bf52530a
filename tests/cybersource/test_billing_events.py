"""What the account tells of invoices, links and subscriptions, in canonical words."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.cybersource.test_billing import invoice

from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.invoices import Invoice, InvoiceState
from tillbridge.canonical.money import Money
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge_simulators.cybersource import invoices


class Tap:
    """Takes what the simulated account tells, and has it translated."""

    def __init__(self, world: Any) -> None:
        self._session = world.session
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        world.simulator.account.tell = lambda kind, _, payload: self.told.append((kind, payload))

    def events(self) -> list[Event]:
        """The events of everything that was told so far."""
        return [
            event
            for at, (kind, payload) in enumerate(self.told)
            for event in self.translate(kind, payload, f"n-{at}").events
        ]

    def translate(self, kind: str, payload: Mapping[str, Any], id_: str = "n-1") -> Translation:
        envelope = {
            "notificationId": id_,
            "eventType": kind,
            "eventDate": "2026-05-25T17:49:40.309-07:00",
            "payloads": [payload],
        }
        at = datetime.now(UTC)
        body = json.dumps(envelope).encode()
        found = self._session.translate(Delivery("cards", "POST", "/doors/cards", {}, body, at))
        assert isinstance(found, Translation)
        return found


@pytest.fixture
def tap(world: Any) -> Tap:
    return Tap(world)


async def test_the_life_of_an_invoice_is_told_by_its_number(world: Any, tap: Tap) -> None:
    await world.write("invoice", invoice(delivery="email", partial_payments=True))
    invoices.pay(world.simulator.account, "1042", Decimal("5.11"))
    invoices.pay(world.simulator.account, "1042", Decimal("60.00"))
    await world.write("invoice", invoice(number="1043"))
    await world.write("invoice_cancellation", {"number": "1043"})
    events = [event for event in tap.events() if event.data.invoice]
    assert [(event.kind, event.subject) for event in events] == [
        (Kind.INVOICE_SENT, "1042"),
        (Kind.INVOICE_PARTLY_PAID, "1042"),
        (Kind.INVOICE_PAID, "1042"),
        (Kind.INVOICE_CANCELLED, "1043"),
    ]
    assert events[1].data.invoice == Invoice(
        "cards", "1042", InvoiceState.PARTLY_PAID, balance=Money.of("60.00", "USD")
    )
    assert events[1].occurred_at == datetime(2026, 5, 26, 0, 49, 40, 309000, UTC)
    assert events[1].source == "cards"


def test_an_event_is_true_also_when_its_amount_cannot_be_read(tap: Tap) -> None:
    told = {"invoiceNumber": "7", "currency": "XYZ", "balanceAmount": "1.00"}
    (event,) = tap.translate("invoicing.customer.invoice.paid", {"data": told}).events
    assert event.data.invoice == Invoice("cards", "7", InvoiceState.PAID)


def test_one_payment_by_a_link_is_one_event_whoever_is_told(tap: Tap) -> None:
    told = {"purchaseNumber": "7", "amount": "1.00", "currency": "USD", "transactionId": "99"}
    told_twice = [
        tap.translate(f"payByLink.{audience}.payment", {"data": told}, audience).events[0]
        for audience in ("merchant", "customer")
    ]
    assert told_twice[0] == told_twice[1]


@pytest.mark.parametrize("kind", ["invoicing.customer.invoice.paid", "rbs.subscriptions.created"])
def test_what_names_nothing_is_kept_back_and_named(tap: Tap, kind: str) -> None:
    found = tap.translate(kind, {"data": {}})
    assert (found.events, kind in found.kept_back) == ((), True)
