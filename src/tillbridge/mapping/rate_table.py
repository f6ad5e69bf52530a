"""Tables of dated rates, and the one way an exchange rate is found in them.

A rate holds from its day until the next one: on a weekend or a holiday the last rate on or before
the day counts, as long as it is not older than the rule allows. A pair is looked for as it is,
then turned round, then through the base: the currency all rates of the table start from.
Nothing is rounded here: a turned or crossed rate is an exact fraction, and the one rounding is
that of the amount it converts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.money import rounded
from tillbridge.canonical.rates import Rate
from tillbridge.mapping.lookup import ROWS_MAX, lines_of
from tillbridge.mapping.number_functions import decimal
from tillbridge.mapping.time_functions import day_from

HEADER = ("from", "to", "date", "rate")
SHOWN_DIGITS = 12
"""Digits after the point with which a turned or crossed rate is shown; it is used in full."""
BACK_MAX_DAYS = 400
"""How far back a day is looked for on which both legs of a cross rate were published."""

Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of `base` is worth in `currency`.

    Attributes:
        value: exact.
        rated_on: the day of the rates it is made of.
        made_of: the published rate; of a cross rate both legs; none from a currency to itself.
    """

    base: str
    currency: str
    value: Fraction
    rated_on: date
    made_of: tuple[Rate, ...]

    @property
    def source(self) -> str:
        """Who published it."""
        return " and ".join(dict.fromkeys(rate.source for rate in self.made_of))

    @property
    def shown(self) -> str:
        """The rate as text, with at most `SHOWN_DIGITS` digits after the point."""
        if len(self.made_of) == 1 and self.made_of[0].base == self.base:
            return f"{self.made_of[0].rate:f}"
        digits = rounded(Decimal(1), self.value, SHOWN_DIGITS, "half_up")
        return f"{digits:f}".rstrip("0").rstrip(".")

    def __str__(self) -> str:
        said = f"1 {self.base} = {self.shown} {self.currency} of {self.rated_on}"
        if len(self.made_of) == 1 and self.made_of[0].base == self.base:
            return f"{said} ({self.source})"
        return f"{said}, from {' and '.join(map(str, self.made_of))}"


class Rates(Protocol):
    """Where rates come from while a mapping runs."""

    def quote(self, base: str, currency: str, day: date, age_max: timedelta) -> Quote:
        """Raises Rejected when there is no rate, or only one that is too old."""
        ...


class RateTable:
    """Rates at hand."""

    def __init__(self, name: str, rates: Iterable[Rate], *, mend: str) -> None:
        """`mend` is what a person does when a rate is missing."""
        self.name = name
        self._mend = mend
        self._rates: dict[Pair, list[Rate]] = {}
        for rate in rates:
            self._rates.setdefault((rate.base, rate.currency), []).append(rate)
        for same in self._rates.values():
            same.sort(key=lambda rate: rate.rated_on)
        bases = {base for base, _ in self._rates}
        self._base = bases.pop() if len(bases) == 1 else ""

    def quote(self, base: str, currency: str, day: date, age_max: timedelta) -> Quote:
        """The rate of the last day on or before `day`. Raises Rejected."""
        if base == currency:
            return Quote(base, currency, Fraction(1), day, ())
        oldest: date | None = None
        for way in (self._direct, self._turned, self._crossed):
            quote = way(base, currency, day)
            if quote is None:
                continue
            if day - quote.rated_on <= age_max:
                return quote
            oldest = max(oldest or quote.rated_on, quote.rated_on)
        raise self._missing(base, currency, day, age_max, oldest)

    def _direct(self, base: str, currency: str, day: date) -> Quote | None:
        rate = _last(self._rates.get((base, currency), ()), day)
        if rate is None:
            return None
        return Quote(base, currency, Fraction(rate.rate), rate.rated_on, (rate,))

    def _turned(self, base: str, currency: str, day: date) -> Quote | None:
        rate = _last(self._rates.get((currency, base), ()), day)
        if rate is None:
            return None
        return Quote(base, currency, 1 / Fraction(rate.rate), rate.rated_on, (rate,))

    def _crossed(self, base: str, currency: str, day: date) -> Quote | None:
        """Through the table's base, by two rates of one day."""
        to_base = self._rates.get((self._base, base), ())
        from_base = self._rates.get((self._base, currency), ())
        for first in _backwards(to_base, day):
            if (day - first.rated_on).days > BACK_MAX_DAYS:
                break
            second = _last(from_base, first.rated_on)
            if second is not None and second.rated_on == first.rated_on:
                value = Fraction(second.rate) / Fraction(first.rate)
                return Quote(base, currency, value, first.rated_on, (first, second))
        return None

    def _missing(
        self, base: str, currency: str, day: date, age_max: timedelta, oldest: date | None
    ) -> Rejected:
        pair = f"from {base} to {currency}"
        if oldest is None:
            return Rejected(
                f"The rates {self.name} have none {pair} on {day} or in the {age_max.days} days"
                " before.",
                reason="rate_missing",
                next_step=self._mend,
            )
        return Rejected(
            f"The last rate of {self.name} {pair} on or before {day} is of {oldest}: older than"
            f" {age_max.days} days.",
            reason="rate_too_old",
            next_step=f"{self._mend} Or allow older ones: age_max:.",
        )


