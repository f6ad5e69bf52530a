"""$filter and $orderby: comparisons, and, or, not, contains, startswith, endswith."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

from tillbridge_simulators.dynamics365.addresses import literal
from tillbridge_simulators.dynamics365.errors import bad_request
from tillbridge_simulators.dynamics365.rows import Cell, Row

Test: TypeAlias = Callable[[Row], bool]

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),]|[^\s(),']+)")
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def read_filter(text: str, check: Callable[[str], None]) -> Test:
    """A test of a row. `check` is called with each property name and raises for unknown ones."""
    reader = _Reader(_TOKEN.findall(text), check)
    test = reader.alternatives()
    if reader.tokens:
        raise bad_request(f"Syntax error in the filter '{text}' at '{reader.tokens[0]}'.")
    return test


def order_rows(rows: list[Row], text: str) -> list[Row]:
    """Rows by `column [asc|desc], ...`; empty values first, as SQL Server sorts them."""
    for part in reversed(text.split(",")):
        name, _, direction = part.strip().partition(" ")
        rows.sort(key=lambda row: _sortable(row.get(name)), reverse=direction.strip() == "desc")
    return rows


class _Reader:
    def __init__(self, tokens: list[str], check: Callable[[str], None]) -> None:
        self.tokens = tokens
        self._check = check

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._take("or"):
            tests.append(self._conjunction())
        return lambda row: any(test(row) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._negation()]
        while self._take("and"):
            tests.append(self._negation())
        return lambda row: all(test(row) for test in tests)

    def _negation(self) -> Test:
        if self._take("not"):
            test = self._negation()
            return lambda row: not test(row)
        if self._take("("):
            inner = self.alternatives()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        name = self._next()
        if name in _FUNCTIONS:
            return self._function(name)
        self._check(name)
        operator, wanted = self._next(), _folded(literal(self._next()))
        compare = _COMPARISONS.get(operator)
        if compare is None:
            raise bad_request(f"'{operator}' is not a comparison operator.")
        return lambda row: compare(_folded(row.get(name)), wanted)

    def _function(self, function: str) -> Test:
        self._expect("(")
        name = self._next()
        self._check(name)
        self._expect(",")
        part = str(_folded(literal(self._next())))
        self._expect(")")
        return lambda row: _FUNCTIONS[function](str(_folded(row.get(name)) or ""), part)

    def _take(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            del self.tokens[0]
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise bad_request(f"The filter wants '{token}'.")

    def _next(self) -> str:
        if not self.tokens:
            raise bad_request("The filter ends too early.")
        return self.tokens.pop(0)


def _folded(value: Cell) -> Cell:
    return value.casefold() if isinstance(value, str) else value


def _less(left: Cell, right: Cell) -> bool:
    if isinstance(left, int | Decimal) and isinstance(right, int | Decimal):
        return left < right
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return False


_COMPARISONS: dict[str, Callable[[Cell, Cell], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": _less,
    "gt": lambda left, right: _less(right, left),
    "le": lambda left, right: left == right or _less(left, right),
    "ge": lambda left, right: left == right or _less(right, left),
}


def _sortable(value: Cell) -> tuple[int, Decimal, str]:
    if value is None:
        return (0, Decimal(0), "")
    if isinstance(value, int | Decimal):
        return (1, Decimal(value), "")
    return (2, Decimal(0), value.casefold())
