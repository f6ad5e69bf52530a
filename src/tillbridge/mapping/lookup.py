"""Lookup tables: a CSV file from keys to values, with dates from which and to which they hold.

The header is `key`, or several key columns `key.NAME`; one or more value columns; and optionally
`from` and `to` (days, both included; empty means always). A key has one row for any day.

A key with `*` stands for many (`visa*`; `*` alone for everything else). The exact row comes first;
then, column by column from the left, the row with the most characters besides its stars; then the
first in the file.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.mapping.glob import Glob, glob
from tillbridge.mapping.text import shown, unknown
from tillbridge.mapping.time_functions import day_from

SIZE_MAX_CHARACTERS = 16_000_000
ROWS_MAX = 200_000
WILD_KEYS_MAX = 1_000
"""Keys with stars are tried one by one, so that a lookup's time is bounded."""
_DATES = ("from", "to")

Key: TypeAlias = str | tuple[str, ...]
"""One text, or one for each key column where there are several."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values by column, and the days on which it holds."""

    values: Mapping[str, str]
    from_on: date
    to_on: date
    place: Place


@dataclass(frozen=True, slots=True)
class WildRows:
    """The rows of one key with stars: a pattern for each key column."""

    patterns: tuple[Glob, ...]
    rows: Sequence[Row]

    def matches(self, key: Key) -> bool:
        """Whether the key is one of those the patterns stand for."""
        texts = (key,) if isinstance(key, str) else key
        return all(at.matches(text) for at, text in zip(self.patterns, texts, strict=True))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table.

    Attributes:
        keys: the key columns' names; one empty name for the column `key`.
        columns: the value columns.
        dated: True when rows hold from or to a day.
        rows: by exact key, in order of their first day.
        wild: the rows of keys with stars, in the order in which they are tried.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    dated: bool
    rows: Mapping[Key, Sequence[Row]]
    wild: Sequence[WildRows]
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

    def row(self, key: Key, day: date | None = None) -> Row | None:
        """The row for a key on a day; on any day when the table has no dates."""
        for rows in self.candidates(key):
            for row in rows:
                if day is None or row.from_on <= day <= row.to_on:
                    return row
        return None

    def candidates(self, key: Key) -> Iterator[Sequence[Row]]:
        """The rows of every key that stands for this one, the closest first."""
        if key in self.rows:
            yield self.rows[key]
        yield from (wild.rows for wild in self.wild if wild.matches(key))


def read_lookup(text: str, file: str, name: str) -> Lookup:
    """A table from the text of its CSV file.

    Raises:
        Misconfigured: not CSV, a wrong header, a row with too few or too many values, a key twice
            for one day; the error has the file and line.
    """
    header: tuple[str, ...] = ()
    rows: dict[tuple[str, ...], list[Row]] = {}
    for number, (cells, place) in enumerate(lines_of(text, file)):
        if not header:
            header = _header(cells, place)
            continue
        key, row = _row(header, cells, place)
        rows.setdefault(key, []).append(row)
        if number > ROWS_MAX:
            raise Misconfigured(
                f"The table has more than {ROWS_MAX:,} rows.", reason="too_large", place=place
            )
    if not header:
        raise Misconfigured("The file has no header.", reason="empty_file", place=Place(file, 1))
    for key, same in rows.items():
        same.sort(key=lambda row: row.from_on)
        _check_once(key, same)
    return Lookup(
        name,
        keys=tuple(column.removeprefix("key").removeprefix(".") for column in _keys(header)),
        columns=tuple(c for c in header if c not in (*_keys(header), *_DATES)),
        dated=any(day in header for day in _DATES),
        rows={_plain(key): same for key, same in rows.items() if not _is_wild(key)},
        wild=_wild(rows),
        place=Place(file),
    )


