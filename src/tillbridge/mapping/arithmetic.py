"""Exact arithmetic and comparison on mapping values. Nothing rounds, nothing mixes currencies."""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow, Subnormal, Underflow
from typing import Any, Final, TypeAlias

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.mapping.value_type import (
    DECIMAL,
    INTEGER,
    MONEY,
    NUMBERS,
    TEXT,
    UNIT_AMOUNT,
    Sort,
    ValueType,
    sort_of,
)

DIGITS_MAX: Final = 400
"""Digits before or after the point that a number may have."""

_LIMIT = 10**DIGITS_MAX
_EXACT = Context(
    prec=2 * DIGITS_MAX, traps=[Inexact, InvalidOperation, Overflow, Underflow, Subnormal]
)

Rule: TypeAlias = tuple[ValueType, Callable[[Any, Any], object]]
"""What an operator gives for two sorts, and how it is computed."""


def within(number: Decimal) -> Decimal:
    """The number, when it is finite and of a size that can be written out. Raises Rejected."""
    if not number.is_finite():
        raise Rejected(f"{number} is not a number.", reason="bad_number")
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "a finite number has an exponent"
    if number.adjusted() >= DIGITS_MAX or exponent < -DIGITS_MAX or exponent > DIGITS_MAX:
        raise _too_long()
    return number


def exactly(operation: Callable[[Decimal, Decimal], Decimal], a: Any, b: Any) -> Decimal:
    """A Decimal operation that is refused, not rounded, when its result is too long."""
    try:
        return within(operation(Decimal(a), Decimal(b)))
    except (Inexact, InvalidOperation, Overflow, Underflow, Subnormal):
        raise _too_long() from None


def _too_long() -> Rejected:
    return Rejected(
        f"The number has more than {DIGITS_MAX} digits before or after its point.",
        reason="too_many_digits",
    )


def whole(number: int) -> int:
    """The integer, when it is of a size that can be written out. Raises Rejected."""
    if not -_LIMIT < number < _LIMIT:
        raise _too_long()
    return number


def _add_text(a: str, b: str) -> str:
    return a + b


def _add_integers(a: int, b: int) -> int:
    return whole(a + b)


def _subtract_integers(a: int, b: int) -> int:
    return whole(a - b)


def _multiply_integers(a: int, b: int) -> int:
    return whole(a * b)


def add_numbers(a: Decimal | int, b: Decimal | int) -> Decimal:
    """The exact sum."""
    return exactly(_EXACT.add, a, b)


def _subtract_numbers(a: Decimal | int, b: Decimal | int) -> Decimal:
    return exactly(_EXACT.subtract, a, b)


def multiply_numbers(a: Decimal | int, b: Decimal | int) -> Decimal:
    """The exact product."""
    return exactly(_EXACT.multiply, a, b)


def _add_money(a: Money, b: Money) -> Money:
    return a + b


def _subtract_money(a: Money, b: Money) -> Money:
    return a - b


def _times_whole(a: Money, b: int) -> Money:
    return Money(multiply_numbers(a.amount, b), a.currency)


def _times(a: Money | UnitAmount, b: Decimal | int) -> UnitAmount:
    return UnitAmount(multiply_numbers(a.amount, b), a.currency)


def _flipped(rule: Callable[[Any, Any], object]) -> Callable[[Any, Any], object]:
    return lambda a, b: rule(b, a)


def _pairs(integers: Any, numbers: Any) -> dict[tuple[Sort, Sort], Rule]:
    return {
        ("integer", "integer"): (INTEGER, integers),
        ("integer", "decimal"): (DECIMAL, numbers),
        ("decimal", "integer"): (DECIMAL, numbers),
        ("decimal", "decimal"): (DECIMAL, numbers),
    }


ARITHMETIC: Final[Mapping[str, Mapping[tuple[Sort, Sort], Rule]]] = {
    "+": {
        ("text", "text"): (TEXT, _add_text),
        ("money", "money"): (MONEY, _add_money),
        **_pairs(_add_integers, add_numbers),
    },
    "-": {
        ("money", "money"): (MONEY, _subtract_money),
        **_pairs(_subtract_integers, _subtract_numbers),
    },
    "*": {
        ("money", "integer"): (MONEY, _times_whole),
        ("integer", "money"): (MONEY, _flipped(_times_whole)),
        ("money", "decimal"): (UNIT_AMOUNT, _times),
        ("decimal", "money"): (UNIT_AMOUNT, _flipped(_times)),
        ("unit_amount", "integer"): (UNIT_AMOUNT, _times),
        ("unit_amount", "decimal"): (UNIT_AMOUNT, _times),
        ("integer", "unit_amount"): (UNIT_AMOUNT, _flipped(_times)),
        ("decimal", "unit_amount"): (UNIT_AMOUNT, _flipped(_times)),
        **_pairs(_multiply_integers, multiply_numbers),
    },
}
"""What + - * do, by the sorts of their sides. Money times a fraction has free digits: it is a
price per unit until `round_money` says how it is rounded."""

