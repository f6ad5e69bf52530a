"""The company's databases in SQLite, with one writer at a time as SQL Server's locks would have it.

One connection serves everybody: a transaction that writes, or reads with UPDLOCK or HOLDLOCK,
holds the writer's lock until it ends; other readers wait for it unless they ask for NOLOCK.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tillbridge_simulators.sagepro.functions import LastError, register
from tillbridge_simulators.sagepro.schema import Table, ddl, standard_tables
from tillbridge_simulators.sagepro.sql_errors import (
    SqlError,
    duplicate_key,
    lock_timeout,
    null_refused,
    unknown_column,
)
from tillbridge_simulators.sagepro.translation import CATALOG, Schema, Statement

Row = tuple[object, ...]


@dataclass
class Answer:
    """What one statement gave: rows for a query, a count for a write."""

    statement: Statement
    rows: list[Row] = field(default_factory=list)
    count: int = 0


class Store:
    """Two databases. `owner` is who holds the writer's lock; any hashable thing."""

    def __init__(self, system: str = "PROSYS", company: str = "PRO05") -> None:
        self.system = system
        self.company = company
        self.tables = standard_tables(system, company)
        self.schema = Schema(self.tables)
        self.owner: object | None = None
        self._waiting: deque[tuple[object, asyncio.Future[None]]] = deque()
        self._last = LastError()
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        register(self._db, self._last)
        self._db.create_function("columnproperty", 3, self._column_property)
        for name in (system, company):
            self._db.execute(f"ATTACH ':memory:' AS \"{name}\"")
        self._db.execute(
            f"CREATE TEMP TABLE {CATALOG} (table_catalog, table_schema, table_name COLLATE NOCASE,"
            " column_name, ordinal_position, data_type, is_nullable, character_maximum_length,"
            " numeric_precision, numeric_scale)"
        )
        self._db.execute(
            "CREATE TEMP TABLE changes (number INTEGER PRIMARY KEY, what, id, before, after)"
        )
        for table in tuple(self.tables.values()):
            self._make(table)

    def databases(self) -> tuple[str, str]:
        """Both databases' names."""
        return self.system, self.company

    def create(self, table: Table) -> None:
        """Makes one table more and lists it in the catalog."""
        self._make(table)
        self.tables[table.database.lower(), table.name] = table
        self.schema = Schema(self.tables)

    def _make(self, table: Table) -> None:
        self._db.execute(ddl(table))
        for position, (name, kind) in enumerate(table.columns.items(), 1):
            nullable = "YES" if name in table.nullable else "NO"
            self._db.execute(
                f"INSERT INTO {CATALOG} VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608 (a constant)
                (table.database, "dbo", table.name, name, position, kind.kind, nullable,
                 kind.length, kind.precision or None, kind.scale if kind.exact else None),
            )  # fmt: skip

    def drop_column(self, table: str, column: str) -> None:
        """For tests of sites whose tables differ."""
        kept = self.tables[self.company.lower(), table]
        self._db.execute(f'ALTER TABLE "{self.company}"."{table}" DROP COLUMN "{column}"')
        kept.columns.pop(column)
        self._db.execute(
            f"DELETE FROM {CATALOG} WHERE table_name = ? AND column_name = ?",  # noqa: S608 (a constant)
            (table, column),
        )
        self.schema = Schema(self.tables)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Straight from SQLite, for judging and seeding: no locks, no translation."""
        return self._db.execute(sql, values).fetchall()

    @property
    def waiting(self) -> int:
        """How many wait for the writer's lock."""
        return len(self._waiting)

    async def acquire(self, owner: object, *, keep: bool, wait_s: float | None) -> None:
        """Waits until nobody else holds the writer's lock; with `keep`, takes it.

        Raises SqlError 1222 after `wait_s`.
        """
        if self.owner is None or self.owner is owner:
            if keep:
                self._take(owner)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (owner if keep else None, waiter)
        self._waiting.append(entry)
        try:
            await asyncio.wait_for(waiter, wait_s)
        except TimeoutError:
            raise lock_timeout() from None
        finally:
            if entry in self._waiting:
                self._waiting.remove(entry)

    def end(self, owner: object, *, commit: bool) -> None:
        """Ends the owner's transaction and lets the next one in; nothing for anybody else."""
        if self.owner is not owner:
            return
        self._db.execute("COMMIT" if commit else "ROLLBACK")
        self.owner = None
        while self._waiting and self.owner is None:
            wanted, waiter = self._waiting.popleft()
            if waiter.done():
                continue
            if wanted is not None:
                self._take(wanted)
            waiter.set_result(None)

    def run(self, statement: Statement, values: Mapping[str, object]) -> Answer:
        """Runs one query or write. Raises SqlError."""
        if statement.created is not None:
            self.create(statement.created)
            return Answer(statement)
        try:
            cursor = self._db.execute(statement.sql, dict(values))
            rows = cursor.fetchall()
        except sqlite3.IntegrityError as error:
            raise _integrity_error(str(error)) from error
        except sqlite3.OperationalError as error:
            raise self._last.take() or _operational_error(str(error)) from error
        count = len(rows) if statement.columns else max(cursor.rowcount, 0)
        return Answer(statement, rows, count)

    def watch(self, table: str, operation: str, what: str, change: tuple[str, str, str]) -> None:
        """Notes changes of a table in `changes`: id, before and after as SQL over NEW and OLD."""
        noted = f"VALUES ('{what}', {', '.join(change)})"
        self._db.execute(
            f'CREATE TEMP TRIGGER "{what}" AFTER {operation} ON "{self.company}"."{table}"'
            f" BEGIN INSERT INTO changes (what, id, before, after) {noted}; END"
        )

    def take_changes(self) -> list[tuple[str, str, str, str]]:
        """What was noted since last asked, in order."""
        rows = self._db.execute(
            "SELECT what, id, before, after FROM changes ORDER BY number"
        ).fetchall()
        if rows:
            self._db.execute("DELETE FROM changes")
        return rows

    def changes(self) -> list[tuple[str, str, str, str]]:
        """The same without taking it."""
        return self._db.execute(
            "SELECT what, id, before, after FROM changes ORDER BY number"
        ).fetchall()

    def close(self) -> None:
        self._db.close()

    def _take(self, owner: object) -> None:
        if self.owner is not owner:
            self.owner = owner
            self._db.execute("BEGIN")

    def _column_property(self, table: str, column: str, wanted: str) -> int | None:
        if wanted.lower() != "isidentity":
            return None
        for (_, name), about in self.tables.items():
            if name == table:
                return int(about.identity == column)
        return None


def _integrity_error(text: str) -> SqlError:
    what, _, spot = text.partition(": ")
    table, _, column = spot.partition(",")[0].partition(".")
    if what.startswith("NOT NULL"):
        return null_refused(table, column)
    return duplicate_key(table)


def _operational_error(text: str) -> SqlError:
    if text.startswith("no such column: "):
        return unknown_column(text.removeprefix("no such column: "))
    return SqlError(50000, f"The stand-in cannot run this statement: {text}.")
