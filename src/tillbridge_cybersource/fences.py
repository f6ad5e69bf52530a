"""What an answer to a time-out reversal or void means.

Sources: Payments Developer Guide (Visa Platform Connect), Time-Out Authorization Reversals and
Time-Out Void. What an unknown transactionId is answered is documented for a void only
(INVALID_DATA), and that a transaction arriving later is undone is documented nowhere: a refusal
is therefore never taken as "nothing happened".
"""

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.connector.abilities import Call, Fenced, Receipt
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.operations import Operations
from tillbridge_cybersource.statuses import refusal

_OPEN = {
    "INVALID_DATA": "nothing_found",
    "MISSING_AUTH": "nothing_found",
    "INVALID_AMOUNT": "amount_differs",
    "NOT_VOIDABLE": "not_voidable",
}
"""Refusals that prove nothing: search has to show what there is."""


def check_not_early(operations: Operations, call: Call, doing: str) -> None:
    """Keeps a fence back until Cybersource takes it: "Wait 60 seconds".

    A fence is not told when its original was sent; `find` is, and is asked first: what it was told
    in this session counts. A fence without that goes out at once.

    Raises:
        Transient: too early; it says how long to wait.
    """
    sent_at = operations.sent.get(call.key)
    if sent_at is None:
        return
    wait_s = _wait_s(operations) - (call.now - sent_at).total_seconds()
    if wait_s > 0:
        raise Transient(
            f"{operations.exchange.name}: {doing} has to wait for {wait_s:.0f} seconds.",
            wait_s=wait_s,
            reason="too_early",
        )


def fenced(receipt: Receipt) -> Fenced:
    """An accepted fence: undone when an amount came back, a promise when none did."""
    if not any(observation.amount for observation in receipt.observations):
        return Fenced(undone=False)
    return Fenced(undone=True, receipt=receipt)


def fence_refused(operations: Operations, doing: str, answer: Answer) -> Fenced:
    """A refused fence.

    Raises:
        Transient: nothing is known; ask `find`, then fence again after the wait.
        Misconfigured: the processor does not support fences.
        Rejected: for every other reason (it was captured and settled meanwhile).
    """
    name = operations.exchange.name
    if answer.reason == "AUTH_ALREADY_REVERSED":
        return Fenced(undone=True)
    if answer.reason == "NOT_SUPPORTED":
        raise Misconfigured(
            f"{name}: {doing}: the processor does not support time-out reversals and voids.",
            reason="fence_unsupported",
            next_step="Set fence to no for this connection.",
        )
    if answer.reason in _OPEN:
        raise Transient(
            f"{name}: {doing} was refused: {answer.reason}; that proves nothing.",
            wait_s=_wait_s(operations),
            reason=_OPEN[answer.reason],
        )
    raise refusal(name, doing, answer)


def _wait_s(operations: Operations) -> float:
    return operations.settings.fence_after_s / operations.opening.factor
