"""Amounts of every ISO currency, in every notation, without losing a minor unit."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exactness import EVERY_CURRENCY, EVERY_MONEY, LONG
from tests.mapping.values import context, order_with

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.currency_numbers import NUMBERS, currency_of, number_of
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.mapping.amount_format import amount_written, money_from, unit_amount_from
from tillbridge.mapping.amount_functions import REMAINDERS, allocate
from tillbridge.mapping.expression import expression
from tillbridge.mapping.source import event_scope

SCOPE = event_scope()
BODIES = [
    "1234.56", "1234,56", "1,234.56", "1.234,56", "1 234,56", "1'234.56", "1\u2019234,56",
    "1\u00a0234,56", "1\u202f234,56", "1,234,567.89", "12,34,567.89", "12.34.567,89",
]  # fmt: skip
POINTED = [shape.format(body) for body in BODIES for shape in ("{}", "-{}", "{}-", "({})")]
FORMATS = [*POINTED, "123456", "123456-", "(123456)"]


def value(text: str, names: dict[str, object] | None = None) -> object:
    return expression(text, SCOPE).evaluate(names or context())


@given(EVERY_MONEY, st.sampled_from(FORMATS))
def test_money_survives_every_notation(money: Money, written: str) -> None:
    assert money_from(amount_written(money, written), money.currency, written) == money


@given(LONG.filter(lambda price: abs(price) < 10**15), EVERY_CURRENCY, st.sampled_from(POINTED))
def test_a_price_survives_every_notation(price: Decimal, currency: str, written: str) -> None:
    amount = UnitAmount(price, currency)
    assert unit_amount_from(amount_written(amount, written), currency, written) == amount


@given(EVERY_MONEY)
@pytest.mark.complaint("I25")
def test_money_survives_minor_units_and_numbers(money: Money) -> None:
    names = order_with(total=money, currency=money.currency)
    units = "money_from_minor(minor_units(order.total), order.currency)"
    assert value(units, names) == money
    back = "currency_from(currency_number(order.currency))"
    assert value(back, names) == {"ANG": "XCG"}.get(money.currency, money.currency)
    assert value("currency_digits(order.currency)", names) == EXPONENTS[money.currency]


@given(EVERY_MONEY, st.lists(LONG.map(abs), min_size=1, max_size=9), st.sampled_from(REMAINDERS))
def test_parts_always_sum_to_the_whole(
    money: Money, weights: list[Decimal], remainder: str
) -> None:
    if not any(weights):
        return
    parts = allocate(money, weights, remainder)
    assert sum(part.minor for part in parts) == money.minor
    total = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert part.minor * money.minor >= 0
        exact = money.minor * Fraction(weight) / total
        assert abs(part.minor) >= int(abs(exact))
        if remainder == "largest_remainder":
            assert abs(part.minor) <= int(abs(exact)) + 1


@pytest.mark.parametrize(
    ("remainder", "parts"),
    [
        ("largest_remainder", ["0.00", "0.04", "0.03", "0.03"]),
        ("first", ["0.00", "0.04", "0.03", "0.03"]),
        ("last", ["0.00", "0.03", "0.03", "0.04"]),
    ],
)
def test_the_remainder_goes_where_it_is_told(remainder: str, parts: list[str]) -> None:
    found = allocate(Money.of("0.10", "USD"), [0, 1, 1, 1], remainder)
    assert [part.text for part in found] == parts


@pytest.mark.parametrize(
    ("currency", "written", "text"),
    [
        ("JPY", "1.234,56", "1.234.567"),
        ("KWD", "1,234.56", "1,234.567"),
        ("CLF", "1 234,56-", "123,4567-"),
        ("USD", "12,34,567.89", "12,34,567.80"),
        ("USD", "(1,234.56)", "(1,234,567.80)"),
        ("USD", "123456", "123456780"),
        ("JPY", "123456", "1234567"),
    ],
)
def test_a_notation_is_what_people_write(currency: str, written: str, text: str) -> None:
    amount = money_from(text, currency, written)
    assert amount_written(amount, written) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1,234.56", "1.234,56"),
        ("1.234.56", "1,234.56"),
        ("1.23,45", "1.234,56"),
        ("12345,67.89", "12,34,567.89"),
        ("1,234", "123456"),
        (" 1", "1,234.56"),
        ("", "1,234.56"),
        ("1.", "1,234.56"),
        (".5", "1,234.56"),
        ("-1-", "1,234.56-"),
        ("(1", "(1,234.56)"),
        ("1e3", "1234.56"),
        ("\u0661", "1234.56"),
        ("9" * 900, "1234.56"),
    ],
)
def test_what_is_written_otherwise_is_refused(text: str, written: str) -> None:
    with pytest.raises(Rejected, match="is not written like"):
        money_from(text, "USD", written)


def test_more_decimals_than_the_currency_has_are_refused() -> None:
    with pytest.raises(Rejected, match="more decimals than USD allows"):
        money_from("1.234", "USD", "1,234.56")
    assert money_from("1.234", "KWD", "1,234.56") == Money.of("1.234", "KWD")


@pytest.mark.parametrize("bad", ["", "0.00", "1234.5", "1.234.56", "-1,234.56-", "#,##0.00", "EUR"])
def test_a_format_that_is_none_is_found_when_the_file_is_read(bad: str) -> None:
    with pytest.raises(Misconfigured, match="is not a format of amounts"):
        value(f"amount_format(order.total, '{bad}')")


def test_a_price_has_no_minor_units() -> None:
    with pytest.raises(Rejected, match="no minor units"):
        value("amount_format(order.lines[0].unit_price, '123456')")


def test_digits_are_added_and_never_lost() -> None:
    assert value("amount_digits(money('500', 'JPY'), 2)") == "500.00"
    assert value("amount_digits(money('1.50', 'USD'), 1)") == "1.5"
    with pytest.raises(Rejected, match="more than 1 digits"):
        value("amount_digits(money('1.55', 'USD'), 1)")
    with pytest.raises(Rejected, match="0 to 30"):
        value("amount_digits(money('1.55', 'USD'), 31)")


def test_every_currency_has_a_number_of_its_own() -> None:
    assert set(NUMBERS) == set(EXPONENTS)
    shared = [code for code in EXPONENTS if currency_of(number_of(code)) != code]
    assert shared == ["ANG"]
    with pytest.raises(Rejected, match="leading zeros"):
        currency_of("36")


def test_a_remainder_without_a_home_is_found_when_the_file_is_read() -> None:
    with pytest.raises(Misconfigured, match="no home for a remainder"):
        value("allocate(order.total, [1, 2], 'round')")


@pytest.mark.parametrize("bad", ["['a']", "[true]", "[0]", "[-1, 2]", "[]"])
def test_weights_that_weigh_nothing_are_refused(bad: str) -> None:
    with pytest.raises((Rejected, Misconfigured), match="weight"):
        value(f"allocate(order.total, {bad}, 'last')")
