"""Rows with unique alternate keys, row versions, and transactions that roll back whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from tillbridge_simulators.dynamics365.errors import duplicate_key, key_not_ready, row_missing
from tillbridge_simulators.dynamics365.tables import Column, Key, Table

Cell: TypeAlias = str | int | Decimal | bool | None
Row: TypeAlias = dict[str, Cell]
KeyValues: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row; `before` is None for a row that was created."""

    table: str
    id: str
    before: Row | None


@dataclass(slots=True)
class Transaction:
    """What has to be undone if it fails, and what changed if it does not."""

    undo: list[Callable[[], None]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


class Rows:
    """The store. `committed` is called with the changes of each transaction that held; it can be
    replaced."""

    def __init__(self, committed: Callable[[list[Change]], None]) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self._index: dict[tuple[str, str], dict[KeyValues, str]] = {}
        self._linked: dict[tuple[str, str, Cell], dict[str, None]] = {}
        self._version = 1_000_000
        self.committed = committed
        self._open: Transaction | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction it joins that one."""
        if self._open is not None:
            yield
            return
        self._open = transaction = Transaction()
        try:
            yield
        except BaseException:
            for undo in reversed(transaction.undo):
                undo()
            raise
        finally:
            self._open = None
        self.committed(transaction.changes)

    def get(self, table: Table, row_id: str) -> Row:
        row = self.find(table, row_id)
        if row is None:
            raise row_missing(table.name, row_id)
        return row

    def find(self, table: Table, row_id: str) -> Row | None:
        return self._rows.get(table.name, {}).get(row_id)

    def all(self, table: Table) -> Iterator[Row]:
        return iter(list(self._rows.get(table.name, {}).values()))

    def linked(self, table: Table, column: Column, row_id: str) -> list[Row]:
        """The rows whose lookup refers to this id, in the order they came."""
        ids = self._linked.get((table.name, column.stored_as, row_id), {})
        return [self._rows[table.name][linked_id] for linked_id in ids]

    def find_by_key(self, table: Table, values: Row) -> Row | None:
        """The row with these key values. Raises when no active key has exactly these columns."""
        key = table.key_of(frozenset(values))
        if key is None or not self.active(table, key):
            raise key_not_ready(table.name, tuple(values))
        wanted = tuple(_folded(values[column]) for column in key.columns)
        row_id = self._index[table.name, key.name].get(wanted)
        return None if row_id is None else self._rows[table.name][row_id]

    def active(self, table: Table, key: Key) -> bool:
        """Builds the key's index when its time has come; duplicates make it Failed."""
        if key.due:
            self._build(table, key)
        return key.status == "Active"

    def insert(self, table: Table, row: Row) -> None:
        row_id = str(row[table.id_column])
        rows = self._rows.setdefault(table.name, {})
        if row_id in rows:
            raise duplicate_key()
        self._claim(table, row, row_id)
        row["versionnumber"] = self._next_version()
        rows[row_id] = row
        self._note(Change(table.name, row_id, None), lambda: self._drop(table, row_id))

    def update(self, table: Table, row: Row, values: Row) -> None:
        row_id = str(row[table.id_column])
        before = dict(row)
        after = {**row, **values}
        self._release(table, before)
        try:
            self._claim(table, after, row_id)
        except BaseException:
            self._claim(table, before, row_id)
            raise
        row.update(values)
        row["versionnumber"] = self._next_version()
        self._note(Change(table.name, row_id, before), lambda: self._restore(table, row, before))

    def delete(self, table: Table, row: Row) -> None:
        row_id = str(row[table.id_column])
        self._drop(table, row_id)

        def undo() -> None:
            self._rows[table.name][row_id] = row
            self._claim(table, row, row_id)

        self._note(Change(table.name, row_id, dict(row)), undo)

    def _note(self, change: Change, undo: Callable[[], None]) -> None:
        assert self._open is not None, "rows change inside a transaction only"
        self._open.undo.append(undo)
        self._open.changes.append(change)

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _drop(self, table: Table, row_id: str) -> None:
        self._release(table, self._rows[table.name].pop(row_id))

    def _restore(self, table: Table, row: Row, before: Row) -> None:
        self._release(table, row)
        row.clear()
        row.update(before)
        self._claim(table, row, str(row[table.id_column]))

    def _claim(self, table: Table, row: Row, row_id: str) -> None:
        claimed: list[tuple[dict[KeyValues, str], KeyValues]] = []
        for key in table.keys.values():
            values = _values(key, row)
            if values is None or not self.active(table, key):
                continue
            index = self._index[table.name, key.name]
            if index.setdefault(values, row_id) != row_id:
                for earlier, taken in claimed:
                    del earlier[taken]
                raise duplicate_key()
            claimed.append((index, values))
        for place in _links(table, row):
            self._linked.setdefault(place, {})[row_id] = None

    def _release(self, table: Table, row: Row) -> None:
        for place in _links(table, row):
            self._linked.get(place, {}).pop(str(row[table.id_column]), None)
        for key in table.keys.values():
            values = _values(key, row)
            if values is not None and self.active(table, key):
                self._index[table.name, key.name].pop(values, None)

    def _build(self, table: Table, key: Key) -> None:
        index: dict[KeyValues, str] = {}
        for row_id, row in self._rows.get(table.name, {}).items():
            values = _values(key, row)
            if values is not None and index.setdefault(values, row_id) != row_id:
                key.status = "Failed"
                return
        self._index[table.name, key.name] = index
        key.status = "Active"


def _values(key: Key, row: Row) -> KeyValues | None:
    """The row's values of a key; None when one is empty (such rows are not indexed)."""
    values = tuple(_folded(row.get(column)) for column in key.columns)
    return None if None in values else values


def _links(table: Table, row: Row) -> list[tuple[str, str, Cell]]:
    return [
        (table.name, column.stored_as, row[column.stored_as])
        for column in table.columns.values()
        if column.rows_name and row.get(column.stored_as) is not None
    ]


def _folded(value: Cell) -> Cell:
    """Text compares without case, as SQL Server's default collation does."""
    return value.casefold() if isinstance(value, str) else value
