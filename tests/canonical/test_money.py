"""Money is exact: nothing is lost or made by parsing, printing, adding or splitting it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tillbridge.canonical.currencies import EXPONENTS, exponent_of
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, Rounding, UnitAmount, exact, total_of

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
UNITS = st.integers(-(10**13), 10**13)
"""Minor units that are money in every currency, also twenty of them together."""


@st.composite
def money(draw: st.DrawFn) -> Money:
    return Money.from_minor(draw(UNITS), draw(CURRENCIES))


@st.composite
def weights(draw: st.DrawFn) -> list[Decimal | int]:
    decimals = st.decimals(0, 10**20, places=12)
    found: list[Decimal | int] = draw(
        st.lists(st.integers(0, 10**30) | decimals, min_size=1, max_size=9)
    )
    return [*found, 1]


@given(money())
@pytest.mark.complaint("I23b")
def test_money_printed_and_read_again_is_the_same(amount: Money) -> None:
    again = Money.of(amount.text, amount.currency)
    assert again == amount
    assert again.text == amount.text


@given(UNITS, CURRENCIES)
@pytest.mark.complaint("I24", "I25")
def test_minor_units_come_back(units: int, currency: str) -> None:
    assert Money.from_minor(units, currency).minor == units


@given(money())
def test_money_always_has_its_currencys_decimals(amount: Money) -> None:
    _, _, places = amount.text.partition(".")
    assert len(places) == exponent_of(amount.currency)


@given(money(), weights())
@example(Money.of("0.01", "USD"), [10**28, 10**28, 1])
@example(Money.of("-100.00", "USD"), [1, 1, 1])
def test_parts_sum_to_the_whole_to_the_cent(amount: Money, shares: list[Decimal | int]) -> None:
    parts = amount.split(shares)
    assert total_of(parts, amount.currency) == amount
    total = sum(Fraction(share) for share in shares)
    for part, share in zip(parts, shares, strict=True):
        assert abs(part.minor - amount.minor * Fraction(share) / total) < 1


@given(money(), st.integers(1, 50))
def test_equal_weights_differ_by_one_minor_unit_at_most(amount: Money, count: int) -> None:
    parts = [part.minor for part in amount.split([1] * count)]
    assert max(parts) - min(parts) <= 1


def test_left_over_cents_go_to_the_largest_remainders_first() -> None:
    parts = Money.of("1.00", "USD").split([1, 1, 1])
    assert [part.text for part in parts] == ["0.34", "0.33", "0.33"]
    parts = Money.of("0.10", "USD").split([1, 2])
    assert [part.text for part in parts] == ["0.03", "0.07"]


@pytest.mark.parametrize("bad", [[], [0], [0, 0], [-1, 2]])
def test_weights_that_divide_nothing_are_refused(bad: list[int]) -> None:
    with pytest.raises(Rejected, match="split by weights"):
        Money.of(1, "USD").split(bad)


@given(st.lists(UNITS, max_size=20), CURRENCIES)
def test_a_sum_loses_nothing(units: list[int], currency: str) -> None:
    parts = [Money.from_minor(unit, currency) for unit in units]
    assert total_of(parts, currency).minor == sum(units)


@given(UNITS, UNITS, CURRENCIES)
def test_adding_and_taking_away_and_comparing_agree(one: int, other: int, currency: str) -> None:
    a, b = Money.from_minor(one, currency), Money.from_minor(other, currency)
    assert (a + b) - b == a
    assert (-a).minor == -one
    assert (a < b, a <= b, a > b, a >= b) == (one < other, one <= other, one > other, one >= other)
    assert bool(a) == bool(one)


def test_two_currencies_are_never_added_or_compared() -> None:
    dollars, euros = Money.of(1, "USD"), Money.of(1, "EUR")
    for together in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: total_of([dollars, euros], "USD"),
    ):
        with pytest.raises(Rejected, match="different currencies"):
            together()


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "USD"), ("0.1", "JPY"), ("0.0001", "KWD"), ("0.00001", "CLF")],
)
@pytest.mark.complaint("I22")
def test_more_decimals_than_the_currency_has_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(Rejected) as caught:
        Money.of(amount, currency)
    assert caught.value.reason == "too_many_decimals"


@pytest.mark.parametrize(
    "zero",
    [
        Money.of("-0", "USD"),
        Money.of("-0.00", "USD"),
        Money.of("-0.000", "USD"),
        Money(Decimal("-0"), "JPY"),
        UnitAmount.of("-0.001", "USD").times(Decimal(1)),
    ],
)
def test_nothing_has_no_sign(zero: Money) -> None:
    assert not zero.amount.is_signed()


def test_zeros_after_the_currencys_decimals_are_no_decimals() -> None:
    assert Money.of("1.500000000000000000000000000000000", "USD").text == "1.50"
    assert Money.of(Decimal("1E+2"), "JPY").text == "100"


@pytest.mark.parametrize("amount", ["1E15", "-1E15", "NaN", "Infinity", "-Infinity", "1E-400"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Rejected):
        Money.of(Decimal(amount), "USD")


@pytest.mark.parametrize("currency", ["usd", "US", "XXX", "", "DEM"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(Rejected) as caught:
        Money.of(1, currency)
    assert caught.value.reason == "unknown_currency"


@pytest.mark.parametrize("value", [1.5, True, None])
def test_a_float_is_never_money(value: object) -> None:
    with pytest.raises(TypeError):
        Money.of(value, "USD")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(TypeError):
        Money(value, "USD")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(TypeError):
        UnitAmount(value, "USD")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1e5", "1,000", " 1", "1 ", "\uff11", "--1", "+1", "1.2.3", "0x1", "1_0"]
)
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(Rejected):
        exact(text)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_plain_number_is_read_digit_for_digit(number: Decimal) -> None:
    assert exact(f"{number:f}") == number


@given(
    st.decimals(0, 10**6, places=8),
    st.decimals(0, 10**4, places=6),
    CURRENCIES,
    st.sampled_from(["half_up", "half_even", "down"]),
)
@pytest.mark.complaint("I22")
def test_a_price_times_a_quantity_is_rounded_once(
    price: Decimal, quantity: Decimal, currency: str, rounding: Rounding
) -> None:
    product = Fraction(price) * Fraction(quantity)
    found = UnitAmount.of(price, currency).times(quantity, rounding)
    error = abs(Fraction(found.amount) - product) * 10 ** exponent_of(currency)
    assert error < 1 if rounding == "down" else error <= Fraction(1, 2)


@pytest.mark.complaint("I23")
def test_rounding_is_by_the_named_rule() -> None:
    price = UnitAmount.of("0.005", "USD")
    assert price.times(Decimal(1)).text == "0.01"
    assert price.times(Decimal(1), "half_even").text == "0.00"
    assert price.times(Decimal(3), "half_even").text == "0.02"
    assert price.times(Decimal(3), "down").text == "0.01"


@pytest.mark.parametrize("quantity", ["9" * 61, "1E+20", "NaN", "Infinity"])
def test_a_product_that_is_no_money_is_refused(quantity: str) -> None:
    with pytest.raises(Rejected):
        UnitAmount.of("1234567890.123456789", "USD").times(Decimal(quantity))


@pytest.mark.parametrize("amount", ["1E15", "NaN", "Infinity"])
def test_what_is_no_price_is_refused(amount: str) -> None:
    with pytest.raises(Rejected):
        UnitAmount.of(Decimal(amount), "USD")


@pytest.mark.complaint("I23b")
def test_people_read_money_with_separators_and_wires_without() -> None:
    amount = Money.of("1234.50", "USD")
    assert (str(amount), amount.text) == ("1,234.50 USD", "1234.50")
    assert str(UnitAmount.of("0.00125", "USD")) == "0.00125 USD"
