"""When captures and credits leave for the processor: the account's batches.

A batch closes every `batch_every_s` (divided by the factor) or when somebody closes one. What was
submitted before that has left: it can no longer be voided.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.state import Movement

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Batch:
    """What left together. `id` has eight characters (PtsV1TransactionBatchesGet200Response)."""

    id: str
    closed_s: float
    movements: Sequence[Movement]


def close_batch(account: Account) -> int:
    """Closes the open batch now; returns how many movements left with it."""
    now_s = account.now()
    before_s = closed_until_s(account)
    leaving = [one for one in settling(account) if before_s < one.at_s <= now_s]
    account.state.batch_closed_s = now_s
    account.state.batch_closings.append(now_s)
    account.log.add("batch_closed", movements=len(leaving))
    return len(leaving)


def closed_until_s(account: Account) -> float:
    """Up to when what was submitted has left."""
    every_s = _every_s(account)
    by_clock = 0.0 if math.isinf(every_s) else account.now() // every_s * every_s
    return max(account.state.batch_closed_s, by_clock)


def has_left(account: Account, movement: Movement) -> bool:
    """Whether the movement went out with a batch."""
    return movement.at_s <= closed_until_s(account)


def batches(account: Account) -> list[Batch]:
    """Every batch that took something with it, oldest first."""
    by_closing: dict[float, list[Movement]] = {}
    for one in settling(account):
        if has_left(account, one):
            by_closing.setdefault(left_s(account, one), []).append(one)
    return [
        Batch(batch_id(closed_s), closed_s, movements)
        for closed_s, movements in sorted(by_closing.items())
    ]


def left_s(account: Account, movement: Movement) -> float:
    """When a movement that has left did."""
    every_s = _every_s(account)
    by_hand = [at_s for at_s in account.state.batch_closings if at_s >= movement.at_s]
    by_clock = math.inf if math.isinf(every_s) else math.ceil(movement.at_s / every_s) * every_s
    return min([by_clock, *by_hand])


def batch_id(closed_s: float) -> str:
    """Eight letters and digits that grow with the time."""
    number, text = int(closed_s * 1000), ""
    while len(text) < _ID_LENGTH:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def expect_young(account: Account, submitted_s: float) -> None:
    """Raises Refusal for what is too old to be captured, voided or refunded."""
    if account.now() - submitted_s > account.options.follow_on_days * 86_400 / account.factor:
        raise Refusal("INVALID_DATA", ["id"])


def settling(account: Account) -> list[Movement]:
    """What moves money and was not undone, in the order it was submitted.

    What failed before its batch closed is not sent; what failed later was.
    """
    kinds = ("capture", "refund", "credit")
    return [
        one
        for one in account.state.movements.values()
        if one.kind in kinds
        and not one.voided
        and (not one.failed_s or one.failed_s > left_s(account, one))
    ]


def _every_s(account: Account) -> float:
    return (account.options.batch_every_s or math.inf) / account.factor
