"""What the amount functions of the mapping language do. `amount_library` declares them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, get_args

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, Remainder, UnitAmount
from tillbridge.mapping.number_functions import decimal, integer

DIGITS_MAX: Final = 30
"""Digits after the point that `amount_digits` writes."""

REMAINDERS: Final[tuple[Remainder, ...]] = get_args(Remainder)


def money_from_minor(units: int | str, currency: str) -> Money:
    """Money from whole cents (or yen, or fils), also as text with leading zeros."""
    return Money.from_minor(integer(units), currency)


def amount_digits(value: Money | UnitAmount, digits: int) -> str:
    """The amount with exactly so many digits after the point. Raises Rejected when it has more."""
    if not 0 <= digits <= DIGITS_MAX:
        raise Rejected(
            f"{digits} is not a number of digits after the point (0 to {DIGITS_MAX}).",
            reason="bad_argument",
        )
    written = f"{value.amount:.{digits}f}"
    if Decimal(written) != value.amount:
        raise Rejected(
            f"{value} has more than {digits} digits after the point.",
            reason="too_many_decimals",
            next_step="Round it by a named rule, where it is computed.",
        )
    return written


def allocate(total: Money, weights: Sequence[object], remainder: str) -> list[Money]:
    """The amount in parts that sum to it, one for each weight. Raises Rejected."""
    return total.split([weight_of(weight) for weight in weights], check_remainder(remainder))


def weight_of(value: object) -> Decimal | int:
    """What weighs: a number, or an amount by its size. Raises Rejected for anything else."""
    if isinstance(value, Money | UnitAmount):
        return value.amount
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return value if isinstance(value, int) else decimal(value)
    raise Rejected("A weight is a number or an amount.", reason="bad_type")


def check_remainder(name: str) -> Remainder:
    """The name as a home of remainders. Raises Rejected unless it is one."""
    if name not in REMAINDERS:
        raise Rejected(
            f"{name[:60]!r} is no home for a remainder.",
            reason="bad_remainder",
            next_step=f"Use {', '.join(REMAINDERS[:-1])} or {REMAINDERS[-1]}.",
        )
    return name
