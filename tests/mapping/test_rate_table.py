"""Dated rates: the last one on or before the day, direct, turned round, or through the base."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.exactness import EVERY_CURRENCY, EVERY_MONEY

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money, Rounding
from tillbridge.canonical.rates import Rate
from tillbridge.mapping.rate_table import Quote, RateTable, read_rates

FILE = "rates/bank.csv"
THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
SUNDAY = date(2026, 11, 22)
WEEK = timedelta(days=7)
TEXT = """from,to,date,rate
EUR,USD,2026-11-19,1.0840
EUR,USD,2026-11-20,1.0855
EUR,GBP,2026-11-19,0.83341
EUR,JPY,2026-11-20,163.98
"""
TABLE = read_rates(TEXT, FILE, "bank")
ROUNDINGS: st.SearchStrategy[Rounding] = st.sampled_from(["half_up", "half_even", "down"])
RATES = st.decimals("0.000001", "1000000", places=6)


def quote(base: str, currency: str, day: date = SUNDAY, age_max: timedelta = WEEK) -> Quote:
    return TABLE.quote(base, currency, day, age_max)


def test_on_a_weekend_the_last_rate_before_it_counts() -> None:
    found = quote("EUR", "USD")
    assert (found.value, found.rated_on) == (Fraction("1.0855"), FRIDAY)
    assert quote("EUR", "USD", THURSDAY).value == Fraction("1.0840")
    assert str(found) == f"1 EUR = 1.0855 USD of 2026-11-20 ({FILE} line 3)"


def test_a_rate_that_is_not_there_is_turned_round_exactly() -> None:
    found = quote("USD", "EUR")
    assert found.value == 1 / Fraction("1.0855")
    assert found.shown == "0.921234454169"
    assert "from 1 EUR = 1.0855 USD" in str(found)


def test_two_rates_of_one_day_are_crossed_through_the_base() -> None:
    found = quote("USD", "GBP")
    assert found.value == Fraction("0.83341") / Fraction("1.0840")
    assert found.rated_on == THURSDAY
    assert [rate.currency for rate in found.made_of] == ["USD", "GBP"]
    assert found.source == f"{FILE} line 2 and {FILE} line 4"


def test_a_currency_is_worth_itself() -> None:
    found = quote("ZAR", "ZAR")
    assert found.value == 1
    assert not found.made_of


@pytest.mark.parametrize(
    ("base", "currency", "day", "age", "message"),
    [
        (
            "EUR",
            "USD",
            date(2026, 11, 18),
            7,
            "none from EUR to USD on 2026-11-18 or in the 7 days",
        ),
        ("EUR", "ZAR", SUNDAY, 7, "none from EUR to ZAR"),
        ("JPY", "GBP", SUNDAY, 7, "none from JPY to GBP"),
        ("EUR", "USD", SUNDAY, 1, "is of 2026-11-20: older than 1 days. Add the rate to rates"),
        ("GBP", "EUR", SUNDAY, 2, "is of 2026-11-19: older than 2 days"),
    ],
)
def test_a_rate_that_is_missing_or_too_old_is_refused(
    base: str, currency: str, day: date, age: int, message: str
) -> None:
    with pytest.raises(Rejected, match=message):
        quote(base, currency, day, timedelta(days=age))


def test_a_table_with_several_bases_crosses_nothing() -> None:
    several = read_rates(f"{TEXT}USD,CAD,2026-11-20,1.4\n", FILE, "several")
    with pytest.raises(Rejected, match="none from GBP to USD"):
        several.quote("GBP", "USD", SUNDAY, WEEK)
    assert several.quote("USD", "CAD", SUNDAY, WEEK).value == Fraction("1.4")


def test_days_on_which_both_legs_were_published_are_not_looked_for_forever() -> None:
    old = [
        Rate("EUR", "USD", FRIDAY, Decimal(1), "s"),
        Rate("EUR", "GBP", date(2001, 1, 1), Decimal(1), "s"),
        Rate("EUR", "USD", date(2001, 1, 1), Decimal(1), "s"),
    ]
    with pytest.raises(Rejected, match="none from USD to GBP"):
        RateTable("old", old, mend="").quote("USD", "GBP", SUNDAY, timedelta(days=99_999))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "csv:1.* starts with from,to,date,rate"),
        ("from,to,rate,date\n", "csv:1.* The header is from,to,rate,date"),
        (f"{TEXT}EUR,USD\n", "csv:6.* has 2 values"),
        (f"{TEXT}EUR,EUR,2026-11-20,1\n", "csv:6.* says nothing"),
        (f"{TEXT}EUR,USDD,2026-11-20,1\n", "csv:6.* is not an ISO 4217"),
        (f"{TEXT}EUR,CHF,20.11.2026,1\n", "csv:6"),
        (f'{TEXT}EUR,CHF,2026-11-20,"1,08"\n', "csv:6.* plain decimal"),
        (f"{TEXT}EUR,CHF,2026-11-20,0\n", "csv:6.* above zero"),
        (f"{TEXT}EUR,CHF,2026-11-20,-1\n", "csv:6.* above zero"),
        (f"{TEXT}EUR,CHF,2026-11-20,0.{'1' * 31}\n", "csv:6.* 30 digits"),
        (f"{TEXT}EUR,USD,2026-11-20,1.1\n", "csv:6.* stands in line 3 already"),
        (f"{TEXT}USD,EUR,2026-11-20,0.9\n", "csv:6.* in both directions"),
        (f'{TEXT}EUR,"USD\n', "csv:6.* not CSV"),
    ],
)
def test_a_table_that_is_wrong_is_named_by_line(text: str, message: str) -> None:
    with pytest.raises(Misconfigured, match=message):
        read_rates(text, FILE, "bank")


def test_a_rate_is_never_a_float() -> None:
    with pytest.raises(TypeError, match="float"):
        Rate("EUR", "USD", FRIDAY, 1.08, "s")  # type: ignore[arg-type]  # that is what is tested


@given(EVERY_MONEY, EVERY_CURRENCY, RATES, ROUNDINGS)
def test_a_conversion_is_exact_but_for_one_rounding(
    money: Money, currency: str, rate: Decimal, rounding: Rounding
) -> None:
    assume(currency != money.currency)
    exact = Fraction(money.amount) * Fraction(rate)
    assume(abs(exact) < 10**15 - 1)
    table = RateTable("t", [Rate(money.currency, currency, FRIDAY, rate, "s")], mend="")
    found = table.quote(money.currency, currency, FRIDAY, WEEK)
    converted = money.converted(found.value, currency, rounding)
    unit = Fraction(1, 10 ** EXPONENTS[currency])
    off = abs(Fraction(converted.amount) - exact)
    assert off < unit if rounding == "down" else off <= unit / 2
    if rounding == "down":
        assert abs(Fraction(converted.amount)) <= abs(exact)


@given(EVERY_MONEY, RATES)
def test_there_and_back_by_one_rate_loses_nothing_when_nothing_is_rounded(
    money: Money, rate: Decimal
) -> None:
    other = "USD" if money.currency != "USD" else "EUR"
    table = RateTable("t", [Rate(money.currency, other, FRIDAY, rate, "s")], mend="")
    there = table.quote(money.currency, other, FRIDAY, WEEK).value
    back = table.quote(other, money.currency, FRIDAY, WEEK).value
    assert there * back == 1
    assert money.converted(there * back, money.currency, "down") == money
