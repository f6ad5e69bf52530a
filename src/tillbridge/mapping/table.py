"""A lookup's column as compiled mappings read it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final, TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping.fit import from_text
from tillbridge.mapping.lookup import Key, Lookup, Row, WildRows
from tillbridge.mapping.text import shown


class _NoRow:
    """Stands for a key that has no row; a row's value may be None."""


NO_ROW: Final = _NoRow()


_Dated: TypeAlias = Sequence[tuple[date, date, Value]]
NEAREST_MAX: Final = 2_000
"""How many keys are compared to find those nearest to one that has no row."""


@dataclass(frozen=True, slots=True)
class Table:
    """One column of a lookup, its texts already made into a field's type.

    Attributes:
        values: by exact key, where the table has no dates.
        dated: by exact key, the first and last day of each value.
        wild: keys with stars, the closest first.
    """

    lookup: Lookup
    values: Mapping[Key, Value]
    dated: Mapping[Key, _Dated]
    wild: Sequence[tuple[WildRows, _Dated]]


def table_of(lookup: Lookup, column: str, field: Field) -> Table:
    """A column for a field. Raises Misconfigured, at file and line, when a text does not fit."""
    dated = {key: _fitted(rows, column, field) for key, rows in lookup.rows.items()}
    values = {key: rows[-1][2] for key, rows in dated.items()}
    wild = [(wild, _fitted(wild.rows, column, field)) for wild in lookup.wild]
    return Table(lookup, values, dated, wild)


def _fitted(rows: Sequence[Row], column: str, field: Field) -> _Dated:
    fitted = []
    for row in rows:
        try:
            value = from_text(field, row.values[column])
        except Rejected as error:
            place = Place(row.place.file, row.place.line, column)
            raise Misconfigured(
                error.message, reason=error.reason, place=place, next_step=error.next_step
            ) from error
        fitted.append((row.from_on, row.to_on, value))
    return fitted


def found_in(table: Table, key: Any, day: date | None = None) -> Any:
    """A key's value. Raises Rejected, with the nearest keys, when there is no row for it."""
    value = sought_in(table, key, day)
    if value is NO_ROW:
        when = f" on {day}" if day is not None else ""
        lookup = table.lookup
        raise Rejected(
            f"The lookup {lookup.name} has no row for {_shown(key)}{when}.",
            reason="lookup_missing",
            next_step=f"{_nearest(lookup, key)}Add the row to {lookup.place.file or lookup.name},"
            " or give the field a default.",
        )
    return value


def sought_in(table: Table, key: Any, day: date | None = None) -> Any:
    """A key's value, or NO_ROW."""
    if not isinstance(key, str) and not _are_texts(key):
        return NO_ROW
    if day is None:
        value = table.values.get(key, NO_ROW)
        if value is not NO_ROW or not table.wild:
            return value
    value = _on(table.dated.get(key, ()), day)
    if value is not NO_ROW:
        return value
    for wild, rows in table.wild:
        if wild.matches(key):
            value = _on(rows, day)
            if value is not NO_ROW:
                return value
    return NO_ROW


def _on(rows: _Dated, day: date | None) -> Any:
    """The value of a day, or NO_ROW; rows stand by their first day and never overlap."""
    if day is None:
        return rows[0][2] if rows else NO_ROW
    at = bisect_right(rows, day, key=_first_day)
    return rows[at - 1][2] if at and day <= rows[at - 1][1] else NO_ROW


def _first_day(row: tuple[date, date, Value]) -> date:
    return row[0]


def _are_texts(key: Any) -> bool:
    return isinstance(key, tuple) and all(isinstance(text, str) for text in key)


def _shown(key: Any) -> str:
    if isinstance(key, tuple):
        return ", ".join(map(_shown, key))
    return "an empty key (null)" if key is None else shown(key)


def _nearest(lookup: Lookup, key: Any) -> str:
    """Keys written almost the same, for a slip of the pen; of a bounded number of keys."""
    sought = _joined(key).casefold()
    if not sought:
        return ""
    written = {_joined(each).casefold(): _joined(each) for each in islice(lookup.rows, NEAREST_MAX)}
    near = get_close_matches(sought[:100], written, n=3)
    return f"Nearest: {', '.join(map(shown, (written[each] for each in near)))}. " if near else ""


def _joined(key: Any) -> str:
    texts = key if isinstance(key, tuple) else (key,)
    return ", ".join(text for text in texts if isinstance(text, str))


def day_of_event(event: Any) -> date:
    """The day an event happened, in UTC. Raises Rejected when there is no event."""
    at = getattr(event, "occurred_at", None)
    if not isinstance(at, datetime):
        raise Rejected(
            "A lookup with dates needs the day of the event, and there is no event.",
            reason="no_value",
            next_step="Say the day in the rule, on:, or give the example an event.",
        )
    return at.astimezone(UTC).date()
