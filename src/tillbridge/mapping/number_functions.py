"""What the number and money functions of the mapping language do. `functions` declares them."""

from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
)
from fractions import Fraction

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, Rounding, UnitAmount, exact, rounded
from tillbridge.mapping.arithmetic import DIGITS_MAX, whole, within

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
PLACES_MAX = 30
"""Digits after the point to which a number is rounded."""
_WIDE = Context(prec=2 * DIGITS_MAX + PLACES_MAX, traps=[InvalidOperation, DivisionByZero])


def integer(value: str | int | Decimal) -> int:
    """A whole number. Raises Rejected for a fraction."""
    number = decimal(value)
    result = int(number)
    if result != number:
        raise Rejected(
            f"{number:f} is not a whole number.",
            reason="not_whole",
            next_step="Round it by a named rule: round(value, 0, 'half_up').",
        )
    return whole(result)


def decimal(value: str | int | Decimal) -> Decimal:
    """An exact number. Raises Rejected for anything but plain digits."""
    if isinstance(value, str) and len(value) > 2 * DIGITS_MAX:
        raise Rejected("The number has too many digits.", reason="too_many_digits")
    return within(exact(value))


def money(amount: str | int | Decimal, currency: str) -> Money:
    """Money. Raises Rejected for too many decimals or an unknown currency."""
    return Money(decimal(amount), currency)


def unit_amount(amount: str | int | Decimal, currency: str) -> UnitAmount:
    """A price per unit. Raises Rejected for an unknown currency."""
    return UnitAmount(decimal(amount), currency)


def amount_text(value: Money | UnitAmount) -> str:
    """The amount alone: "1234.50"."""
    return f"{within(value.amount):f}"


def minor_units(value: Money) -> int:
    """Whole cents (or yen, or fils)."""
    return value.minor


def round_money(value: UnitAmount, rounding: Rounding) -> Money:
    """Money, rounded once by the named rule."""
    return value.times(Decimal(1), rounding_rule(rounding))


def round_number(value: int | Decimal, places: int, rounding: str) -> Decimal:
    """A number with exactly so many digits after the point."""
    quantum = Decimal(1).scaleb(-_places(places))
    return within(Decimal(value)).quantize(quantum, ROUNDINGS[rounding_rule(rounding)], _WIDE)


def divide(value: int | Decimal, by: int | Decimal, places: int, rounding: str) -> Decimal:
    """A quotient, rounded once by the named rule. Raises Rejected for zero."""
    if by == 0:
        raise Rejected("Nothing is divided by zero.", reason="division_by_zero")
    factor = 1 / Fraction(within(Decimal(by)))
    return within(rounded(within(Decimal(value)), factor, _places(places), rounding_rule(rounding)))


def absolute(value: int | Decimal) -> Decimal:
    """The number without its sign."""
    return Decimal(value).copy_abs()


def rounding_rule(name: str) -> Rounding:
    """The name as a rounding rule. Raises Rejected unless it is one."""
    if name not in ROUNDINGS:
        raise Rejected(
            f"{name!r} is not a rounding rule.",
            reason="bad_rounding",
            next_step="Use half_up, half_even or down.",
        )
    return name  # type: ignore[return-value]  # the keys of ROUNDINGS are the Literal's words


def _places(places: int) -> int:
    if not 0 <= places <= PLACES_MAX:
        raise Rejected(
            f"{places} is not a number of digits after the point (0 to {PLACES_MAX}).",
            reason="bad_argument",
        )
    return places
