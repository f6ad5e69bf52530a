"""A lookup's column as compiled mappings read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import Field, Value
from tillbridge.mapping.fit import from_text
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.text import shown


class _NoRow:
    """Stands for a key that has no row; a row's value may be None."""


NO_ROW: Final = _NoRow()


@dataclass(frozen=True, slots=True)
class Table:
    """One column of a lookup, its texts already made into a field's type."""

    name: str
    file: str
    values: Mapping[str, Value]
    dated: Mapping[str, Sequence[tuple[date, date, Value]]]


def table_of(lookup: Lookup, column: str, field: Field) -> Table:
    """A column for a field. Raises Misconfigured, at file and line, when a text does not fit."""
    values: dict[str, Value] = {}
    dated: dict[str, list[tuple[date, date, Value]]] = {}
    for key, rows in lookup.rows.items():
        for row in rows:
            try:
                value = from_text(field, row.values[column])
            except Rejected as error:
                place = Place(row.place.file, row.place.line, column)
                raise Misconfigured(
                    error.message, reason=error.reason, place=place, next_step=error.next_step
                ) from error
            values[key] = value
            dated.setdefault(key, []).append((row.from_on, row.to_on, value))
    return Table(lookup.name, lookup.place.file or lookup.name, values, dated)


def found_in(table: Table, key: Any, day: date | None = None) -> Any:
    """A key's value. Raises Rejected when there is no row for it."""
    value = sought_in(table, key, day)
    if value is NO_ROW:
        when = f" on {day}" if day is not None else ""
        what = "an empty key (null)" if key is None else shown(key)
        raise Rejected(
            f"The lookup {table.name} has no row for {what}{when}.",
            reason="lookup_missing",
            next_step=f"Add the row to {table.file}, or give the field a default.",
        )
    return value


def sought_in(table: Table, key: Any, day: date | None = None) -> Any:
    """A key's value, or NO_ROW."""
    if not isinstance(key, str):
        return NO_ROW
    if day is None:
        return table.values.get(key, NO_ROW)
    for from_on, to_on, value in table.dated.get(key, ()):
        if from_on <= day <= to_on:
            return value
    return NO_ROW


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
