"""Lookup tables: a CSV file from keys to values, with dates from which and to which they hold.

The header is `key`, one or more value columns, and optionally `from` and `to` (days, both
included; empty means always). A key has one row for any day.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.mapping.text import shown, unknown
from tillbridge.mapping.time_functions import day_from

SIZE_MAX_CHARACTERS = 16_000_000
ROWS_MAX = 200_000
_DATES = ("from", "to")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, and the days on which it holds."""

    values: Mapping[str, str]
    from_on: date
    to_on: date
    place: Place


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table.

    Attributes:
        columns: the value columns.
        dated: True when rows hold from or to a day.
        rows: by key, in order of their first day.
    """

    name: str
    columns: tuple[str, ...]
    dated: bool
    rows: Mapping[str, Sequence[Row]]
    place: Place

    def column(self, name: str, place: Place) -> str:
        """The named value column, or the only one. Raises Misconfigured at the rule's place."""
        if name:
            if name not in self.columns:
                raise unknown("column", name, self.columns, place)
            return name
        if len(self.columns) == 1:
            return self.columns[0]
        if "value" in self.columns:
            return "value"
        raise Misconfigured(
            f"The lookup {self.name} has several value columns.",
            reason="which_column",
            place=place,
            next_step=f"Say which one, column: {' or '.join(self.columns)}.",
        )


def read_lookup(text: str, file: str, name: str) -> Lookup:
    """A table from the text of its CSV file.

    Raises:
        Misconfigured: not CSV, a wrong header, a row with too few or too many values, a key twice
            for one day; the error has the file and line.
    """
    if len(text) > SIZE_MAX_CHARACTERS:
        raise Misconfigured(
            f"The file has {len(text):,} characters; {SIZE_MAX_CHARACTERS:,} are read.",
            reason="too_large",
            place=Place(file),
        )
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: dict[str, list[Row]] = {}
    header: tuple[str, ...] = ()
    count = 0
    try:
        for cells in reader:
            place = Place(file, reader.line_num)
            if not cells:
                continue
            if not header:
                header = _header(cells, place)
                continue
            key, row = _row(header, cells, place)
            rows.setdefault(key, []).append(row)
            count += 1
            if count > ROWS_MAX:
                raise Misconfigured(
                    f"The table has more than {ROWS_MAX:,} rows.", reason="too_large", place=place
                )
    except csv.Error as error:
        raise Misconfigured(
            f"This is not CSV: {error}.", reason="bad_csv", place=Place(file, reader.line_num)
        ) from error
    if not header:
        raise Misconfigured("The file has no header.", reason="empty_file", place=Place(file, 1))
    for key, same in rows.items():
        same.sort(key=lambda row: row.from_on)
        _check_once(key, same)
    columns = tuple(column for column in header[1:] if column not in _DATES)
    return Lookup(name, columns, any(day in header for day in _DATES), rows, Place(file))


def _header(cells: list[str], place: Place) -> tuple[str, ...]:
    if cells[0] != "key":
        raise Misconfigured(
            f"The first column is {shown(cells[0])}; it has to be key.",
            reason="bad_header",
            place=place,
            next_step="Start the file with a header such as key,value.",
        )
    values = [cell for cell in cells[1:] if cell not in _DATES]
    if not values or any(not cell.strip() for cell in cells) or len(set(cells)) < len(cells):
        raise Misconfigured(
            "The header needs key and value columns, each with a name of its own.",
            reason="bad_header",
            place=place,
            next_step="Write a header such as key,value or key,value,from,to.",
        )
    return tuple(cells)


def _row(header: tuple[str, ...], cells: list[str], place: Place) -> tuple[str, Row]:
    if len(cells) != len(header):
        raise Misconfigured(
            f"The row has {len(cells)} values; the header has {len(header)}.",
            reason="bad_row",
            place=place,
            next_step="Put a value with a comma in it between double quotes.",
        )
    given = dict(zip(header, cells, strict=True))
    key = given.pop("key")
    if not key or key != key.strip():
        raise Misconfigured(
            f"The key {shown(key)} is empty or has spaces around it.",
            reason="bad_key",
            place=Place(place.file, place.line, "key"),
        )
    from_on = _day(given.pop("from", ""), date.min, place, "from")
    to_on = _day(given.pop("to", ""), date.max, place, "to")
    if to_on < from_on:
        raise Misconfigured(
            f"The row ends ({to_on}) before it begins ({from_on}).",
            reason="bad_dates",
            place=Place(place.file, place.line, "to"),
        )
    return key, Row(given, from_on, to_on, place)


def _day(text: str, otherwise: date, place: Place, column: str) -> date:
    if not text:
        return otherwise
    try:
        return day_from(text)
    except Rejected as error:
        raise Misconfigured(
            error.message,
            reason=error.reason,
            place=Place(place.file, place.line, column),
            next_step=error.next_step,
        ) from error


def _check_once(key: str, rows: Sequence[Row]) -> None:
    for before, after in pairwise(rows):
        if after.from_on <= before.to_on:
            raise Misconfigured(
                f"The key {shown(key)} stands in line {before.place.line} and again here,"
                " for the same days.",
                reason="duplicate_key",
                place=Place(after.place.file, after.place.line, "key"),
                next_step="Remove one of the two, or give them days that do not overlap.",
            )
