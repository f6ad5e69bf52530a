"""Steps over lists: each, filter, aggregate, and what they add up."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.flows.texts import flow
from tests.mapping.values import LINE, ORDER, context, usd

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money
from tillbridge.flows.items import ITEMS_MAX
from tillbridge.flows.steps import AggregateStep, EachStep, FilterStep

MUG = replace(LINE, number=1, product="MUG", amount=usd("25.01"))
PEN = replace(LINE, number=2, product="PEN", amount=usd("3.00"))
CUP = replace(LINE, number=3, product="CUP", amount=Money.of("7.00", "EUR"))
EACH = """
  - each: told
    in: order.lines
    as: line
    key: line.number
    where: line.amount.amount > 5
    steps:
      - notify: line_told
        title: concat('Sold ', line.product)
"""
TOTALS = """
  - aggregate: sums
    in: order.lines
    as: line
    by: {currency: line.amount.currency}
    totals:
      lines: {count: true}
      amount: {sum: line.amount}
      least: {smallest: line.amount}
      most: {largest: line.quantity}
      one: {first: line.product}
      other: {last: line.product}
"""


def given(*lines: Any) -> dict[str, object]:  # order lines, whichever a test makes
    return context(order=replace(ORDER, lines=lines))


def step(text: str) -> Any:  # the one step of a flow, of the kind the text says
    return flow(f"steps:{text}").steps[0]


def refusal(text: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        flow(f"steps:{text}")
    return str(caught.value)


def test_each_takes_the_items_that_are_meant_each_with_its_key() -> None:
    each = step(EACH)
    assert isinstance(each, EachStep)
    assert each.chosen(given(MUG, PEN, CUP)) == (("1", MUG), ("3", CUP))
    assert each.chosen(given()) == ()


def test_two_items_never_have_one_key() -> None:
    with pytest.raises(Rejected, match=r"order.yaml:\d+ .*is '1' a second time"):
        step(EACH).chosen(given(MUG, replace(CUP, number=1)))


def test_an_item_without_a_key_is_refused() -> None:
    with pytest.raises(Rejected, match="The key of an item of told is empty"):
        step(EACH.replace("line.number", "line.product")).chosen(given(replace(MUG, product="")))


def test_an_effect_inside_has_the_items_key_in_its_ordinal() -> None:
    assert EachStep.ordinal_within("a-1", "2") != EachStep.ordinal_within("a-1", "3")
    assert EachStep.ordinal_within("1", "2") == "1/2"


def test_a_list_that_is_too_long_is_refused() -> None:
    with pytest.raises(Rejected, match=f"The list has {ITEMS_MAX + 1:,} items"):
        step(EACH).chosen(given(*(MUG,) * (ITEMS_MAX + 1)))


def test_a_filter_keeps_what_is_meant() -> None:
    made = step("\n  - {filter: dear, in: order.lines, as: line, where: line.product != 'PEN'}\n")
    assert isinstance(made, FilterStep)
    assert made.result(given(MUG, PEN, CUP)) == [MUG, CUP]


def test_an_aggregate_adds_up_by_group() -> None:
    made = step(TOTALS)
    assert isinstance(made, AggregateStep)
    assert made.result(given(MUG, PEN, CUP)) == [
        {
            "currency": "USD",
            "lines": 2,
            "amount": usd("28.01"),
            "least": usd("3.00"),
            "most": Decimal(2),
            "one": "MUG",
            "other": "PEN",
        },
        {
            "currency": "EUR",
            "lines": 1,
            "amount": Money.of("7.00", "EUR"),
            "least": Money.of("7.00", "EUR"),
            "most": Decimal(2),
            "one": "CUP",
            "other": "CUP",
        },
    ]
    assert made.result(given()) == []


def test_without_groups_there_is_one_even_of_nothing() -> None:
    text = "\n  - {aggregate: n, in: order.lines, as: line, totals: {lines: {count: true}}}\n"
    assert step(text).result(given()) == [{"lines": 0}]


def test_later_steps_read_what_an_aggregate_answered() -> None:
    text = TOTALS + "  - notify: n\n    title: concat('First ', sums[0].amount.currency)\n"
    assert len(flow(f"steps:{text}").steps) == 2
    assert "There is no field 'total'" in refusal(text.replace("sums[0].amount", "sums[0].total"))


def test_money_of_two_currencies_is_never_added_up() -> None:
    text = TOTALS.replace("    by: {currency: line.amount.currency}\n", "")
    assert "money of two currencies cannot be added up. Add currency: line.amount" in refusal(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("in: order.lines", "in: order.number", "here it has to give list"),
        ("as: line\n", "as: order\n", "'order' already names a part of the event."),
        ("as: line\n", "as: told\n", "'told' names something else already."),
        ("key: line.number", "key: line.amount", "here it has to give text or integer or date"),
        ("    key: line.number\n", "", "The field 'key' is missing."),
        ("where: line", "at_once: 33\n    where: line", "'33' is not a whole number from 1 to 32"),
        ("concat('Sold ', line.product)", "line.number", "here it has to give text"),
    ],
)
def test_an_each_that_makes_no_sense_is_refused(old: str, new: str, message: str) -> None:
    assert old in EACH
    assert message in refusal(EACH.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{count: true}", "{count: false}", "There is no value of count 'false'."),
        ("{count: true}", "{count: true, sum: line.quantity}", "exclude each other"),
        ("{count: true}", "{}", "One of count, sum, smallest, largest, first, last is missing."),
        ("{sum: line.amount}", "{sum: line.product}", "here it has to give integer or decimal"),
        ("lines: {count", "currency: {count", "'currency' stands in by: and in totals:."),
    ],
)
def test_totals_that_make_no_sense_are_refused(old: str, new: str, message: str) -> None:
    assert old in TOTALS
    assert message in refusal(TOTALS.replace(old, new, 1))


def test_an_item_is_not_read_behind_its_each() -> None:
    text = EACH + "  - notify: n\n    title: line.product\n"
    assert "There is no name 'line'" in refusal(text)
