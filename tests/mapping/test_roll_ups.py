"""Lists rolled up by a key, and amounts split over a list with a home for the remainder."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exactness import EVERY_MONEY
from tests.mapping.values import LINE, context, order_with, usd

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.amount_functions import REMAINDERS
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.read import read_mapping

PARTS = (
    Field("name", "text"),
    Field("day", "date"),
    Field("count", "integer"),
    Field("quantity", "decimal"),
    Field("amount", "money"),
    Field("freight", "money"),
    Field("numbers", "list", of=(Field("number", "integer"),)),
)
SHAPE = DocumentShape(
    "journal", "Journal", (Field("lines", "list", of=PARTS), Field("total", "money"))
)


def line(number: int, product: str, tax: str, amount: str = "1.00") -> object:
    return replace(LINE, number=number, product=product, tax=usd(tax), amount=usd(amount))


LINES = (line(1, "MUG", "1.10"), line(2, "CUP", "0.01"), line(3, "MUG", "2.20"))
NAMES = order_with(lines=LINES)


def filled(lines: str, names: dict[str, object] = NAMES) -> object:
    text = f"mapping: m\ntarget: erp/journal\nfields:\n  lines:\n{lines}"
    return prepare_mapping(read_mapping(text, "mappings/m.yaml"), SHAPE, {}).fill(names)["lines"]


def roll_up(by: str, fields: str, more: str = "") -> str:
    return f"""    group: order.lines
    as: line
    by: {by}
{more}    fields: {{ {fields} }}
"""


def split(remainder: str, fields: str = "freight: share", more: str = "") -> str:
    return f"""    each: order.lines
    as: line
{more}    split:
      share: {{ amount: order.freight, by: line.amount, remainder: {remainder} }}
    fields: {{ {fields} }}
