"""Exact money. A float never comes near it.

Money has never more decimals than its currency; UnitAmount (a price per unit, a rate per
piece) has free digits and becomes Money at one named point: `UnitAmount.times`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from fractions import Fraction
from typing import Literal, Self, TypeAlias

from tillbridge.canonical.currencies import EXPONENTS, exponent_of
from tillbridge.canonical.errors import Rejected

Rounding: TypeAlias = Literal["half_up", "half_even", "down"]
Remainder: TypeAlias = Literal["largest_remainder", "first", "last"]
"""Who takes the minor units that are left over when an amount is split."""

_ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
_QUANTA = {code: Decimal(1).scaleb(-exponent) for code, exponent in EXPONENTS.items()}
_DIGITS_MAX = 15
_EXACT = Context(prec=60, traps=[Inexact])
_WIDE = Context(prec=1000)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount of one currency, in major units ("12.34" is twelve dollars and 34 cents).

    The amount is always held with exactly the currency's decimals, so equal money is equal
    text. Raises Rejected for an unknown currency, for more decimals than the currency has, for
    anything that is not a finite number, and beyond +-10^15.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        exponent = exponent_of(self.currency)
        amount = self.amount
        if not isinstance(amount, Decimal):
            raise TypeError(f"Money takes a Decimal, not {type(amount).__name__}")
        if not amount.is_finite() or (amount and amount.adjusted() >= _DIGITS_MAX):
            raise Rejected(f"{amount} is not an amount of money.", reason="bad_amount")
        quantum = _QUANTA[self.currency]
        if amount.same_quantum(quantum) and (amount or not amount.is_signed()):
            return
        fitted = amount.quantize(quantum)
        if fitted != amount:
            raise Rejected(
                f"{amount} has more decimals than {self.currency} allows ({exponent}).",
                reason="too_many_decimals",
                next_step="Round it where it is computed, by a named rule.",
            )
        # No interface takes -0.00, and it is the same amount.
        object.__setattr__(self, "amount", fitted or fitted.copy_abs())

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Money from text, an integer or a Decimal; never from a float.

        Raises:
            Rejected: the text is not a plain decimal number.
        """
        return cls(exact(amount), currency)

    @classmethod
    def from_minor(cls, units: int, currency: str) -> Self:
        """Money from whole minor units: 1234 USD cents are 12.34."""
        return cls(Decimal(units).scaleb(-exponent_of(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(Decimal(0), currency)

    def __add__(self, other: Self) -> Self:
        return type(self)(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.amount - self._same(other).amount, self.currency)

    def __neg__(self) -> Self:
        return type(self)(-self.amount, self.currency)

    def __lt__(self, other: Self) -> bool:
        return self.amount < self._same(other).amount

    def __le__(self, other: Self) -> bool:
        return self.amount <= self._same(other).amount

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"

    @property
    def minor(self) -> int:
        """The amount in whole minor units (cents for USD, yen for JPY)."""
        return int(self.amount.scaleb(exponent_of(self.currency)))

    @property
    def text(self) -> str:
        """The amount alone, as wires want it: "1234.50", no separators."""
        return f"{self.amount:f}"

    def split(
        self, weights: Sequence[Decimal | int], remainder: Remainder = "largest_remainder"
    ) -> list[Self]:
        """Parts in proportion to the weights that sum to exactly this amount.

        Every part is rounded down towards zero; the minor units left over go one by one to the
        parts with the largest remainders (the first of equals first), or all of them to the first
        or the last part that has a weight.

        Raises:
            Rejected: a weight is below zero, or none is above it.
        """
        parts = [Fraction(weight) for weight in weights]
        total = sum(parts, Fraction(0))
        if total <= 0 or any(part < 0 for part in parts):
            raise Rejected(
                "An amount is split by weights of which none is below zero and one is above it.",
                reason="bad_weights",
                next_step="Correct the weights; equal shares have the weight 1 each.",
            )
        minor = abs(self.minor)
        shares = [minor * part / total for part in parts]
        units = [int(share) for share in shares]
        left = minor - sum(units)
        if remainder == "largest_remainder":
            by_remainder = sorted(range(len(units)), key=lambda at: units[at] - shares[at])
            for at in by_remainder[:left]:
                units[at] += 1
        else:
            weighty = [at for at, part in enumerate(parts) if part]
            units[weighty[0 if remainder == "first" else -1]] += left
        sign = -1 if self.minor < 0 else 1
        return [self.from_minor(sign * unit, self.currency) for unit in units]

    def converted(self, rate: Fraction, currency: str, rounding: Rounding) -> "Money":
        """This amount in another currency, rounded once to its decimals by the named rule.

        `rate` is how many units of `currency` one unit of this currency is worth, exactly.
        """
        return Money(rounded(self.amount, rate, exponent_of(currency), rounding), currency)

    def _same(self, other: Self) -> Self:
        if other.currency != self.currency:
            raise Rejected(
                f"{self} and {other} are different currencies and cannot be added or compared.",
                reason="currencies_differ",
                next_step="Convert one of them by a dated rate first.",
            )
        return other


@dataclass(frozen=True, slots=True)
class UnitAmount:
    """A price per unit: any number of digits, with its currency. 0.00125 USD a click is fine."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        exponent_of(self.currency)
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"UnitAmount takes a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite() or (self.amount and self.amount.adjusted() >= _DIGITS_MAX):
            raise Rejected(f"{self.amount} is not a price.", reason="bad_amount")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        return cls(exact(amount), currency)

    def times(self, quantity: Decimal, rounding: Rounding = "half_up") -> Money:
        """Money for so many units, rounded once to the currency's decimals by the named rule.

        Raises:
            Rejected: the product is no amount of money, or has over 60 digits.
        """
        try:
            product = _EXACT.multiply(self.amount, quantity)
            amount = product.quantize(_QUANTA[self.currency], _ROUNDINGS[rounding])
        except (Inexact, InvalidOperation):
            raise Rejected(
                f"{quantity} x {self} is not an amount of money.", reason="bad_amount"
            ) from None
        return Money(amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def exact(value: str | int | Decimal) -> Decimal:
    """A Decimal from text, an integer or a Decimal.

    Raises:
        Rejected: the text is not a plain decimal number ("12.50", "-3"): exponents, separators,
            spaces and full-width digits are refused, not guessed.
        TypeError: the value is a float or a bool.
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(
            f"An exact number comes from text or an integer, not {type(value).__name__}"
        )
    if isinstance(value, int):
        return Decimal(value)
    digits = value.removeprefix("-").replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit()):
        raise Rejected(
            f"{value!r} is not a plain decimal number.",
            reason="bad_amount",
            next_step="Write digits with a point, such as 1234.50.",
        )
    return Decimal(value)


def rounded(amount: Decimal, factor: Fraction, digits: int, rounding: Rounding) -> Decimal:
    """amount x factor, exact, then rounded once to so many digits after the point."""
    over, under = amount.as_integer_ratio()
    numerator = over * factor.numerator * 10**digits
    denominator = under * factor.denominator
    whole, left = divmod(abs(numerator), abs(denominator))
    twice = 2 * left
    up = twice > abs(denominator) or (
        twice == abs(denominator) and (rounding == "half_up" or whole % 2 == 1)
    )
    if up and rounding != "down":
        whole += 1
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    return Decimal(sign * whole).scaleb(-digits, _WIDE)


def total_of(parts: Iterable[Money], currency: str) -> Money:
    """The sum of money of one currency; zero of that currency when there is nothing to add."""
    total = Money.zero(currency)
    for part in parts:
        total += part
    return total
