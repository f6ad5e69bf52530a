"""When captures and credits leave for the processor: the account's batches.

A batch closes every `batch_every_s` (divided by the factor) or when somebody closes one. What was
submitted before that has left: it can no longer be voided.
"""

import math

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.state import Movement


def close_batch(account: Account) -> int:
    """Closes the open batch now; returns how many movements left with it."""
    now_s = account.now()
    leaving = [one for one in settling(account) if closed_until_s(account) < one.at_s <= now_s]
    account.state.batch_closed_s = now_s
    account.log.add("batch_closed", movements=len(leaving))
    return len(leaving)


def closed_until_s(account: Account) -> float:
    """Up to when what was submitted has left."""
    every_s = (account.options.batch_every_s or math.inf) / account.factor
    by_clock = 0.0 if math.isinf(every_s) else account.now() // every_s * every_s
    return max(account.state.batch_closed_s, by_clock)


def has_left(account: Account, movement: Movement) -> bool:
    """Whether the movement went out with a batch."""
    return movement.at_s <= closed_until_s(account)


def expect_young(account: Account, submitted_s: float) -> None:
    """Raises Refusal for what is too old to be captured, voided or refunded."""
    if account.now() - submitted_s > account.options.follow_on_days * 86_400 / account.factor:
        raise Refusal("INVALID_DATA", ["id"])


def settling(account: Account) -> list[Movement]:
    """What moves money and was not undone, in the order it was submitted."""
    kinds = ("capture", "refund", "credit")
    return [one for one in account.state.movements.values() if one.kind in kinds and not one.voided]
