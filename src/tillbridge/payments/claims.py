"""Claims: what captures and reversals have taken of an authorization before they are sent.

Captured never more than held, and never captured while it is being released: however many try at
once, each claim is one statement on the attempt's own row, which judges the newest row there is.
"""

from dataclasses import dataclass
from decimal import Decimal

import msgspec

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation, Operation
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import SQL, Attempt

PORTIONS = load_statements("tillbridge.payments", "portions.sql")
_GIVEN_UP_WHOLE = (AttemptState.PARTIAL, AttemptState.AUTHORIZED)
_CAPTURABLE = (AttemptState.AUTHORIZED, AttemptState.CAPTURED)


class HoldUsed(Rejected):
    """A hold that takes one capture only has had it, or is about to have it."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(
            f"The authorization of order {attempt.order_number} takes one capture, which it had.",
            reason="hold_used",
        )
        self.attempt = attempt


class HoldInParts(Rejected):
    """The authorization is a part of its order's payment: what is due of the order is taken of
    all its parts, and they are released together."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(
            f"Order {attempt.order_number} is paid in parts, of which this is one.",
            reason="hold_in_parts",
        )
        self.attempt = attempt


@dataclass(frozen=True, slots=True)
class Release:
    """A hold may be released; `amount` is what there is to release where a flow, which sees the
    order's payment as one, cannot know it."""

    amount: Money | None = None


async def claim_capture(
    database: Database,
    effect_key: str,
    authorization_id: str,
    amount: Money,
    *,
    order_number: str,
    once: bool = False,
) -> Attempt | None:
    """Claims money of an authorization for one capture, once by effect key.

    Answers the attempt with the new claim; None when it was claimed before. `once`: a hold takes
    one capture only.

    Raises:
        HoldUsed: it takes one capture only, and another has claimed it.
        HoldInParts: its order is paid in parts, and nobody has worked out what this one gives.
        Rejected: it would capture more than is held, the hold is being released, or the same
            capture was claimed with another amount.
    """
    if amount.amount > 0:
        values = (authorization_id, effect_key, amount.amount, amount.currency, once)
        claimed = await database.together(SQL["claim_capture"], *values, by=order_number)
        if claimed is not None and claimed["wire_key"] is not None:
            return Attempt.of(claimed)
    row = await database.fetch_row(SQL["attempt_by_authorization"], authorization_id)
    if row is None:
        raise Rejected(
            f"No authorization {authorization_id!r} is known.", reason="unknown_authorization"
        )
    own = msgspec.json.decode(row["claims"], type=dict[str, str]).get(effect_key)
    if (
        own is None
        and row["part"]
        and not await database.fetch_value(PORTIONS["is_portion"], effect_key)
    ):
        raise HoldInParts(Attempt.of(row))
    if own is None or Decimal(own) != amount.amount:
        attempt, used = Attempt.of(row), max(row["claimed"], row["captured"])
        if once and own is None and used and amount.amount > 0 and attempt.state in _CAPTURABLE:
            raise HoldUsed(attempt)
        raise _refusal(attempt, row["claimed"], own, amount)
    return None


async def claim_reversal(tx: Tx, effect_key: str, authorization_id: str) -> Release | None:
    """Claims the release of a hold; None when there is nothing of ours to reverse any more.

    A stray authorization, which no attempt counts as its own, may always be reversed. From the
    claim on the attempt is `reversing` and can no longer be captured.

    Raises:
        HoldInParts: it holds a part of a payment that is not being given up.
    """
    row = await tx.fetchrow(SQL["claim_reversal"], authorization_id, effect_key)
    if row is not None:
        return Release(Money(row["amount"], row["currency"]) if row["part"] else None)
    row = await tx.fetchrow(SQL["attempt_by_authorization"], authorization_id)
    if row is None:
        return Release()
    attempt = Attempt.of(row)
    if effect_key in msgspec.json.decode(row["claims"]):
        return Release(attempt.amount if attempt.part else None)
    if attempt.part and attempt.state in _GIVEN_UP_WHOLE:
        raise HoldInParts(attempt)
    return None


async def release_claim(tx: Tx, order_number: str, effect_key: str) -> None:
    """Gives back what an effect had claimed that certainly did not take place."""
    await tx.execute(SQL["release_claim"], order_number, effect_key)


async def release_undone(
    tx: Tx, connection: str, attempt: Attempt, seen: Observation, captured: Money
) -> None:
    """Gives back the claim of a capture that counted and that this has undone: it may be captured
    again, or released."""
    capture_id = seen.parent_id if seen.operation is Operation.VOID else seen.request_id
    values = (attempt.wire_key, connection, capture_id, captured.amount)
    await tx.execute(SQL["release_undone"], *values)


def _refusal(attempt: Attempt, claimed: Decimal, own: str | None, amount: Money) -> Rejected:
    if own is not None:
        return Rejected(
            f"The capture of {amount} for order {attempt.order_number} was asked for before,"
            f" with {Money(Decimal(own), attempt.amount.currency)}.",
            reason="claimed_before",
            next_step="Give a further shipment an id of its own.",
        )
    if attempt.state not in _CAPTURABLE:
        return Rejected(
            f"The authorization of order {attempt.order_number} is {attempt.state}:"
            " it cannot be captured.",
            reason="not_capturable",
        )
    left = attempt.amount - Money(max(claimed, attempt.captured.amount), attempt.amount.currency)
    return Rejected(
        f"Capturing {amount} of order {attempt.order_number} would pass what is held:"
        f" {left} of {attempt.amount} is left.",
        reason="over_capture",
        next_step="Correct the fulfilment's amount in the shop.",
    )
