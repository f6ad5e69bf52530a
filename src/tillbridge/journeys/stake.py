"""Stake: what hangs on a run that has failed: the money it is about, and what it still owes.

What it owes are the effects it had still to make. When later runs have made them all, there is
nothing left of the failure (runs/dead_letters.py); where they cannot be told for certain, nothing
is said, and a person decides.
"""

from collections.abc import Iterable, Mapping, Sequence

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.canonical.events import EventData
from tillbridge.canonical.fulfilments import Fulfilment
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import Payment
from tillbridge.canonical.refunds import Refund
from tillbridge.flows.steps import (
    AggregateStep,
    FilterStep,
    MapStep,
    ReadStep,
    Step,
    StopStep,
    WriteStep,
)
from tillbridge.runs.keys import Effect

_MAKES_NOTHING = (MapStep, FilterStep, AggregateStep, ReadStep, StopStep)


def money_of(content: bytes) -> Money | None:
    """The money a run over this input is about; None when it is about none, or of several
    currencies, or when the input is no event.

    Of a refund that is what goes back, of a shipment what is to be captured for it, else the
    order's total, else what the payment holds; of a window, of all its events together.
    """
    try:
        data = decode_event(content).data
    except Rejected:
        return None
    alone = _amount(data.order, data.payment, data.fulfilment, data.refund)
    if alone is not None:
        return alone
    amounts = list(_collected(data))
    if not amounts or len({amount.currency for amount in amounts}) > 1:
        return None
    return sum(amounts[1:], start=amounts[0])


def owed(
    steps: Sequence[Step], failed: str, names: Mapping[str, object], subject: str
) -> tuple[str, ...]:
    """The keys of the effects a run had still to make from the step `failed` on.

    Empty where that cannot be told for certain: when it failed inside another step, when one of
    the steps to come may or may not make something, or when a key hangs on what is not read yet.
    """
    left = _from(steps, failed)
    keys = []
    for step in left:
        if isinstance(step, _MAKES_NOTHING):
            continue
        if not isinstance(step, WriteStep) or step.undo:
            return ()
        try:
            ordinal = step.ordinal_of(dict(names))
        except (TillbridgeError, KeyError):
            return ()
        keys.append(Effect(step.connection, subject, step.document, ordinal).key)
    return tuple(dict.fromkeys(keys))


def _from(steps: Sequence[Step], failed: str) -> Sequence[Step]:
    for at, step in enumerate(steps):
        if getattr(step, "name", "") == failed:
            return steps[at:]
    return ()


def _amount(
    order: Order | None,
    payment: Payment | None,
    fulfilment: Fulfilment | None,
    refund: Refund | None,
) -> Money | None:
    if refund is not None and refund.amount is not None:
        return refund.amount
    if fulfilment is not None and fulfilment.amount is not None:
        return fulfilment.amount
    if order is not None:
        return order.total
    return payment.authorized if payment is not None else None


def _collected(data: EventData) -> Iterable[Money]:
    for event in data.trigger.events if data.trigger is not None else ():
        amount = _amount(event.order, event.payment, event.fulfilment, event.refund)
        if amount is not None:
            yield amount
