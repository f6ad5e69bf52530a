"""INSERT statements for tables whose columns only the site knows: what is not given is blank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge_sagepro.characters import Characters
from tillbridge_sagepro.structure import Column, Table


@dataclass(frozen=True, slots=True)
class Bound:
    """A value under a name: the same name may stand in many columns and crosses the wire once."""

    name: str
    value: str | Decimal | date


Given: TypeAlias = Bound | int
"""What a row says of a column: a bound value, or a number that is the same in every document."""


@dataclass
class Batch:
    """Statements that leave together, and the values they share."""

    characters: Characters
    blank_date: str
    values: dict[str, str] = field(default_factory=dict)
    _statements: list[str] = field(default_factory=list)

    def add(self, sql: str, **values: str) -> None:
        """A statement of fixed text."""
        self._statements.append(sql)
        self.values.update(values)

    def insert(self, table: Table, rows: Sequence[Mapping[str, Given]]) -> None:
        """Rows; given columns the site does not have are left out.

        Raises Rejected for text that is too long for its column or that it cannot hold.
        """
        columns = [
            column
            for column in table.columns.values()
            if column.name in rows[0] or column.blank(self.blank_date) is not None
        ]
        names = ", ".join(f"[{column.name}]" for column in columns)
        values = ", ".join(
            "(" + ", ".join(self._written(table, column, row) for column in columns) + ")"
            for row in rows
        )
        self._statements.append(
            f"INSERT INTO dbo.{table.name} ({names}) VALUES {values}"  # noqa: S608 (names from the live structure, values bound)
        )

    @property
    def sql(self) -> str:
        return "; ".join(self._statements)

    def _written(self, table: Table, column: Column, row: Mapping[str, Given]) -> str:
        given = row.get(column.name)
        if given is None:
            return column.blank(self.blank_date) or "NULL"
        if isinstance(given, int):
            return str(given)
        if given.name not in self.values:
            self.values[given.name] = _text(given.value)
        if isinstance(given.value, str):
            self.values[given.name] = self._checked(table, column, given.value)
            return f"%({given.name})s"
        return f"CAST(%({given.name})s AS {column.declaration})"

    def _checked(self, table: Table, column: Column, text: str) -> str:
        place = f"{table.name}.{column.name}"
        if column.card:
            raise Misconfigured(
                f"{place} is a card column; nothing is ever written there.", reason="card_column"
            )
        fitted = self.characters.fit(text, place)
        width = column.length
        if width is not None and len(fitted.rstrip()) > width:
            raise Rejected(
                f"{place} takes {width} characters; {fitted!r} has {len(fitted)}.",
                reason="too_long",
                place=Place(field=column.name),
                next_step="Shorten it in the shop, or cut it in the mapping.",
            )
        return fitted


def _text(value: str | Decimal | date) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    return value
