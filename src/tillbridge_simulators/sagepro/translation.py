"""T-SQL statements as SQLite's, with the types of their columns; parsed once per text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tillbridge_simulators.sagepro.column_types import ColumnType, cast, column_type
from tillbridge_simulators.sagepro.projection import ResultColumn, projected, type_of
from tillbridge_simulators.sagepro.schema import Table
from tillbridge_simulators.sagepro.sql_errors import (
    SqlError,
    syntax,
    unknown_column,
    unknown_object,
)

Kind: TypeAlias = Literal["query", "write", "create", "begin", "commit", "rollback", "set", "use"]
Tables: TypeAlias = Mapping[tuple[str, str], Table]

_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Add: "exact_add",
    exp.Sub: "exact_sub",
    exp.Mul: "exact_mul",
    exp.Div: "exact_div",
}
_LOCKING = {"UPDLOCK", "XLOCK", "TABLOCKX", "HOLDLOCK", "SERIALIZABLE"}
CATALOG = "information_schema_columns"
"""Where INFORMATION_SCHEMA.COLUMNS stands in SQLite."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement ready to run.

    Attributes:
        sql: for SQLite; parameters are named ":P1".
        table: what is written, "" otherwise.
        locks: it takes the locks of a writer. `dirty`: it reads past them (NOLOCK).
        columns: of its result; () when it has none.
        option: name and value of a SET; the name of a USE.
        created: the table a CREATE TABLE makes.
    """

    kind: Kind
    sql: str = ""
    table: str = ""
    locks: bool = False
    dirty: bool = False
    columns: tuple[ResultColumn, ...] = ()
    option: tuple[str, str] = ("", "")
    created: Table | None = None


class Schema:
    """The tables statements are translated for; equal when all their columns are."""

    def __init__(self, tables: Tables) -> None:
        self.tables = dict(tables)
        self._print = repr(sorted(self.tables.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and other._print == self._print

    def __hash__(self) -> int:
        return hash(self._print)


@lru_cache(maxsize=4096)
def translate(schema: Schema, text: str, database: str) -> tuple[Statement, ...]:
    """The statements of a batch, parsed once a text. Raises SqlError 102, 207, 208, 2714."""
    try:
        parsed = sqlglot.parse(text, read="tsql")
    except SqlglotError as error:
        raise syntax(str(error)[:200]) from error
    return tuple(_Rewriting(schema.tables, database, tree).statement() for tree in parsed if tree)


class _Rewriting:
    """One statement on its way from T-SQL to SQLite."""

    def __init__(self, tables: Tables, database: str, tree: exp.Expr) -> None:
        self._tables = tables
        self._database = database
        self._tree = tree
        self._hints = set(_hints_of(tree))

    def statement(self) -> Statement:
        tree = self._tree
        match tree:
            case exp.Transaction():
                return Statement("begin")
            case exp.Commit():
                return Statement("commit")
            case exp.Rollback():
                return Statement("rollback")
            case exp.Set():
                return Statement("set", option=_option(tree))
            case exp.Use():
                return Statement("use", option=(tree.this.name, ""))
            case exp.Create():
                return Statement("create", locks=True, created=self._created(tree))
            case exp.Insert() | exp.Update() | exp.Delete():
                return self._write(tree)
            case exp.Select() | exp.Union() | exp.Subquery():
                return self._query(tree)
            case _:
                raise syntax(tree.sql("tsql")[:80])

    def _query(self, tree: exp.Expr) -> Statement:
        columns = projected(tree, self._resolve)
        locks = bool(self._hints & _LOCKING)
        dirty = bool(self._hints & {"NOLOCK", "READUNCOMMITTED"})
        return Statement("query", self._rewritten(tree), locks=locks, dirty=dirty, columns=columns)

    def _write(self, tree: exp.Expr) -> Statement:
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        table = self._resolve(target)
        columns: tuple[ResultColumn, ...] = ()
        returning = tree.args.get("returning")
        if returning is not None:
            for column in returning.find_all(exp.Column):
                column.set("table", None)
            columns = tuple(
                ResultColumn(column.alias_or_name, type_of(column, {"": table}))
                for column in returning.expressions
            )
        if isinstance(tree, exp.Insert):
            self._fit_insert(tree, table)
        elif isinstance(tree, exp.Update):
            for assignment in tree.expressions:
                name = assignment.this.name.lower()
                assignment.set("expression", _fitted(assignment.expression, table, name))
        return Statement(
            "write", self._rewritten(tree), table=table.name, locks=True, columns=columns
        )

    def _fit_insert(self, tree: exp.Insert, table: Table) -> None:
        if not isinstance(tree.this, exp.Schema):
            raise syntax("INSERT without a list of columns")
        names = [column.name.lower() for column in tree.this.expressions]
        if table.identity in names:
            raise SqlError(
                544, f"Cannot insert explicit value for identity column in table '{table.name}'."
            )
        source = tree.expression
        rows = source.expressions if isinstance(source, exp.Values) else [source]
        for row in rows:
            values = row.expressions
            if len(values) != len(names):
                raise SqlError(110, "There are fewer columns in the INSERT statement than values.")
            row.set(
                "expressions",
                [_fitted(value, table, name) for value, name in zip(values, names, strict=True)],
            )

    def _rewritten(self, tree: exp.Expr) -> str:
        for table in list(tree.find_all(exp.Table)):
            self._rename(table)
        for node in reversed(list(tree.walk())):
            new = _as_sqlite(node)
            if new is not node:
                node.replace(new)
        return tree.sql(dialect="sqlite")

    def _rename(self, node: exp.Table) -> None:
        node.set("hints", None)
        if node.name.upper() == "COLUMNS" and node.db.upper() == "INFORMATION_SCHEMA":
            name, database = CATALOG, None
        else:
            table = self._resolve(node)
            name, database = table.name, table.database
        new = exp.table_(name, db=database)
        node.set("this", new.this)
        node.set("db", new.args.get("db"))
        node.set("catalog", None)

    def _resolve(self, node: exp.Table) -> Table:
        if node.name.upper() == "COLUMNS" and node.db.upper() == "INFORMATION_SCHEMA":
            return _CATALOG_TABLE
        database = node.catalog or self._database
        found = self._tables.get((database.lower(), node.name.lower()))
        if found is None:
            raise unknown_object(node.sql("tsql"))
        return found

    def _created(self, tree: exp.Create) -> Table:
        table = tree.this.this
        database = table.catalog or self._database
        if (database.lower(), table.name.lower()) in self._tables:
            raise SqlError(
                2714, f"There is already an object named '{table.name}' in the database."
            )
        columns = {
            part.name.lower(): _declared(part, part.kind)
            for part in tree.this.expressions
            if isinstance(part, exp.ColumnDef) and part.kind is not None
        }
        key = tuple(
            column.name.lower()
            for primary in tree.find_all(exp.PrimaryKey)
            for column in primary.find_all(exp.Column)
        )
        return Table(table.name.lower(), database, key, columns)


def _declared(column: exp.ColumnDef, kind: exp.DataType) -> ColumnType:
    """A column's type; a collation whose name ends in BIN or BIN2 tells case apart."""
    declared = column_type(kind.sql("tsql"))
    collation = column.find(exp.CollateColumnConstraint)
    binary = collation is not None and "_BIN" in collation.this.name.upper()
    return replace(declared, binary=binary)


