from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mapping.values import context

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.expression import expression
from tillbridge.mapping.functions import FUNCTIONS
from tillbridge.mapping.number_functions import divide
from tillbridge.mapping.source import event_scope

SCOPE = event_scope()


def value(text: str) -> object:
    return expression(text, SCOPE).evaluate(context(order=None))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_is_true(name: str) -> None:
    assert value(FUNCTIONS[name].example) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left('abc', 0)", ""),
        ("left('abc', 9)", "abc"),
        ("right('abc', 0)", ""),
        ("right('abc', 9)", "abc"),
        ("pad_left('12345', 3, '0')", "12345"),
        ("split('a,,b', ',')", ["a", "", "b"]),
        ("join([], ',')", ""),
        ("size([1, 2])", 2),
        ("text(-0.10)", "-0.10"),
        ("text(7)", "7"),
        ("text('x')", "x"),
        ("text(event.kind)", "payment.authorized"),
        ("text(date_from('2026-02-01'))", "2026-02-01"),
        ("decimal(3)", Decimal(3)),
        ("decimal('-0.0010')", Decimal("-0.0010")),
        ("integer('12.00')", 12),
        ("round(2.5, 0, 'half_even')", Decimal("2")),
        ("round(2.5, 0, 'half_up')", Decimal("3")),
        ("round(-2.55, 1, 'down')", Decimal("-2.5")),
        ("round(1, 2, 'half_up')", Decimal("1.00")),
        ("divide(1, 8, 2, 'half_even')", Decimal("0.12")),
        ("divide(-1, 8, 2, 'half_up')", Decimal("-0.13")),
        ("divide(1, -8, 2, 'down')", Decimal("-0.12")),
        ("divide(10, 2, 0, 'down')", Decimal("5")),
        ("amount_text(unit_amount('0.00125', 'USD'))", "0.00125"),
        ("minor_units(money('100', 'JPY'))", 100),
        ("minor_units(money('1.234', 'KWD'))", 1234),
        ("text(date(instant_from('2026-07-01T03:59:59Z'), 'America/New_York'))", "2026-06-30"),
        ("date_format(date_from('2026-01-05'), '%y%j %d.%m.%Y%%')", "26005 05.01.2026%"),
        (
            "instant_format(instant_from('2026-01-05T01:02:03.000004Z'),"
            " '%Y%m%d %H%M%S.%f', 'UTC')",
            "20260105 010203.000004",
        ),
        ("text(instant('2026-10-25 02:30', '%Y-%m-%d %H:%M', 'Europe/Berlin', 'earlier'))",
         "2026-10-25T00:30:00Z"),
        ("text(instant('2026-03-29 02', '%Y-%m-%d %H', 'Europe/Berlin', 'refuse', 'forward'))",
         "2026-03-29T01:00:00Z"),
        ("text(instant('2026-10-25 03:30', '%Y-%m-%d %H:%M', 'Europe/Berlin'))",
         "2026-10-25T02:30:00Z"),
        ("text(instant('2026-325 12 AM -03:30', '%Y-%j %I %p %z', 'UTC'))", "2026-11-21T03:30:00Z"),
        ("text(instant('11/21/69 12:05 PM', '%m/%d/%y %I:%M %p', 'UTC'))", "1969-11-21T12:05:00Z"),
        ("text(date_from('20681121', '%Y%m%d'))", "2068-11-21"),
        ("unix_seconds(instant_from_unix(-0.000001))", Decimal("-0.000001")),
        ("text(plus_days(date_from('2024-02-29'), -366))", "2023-02-28"),
    ],
)  # fmt: skip
def test_a_function_gives(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert str(found) == str(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left('abc', -1)", "-1 is not a number of characters."),
        ("pad_left('a', 5, 'ab')", "filled up with one character"),
        ("pad_left('a', 2000000, ' ')", "2,000,000 characters; 1,000,000 are allowed"),
        ("split('a', '')", "split needs a separator."),
        ("replace('a', '', 'b')", "replace needs a text to look for."),
        ("'a'.matches(split('(', ',')[0])", "a parenthesis is not closed"),
        ("integer('1e3')", "is not a plain decimal number"),
        ("integer('1,000')", "is not a plain decimal number"),
        ("decimal('')", "is not a plain decimal number"),
        ("decimal(pad_left('1', 1000, '1'))", "too many digits"),
        ("round(1.5, 31, 'half_up')", "31 is not a number of digits after the point"),
        ("round(1.5, -1, 'half_up')", "-1 is not a number of digits"),
        ("divide(1, 0, 2, 'half_up')", "Nothing is divided by zero."),
        ("money('1', lower('USD'))", "is not an ISO 4217 currency code"),
        ("money(pad_left('1', 20, '1'), 'USD')", "is not an amount of money"),
        ("date_from('2026-02-30')", "'2026-02-30' is not a date."),
        ("date_from('21.11.2026')", "is not a date"),
        ("plus_days(date_from('9999-12-31'), 1)", "is no date"),
        ("plus_days(date_from('2026-01-01'), 99999999999)", "is no date"),
        ("date_format(date_from('2026-01-01'), '%H')", "A date has no %H."),
        (
            "date_format(date_from('2026-01-01'), pad_left('', 101, '.'))",
            "A format has at most 100 characters.",
        ),
        ("instant('1:30', '%H:%M', 'UTC')", "does not say the year"),
        ("instant('2026-11-21 09', '%Y-%m-%d %I', 'UTC')", "which half of the day"),
        ("instant('2026-1-5', '%Y-%m-%d', 'UTC')", "is not written in the form"),
        ("instant('x', '%Y-%m-%d', 'UTC')", "is not written in the form"),
        ("instant('2026', '%Y', 'UTC')", "does not say the day"),
        ("date_from('2026-11', '%Y-%m')", "does not say the day"),
        ("date_from('21.11.2026 09', '%d.%m.%Y %H')", "A date has no %H."),
        ("date_from('1.11.2026', '%d.%m.%Y')", "is not written in the form"),
        ("instant('2026-10-25 02:30', '%Y-%m-%d %H:%M', 'Europe/Berlin')", "comes twice in"),
        (
            "instant('2026-10-25 02:30', '%Y-%m-%d %H:%M', 'Europe/Berlin', 'refuse', 'forward')",
            "Say which is meant: instant(text, format, zone, 'earlier'), or 'later'.",
        ),
        (
            "instant('2026-03-29 02:30', '%Y-%m-%d %H:%M', 'Europe/Berlin', 'later')",
            "does not exist in",
        ),
        ("instant('2026-01-01', '%Y-%m-%d', 'UTC', lower('X'))", "Use earlier or later or refuse."),
        ("instant_from_unix(99999999999999)", "is no number of seconds since 1970"),
        ("instant_from_unix(1795253400000)", "Milliseconds are divided first"),
        ("instant_from_unix(0.0000001)", "is no number of seconds since 1970"),
        ("plus_seconds(instant_from('9999-12-31T23:59:59Z'), 1)", "is no instant"),
        (
            "instant_format(instant_from('1800-01-01T00:00:00Z'), '%z', 'America/New_York')",
            "has no offset in whole minutes",
        ),
        ("instant('2026-03-29 02:30', '%Y-%m-%d %H:%M', 'Europe/Berlin')", "does not exist in"),
        ("instant_from('2026-11-21')", "is not an instant"),
        ("instant_from('2026-11-21T09:30:00')", "is not an instant"),
        ("instant_from('2026-13-21T09:30:00Z')", "is not an instant"),
        ("instant_from('0001-01-01T00:00:00+14:00')", "outside the calendar"),
        ("text(date(instant_from('9999-12-31T23:59:59Z'), 'Asia/Tokyo'))", "outside the calendar"),
    ],
)
def test_a_function_refuses(text: str, message: str) -> None:
    with pytest.raises(Rejected) as caught:
        value(text)
    assert message in str(caught.value)


