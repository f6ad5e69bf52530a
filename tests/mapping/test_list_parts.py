from dataclasses import replace
from decimal import Decimal

import pytest
from tests.mapping.values import LINE, context, order_with, usd

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping, problems_of
from tillbridge.mapping.mapping import DocumentMapping
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ANY

SHAPE = DocumentShape(
    "d",
    "D",
    (
        Field("text", "text", length_max=20),
        Field("count", "integer"),
        Field("must", "text", required=True),
        Field("bill", "group", of=(Field("city", "text", length_max=4),)),
        Field("need", "group", required=True, of=(Field("city", "text"),)),
        Field("custom", "group", custom=True, length_max=12),
        Field(
            "columns",
            "group",
            custom=True,
            of=(Field("new_gift", "boolean"), Field("new_note", "text", length_max=4)),
        ),
        Field(
            "lines",
            "list",
            of=(Field("n", "integer"), Field("product", "text", length_max=5)),
        ),
    ),
)
OPTIONAL = replace(SHAPE, fields=tuple(field for field in SHAPE.fields if not field.required))
LINES = (LINE, replace(LINE, number=2, product="CUP"), replace(LINE, number=3, product="MAT"))


def mapping(rule: str) -> DocumentMapping:
    return read_mapping(f"mapping: m\ntarget: a/b\nfields:\n{rule}\n", "m.yaml")


def filled(rule: str, shape: DocumentShape = OPTIONAL, **order: object) -> dict[str, object]:
    names = order_with(**{"lines": LINES, **order})
    return {**prepare_mapping(mapping(rule), shape, {}).fill(names)}


def refused(rule: str, shape: DocumentShape = OPTIONAL, **order: object) -> str:
    with pytest.raises(Rejected) as caught:
        filled(rule, shape, **order)
    return str(caught.value)


def wrong(rule: str) -> str:
    try:
        [found] = problems_of(mapping(rule), OPTIONAL, {})
    except Misconfigured as error:
        found = error
    return str(found)


PARTS = """
  lines:
    - { fields: { n: '0', product: "'HEAD'" }, when: order.number != '' }
    - { each: order.lines, as: line, where: line.number > 1, number: at,
        fields: { n: at, product: line.product } }
    - { group: order.lines, as: line, by: line.tax.currency, number: at,
        fields: { n: at, product: group.key } }
    - { fields: { product: "'NEVER'" }, when: order.number == '' }
    - { each: order.lines, as: line, when: 1 > 2, fields: { product: line.product } }
"""


def test_a_list_is_put_together_from_its_parts_in_their_order() -> None:
    lines = filled(PARTS)["lines"]
    assert lines == [
        {"n": 0, "product": "HEAD"},
        {"n": 2, "product": "CUP"},
        {"n": 3, "product": "MAT"},
        {"n": 4, "product": "USD"},
    ]


def test_an_error_in_a_part_has_the_line_of_its_rule() -> None:
    message = refused(PARTS, lines=(*LINES[:2], replace(LINE, number=3, product="TOO LONG")))
    assert "m.yaml:8 lines[2].product: product takes 5 characters; 'TOO LONG' has 8." in message
    single = "  lines: [{ fields: { n: '1' } }, { fields: { product: order.customer.email } }]"
    message = refused(single, customer=replace(context()["order"].customer, email="a@b.com"))  # type: ignore[attr-defined]  # it is an order
    assert "m.yaml:4 lines[1].product: product takes 5 characters" in message


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("text: { first: order.lines, as: l, from: l.product }", {"text": "MUG"}),
        ("text: { last: order.lines, as: l, from: l.product }", {"text": "MAT"}),
        (
            "count: { first: order.lines, as: l, where: l.product != 'MUG', from: l.number }",
            {"count": 2},
        ),
        ("text: { last: order.lines, as: l, where: 1 > 2, from: l.product }", {}),
        (
            "text: { first: order.lines, as: l, where: 1 > 2, from: l.product,"
            " default: order.number }",
            {"text": "1042"},
        ),
        (
            "bill: { last: order.lines, as: l, where: l.number < 3, fields: { city: l.product } }",
            {"bill": {"city": "CUP"}},
        ),
        ("bill: { last: order.lines, as: l, where: 1 > 2, fields: { city: l.product } }", {}),
    ],
)
def test_one_item_is_picked_of_many(rule: str, expected: dict[str, object]) -> None:
    assert filled(f"  {rule}") == expected


def test_where_no_item_is_such_a_required_field_has_no_value() -> None:
    rules = (
        "  must: { first: order.lines, as: l, where: %s, from: l.product }\n"
        "  need: { last: order.lines, as: l, where: %s, fields: { city: l.product } }"
    )
    assert filled(rules % ("1 < 2", "1 < 2"), SHAPE) == {"must": "MUG", "need": {"city": "MAT"}}
    assert "m.yaml:4 must: must is required and has no value." in refused(
        rules % ("1 > 2", "1 < 2"), SHAPE
    )
    assert "m.yaml:5 need: need is required and has no value." in refused(
        rules % ("1 < 2", "1 > 2"), SHAPE
    )


