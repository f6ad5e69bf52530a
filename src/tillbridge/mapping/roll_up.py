"""Items gathered by a key, and amounts shared out over items: one pass over each list."""

from collections.abc import Sequence
from typing import Any

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, Remainder
from tillbridge.mapping.value_type import SCALARS, sort_of


def key_part(value: Any) -> Any:
    """A value that items are grouped by. Raises Rejected for null, an amount or a group."""
    sort = sort_of(value)
    if sort == "null":
        raise Rejected(
            "What is grouped by is empty (null).",
            reason="no_value",
            next_step="Give a value for that case: default(..., ...), or leave it out: where:.",
        )
    if sort not in SCALARS:
        raise Rejected(f"Nothing is grouped by {sort.replace('_', ' ')}.", reason="bad_type")
    return value


def shares_of(amount: Any, weights: Sequence[Any], remainder: Remainder) -> list[Money]:
    """An amount in parts, one for each weight; their sum is the amount.

    Raises:
        Rejected: no amount; or there is something to share and nothing that weighs.
    """
    if not isinstance(amount, Money):
        raise Rejected(
            f"split: takes money, not {'nothing (null)' if amount is None else 'this'}.",
            reason="no_value" if amount is None else "bad_type",
        )
    if not amount:
        return [amount] * len(weights)
    if not weights:
        raise Rejected(
            f"There is no item to split {amount} over.",
            reason="no_value",
            next_step="Put it into a field of its own when the list is empty.",
        )
    return amount.split(weights, remainder)
