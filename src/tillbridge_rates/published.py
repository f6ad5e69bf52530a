"""Rates as a source writes them, into rates: exact digits, real days, currencies of today."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import exact
from tillbridge.canonical.rates import Rate

RATES_MAX = 1_000_000
"""Rates that one answer may have."""


def rate(base: str, currency: str, day: date, written: object, source: str) -> Rate | None:
    """One rate; None for a currency that is no more, and for one from a currency to itself.

    Raises:
        Rejected: the number is none, or it is not above zero.
    """
    if base == currency or base not in EXPONENTS or currency not in EXPONENTS:
        return None
    if isinstance(written, bool) or not isinstance(written, str | int | Decimal):
        raise misread(source, f"the rate of {currency} on {day} is {str(written)[:40]!r}")
    return Rate(base, currency, day, exact(written), source)


def since(rates: Iterable[Rate | None], day: date, source: str) -> Sequence[Rate]:
    """Those of the day and later. Raises Rejected when there are too many."""
    found: list[Rate] = []
    for each in rates:
        if each is not None and each.rated_on >= day:
            found.append(each)
        if len(found) > RATES_MAX:
            raise misread(source, f"there are more than {RATES_MAX:,} rates")
    return found


def day_of(written: object, source: str) -> date:
    """A day from a date, an instant (its day in UTC) or seconds since 1970. Raises Rejected."""
    try:
        if isinstance(written, int) and not isinstance(written, bool):
            return datetime.fromtimestamp(written, UTC).date()
        if isinstance(written, str) and len(written) > len("2026-11-20"):
            instant = datetime.fromisoformat(written)
            return (instant.astimezone(UTC) if instant.tzinfo else instant).date()
        return date.fromisoformat(str(written))
    except (ValueError, OverflowError, OSError):
        raise misread(source, f"{str(written)[:40]!r} is no day") from None


def misread(source: str, why: str) -> Rejected:
    """The error for an answer that is not what it should be."""
    return Rejected(
        f"The rates of {source} cannot be read: {why}.",
        reason="bad_rates",
        next_step="Compare the answer with the connection's settings.",
    )