def _hints_of(tree: exp.Expr) -> Iterator[str]:
    for hint in tree.find_all(exp.WithTableHint):
        for word in hint.expressions:
            yield word.name.upper()


def _option(tree: exp.Set) -> tuple[str, str]:
    """SET XACT_ABORT ON, SET LOCK_TIMEOUT 5000, SET NOCOUNT ON."""
    words = tree.sql("tsql").replace("=", " ").split()
    return words[1].upper(), words[-1].upper()


def _fitted(value: exp.Expr, table: Table, name: str) -> exp.Expr:
    wanted = table.columns.get(name)
    if wanted is None:
        raise unknown_column(name)
    if isinstance(value, exp.Literal) and (not value.is_string or not value.this):
        kept = cast(value.this, wanted.text)
        if isinstance(kept, str):
            return exp.Literal.string(kept)
    return exp.func(
        "fit", value, exp.Literal.string(wanted.text), exp.Literal.string(f"{table.name}.{name}")
    )


def _as_sqlite(node: exp.Expr) -> exp.Expr:
    """One node of T-SQL as SQLite wants it; numbers with a point become exact text."""
    name = _FUNCTIONS.get(type(node))
    if name is not None:
        return exp.func(name, node.this, node.expression)
    match node:
        case exp.Parameter():
            return exp.Placeholder(this=node.name)
        case exp.Literal() if not node.is_string and not node.this.isdigit():
            return exp.Literal.string(node.this)
        case exp.Neg() if isinstance(node.this, exp.Literal) and node.this.is_string:
            return exp.Literal.string(f"-{node.this.this}")
        case exp.Sum():
            return exp.func("exact_sum", node.this)
        case exp.Cast():
            return exp.func("cast_to", node.this, exp.Literal.string(node.to.sql("tsql")))
        case exp.Left():
            return exp.func("tsql_left", node.this, node.expression)
        case exp.Right():
            return exp.func("tsql_right", node.this, node.expression)
        case exp.Length():
            return exp.func("tsql_len", node.this)
        case exp.Round():
            return exp.func("exact_round", node.this, node.args.get("decimals"))
        case _:
            return node


_CATALOG_TABLE = Table(
    name=CATALOG,
    database="temp",
    key=(),
    columns={
        name: ColumnType(kind, 128 if kind == "nvarchar" else None, text=kind)
        for name, kind in {
            "table_catalog": "nvarchar",
            "table_schema": "nvarchar",
            "table_name": "nvarchar",
            "column_name": "nvarchar",
            "ordinal_position": "int",
            "data_type": "nvarchar",
            "is_nullable": "nvarchar",
            "character_maximum_length": "int",
            "numeric_precision": "int",
            "numeric_scale": "int",
        }.items()
    },
)
