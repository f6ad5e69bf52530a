"""What the shop tells after the checkout becomes events."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.shop.documents import delivery, session

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.canonical.fulfilments import FulfilledLine
from tillbridge.canonical.money import Money
from tillbridge.connector.delivery import Translation

SHIPPED: dict[str, Any] = {
    "id": "evt-1",
    "type": "order.fulfilled",
    "order_number": "1042",
    "occurred_at": "2026-01-02T10:00:00Z",
    "fulfilment": {
        "id": "1",
        "lines": [{"number": 1, "quantity": "1.5"}],
        "amount": {"amount": "25.00", "currency": "USD"},
        "complete": False,
        "carrier": "DHL",
        "tracking_number": "JD0142",
    },
}


def translated(document: dict[str, Any]) -> Translation:
    return session().translate(delivery(json.dumps(document).encode()))


def shipped(**changes: object) -> dict[str, Any]:
    return SHIPPED | {"fulfilment": SHIPPED["fulfilment"] | changes}


def test_a_shipment_becomes_an_event() -> None:
    translation = translated(SHIPPED)
    [event] = translation.events
    assert translation.delivery_id == event.id == "evt-1"
    assert (event.kind, event.subject, event.source) == (Kind.ORDER_FULFILLED, "1042", "webshop")
    assert event.data.fulfilment is not None
    assert event.data.fulfilment.lines == (FulfilledLine(1, Decimal("1.5")),)
    assert event.data.fulfilment.amount == Money.of("25.00", "USD")
    assert event.data.fulfilment.shipped_at == datetime(2026, 1, 2, 10, tzinfo=UTC)


def test_a_shipment_without_an_amount_means_all_that_is_left() -> None:
    [event] = translated(shipped(amount=None, complete=True)).events
    assert event.data.fulfilment is not None
    assert event.data.fulfilment.amount is None


def test_a_cancellation_becomes_an_event() -> None:
    [event] = translated(SHIPPED | {"type": "order.cancelled", "fulfilment": None}).events
    assert event.kind is Kind.ORDER_CANCELLED
    assert event.data.fulfilment is None


def test_an_unknown_type_is_kept_back_with_its_name() -> None:
    translation = translated({"id": "evt-2", "type": "basket.abandoned"})
    assert (translation.delivery_id, translation.events) == ("evt-2", ())
    assert "basket.abandoned" in translation.kept_back


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"type": "order.cancelled"}, "id"),
        ({"id": "1"}, "type"),
        ({"id": "1", "type": "order.cancelled"}, "order_number"),
        (SHIPPED | {"occurred_at": "2026-01-02"}, "occurred_at"),
        (SHIPPED | {"fulfilment": None}, "fulfilment"),
        (shipped(id=""), "fulfilment.id"),
        (shipped(complete=None), "fulfilment.complete"),
        (shipped(amount="25.00"), "fulfilment.amount"),
        (shipped(amount={"amount": "25.00"}), "fulfilment.amount.currency"),
        (shipped(amount={"amount": "25.00", "currency": "XXX"}), "fulfilment.amount.amount"),
        (shipped(amount={"amount": "-1", "currency": "USD"}), "fulfilment.amount.amount"),
        (shipped(lines=[{"quantity": 1}]), "fulfilment.lines[0].number"),
        (shipped(lines=[{"number": 1, "quantity": 0}]), "fulfilment.lines[0].quantity"),
    ],
)
def test_every_error_names_its_field(document: dict[str, Any], place: str) -> None:
    with pytest.raises(Rejected) as caught:
        translated(document)
    assert str(caught.value.place) == place
