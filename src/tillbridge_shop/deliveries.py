"""What the shop tells us after the checkout, as canonical events.

    {"id": "evt-1", "type": "order.fulfilled", "order_number": "1042",
     "occurred_at": "2026-01-02T10:00:00Z",
     "fulfilment": {"id": "1", "lines": [{"number": 1, "quantity": 2}], "complete": true,
                    "amount": {"amount": "25.00", "currency": "USD"},
                    "carrier": "DHL", "tracking_number": "JD0142"}}

`order.cancelled` has no `fulfilment`. A shipment without `amount` means all that is still
authorized.

    {"id": "evt-2", "type": "refund.requested", "order_number": "1042",
     "occurred_at": "2026-01-09T10:00:00Z",
     "refund": {"id": "R-1", "amount": {"amount": "10.00", "currency": "USD"}, "reason": "broken"}}

A refund without `amount` means all that was captured and not given back.

    {"id": "evt-3", "type": "order.paid", "occurred_at": "2026-01-02T10:00:00Z",
     "order": {...}, "payment": {"id": "7000000000000000000000"}}

An order that was paid without us (a hosted checkout): `order` as in a checkout, `payment.id` as
the payment system calls it, where it is verified. Any other type is kept back and shown.
"""

import re
from datetime import datetime

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.fulfilments import FulfilledLine, Fulfilment
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import check_order
from tillbridge.canonical.refunds import Refund
from tillbridge.connector.delivery import Delivery, PaidElsewhere, Translation
from tillbridge_shop.checkouts import read_order
from tillbridge_shop.posted import Posted

_PAID = "order.paid"
_PAYMENT_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
_KINDS = (Kind.ORDER_FULFILLED, Kind.ORDER_CANCELLED, Kind.REFUND_REQUESTED)


def translate(delivery: Delivery) -> Translation:
    """Pure. Raises Rejected, naming the field, when the delivery cannot be understood."""
    document = Posted.document(delivery.body)
    delivery_id = document.text("id", required=True)
    kind = document.text("type", required=True)
    if kind == _PAID:
        order = read_order(document.group("order"))
        check_order(order)
        paid = PaidElsewhere(order, _payment_id(document.group("payment")))
        return Translation(delivery_id, paid=(paid,))
    if kind not in _KINDS:
        return Translation(
            delivery_id, kept_back=f"Nothing is known of the event type {kind!r} here."
        )
    order_number = document.text("order_number", required=True)
    occurred_at = document.instant("occurred_at")
    fulfilment = (
        _fulfilment(document.group("fulfilment"), order_number, occurred_at)
        if kind == Kind.ORDER_FULFILLED
        else None
    )
    refund = (
        _refund(document.group("refund"), order_number, occurred_at)
        if kind == Kind.REFUND_REQUESTED
        else None
    )
    event = Event(
        id=delivery_id,
        source=delivery.connection,
        kind=Kind(kind),
        subject=order_number,
        occurred_at=occurred_at,
        data=EventData(fulfilment=fulfilment, refund=refund),
    )
    return Translation(delivery_id, events=(event,))


def _payment_id(posted: Posted) -> str:
    found = posted.text("id", required=True)
    if not _PAYMENT_ID.fullmatch(found):
        raise posted.wrong("id", "It must be the payment system's id of the payment.")
    return found


def _fulfilment(posted: Posted, order_number: str, occurred_at: datetime) -> Fulfilment:
    return Fulfilment(
        order_number=order_number,
        id=posted.text("id", required=True),
        lines=tuple(_line(line) for line in posted.groups("lines")),
        amount=_amount(posted),
        complete=posted.truth("complete"),
        shipped_at=posted.instant("shipped_at") if posted.has("shipped_at") else occurred_at,
        carrier=posted.text("carrier"),
        tracking_number=posted.text("tracking_number"),
    )


def _refund(posted: Posted, order_number: str, occurred_at: datetime) -> Refund:
    return Refund(
        order_number=order_number,
        id=posted.text("id", required=True),
        amount=_amount(posted),
        occurred_at=occurred_at,
        reason=posted.text("reason"),
    )


def _line(posted: Posted) -> FulfilledLine:
    number = posted.whole("number", default=0)
    if number < 1:
        raise posted.wrong("number", "It must be the number of a line of the order.", "missing")
    quantity = posted.number("quantity")
    if quantity <= 0:
        raise posted.wrong("quantity", f"{quantity} is not above zero.", "bad_quantity")
    return FulfilledLine(number, quantity)


def _amount(posted: Posted) -> Money | None:
    if not posted.has("amount"):
        return None
    group = posted.group("amount")
    amount = group.money("amount", group.text("currency", required=True), required=True)
    if amount.amount <= 0:
        raise group.wrong("amount", f"{amount} is not above zero.", "bad_amount")
    return amount
