"""Values whose type is known only when a rule runs are held to the same laws."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from tests.mapping.values import context, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import UnitAmount
from tillbridge.connector.documents import DocumentShape, Field, FieldType
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.expression import expression
from tillbridge.mapping.lookup import read_lookup
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import (
    ANY,
    INTEGER,
    NULL,
    TEXT,
    ValueType,
    dictionary_of,
    joined,
    list_of,
    optional,
    sort_of,
)

SCOPE = {**event_scope(), "loose": ANY}
LOOKUPS = {"cards": read_lookup("key,value\nvisa,1\n", "lookups/cards.csv", "cards")}
AT = datetime(2026, 1, 1, tzinfo=UTC)


def fill(field: Field, value: object, rule: str = "loose.value") -> object:
    text = f"mapping: m\ntarget: a/b\nfields:\n  {field.name}: {rule}\n"
    shape = DocumentShape("b", "B", (field,))
    filler = prepare_mapping(read_mapping(text, "m.yaml"), shape, LOOKUPS, SCOPE)
    return filler.fill({**context(), "loose": {"value": value}}).get(field.name)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", "x"),
        ("integer", 3),
        ("decimal", Decimal("1.5")),
        ("money", usd("1")),
        ("unit_amount", UnitAmount.of("1.234", "USD")),
        ("boolean", False),
        ("date", AT.date()),
        ("instant", AT),
        ("choice", "1"),
    ],
)
def test_a_value_of_the_fields_type_passes(type_: FieldType, value: object) -> None:
    assert fill(Field("f", type_, options=("1",)), value) == value
    assert fill(Field("f", type_, options=("1",)), None) is None
    with pytest.raises(Rejected, match=r"m\.yaml:4 f: f is required and has no value"):
        fill(Field("f", type_, options=("1",), required=True), None)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("text", 3),
        ("integer", True),
        ("integer", Decimal(1)),
        ("decimal", "1.5"),
        ("decimal", True),
        ("money", Decimal(1)),
        ("unit_amount", "1"),
        ("boolean", "true"),
        ("date", AT),
        ("instant", AT.date()),
        ("instant", AT.replace(tzinfo=None)),
        ("choice", 1),
        ("group", "x"),
        ("list", ["x"]),
    ],
)
def test_a_value_of_another_type_is_refused(type_: FieldType, value: object) -> None:
    with pytest.raises(Rejected, match=r"m\.yaml:4 f: f takes "):
        fill(Field("f", type_, options=("1",)), value)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1E+500", "1E-500"])
def test_a_decimal_that_cannot_be_written_out_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match=r"m\.yaml:4 f: "):
        fill(Field("f", "decimal"), Decimal(value))


def test_a_required_choice_is_never_empty() -> None:
    with pytest.raises(Rejected, match="f is required and has no value"):
        fill(Field("f", "choice", options=("1",), required=True), "")
    assert fill(Field("f", "choice", options=("1", "")), "") == ""


def test_a_custom_group_takes_only_texts() -> None:
    field = Field("f", "group", custom=True)
    assert fill(field, {"a": "x"}) == {"a": "x"}
    with pytest.raises(Rejected, match="f takes text, not 5"):
        fill(field, {"a": 5})


def test_only_a_list_can_be_walked() -> None:
    rule = "{each: loose.value, as: item, fields: {name: item.name}}"
    field = Field("f", "list", of=(Field("name", "text"),))
    assert fill(field, [{"name": "a"}], rule) == [{"name": "a"}]
    with pytest.raises(Rejected, match="each: takes a list, not text"):
        fill(field, "abc", rule)
    with pytest.raises(Rejected, match=r"each: takes a list, not nothing \(null\)"):
        fill(field, None, rule)


def test_only_a_text_is_a_key() -> None:
    rule = "{lookup: cards, key: loose.value}"
    assert fill(Field("f", "text"), "visa", rule) == "1"
    with pytest.raises(Rejected, match=r"has no row for an empty key \(null\)"):
        fill(Field("f", "text"), None, rule)
    with pytest.raises(Rejected, match=r"has no row for \['visa'\]"):
        fill(Field("f", "text"), ["visa"], rule)


def test_a_lookup_with_dates_needs_a_day() -> None:
    dated = {"cards": read_lookup("key,value,from\nvisa,1,\n", "lookups/cards.csv", "cards")}
    text = "mapping: m\ntarget: a/b\nfields:\n  f: {lookup: cards, key: loose.value}\n"
    shape = DocumentShape("b", "B", (Field("f", "text"),))
    filler = prepare_mapping(read_mapping(text, "m.yaml"), shape, dated, SCOPE)
    assert filler.fill({**context(), "loose": {"value": "visa"}}) == {"f": "1"}
    with pytest.raises(Rejected, match=r"m\.yaml:4 f: A lookup with dates needs the day"):
        filler.fill({"loose": {"value": "visa"}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loose.a + loose.a", "xx"),
        ("loose.n - loose.d", Decimal("0.5")),
        ("loose.d in [loose.d, 7]", True),
        ("'a' in loose", True),
        ("loose.a in ['x']", True),
        ("true ? loose.a : 1", "x"),
        ("[loose.a, 1]", ["x", 1]),
        ("true ? null : 'a'", None),
        ("true ? fulfilment : null", None),
        ("[['a'], ['b']]", [["a"], ["b"]]),
    ],
)
def test_operators_look_first(text: str, expected: object) -> None:
    names = {**context(), "loose": {"a": "x", "n": 2, "d": Decimal("1.5")}}
    assert expression(text, SCOPE).evaluate(names) == expected


def test_only_declared_fields_of_a_canonical_value_are_read() -> None:
    names = {**context(), "loose": usd("1")}
    assert expression("loose.amount", SCOPE).evaluate(names) == Decimal("1.00")
    assert expression("loose.minor", SCOPE).evaluate(names) == 100
    for name in ("of", "__class__", "__init__", "split", "zero"):
        with pytest.raises(Rejected, match=f"There is no '{name}' here"):
            expression(f"loose.{name}", SCOPE).evaluate(names)
        assert expression(f"has(loose.{name})", SCOPE).evaluate(names) is False


def test_a_sum_whose_digits_are_too_far_apart_is_refused() -> None:
    names = {**context(), "loose": {"a": Decimal("1E+399"), "b": Decimal("1E-399"), "c": 10**399}}
    assert expression("loose.a + loose.a", SCOPE).evaluate(names) == Decimal("2E+399")
    with pytest.raises(Rejected, match="more than 400 digits"):
        expression("loose.a * loose.a * loose.b", SCOPE).evaluate(names)
    with pytest.raises(Rejected, match="more than 400 digits"):
        expression("(loose.a + loose.b) * (loose.a + loose.b)", SCOPE).evaluate(names)


def test_a_defect_of_ours_inside_a_rule_is_shown_as_one() -> None:
    text = "mapping: m\ntarget: a/b\nfields:\n  f: order.number\n"
    shape = DocumentShape("b", "B", (Field("f", "text"),))
    filler = prepare_mapping(read_mapping(text, "m.yaml"), shape, {})
    with pytest.raises(AttributeError):
        filler.fill({"order": object()})
    with pytest.raises(TypeError):
        expression("order.total + order.tax", SCOPE).evaluate(
            {"order": SimpleNamespace(total=5, tax="x")}
        )


def test_types_have_a_common_type_or_none() -> None:
    record, other = ValueType("record", fields={"a": TEXT}), ValueType("record")
    assert joined(record, other) is None
    assert joined(record, optional(record)) == optional(record)
    assert joined(list_of(TEXT), list_of(INTEGER)) is None
    assert joined(list_of(TEXT), list_of(NULL)) == list_of(optional(TEXT))
    assert joined(INTEGER, NULL) == optional(INTEGER)
    assert joined(dictionary_of(TEXT), dictionary_of(TEXT)) == dictionary_of(TEXT)
    assert sort_of(object()) == "any"