_ORDERED: Final = frozenset({"text", "money", "unit_amount", "date", "instant"})


def why_not(operator: str, left: Sort, right: Sort) -> str:
    """The next step for two sorts an operator does not take."""
    sorts = {left, right}
    if "text" in sorts and sorts & NUMBERS:
        return "Convert one: text(...), integer(...) or decimal(...)."
    if "money" in sorts and sorts & NUMBERS:
        return "Make money of the number, money(number, currency), or read .amount of the money."
    if sorts == {"money", "unit_amount"}:
        return "Round the price per unit first: round_money(price, 'half_up')."
    if "text" in sorts and operator == "+":
        return "Make text of it first: text(...) or amount_text(...)."
    return ""


def orders(left: Sort, right: Sort) -> bool:
    """Whether < and its kin take these two sorts."""
    return (left in NUMBERS and right in NUMBERS) or (left == right and left in _ORDERED)


def equates(left: Sort, right: Sort) -> bool:
    """Whether == takes these two sorts. Groups are not compared whole."""
    if "null" in (left, right):
        return True
    return (left in NUMBERS and right in NUMBERS) or (
        left == right and left not in ("record", "dictionary")
    )


def operate(operator: str, left: Any, right: Any) -> object:
    """An arithmetic operator on values whose sorts are known only now. Raises Rejected."""
    sorts = (sort_of(left), sort_of(right))
    rule = ARITHMETIC[operator].get(sorts)
    if rule is None:
        raise clash(operator, *sorts)
    return rule[1](left, right)


def is_less(left: Any, right: Any) -> bool:
    """left < right for values of any sort. Raises Rejected for a pair that has no order."""
    sorts = (sort_of(left), sort_of(right))
    if not orders(*sorts):
        raise clash("<", *sorts)
    if isinstance(left, Money | UnitAmount):
        _same_currency(left, right)
        return bool(left.amount < right.amount)
    return bool(left < right)


def is_equal(left: Any, right: Any) -> bool:
    """left == right. Raises Rejected for two currencies, or sorts that cannot be equal."""
    sorts = (sort_of(left), sort_of(right))
    if not equates(*sorts):
        raise clash("==", *sorts)
    if isinstance(left, Money | UnitAmount) and right is not None:
        _same_currency(left, right)
    if sorts == ("list", "list"):
        return len(left) == len(right) and all(map(is_equal, left, right))
    return bool(left == right)


def is_in(item: Any, holder: Any) -> bool:
    """Whether a list holds the item, or a dictionary the name."""
    if isinstance(holder, Mapping):
        return item in holder
    if sort_of(holder) != "list":
        raise clash("in", sort_of(item), sort_of(holder))
    return any(is_equal(item, each) for each in holder)


def negated(value: Any) -> object:
    """-value for a number or money."""
    if sort_of(value) not in ("integer", "decimal", "money"):
        raise Rejected(f"- does not take {_named(sort_of(value))}.", reason="bad_type")
    return value.copy_negate() if isinstance(value, Decimal) else -value


def truth(value: object) -> bool:
    """A condition's value. Raises Rejected for anything but true and false."""
    if value is True or value is False:
        return value
    raise Rejected(
        f"A condition is true or false, not {_named(sort_of(value))}.", reason="bad_type"
    )


def clash(operator: str, left: Sort, right: Sort) -> Rejected:
    """The error for two values an operator does not take."""
    if "null" in (left, right):
        side = "left" if left == "null" else "right"
        return Rejected(
            f"The {side} side of {operator} is empty (null).",
            reason="no_value",
            next_step="Give a value for that case: default(..., ...), or test it with has(...).",
        )
    return Rejected(
        f"{operator} does not take {_named(left)} and {_named(right)}.",
        reason="bad_type",
        next_step=why_not(operator, left, right),
    )


def _named(sort: Sort) -> str:
    return "nothing (null)" if sort == "null" else sort.replace("_", " ")


def _same_currency(left: Money | UnitAmount, right: Money | UnitAmount) -> None:
    if left.currency != right.currency:
        raise Rejected(
            f"{left} and {right} are different currencies and cannot be compared.",
            reason="currencies_differ",
            next_step="Convert one of them by a dated rate first.",
        )
