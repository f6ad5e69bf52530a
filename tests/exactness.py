"""Exact values of every size, and a comparison that sees each digit and each type."""

from datetime import date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.money import Money, UnitAmount

CENTS = st.integers(-(10**15) + 1, 10**15 - 1)
EVERY_CURRENCY = st.sampled_from(sorted(EXPONENTS))
EVERY_MONEY = st.builds(
    lambda units, currency: Money.from_minor(units // 10 ** (4 - EXPONENTS[currency]), currency),
    st.integers(-(10**19) + 10**4, 10**19 - 1),
    EVERY_CURRENCY,
)
"""Of the size each currency allows: up to 10^15 major units."""
MONEY = st.builds(Money.from_minor, CENTS, st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
LONG = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(-exponent),
    st.integers(-(10**27), 10**27),
    st.integers(0, 27),
)
PRICES = st.builds(UnitAmount, LONG.filter(lambda price: abs(price) < 10**15), st.just("USD"))


def typed(value: object) -> object:
    """The value with its type, so that 1, True and Decimal(1) differ, digit for digit."""
    match value:
        case dict():
            return {name: typed(item) for name, item in value.items()}
        case list():
            return [typed(item) for item in value]
        case Money() | UnitAmount():
            return type(value).__name__, str(value.amount), value.currency
        case datetime() | date():
            return type(value).__name__, value.isoformat()
        case _:
            return type(value).__name__, str(value)
