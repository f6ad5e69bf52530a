"""What follows for the rest of the house when an observation has moved a payment, as events."""

from dataclasses import replace
from datetime import datetime

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.payments import AttemptState, Observation, Payment
from tillbridge.payments.attempts import Attempt


def payment_event(
    kind: Kind, attempt: Attempt, seen: Observation, whole: Payment | None = None
) -> Event:
    """What an observation has changed of a payment, as the rest of the house hears it.

    `whole` is the payment of an order that has several attempts, of which this is one.
    """
    payment = whole or attempt.payment()
    if kind is Kind.PAYMENT_STRAY:
        payment = _stray(attempt.payment(), seen)
    return Event(
        id=f"{kind}:{attempt.wire_key}:{seen.request_id}",
        source=attempt.connection,
        kind=kind,
        subject=attempt.order_number,
        occurred_at=seen.occurred_at,
        data=EventData(order=attempt.order, payment=payment),
    )


def unwanted_hold(attempt: Attempt, at: datetime) -> Event:
    """A hold that was wanted and is not any more: it is to be released, as a stray is."""
    return Event(
        id=f"{Kind.PAYMENT_STRAY}:{attempt.wire_key}:{attempt.authorization_id}",
        source=attempt.connection,
        kind=Kind.PAYMENT_STRAY,
        subject=attempt.order_number,
        occurred_at=at,
        data=EventData(order=attempt.order, payment=attempt.payment()),
    )


def _stray(payment: Payment, seen: Observation) -> Payment:
    """The authorization that nobody wants, told apart from the one the order has."""
    return replace(
        payment,
        state=AttemptState.REVERSING,
        authorization_id=seen.request_id,
        authorized=seen.amount or payment.authorized,
        reason=seen.reason,
    )
