"""Whatever digits go in come out: no float, no rounding, no cut."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exactness import CENTS, EVERY_MONEY, LONG, MONEY, PRICES, typed
from tests.mapping.values import LINE, ORDER, context, order_with

from tillbridge.canonical.codec import decode, encode, encode_numbers, read_json
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.expression import expression
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ANY

SCOPE = event_scope()


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
    assert typed(filled["lines"]) == typed([{"quantity": quantity, "price": price, "code": code}])


ANY_TARGET = DocumentShape(
    "numbers", "Numbers", (Field("whole", "integer"), Field("long", "decimal"))
)
NUMBERS = read_mapping(
    """
mapping: numbers
target: erp/numbers
fields:
  whole: made.whole
  long: made.long
""",
    "mappings/numbers.yaml",
)
NUMBERS_FILLER = prepare_mapping(NUMBERS, ANY_TARGET, {}, {**SCOPE, "made": ANY})


@given(st.integers(-(10**90), 10**90), LONG)
@pytest.mark.complaint("I21")
def test_json_numbers_go_through_a_mapping_digit_for_digit(whole: int, long: Decimal) -> None:
    body = f'{{"whole":{whole},"long":{long:f}}}'
    filled = NUMBERS_FILLER.fill({**context(), "made": read_json(body)})
    found = read_json(encode_numbers(filled))
    assert found["whole"] == whole
    assert Decimal(found["long"]).compare_total(long) == 0


@given(EVERY_MONEY, PRICES)
def test_amounts_go_from_json_through_a_mapping_to_json_digit_for_digit(
    total: Money, price: UnitAmount
) -> None:
    line = replace(LINE, unit_price=price)
    order = replace(ORDER, total=total, lines=(line,), currency=total.currency)
    sent = encode(order)
    assert f'"amount":"{total.text}"'.encode() in sent
    filled = FILLER.fill(context(order=decode(sent, Order)))
    found = read_json(encode(filled))
    assert found["total"] == {"amount": total.text, "currency": total.currency}
    assert Decimal(found["lines"][0]["price"]["amount"]).compare_total(price.amount) == 0


@given(EVERY_MONEY, st.integers(1, 9))
def test_whatever_is_done_to_money_no_minor_unit_is_lost(money: Money, parts: int) -> None:
    names = order_with(total=money, currency=money.currency)
    weights = ", ".join(str(weight) for weight in range(1, parts + 1))
    for text in (
        f"sum(allocate(order.total, [{weights}], 'largest_remainder'))",
        f"sum(allocate(order.total, [{weights}], 'last'))",
        "money_from(amount_format(order.total, '1.234,56-'), order.currency, '1.234,56-')",
        "round_money(unit_amount(order.total.amount, order.currency), 'half_even')",
        "-(-order.total)",
    ):
        assert typed(value(text, names)) == typed(money)
