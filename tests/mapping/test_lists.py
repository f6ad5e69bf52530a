"""Lists gathered into one value: exact, in one currency, each item read once."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exactness import CENTS, EVERY_CURRENCY, LONG
from tests.mapping.values import LINE, ORDER, context, order_with, usd

from tillbridge.canonical.currencies import EXPONENTS
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.orders import Order
from tillbridge.mapping.expression import expression
from tillbridge.mapping.list_functions import total
from tillbridge.mapping.source import event_scope, type_of
from tillbridge.mapping.value_type import ValueType, list_of

SCOPE = event_scope()
LINES = (
    LINE,
    replace(LINE, number=2, product="CUP", tax=usd("0.05"), quantity=Decimal("1.5")),
    replace(LINE, number=3, product="BOWL", tax=usd("-0.10"), quantity=Decimal("0.25")),
)
NAMES = order_with(lines=LINES)


def value(text: str, names: dict[str, object] = NAMES) -> object:
    return expression(text, SCOPE).evaluate(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(order.lines.tax)", usd("1.95")),
        ("sum(order.lines.quantity)", Decimal("3.75")),
        ("sum(order.lines.number)", 6),
        ("sum(order.lines.unit_price)", UnitAmount.of("37.515", "USD")),
        ("sum(order.lines.unit_price.amount)", Decimal("37.515")),
        ("order.lines.tax.sum() + order.freight", usd("6.95")),
        ("count(order.lines)", 3),
        ("min(order.lines.tax)", usd("-0.10")),
        ("max(order.lines.product)", "MUG"),
        ("first(order.lines).product", "MUG"),
        ("last(order.lines.product)", "BOWL"),
        ("'CUP' in order.lines.product", True),
        ("join(order.lines.product, '+')", "MUG+CUP+BOWL"),
        ("sum([1, 2.5])", Decimal("3.5")),
        ("has(order.lines.tax)", True),
    ],
)
def test_a_list_is_gathered(text: str, expected: object) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


@given(st.lists(CENTS, min_size=1, max_size=50), EVERY_CURRENCY)
def test_a_sum_of_money_is_a_sum_of_minor_units(units: list[int], currency: str) -> None:
    units = [unit // 10 ** (EXPONENTS[currency] + 2) for unit in units]
    amounts = [Money.from_minor(unit, currency) for unit in units]
    assert total(amounts) == Money.from_minor(sum(units), currency)


@given(st.lists(LONG, min_size=1, max_size=50))
def test_a_sum_of_numbers_keeps_every_digit(numbers: list[Decimal]) -> None:
    found = total(numbers)
    assert isinstance(found, Decimal)
    assert Fraction(found) == sum(map(Fraction, numbers))


def test_nothing_sums_to_what_is_said() -> None:
    names = order_with(lines=())
    assert value("sum(order.lines.tax, money('0', order.currency))", names) == usd("0")
    assert value("min(order.lines.product, 'none')", names) == "none"
    assert value("first(order.lines.tax, order.freight)", names) == usd("5.00")
    for text in ("sum(order.lines.tax)", "max(order.lines.tax)", "last(order.lines)"):
        with pytest.raises(Rejected, match="has no item"):
            value(text, names)


def test_currencies_are_never_mixed() -> None:
    euros = replace(LINE, tax=Money.of("1.00", "EUR"))
    names = order_with(lines=(LINE, euros))
    for text in ("sum(order.lines.tax)", "max(order.lines.tax)"):
        with pytest.raises(Rejected, match="different currencies"):
            value(text, names)


def test_null_is_no_zero() -> None:
    with pytest.raises(Rejected, match=r"empty \(null\)"):
        value("sum([1, 2, payment.card.expires_year])", context())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sum(order.lines.product)", "sum does not take list of text"),
        ("sum(order.lines.tax, 0)", "sum does not take"),
        ("min(order.lines)", "min does not take list of record"),
        ("sum(order.total)", "sum takes items: list, not money"),
        ("sum()", "takes 1 to 2 arguments, not 0"),
        ("order.lines.taxes", "tax"),
        ("order.lines.tax.taxes", "no field"),
        ("sum(order.lines.tax) + 1", r"\+ does not take money and integer"),
    ],
)
def test_what_cannot_be_gathered_is_found_when_the_file_is_read(text: str, message: str) -> None:
    with pytest.raises(Misconfigured, match=message):
        value(text)


def test_lists_in_lists_are_joined() -> None:
    scope = {"orders": _list_of_orders(), **SCOPE}
    names = {**NAMES, "orders": [replace(ORDER, lines=LINES), ORDER]}
    found = expression("sum(orders.lines.tax)", scope).evaluate(names)
    assert found == usd("3.95")


def _list_of_orders() -> ValueType:
    return list_of(type_of(Order))
