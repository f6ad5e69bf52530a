"""Portions: what each hold of an order that is paid in parts gives to one capture.

A flow says what is due; the parts give it in the order in which they were authorized, none more
than it holds. What each gives is worked out and claimed once, under the locks of all parts, and
stays so: whoever asks again, in whatever run, finds the same portions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState
from tillbridge.database.database import Database, Tx
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.claims import PORTIONS as SQL
from tillbridge.payments.parts import lock_parts

_CAPTURABLE = (AttemptState.AUTHORIZED, AttemptState.CAPTURED)


@dataclass(frozen=True, slots=True)
class CapturePortion:
    """What one hold gives."""

    authorization_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Due:
    """A capture as a flow asks for it.

    Attributes:
        part: any of the parts of the order's payment.
        key: of the effect as a whole.
        once: a hold takes one capture only.
        key_of: the effect's key of the first, second, ... portion.
    """

    part: Attempt
    key: str
    amount: Money
    once: bool
    key_of: Callable[[int], str]


async def claim_portions(tx: Tx, due: Due) -> list[CapturePortion]:
    """Claims what is due of the holds, once.

    Raises:
        Rejected: it is more than they hold, the payment is not whole or is being released, or the
            same capture was asked for with another amount.
    """
    parts = await lock_parts(tx, due.part)
    rows = await tx.fetch(SQL["portions"], due.key)
    if rows:
        currency = parts[0].amount.currency
        before = [
            CapturePortion(row["authorization_id"], Money(row["amount"], currency)) for row in rows
        ]
        return _as_before(due, before)
    _expect_whole(due, parts)
    taken = await _taken(tx, parts)
    portions = _portions(due, parts, taken)
    for number, (part, amount) in enumerate(portions, start=1):
        key = due.key_of(number)
        row = (key, due.key, number, part.authorization_id, amount)
        await tx.execute(SQL["add_portion"], *row)
        await tx.execute(SQL["claim_portion"], part.wire_key, key, amount)
    currency = due.amount.currency
    return [
        CapturePortion(part.authorization_id, Money(amount, currency)) for part, amount in portions
    ]


async def portions_of(database: Database, keys: Sequence[str]) -> set[str]:
    """The effects that captures were divided into, of those that were."""
    return {row["effect_key"] for row in await database.fetch(SQL["portions_of"], keys)}


def _as_before(due: Due, before: list[CapturePortion]) -> list[CapturePortion]:
    total = sum((one.amount for one in before), Money.zero(before[0].amount.currency))
    if total != due.amount:
        raise Rejected(
            f"The capture of {due.amount} for order {due.part.order_number} was asked for before,"
            f" with {total}.",
            reason="claimed_before",
            next_step="Give a further shipment an id of its own.",
        )
    return before


def _expect_whole(due: Due, parts: Sequence[Attempt]) -> None:
    first = parts[0]
    if first.state not in _CAPTURABLE:
        raise Rejected(
            f"The payment of order {first.order_number} is {first.state}: it cannot be captured.",
            reason="not_capturable",
        )
    if (
        due.amount.currency != first.amount.currency
        or not Money.zero(first.amount.currency) < due.amount
    ):
        raise Rejected(
            f"{due.amount} cannot be captured of order {first.order_number}, which is paid in"
            f" {first.amount.currency}.",
            reason="bad_amount",
        )


async def _taken(tx: Tx, parts: Sequence[Attempt]) -> dict[str, Decimal]:
    rows = await tx.fetch(SQL["claims_of_parts"], [one.wire_key for one in parts])
    claimed = {row["wire_key"]: row["claimed"] for row in rows}
    return {one.wire_key: max(claimed[one.wire_key], one.captured.amount) for one in parts}


def _portions(
    due: Due, parts: Sequence[Attempt], taken: dict[str, Decimal]
) -> list[tuple[Attempt, Decimal]]:
    rest, portions = due.amount.amount, []
    for part in parts:
        used = taken[part.wire_key]
        if part.state not in _CAPTURABLE or (due.once and used):
            continue
        amount = min(part.amount.amount - used, rest)
        if amount > 0:
            portions.append((part, amount))
            rest -= amount
    if rest > 0:
        left = Money(due.amount.amount - rest, due.amount.currency)
        used_up = due.once and any(taken.values())
        raise Rejected(
            f"Capturing {due.amount} of order {due.part.order_number} would pass what is held:"
            f" {left} is left"
            + (" of holds that had no capture yet; each takes one." if used_up else "."),
            reason="hold_used" if used_up else "over_capture",
            next_step="Ask the shopper to pay the rest, then cancel this."
            if used_up
            else "Correct the fulfilment's amount in the shop.",
        )
    return portions
