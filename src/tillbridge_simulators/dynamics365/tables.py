"""Definitions: tables, their columns and their alternate keys."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import uuid4

from tillbridge_simulators.dynamics365.errors import unknown_segment

ColumnType: TypeAlias = Literal[
    "String", "Memo", "Money", "Decimal", "Double", "Integer", "Boolean", "DateTime", "Picklist",
    "Lookup", "Uniqueidentifier", "State", "Status",
]  # fmt: skip
KeyStatus: TypeAlias = Literal["Pending", "Active", "Failed"]


@dataclass(slots=True)
class Column:
    """One column.

    Attributes:
        links: for a lookup, its navigation properties: name -> table referred to.
        rows_name: for a lookup, the collection navigation property at the other side.
        statuses: for Status, its options as status -> state that owns it.
        computed: what a caller sends is ignored.
        precision: digits after the point that are kept, for Decimal and Double.
        date_only: a DateTime that holds a day.
        custom: somebody added it to the product's own.
    """

    name: str
    schema_name: str
    type: ColumnType
    length_max: int | None = None
    links: dict[str, str] = field(default_factory=dict)
    rows_name: str = ""
    statuses: dict[int, int] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    computed: bool = False
    required: bool = False
    precision: int = 5
    date_only: bool = False
    custom: bool = False
    title: str = ""
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def stored_as(self) -> str:
        """The property's name in rows: lookups are read as `_name_value`."""
        return f"_{self.name}_value" if self.type == "Lookup" else self.name


@dataclass(slots=True)
class Key:
    """An alternate key; its unique index comes into being at `ready_at` (monotonic seconds)."""

    schema_name: str
    columns: tuple[str, ...]
    ready_at: float = 0.0
    status: KeyStatus = "Pending"
    id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def name(self) -> str:
        return self.schema_name.lower()

    @property
    def due(self) -> bool:
        return self.status == "Pending" and time.monotonic() >= self.ready_at


@dataclass(slots=True)
class Table:
    """One table; `columns` and `keys` by logical name."""

    name: str
    schema_name: str
    set_name: str
    id_column: str
    name_column: str
    columns: dict[str, Column] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    code: int = 10000
    id: str = field(default_factory=lambda: str(uuid4()))

    def column_stored_as(self, stored: str) -> Column | None:
        name = stored[1:-6] if stored.startswith("_") and stored.endswith("_value") else stored
        return self.columns.get(name)

    def link(self, navigation: str) -> tuple[Column, str] | None:
        """The lookup column and the table that a navigation property leads to."""
        for column in self.columns.values():
            if navigation in column.links:
                return column, column.links[navigation]
        return None

    def key_of(self, columns: frozenset[str]) -> Key | None:
        for key in self.keys.values():
            if frozenset(key.columns) == columns:
                return key
        return None


class Tables:
    """All tables, by logical name and by entity set name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Table] = {}
        self._by_set: dict[str, Table] = {}

    def add(self, table: Table) -> Table:
        self._by_name[table.name] = table
        self._by_set[table.set_name] = table
        return table

    def __iter__(self) -> Iterator[Table]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def named(self, name: str) -> Table:
        return self._by_name[name]

    def find(self, name: str) -> Table | None:
        return self._by_name.get(name)

    def of_set(self, set_name: str) -> Table:
        """Raises DataverseError for a name that is not an entity set (logical names are not)."""
        table = self._by_set.get(set_name)
        if table is None:
            raise unknown_segment(set_name)
        return table

    def lookups_to(self, name: str) -> Iterator[tuple[Table, Column]]:
        """Every lookup that refers to this table."""
        for table in self:
            for column in table.columns.values():
                if name in column.links.values():
                    yield table, column
