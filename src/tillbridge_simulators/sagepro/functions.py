"""T-SQL's functions and comparisons for SQLite, exact to the last digit."""

import sqlite3
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from tillbridge_simulators.sagepro.column_types import cast, fit
from tillbridge_simulators.sagepro.sql_errors import SqlError

Value = str | int | None


class LastError:
    """The SqlError a function raised: SQLite itself keeps only that there was one."""

    def __init__(self) -> None:
        self._error: SqlError | None = None

    def catching(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, remembering what it raises."""

        def called(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except SqlError as error:
                self._error = error
                raise

        return called

    def take(self) -> SqlError | None:
        """What was raised since last asked."""
        error, self._error = self._error, None
        return error


def register(connection: sqlite3.Connection, last: LastError) -> None:
    """Puts everything into one SQLite connection."""
    connection.create_collation("SQLSERVER", _compare_text)
    connection.create_collation("EXACT", _compare_exact)
    connection.create_aggregate("exact_sum", 1, _ExactSum)  # type: ignore[arg-type] # typeshed wants finalize() -> float | int | bytes | str | None of its own protocol
    for name, arguments, function in _FUNCTIONS:
        connection.create_function(name, arguments, last.catching(function), deterministic=True)


def _compare_text(left: str, right: str) -> int:
    """SQL_Latin1_General_CP1_CI_AS in short: trailing spaces and case do not count."""
    one, other = left.rstrip(" ").casefold(), right.rstrip(" ").casefold()
    return (one > other) - (one < other)


def _compare_exact(left: str, right: str) -> int:
    one, other = _number(left), _number(right)
    if one is None or other is None:
        return _compare_text(left, right)
    return (one > other) - (one < other)


class _ExactSum:
    def __init__(self) -> None:
        self._total: Decimal | None = None

    def step(self, value: Value) -> None:
        if value is not None:
            self._total = (self._total or Decimal(0)) + Decimal(str(value))

    def finalize(self) -> str | None:
        return None if self._total is None else f"{self._total:f}"


def _number(value: Value) -> Decimal | None:
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


def _arithmetic(work: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value, Value], Value]:
    def computed(left: Value, right: Value) -> Value:
        if left is None or right is None:
            return None
        one, other = _number(left), _number(right)
        if one is None or other is None:
            return f"{left}{right}"
        result = work(one, other)
        return int(result) if isinstance(left, int) and isinstance(right, int) else f"{result:f}"

    return computed


def _right_justified(value: Value, length: int = 10, decimals: int = 0) -> str | None:
    """STR(number, length, decimals)."""
    if value is None:
        return None
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{rounded:f}"
    return text.rjust(length) if len(text) <= length else "*" * length


def _rounded(value: Value, decimals: int) -> str | None:
    if value is None:
        return None
    return f"{Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def _left(value: Value, length: int) -> str | None:
    return None if value is None else str(value)[:length]


def _right(value: Value, length: int) -> str | None:
    return None if value is None else str(value)[-length:] if length else ""


def _length(value: Value) -> int | None:
    return None if value is None else len(str(value).rstrip(" "))


def _object_name(name: str) -> str:
    return name.rpartition(".")[2].strip("[]").lower()


def _divided(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        raise SqlError(8134, "Divide by zero error encountered.")
    return left / right


_FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("fit", 3, fit),
    ("cast_to", 2, cast),
    ("exact_add", 2, _arithmetic(lambda left, right: left + right)),
    ("exact_sub", 2, _arithmetic(lambda left, right: left - right)),
    ("exact_mul", 2, _arithmetic(lambda left, right: left * right)),
    ("exact_div", 2, _arithmetic(_divided)),
    ("exact_round", 2, _rounded),
    ("str", -1, _right_justified),
    ("tsql_left", 2, _left),
    ("tsql_right", 2, _right),
    ("tsql_len", 1, _length),
    ("space", 1, lambda count: " " * int(count)),
    ("object_id", 1, _object_name),
)