def read_rates(text: str, file: str, name: str) -> RateTable:
    """A table from the text of its CSV file: from, to, date, rate.

    Raises:
        Misconfigured: not CSV, another header, not a currency, a day or a rate, or a pair twice
            for one day; the error has the file, line and column.
    """
    lines = lines_of(text, file)
    header, place = next(lines, ([], Place(file, 1)))
    if tuple(header) != HEADER:
        raise Misconfigured(
            f"The header is {','.join(header)[:80] or 'empty'}.",
            reason="bad_header",
            place=place,
            next_step=f"A table of rates starts with {','.join(HEADER)}.",
        )
    mend = f"Add the rate to {file}."
    return RateTable(name, _rows(lines), mend=mend)


def _rows(lines: Iterator[tuple[list[str], Place]]) -> Iterator[Rate]:
    seen: dict[tuple[str, str, date], Place] = {}
    for cells, place in lines:
        rate = rate_from(cells, place)
        for key in ((rate.base, rate.currency), (rate.currency, rate.base)):
            before = seen.get((*key, rate.rated_on))
            if before is not None:
                raise _wrong(
                    f"The rate of {rate.base} and {rate.currency} on {rate.rated_on} stands in"
                    f" line {before.line} already.",
                    place,
                    "Remove one of the two; a rate holds in both directions.",
                )
        seen[rate.base, rate.currency, rate.rated_on] = place
        if len(seen) > ROWS_MAX:
            raise _wrong(f"The table has more than {ROWS_MAX:,} rows.", place, "Split it by year.")
        yield rate


def rate_from(cells: Sequence[str], place: Place) -> Rate:
    """A rate from the texts of its row: from, to, date, rate. Raises Misconfigured."""
    if len(cells) != len(HEADER):
        raise _wrong(
            f"The row has {len(cells)} values; a row has {', '.join(HEADER)}.",
            place,
            "Write a rate with a point, such as 1.0855, or between double quotes.",
        )
    base, currency, day, rate = cells
    try:
        return Rate(base, currency, day_from(day), decimal(rate), f"{place.file} line {place.line}")
    except Rejected as error:
        raise Misconfigured(
            error.message, reason=error.reason, place=place, next_step=error.next_step
        ) from error


def _last(rates: Sequence[Rate], day: date) -> Rate | None:
    """The last of rates in order that is on or before the day."""
    at = bisect_right(rates, day, key=lambda rate: rate.rated_on)
    return rates[at - 1] if at else None


def _backwards(rates: Sequence[Rate], day: date) -> Iterator[Rate]:
    """Rates on or before the day, the last first."""
    at = bisect_right(rates, day, key=lambda rate: rate.rated_on)
    return (rates[number] for number in range(at - 1, -1, -1))


def _wrong(message: str, place: Place, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_row", place=place, next_step=next_step)