def test_an_error_in_a_picked_item_names_the_field() -> None:
    rule = "  bill: { first: order.lines, as: l, fields: { city: l.product } }"
    lines = (replace(LINE, product="TOO LONG"),)
    assert "m.yaml:4 bill.city: city takes 4 characters" in refused(rule, lines=lines)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("pass: order.custom", {"gift_note": "x", "gift_wrap": "yes", "fraud_score": "7"}),
        ("pass: order.custom, names: gift_*", {"gift_note": "x", "gift_wrap": "yes"}),
        ("pass: order.custom, names: gift_*, to: new_*", {"new_note": "x", "new_wrap": "yes"}),
        ("pass: order.custom, names: '*_score', to: '*'", {"fraud": "7"}),
        (
            "pass: order.custom, names: gift_*, fields: { gift_note: order.number, more: \"'m'\" }",
            {"gift_note": "1042", "gift_wrap": "yes", "more": "m"},
        ),
        ("pass: order.customer.custom", {}),
    ],
)
def test_custom_fields_are_handed_on_by_their_names(rule: str, expected: dict[str, str]) -> None:
    custom = {"gift_note": "x", "gift_wrap": "yes", "fraud_score": "7"}
    assert filled(f"  custom: {{ {rule} }}", custom=custom) == {"custom": expected}


def test_custom_fields_are_handed_on_only_where_the_condition_is_true() -> None:
    assert filled("  custom: { pass: order.custom, when: 1 > 2 }") == {}


def test_columns_of_ones_own_get_their_types() -> None:
    rule = "  columns: { pass: order.custom, names: gift_*, to: new_* }"
    custom = {"gift_gift": "true", "gift_note": "", "other": "x"}
    assert filled(rule, custom=custom) == {"columns": {"new_gift": True, "new_note": ""}}
    assert filled(rule, custom={"gift_gift": ""}) == {"columns": {}}
    assert "m.yaml:4 columns: 'yes' is neither true nor false." in refused(
        rule, custom={"gift_gift": "yes"}
    )
    assert "There is no column 'new_gif'. Did you mean 'new_gift'?" in refused(
        rule, custom={"gift_gif": "true"}
    )
    assert "a takes 12 characters" in refused(
        "  custom: { pass: order.custom }", custom={"a": "longer than twelve"}
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("text: [{ fields: { n: '1' } }]", "text takes text, not a list."),
        ("lines: [{ from: order.number }]", "This is not a part of a list."),
        ("lines: [order.lines]", "This is not a part of a list."),
        ("text: { first: order.number, as: l, from: l }", "first: has to be list, not text."),
        ("text: { last: order.lines, as: l, from: l.number }", "text takes text, not integer."),
        ("text: { last: order.lines, as: l, from: m.number }", "There is no name 'm'"),
        ("text: { last: order.lines, as: l, fields: { a: l.product } }", "not a group."),
        ("text: { last: order.lines, as: l }", "One of from, fields is missing."),
        (
            "bill: { last: order.lines, as: l, fields: { city: l.product }, default: '1' }",
            "A group has no default.",
        ),
        (
            "lines: { each: order.lines, as: l, number: l, fields: { n: l } }",
            "l already names something here.",
        ),
        (
            "lines: { each: order.lines, as: l, fields: { product: { first: order.lines, as: l,"
            " from: l.product } } }",
            "l already names something here.",
        ),
        ("text: { pass: order.custom }", "pass: hands on to a group of custom fields."),
        ("bill: { pass: order.custom }", "pass: hands on to a group of custom fields."),
        ("custom: { pass: order.lines }", "What is passed has to be dictionary, not list"),
        ("custom: { pass: order.custom, names: gift }", "'gift' has to have one * in it."),
        ("custom: { pass: order.custom, to: a*b* }", "'a*b*' has to have one * in it."),
    ],
)
def test_what_makes_no_sense_is_found_when_it_is_read(rule: str, message: str) -> None:
    assert message in wrong(f"  {rule}")


def test_names_and_values_go_both_ways() -> None:
    rule = (
        "  text: \"by_name(entries(order.custom), 'name', 'value').note\"\n"
        "  count: size(entries(order.custom))"
    )
    assert filled(rule) == {"text": "ring twice", "count": 1}
    twice = "  text: by_name(order.lines, 'product', 'description').MUG"
    assert filled(twice, lines=LINES[:1]) == {"text": "A mug"}
    assert "'MUG' stands twice." in refused(twice, lines=(LINE, LINE))
    assert "product and quantity have to be texts." in refused(
        "  text: by_name(order.lines, 'product', 'quantity').MUG"
    )


def test_what_is_passed_has_to_be_texts_by_name() -> None:
    made = mapping("  custom: { pass: order.custom }")
    with pytest.raises(Rejected, match=r"order is empty|takes texts by name, not nothing"):
        prepare_mapping(made, OPTIONAL, {}).fill(context(order=None))


def test_a_picked_amount_keeps_its_type() -> None:
    shape = DocumentShape("d", "D", (Field("tax", "money"), Field("q", "decimal")))
    made = mapping(
        "  tax: { first: order.lines, as: l, from: l.tax }\n"
        "  q: { first: order.lines, as: l, from: l.quantity }"
    )
    filled = prepare_mapping(made, shape, {}).fill(order_with())
    assert filled == {"tax": usd("2.00"), "q": Decimal(2)}


def test_what_a_step_answered_is_passed_only_when_it_is_texts_by_name() -> None:
    scope = {**event_scope(), "read": ANY}
    made = mapping("  custom: { pass: read.fields }")
    filler = prepare_mapping(made, OPTIONAL, {}, scope)
    assert filler.fill({"read": {"fields": {"a": "1"}}}) == {"custom": {"a": "1"}}
    for odd, told in ((None, "nothing (null)"), (["a"], "list"), ("a", "text")):
        with pytest.raises(Rejected) as caught:
            filler.fill({"read": {"fields": odd}})
        assert f"m.yaml:4 custom: pass: takes texts by name, not {told}." in str(caught.value)


def test_a_roll_up_among_parts_fills_no_other_type() -> None:
    rule = "  text: [{ group: order.lines, as: l, by: l.product, fields: { n: '1' } }]"
    assert "text takes text, not a list." in wrong(rule)
