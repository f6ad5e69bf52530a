"""The names and types of a SELECT's columns: the wire says them before the rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from tillbridge_simulators.sagepro.column_types import ColumnType, column_type
from tillbridge_simulators.sagepro.schema import Table
from tillbridge_simulators.sagepro.sql_errors import unknown_column

TEXT = column_type("varchar(8000)")
WHOLE = column_type("int")
EXACT = column_type("numeric(38,6)")


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result."""

    name: str
    type: ColumnType


def projected(tree: exp.Expr, resolve: Callable[[exp.Table], Table]) -> tuple[ResultColumn, ...]:
    """The columns of a SELECT or UNION; a star is written out in place."""
    select = tree
    while not isinstance(select, exp.Select):
        select = select.this
    scope = _scope(select, resolve)
    if any(isinstance(part, exp.Star) for part in select.expressions):
        select.set(
            "expressions",
            [exp.column(name) for table in scope.values() for name in table.columns],
        )
    return tuple(
        ResultColumn(part.alias_or_name, type_of(part, scope, resolve))
        for part in select.expressions
    )


def type_of(
    node: exp.Expr,
    scope: Mapping[str, Table],
    resolve: Callable[[exp.Table], Table] | None = None,
) -> ColumnType:
    """The type of one expression among the tables in scope. Raises SqlError 207."""
    match node:
        case (
            exp.Alias()
            | exp.Paren()
            | exp.Sum()
            | exp.Min()
            | exp.Max()
            | exp.Coalesce()
            | exp.Round()
        ):
            return type_of(node.this, scope, resolve)
        case exp.Column():
            return _column(node, scope)
        case exp.Cast():
            return column_type(node.to.sql("tsql"))
        case exp.Count() | exp.Length():
            return WHOLE
        case exp.Literal():
            return TEXT if node.is_string else WHOLE if node.this.isdigit() else EXACT
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            return _arithmetic(
                type_of(node.this, scope, resolve), type_of(node.expression, scope, resolve)
            )
        case exp.Subquery() if resolve is not None:
            inner = {**scope, **_scope(node.this, resolve)}
            return type_of(node.this.expressions[0], inner, resolve)
        case exp.Case():
            return type_of(node.args["ifs"][0].args["true"], scope, resolve)
        case exp.Anonymous() if node.name.upper() == "COLUMNPROPERTY":
            return WHOLE
        case _:
            return TEXT


def _arithmetic(left: ColumnType, right: ColumnType) -> ColumnType:
    for kind in (left, right):
        if kind.kind == "money":
            return kind
    if left.exact or right.exact:
        return EXACT
    return TEXT if left.textual and right.textual else left


def _scope(select: exp.Expr, resolve: Callable[[exp.Table], Table]) -> dict[str, Table]:
    found: dict[str, Table] = {}
    source = select.args.get("from_")
    parts = [source.this] if source is not None else []
    parts += [join.this for join in select.args.get("joins") or []]
    for part in parts:
        if isinstance(part, exp.Table):
            found[part.alias_or_name.lower()] = resolve(part)
    return found


def _column(node: exp.Column, scope: Mapping[str, Table]) -> ColumnType:
    name, table = node.name.lower(), node.table.lower()
    candidates = [scope[table]] if table in scope else list(scope.values())
    for candidate in candidates:
        if name in candidate.columns:
            return candidate.columns[name]
    if not candidates:
        return TEXT
    raise unknown_column(node.name)
