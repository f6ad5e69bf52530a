"""Every reader answers its own type, and says which field is missing or does not fit."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector import values
from tillbridge.connector.documents import Fields, Value

AT = datetime(2026, 3, 3, 8, tzinfo=UTC)
DAY = date(2026, 3, 3)
FIVE = Money.of("5.00", "USD")
PRICE = UnitAmount.of("0.00125", "USD")

Reader = Callable[[Fields, str], object]


def usd(fields: Fields, name: str) -> object:
    return values.money(fields, name, "USD")


def price(fields: Fields, name: str) -> object:
    return values.price(fields, name, "USD")


def integer(fields: Fields, name: str) -> object:
    return values.integer(fields, name, 1)


def refused(read: Reader, value: Value) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read({"field": value}, "field")
    assert caught.value.place is not None
    assert caught.value.place.field == "field"
    return caught.value


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (values.text, " as it is "),
        (values.required_text, " as it is "),
        (usd, FIVE),
        (values.required_money, Money.of("-5", "JPY")),
        (values.money_above_zero, FIVE),
        (price, PRICE),
        (values.decimal, Decimal("1.50")),
        (integer, 3),
        (values.flag, True),
        (values.day, DAY),
        (values.instant, AT),
        (values.group, {"a": "b"}),
        (values.groups, [{"a": "b"}]),
    ],
)
def test_a_value_of_the_type_is_read_as_it_is(read: Reader, value: Value) -> None:
    assert read({"field": value}, "field") == value


@pytest.mark.parametrize(
    ("read", "empty"),
    [
        (values.text, ""),
        (usd, Money.zero("USD")),
        (integer, 1),
        (values.flag, False),
        (values.day, None),
        (values.instant, None),
        (values.group, {}),
        (values.groups, ()),
    ],
)
def test_what_is_not_given_has_a_plain_meaning(read: Reader, empty: object) -> None:
    assert read({}, "field") == empty
    assert read({"field": None}, "field") == empty


@pytest.mark.parametrize(
    "read", [values.required_text, values.required_money, values.money_above_zero, price]
)
def test_what_must_be_given_is_named_when_it_is_not(read: Reader) -> None:
    error = refused(read, None)
    assert (error.reason, error.message) == ("missing_field", "field is not given.")


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_text_does_not_count_as_given(value: str) -> None:
    assert refused(values.required_text, value).reason == "missing_field"


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (values.text, 5, "field is 5; it takes text."),
        (usd, "5.00", "field is '5.00'; it takes money."),
        (usd, PRICE, "field is 0.00125 USD; it takes money."),
        (values.required_money, Decimal("5.0"), "field is 5.0; it takes money."),
        (values.money_above_zero, "5.00", "field is '5.00'; it takes money above zero."),
        (values.money_above_zero, -FIVE, "field is -5.00 USD; it takes money above zero."),
        (price, Decimal(5), "field is 5; it takes a price per unit."),
        (values.decimal, True, "field is True; it takes a number."),
        (values.decimal, "5", "field is '5'; it takes a number."),
        (integer, True, "field is True; it takes a whole number."),
        (integer, Decimal(1), "field is 1; it takes a whole number."),
        (values.flag, 1, "field is 1; it takes true or false."),
        (values.day, AT, "field is 2026-03-03 08:00:00+00:00; it takes a date."),
        (values.instant, DAY, "field is 2026-03-03; it takes an instant with its zone."),
        (
            values.instant,
            AT.replace(tzinfo=None),
            "field is 2026-03-03 08:00:00; it takes an instant with its zone.",
        ),
        (values.group, "x", "field is 'x'; it takes a group."),
        (values.groups, {"a": "b"}, "field is a group; it takes a list of groups."),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_field(
    read: Reader, value: Value, message: str
) -> None:
    error = refused(read, value)
    assert (error.reason, error.message) == ("bad_field", message)


@pytest.mark.parametrize("value", [{"line1": "1 Main Street"}, [{"line1": "1 Main Street"}]])
def test_a_message_never_shows_what_a_group_holds(value: Value) -> None:
    assert "Main Street" not in str(refused(values.text, value))


@pytest.mark.parametrize("read", [usd, price])
def test_an_amount_of_another_currency_is_refused(read: Reader) -> None:
    error = refused(read, Money.of("5.00", "EUR"))
    assert error.reason == "currencies_differ"
    assert error.message == "field is 5.00 EUR, but the document is in USD."


def test_money_is_a_price_too() -> None:
    assert price({"field": FIVE}, "field") == UnitAmount.of("5.00", "USD")


def test_a_number_must_be_given_where_nothing_stands_for_it() -> None:
    assert values.decimal({}, "field", Decimal(0)) == 0
    with pytest.raises(Rejected, match="field is not given"):
        values.decimal({}, "field")


def test_a_field_of_a_line_is_found_by_its_place() -> None:
    with pytest.raises(Rejected, match=r"lines\[0\]\.price is 'x'; it takes a price"):
        values.price({"price": "x"}, "price", "USD", place="lines[0].price")
    with pytest.raises(Rejected, match=r"lines\[0\]\.qty is 'x'; it takes a number"):
        values.decimal({"qty": "x"}, "qty", place="lines[0].qty")


def test_a_list_holds_groups_only() -> None:
    lines: Fields = {"lines": [{}, "x"]}  # type: ignore[list-item]  # what a mapping never makes
    with pytest.raises(Rejected, match=r"lines\[1\] is 'x'; it takes a group"):
        values.groups(lines, "lines")