def test_texts_cannot_be_made_to_grow_without_end() -> None:
    text = "'aaaaaaaaaa'"
    for _ in range(7):
        text = f"replace({text}, 'a', 'aaaaaaaaaa')"
    with pytest.raises(Rejected, match="1,000,000 are allowed"):
        value(text)


def test_matches_reads_texts_of_a_bounded_length() -> None:
    with pytest.raises(Rejected, match="at most 10,000 characters"):
        value("pad_left('', 10001, 'a').matches('a')")


@given(
    st.decimals("-1e9", "1e9", places=4),
    st.decimals("-1e4", "1e4", places=3).filter(bool),
    st.integers(0, 6),
)
def test_a_quotient_is_within_half_a_unit_of_the_truth(
    over: Decimal, by: Decimal, digits: int
) -> None:
    quotient = divide(over, by, digits, "half_up")
    assert abs(quotient * by - over) * 2 <= abs(by) * Decimal(1).scaleb(-digits)
    assert quotient.as_tuple().exponent == -digits


@pytest.mark.parametrize(
    "text",
    ["date(event.occurred_at, order.custom.zone)", "round_money(unit_amount(1, 'USD'), 'half_up')"],
)
def test_arguments_that_are_not_written_out_are_checked_when_it_runs(text: str) -> None:
    names = context()
    if "zone" in text:
        with pytest.raises(Rejected, match="is not a time zone"):
            expression(text, SCOPE).evaluate(names)
    else:
        assert str(expression(text, SCOPE).evaluate(names)) == "1.00 USD"


def test_a_price_too_long_to_round_is_refused() -> None:
    with pytest.raises(Rejected, match="is not an amount of money"):
        value("round_money(unit_amount(pad_right('0.', 90, '1'), 'USD') * 3.3, 'half_up')")