"""


def test_items_are_rolled_up_by_a_key_in_the_order_they_are_met() -> None:
    fields = (
        "name: group.key, count: count(group.items), amount: sum(group.items.tax),"
        " quantity: sum(group.items.quantity)"
    )
    assert filled(roll_up("line.product", fields)) == [
        {"name": "MUG", "count": 2, "amount": usd("3.30"), "quantity": Decimal(4)},
        {"name": "CUP", "count": 1, "amount": usd("0.01"), "quantity": Decimal(2)},
    ]


def test_items_are_rolled_up_by_several_keys() -> None:
    by = "{ product: line.product, currency: line.tax.currency }"
    fields = "name: group.key.product + group.key.currency, count: count(group.items)"
    assert filled(roll_up(by, fields)) == [
        {"name": "MUGUSD", "count": 2},
        {"name": "CUPUSD", "count": 1},
    ]


def test_items_can_be_left_out() -> None:
    more = "    where: line.number > 1\n    when: order.currency == 'USD'\n"
    found = filled(roll_up("line.product", "name: group.key, amount: sum(group.items.tax)", more))
    assert found == [
        {"name": "CUP", "amount": usd("0.01")},
        {"name": "MUG", "amount": usd("2.20")},
    ]


def test_the_items_of_a_group_can_be_walked() -> None:
    fields = "numbers: { each: group.items, as: item, fields: { number: item.number } }"
    assert filled(roll_up("line.product", fields)) == [
        {"numbers": [{"number": 1}, {"number": 3}]},
        {"numbers": [{"number": 2}]},
    ]


def test_values_are_computed_of_each_item_before_they_are_summed() -> None:
    more = "    values: { gross: line.amount + line.tax }\n"
    fields = "name: group.key, amount: sum(group.values.gross)"
    assert filled(roll_up("line.product", fields, more)) == [
        {"name": "MUG", "amount": usd("5.30")},
        {"name": "CUP", "amount": usd("1.01")},
    ]
    with pytest.raises(Misconfigured, match="Did you mean 'gross'"):
        filled(roll_up("line.product", "amount: sum(group.values.gros)", more))


def test_a_group_never_mixes_currencies() -> None:
    euros = replace(LINE, tax=Money.of("1.00", "EUR"))
    with pytest.raises(Rejected, match="different currencies") as error:
        filled(
            roll_up("line.product", "amount: sum(group.items.tax)"), order_with(lines=(LINE, euros))
        )
    assert error.value.place is not None
    assert str(error.value.place) == "mappings/m.yaml:8 lines[0].amount"


@pytest.mark.parametrize(
    ("by", "fields", "message"),
    [
        ("line.tax", "name: group.key", "Nothing is grouped by money"),
        ("line", "name: group.key", "Nothing is grouped by record"),
        ("lines.product", "name: group.key", "lines"),
        ("line.product", "name: group.kye", "Did you mean 'key'"),
        ("line.product", "name: line.product", "line"),
        ("line.product", "amount: sum(group.items)", "sum does not take list of record"),
        ("line.product", "amount: group.items.tax", "amount takes money, not list of money"),
    ],
)
def test_a_roll_up_that_is_wrong_is_found_when_the_file_is_read(
    by: str, fields: str, message: str
) -> None:
    with pytest.raises(Misconfigured, match=message):
        filled(roll_up(by, fields))


def test_a_roll_up_in_a_roll_up_says_what_to_do_instead() -> None:
    inner = "numbers: { group: group.items, as: n, by: n.number, fields: { number: group.key } }"
    with pytest.raises(Misconfigured, match="Group by several keys at once"):
        filled(roll_up("line.product", inner))


def test_a_key_that_is_null_is_refused() -> None:
    with pytest.raises(Rejected, match="grouped by is empty"):
        filled(roll_up("payment.card.expires_year", "count: group.key"), context())


@pytest.mark.parametrize(
    ("remainder", "parts"),
    [
        ("largest_remainder", ["1.67", "1.67", "1.66"]),
        ("first", ["1.68", "1.66", "1.66"]),
        ("last", ["1.66", "1.66", "1.68"]),
    ],
)
def test_an_amount_is_split_over_the_lines(remainder: str, parts: list[str]) -> None:
    assert filled(split(remainder)) == [{"freight": usd(part)} for part in parts]


def test_an_amount_is_split_over_the_items_that_count() -> None:
    more = "    where: line.product == 'MUG'\n"
    found = filled(split("last", "count: line.number, freight: share", more))
    assert found == [
        {"count": 1, "freight": usd("2.50")},
        {"count": 3, "freight": usd("2.50")},
    ]


def test_a_share_can_be_computed_with() -> None:
    assert filled(split("first", "amount: line.amount + share")) == [
        {"amount": usd("2.68")},
        {"amount": usd("2.66")},
        {"amount": usd("2.66")},
    ]


@given(EVERY_MONEY, st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from(REMAINDERS))
def test_what_was_split_sums_to_the_whole(
    freight: Money, weights: list[int], remainder: str
) -> None:
    if not any(weights):
        return
    currency = freight.currency
    lines = tuple(replace(LINE, amount=Money.from_minor(each, currency)) for each in weights)
    found = filled(split(remainder), order_with(lines=lines, freight=freight))
    assert isinstance(found, list)
    assert sum(each["freight"].minor for each in found) == freight.minor


def test_nothing_is_split_over_no_items() -> None:
    assert filled(split("last"), order_with(lines=(), freight=usd("0"))) == []
    with pytest.raises(Rejected, match=r"no item to split 5\.00 USD over"):
        filled(split("last"), order_with(lines=()))


def test_weights_that_are_all_zero_are_refused_unless_there_is_nothing_to_split() -> None:
    lines = (line(1, "MUG", "0", "0"), line(2, "CUP", "0", "0"))
    with pytest.raises(Rejected, match="split by weights"):
        filled(split("last"), order_with(lines=lines))
    found = filled(split("last"), order_with(lines=lines, freight=usd("0")))
    assert found == [{"freight": usd("0")}] * 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (split("last").replace(", remainder: last", ""), "m.yaml:8.* needs a home"),
        (split("nobody"), "m.yaml:8.* home for a remainder"),
        (split("last", "count: line.number"), "m.yaml:8.* A part of share is lost"),
        (
            split("last", "freight: { from: share, when: line.number > 1 }"),
            "A part of share is lost",
        ),
        (split("last", "freight: 'line.number > 1 ? share : line.tax'"), "is lost"),
        (split("last").replace("order.freight", "order.number"), "has to be money, not text"),
        (split("last").replace("line.amount", "line.product"), "A weight is a number or an amount"),
        (split("last").replace("share", "line"), "already names something"),
        (split("last").replace("share", "order"), "already names a part"),
    ],
)
def test_a_split_that_loses_something_is_found_when_the_file_is_read(
    lines: str, message: str
) -> None:
    with pytest.raises(Misconfigured, match=message):
        filled(lines)
