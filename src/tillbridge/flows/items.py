"""What steps are evaluated over: a run's names, the items of a list, an effect's ordinal."""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.expression import Expression

Context: TypeAlias = Mapping[str, object]
"""The values a step can read: `Flow.names(event)` and, by step name, what earlier steps answered:
a map's fields, a write's or read's {"references": {...}, "fields": {...}}, the Event a wait ended
with, a filter's or aggregate's list, an approval's {"answer", "by", "why"}, a call's {"outcome",
"fields"}, an each's {"count", "failed", "failures"}."""

ITEMS_MAX: Final = 10_000
"""Items of one list that `each`, `filter` and `aggregate` take: rows of a batch, not of a year."""


def ordinal_of(ordinal: Expression | None, context: Context) -> str:
    """An ordinal's text; "1" for none. Raises Rejected when it is empty."""
    if ordinal is None:
        return "1"
    text = str(ordinal.evaluate(context) or "")
    if not text:
        raise Rejected(
            "The ordinal of the write is empty.",
            reason="no_value",
            place=ordinal.place,
            next_step="Use something that tells the writes of one order apart.",
        )
    return text


def kept_items(
    items: Expression, variable: str, where: Expression | None, context: Context
) -> Iterator[object]:
    """The items of a list for which `where` is true. Raises Rejected when there are too many."""
    found = items.evaluate(context)
    listed = found if isinstance(found, list | tuple) else ()
    if len(listed) > ITEMS_MAX:
        raise Rejected(
            f"The list has {len(listed):,} items; a run takes {ITEMS_MAX:,}.",
            reason="too_many",
            place=items.place,
            next_step="Bring it in smaller batches (batch: of the file trigger).",
        )
    for item in listed:
        if where is None or where.evaluate({**context, variable: item}) is True:
            yield item