def lines_of(text: str, file: str) -> Iterator[tuple[list[str], Place]]:
    """The cells of each line that has any. Raises Misconfigured."""
    if len(text) > SIZE_MAX_CHARACTERS:
        raise Misconfigured(
            f"The file has {len(text):,} characters; {SIZE_MAX_CHARACTERS:,} are read.",
            reason="too_large",
            place=Place(file),
        )
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield cells, Place(file, reader.line_num)
    except csv.Error as error:
        raise Misconfigured(
            f"This is not CSV: {error}.", reason="bad_csv", place=Place(file, reader.line_num)
        ) from error


def _keys(header: Sequence[str]) -> list[str]:
    return [column for column in header if column == "key" or column.startswith("key.")]


def _header(cells: list[str], place: Place) -> tuple[str, ...]:
    keys = _keys(cells)
    if not keys or cells[: len(keys)] != keys or ("key" in keys and len(keys) > 1):
        raise Misconfigured(
            f"The first column is {shown(cells[0])}; it has to be key."
            if not keys
            else "Key columns stand first: key alone, or several key.NAME.",
            reason="bad_header",
            place=place,
            next_step="Start the file with a header: key,value or key.brand,key.country,value.",
        )
    values = [cell for cell in cells if cell not in (*keys, *_DATES)]
    unnamed = any(not cell.strip() or cell == "key." for cell in cells)
    if not values or unnamed or len(set(cells)) < len(cells):
        raise Misconfigured(
            "The header needs key and value columns, each with a name of its own.",
            reason="bad_header",
            place=place,
            next_step="Write a header such as key,value or key,value,from,to.",
        )
    return tuple(cells)


def _row(header: tuple[str, ...], cells: list[str], place: Place) -> tuple[tuple[str, ...], Row]:
    if len(cells) != len(header):
        raise Misconfigured(
            f"The row has {len(cells)} values; the header has {len(header)}.",
            reason="bad_row",
            place=place,
            next_step="Put a value with a comma in it between double quotes.",
        )
    given = dict(zip(header, cells, strict=True))
    key = tuple(_key(given.pop(column), column, place) for column in _keys(header))
    from_on = _day(given.pop("from", ""), date.min, place, "from")
    to_on = _day(given.pop("to", ""), date.max, place, "to")
    if to_on < from_on:
        raise Misconfigured(
            f"The row ends ({to_on}) before it begins ({from_on}).",
            reason="bad_dates",
            place=Place(place.file, place.line, "to"),
        )
    return key, Row(given, from_on, to_on, place)


def _key(key: str, column: str, place: Place) -> str:
    if not key or key != key.strip():
        raise Misconfigured(
            f"The key {shown(key)} is empty or has spaces around it.",
            reason="bad_key",
            place=Place(place.file, place.line, column),
        )
    return key


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


def _is_wild(key: tuple[str, ...]) -> bool:
    return any(not glob(text).exact for text in key)


def _plain(key: tuple[str, ...]) -> Key:
    texts = tuple(glob(text).plain for text in key)
    return texts[0] if len(texts) == 1 else texts


def _wild(rows: Mapping[tuple[str, ...], Sequence[Row]]) -> Sequence[WildRows]:
    """Rows of keys with stars, the closest first; Python's sort keeps the file's order."""
    found = [WildRows(tuple(map(glob, key)), same) for key, same in rows.items() if _is_wild(key)]
    if len(found) > WILD_KEYS_MAX:
        raise Misconfigured(
            f"The table has {len(found):,} keys with *; {WILD_KEYS_MAX:,} are tried.",
            reason="too_large",
            place=found[WILD_KEYS_MAX].rows[0].place,
            next_step="Write exact keys instead; they cost nothing.",
        )
    return sorted(found, key=lambda wild: [(not at.exact, -len(at.plain)) for at in wild.patterns])


def _check_once(key: tuple[str, ...], rows: Sequence[Row]) -> None:
    for before, after in pairwise(rows):
        if after.from_on <= before.to_on:
            raise Misconfigured(
                f"The key {shown(', '.join(key))} stands in line {before.place.line} and again"
                " here, for the same days.",
                reason="duplicate_key",
                place=Place(after.place.file, after.place.line, "key"),
                next_step="Remove one of the two, or give them days that do not overlap.",
            )
