"""Whatever digits go in come out: no float, no rounding, no cut."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.mapping.values import LINE, ORDER, context, event, order_with

from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.expression import expression
from tillbridge.mapping.packing import pack, unpack
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope

SCOPE = event_scope()
CENTS = st.integers(-(10**15) + 1, 10**15 - 1)
MONEY = st.builds(Money.from_minor, CENTS, st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
LONG = st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(-exponent),
    st.integers(-(10**27), 10**27),
    st.integers(0, 27),
)
PRICES = st.builds(UnitAmount, LONG.filter(lambda price: abs(price) < 10**15), st.just("USD"))
INSTANTS = st.datetimes(timezones=st.just(UTC))
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.text(), st.integers(), LONG, MONEY, PRICES, INSTANTS, st.dates()
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def value(text: str, names: dict[str, object]) -> object:
    return expression(text, SCOPE).evaluate(names)


@given(MONEY)
def test_money_passes_unchanged(money: Money) -> None:
    found = value("order.total", order_with(total=money))
    assert found == money
    assert str(found) == str(money)


@given(MONEY)
def test_money_survives_text_and_minor_units(money: Money) -> None:
    names = order_with(total=money)
    assert value("money(amount_text(order.total), order.total.currency)", names) == money
    assert value("minor_units(order.total)", names) == money.minor


@given(CENTS, CENTS)
def test_sums_of_money_are_sums_of_cents(a: int, b: int) -> None:
    names = order_with(total=Money.from_minor(a // 4, "USD"), tax=Money.from_minor(b // 4, "USD"))
    assert value("minor_units(order.total + order.tax)", names) == a // 4 + b // 4
    assert value("minor_units(order.total - order.tax)", names) == a // 4 - b // 4


@given(LONG, LONG)
def test_numbers_are_added_and_multiplied_without_rounding(a: Decimal, b: Decimal) -> None:
    names = context(order=replace(ORDER, custom={"a": f"{a:f}", "b": f"{b:f}"}))
    found = value("decimal(order.custom.a) * decimal(order.custom.b)", names)
    assert isinstance(found, Decimal)
    assert Fraction(found) == Fraction(a) * Fraction(b)
    total = value("decimal(order.custom.a) + decimal(order.custom.b)", names)
    assert isinstance(total, Decimal)
    assert Fraction(total) == Fraction(a) + Fraction(b)


@given(st.integers(-(10**90), 10**90), st.integers(-(10**90), 10**90))
def test_whole_numbers_of_any_size_stay_whole(a: int, b: int) -> None:
    names = context(order=replace(ORDER, custom={"a": str(a), "b": str(b)}))
    both = "integer(order.custom.a) {} integer(order.custom.b)"
    assert value(both.format("+"), names) == a + b
    assert value(both.format("-"), names) == a - b
    assert value(both.format("*"), names) == a * b
    assert value("text(integer(order.custom.a))", names) == str(a)


MAPPING = read_mapping(
    """
mapping: exact
target: erp/order
fields:
  total: order.total
  lines:
    each: order.lines
    as: line
    fields:
      quantity: line.quantity
      price: line.unit_price
      code: line.product
""",
    "mappings/exact.yaml",
)
TARGET = DocumentShape(
    "order",
    "Order",
    (
        Field("total", "money"),
        Field(
            "lines",
            "list",
            of=(Field("quantity", "decimal"), Field("price", "unit_amount"), Field("code", "text")),
        ),
    ),
)
FILLER = prepare_mapping(MAPPING, TARGET, {})


@given(MONEY, LONG, PRICES, st.text(max_size=30))
def test_a_document_has_the_digits_of_its_source(
    total: Money, quantity: Decimal, price: UnitAmount, code: str
) -> None:
    line = replace(LINE, quantity=quantity, unit_price=price, product=code)
    filled = FILLER.fill(order_with(total=total, lines=(line,)))
    assert filled == {
        "total": total,
        "lines": [{"quantity": quantity, "price": price, "code": code}],
    }
    assert _typed(filled["lines"]) == _typed([{"quantity": quantity, "price": price, "code": code}])


@given(ANSWERS)
def test_what_is_packed_comes_back_equal_in_value_and_type(answer: object) -> None:
    assert _typed(unpack(pack(answer))) == _typed(answer)


def test_an_event_is_packed_whole() -> None:
    happened = event()
    assert unpack(pack({"decision": happened})) == {"decision": happened}


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    at = datetime.fromisoformat("2026-01-01T01:00:00+02:00")
    assert unpack(pack(at)) == at


def _typed(value: object) -> object:
    """The value with its type, so that 1, True and Decimal(1) differ, digit for digit."""
    match value:
        case dict():
            return {name: _typed(item) for name, item in value.items()}
        case list():
            return [_typed(item) for item in value]
        case Money() | UnitAmount():
            return type(value).__name__, str(value.amount), value.currency
        case datetime() | date():
            return type(value).__name__, value.isoformat()
        case _:
            return type(value).__name__, str(value)
