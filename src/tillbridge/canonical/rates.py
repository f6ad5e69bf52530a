"""Exchange rates: what one unit of a currency is worth in another, on a day, by a source."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Rejected

DIGITS_MAX = 30
"""Digits before or after the point that a published rate may have."""


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` is worth `rate` units of `currency` on the day.

    Attributes:
        rated_on: the day for which the source published it.
        source: who published it ("European Central Bank", "rates/budget.csv line 7").

    Raises Rejected for unknown or equal currencies, and unless the rate is above zero and written
    with at most `DIGITS_MAX` digits before and after its point.
    """

    base: str
    currency: str
    rated_on: date
    rate: Decimal
    source: str

    def __post_init__(self) -> None:
        exponent_of(self.base)
        exponent_of(self.currency)
        if self.base == self.currency:
            raise Rejected(f"A rate from {self.base} to itself says nothing.", reason="bad_rate")
        if not isinstance(self.rate, Decimal):
            raise TypeError(f"Rate takes a Decimal, not {type(self.rate).__name__}")
        if not self.rate.is_finite() or self.rate <= 0 or _is_too_long(self.rate):
            raise Rejected(
                f"{str(self.rate)[:60]} is not a rate: it has to be above zero, with at most"
                f" {DIGITS_MAX} digits before and after the point.",
                reason="bad_rate",
            )

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate:f} {self.currency} ({self.source}, {self.rated_on})"


def _is_too_long(rate: Decimal) -> bool:
    exponent = rate.as_tuple().exponent
    assert isinstance(exponent, int), "a finite number has an exponent"
    return rate.adjusted() >= DIGITS_MAX or abs(exponent) > DIGITS_MAX
