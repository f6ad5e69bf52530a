from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.mapping.values import LINE, ORDER, context, order_with, usd

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import UnitAmount
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import Filler, apply, prepare_mapping, problems_of, shape_type
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.mapping import DocumentMapping
from tillbridge.mapping.read import read_mapping

FILE = "mappings/m.yaml"
SHAPE = DocumentShape(
    "sales_order",
    "Sales order",
    (
        Field("number", "text", title="Order number", required=True, length_max=10),
        Field("note", "text", length_max=20),
        Field("method", "choice", options=("1", "2")),
        Field("count", "integer"),
        Field("weight", "decimal", digits_max=2),
        Field("total", "money"),
        Field("price", "unit_amount"),
        Field("paid", "boolean"),
        Field("day", "date"),
        Field("at", "instant"),
        Field("bill", "group", of=(Field("city", "text", required=True), Field("zip", "text"))),
        Field("custom", "group", custom=True, length_max=10),
        Field(
            "lines",
            "list",
            of=(
                Field("product", "text", required=True),
                Field("quantity", "decimal", digits_max=2),
                Field("parts", "list", of=(Field("name", "text"),)),
            ),
        ),
    ),
)
LOOKUPS: dict[str, Lookup] = {
    "cards": read_lookup("key,value,code\nvisa,1,10\nmc,2,x\n", "lookups/cards.csv", "cards"),
    "items": read_lookup(
        "key,value,from,to\nMUG,OLD,,2026-01-31\nMUG,NEW,2026-02-01,\n",
        "lookups/items.csv",
        "items",
    ),
    "odd": read_lookup("key,value\nvisa,7\n", "lookups/odd.csv", "odd"),
    "blank": read_lookup("key,value\nvisa,\n", "lookups/blank.csv", "blank"),
}


def mapping(fields: str, *, number: str = "  number: order.number\n") -> DocumentMapping:
    return read_mapping(f"mapping: m\ntarget: erp/sales_order\nfields:\n{number}{fields}", FILE)


def filler(fields: str) -> Filler:
    return prepare_mapping(mapping(fields), SHAPE, LOOKUPS)


def filled(fields: str, names: dict[str, object] | None = None) -> dict[str, object]:
    found: dict[str, object] = {**filler(fields).fill(names or context())}
    assert found.pop("number") == "1042"
    return found


def refused(fields: str, names: dict[str, object] | None = None) -> str:
    with pytest.raises(Rejected) as caught:
        filled(fields, names)
    return str(caught.value)


def problems(fields: str, **more: str) -> list[str]:
    return [str(problem) for problem in problems_of(mapping(fields, **more), SHAPE, LOOKUPS)]


def test_a_mapping_says_its_name_target_and_lookups() -> None:
    made = mapping(
        "  method: {lookup: cards, key: payment.card.brand}\n"
        "  bill: {fields: {city: {lookup: items, key: order.number}}}\n"
        "  lines: {each: order.lines, as: line,"
        " fields: {product: {lookup: odd, key: line.product}}}\n"
    )
    assert (made.name, made.title, made.connector, made.document) == (
        "m",
        "m",
        "erp",
        "sales_order",
    )
    assert made.lookups == {"cards", "items", "odd"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("note: \"'for ' + order.customer.name\"", {"note": "for Ada King"}),
        ("note: order.custom.note", {"note": "ring twice"}),
        ("note: event.kind", {"note": "payment.authorized"}),
        ("note: \"''\"", {"note": ""}),
        ("note: \"fulfilment == null ? null : 'x'\"", {}),
        ("note: {from: order.custom.gift, default: \"'none'\"}", {"note": "none"}),
        ("note: {from: fulfilment.carrier, default: \"'none'\"}", {"note": "none"}),
        ("note: {from: fulfilment.carrier, default: 'null'}", {}),
        ("note: {from: order.number, when: order.total == order.tax}", {}),
        ("note: {from: order.number, when: 1 > 2, default: \"'no'\"}", {"note": "no"}),
        ("note: {from: order.number, when: 1 < 2, default: \"'no'\"}", {"note": "1042"}),
        ("note: {constant: 007}", {"note": "007"}),
        ("note: {constant: 'x', when: 1 > 2}", {}),
        ("note: {constant: ''}", {"note": ""}),
        ("method: \"'2'\"", {"method": "2"}),
        ("method: \"''\"", {}),
        ("method: {lookup: cards, key: payment.card.brand}", {"method": "1"}),
        ("method: {lookup: cards, key: order.number, default: \"'2'\"}", {"method": "2"}),
        ("method: {lookup: cards, key: fulfilment.id, default: \"'2'\"}", {"method": "2"}),
        ("method: {lookup: cards, key: fulfilment.id, default: 'null'}", {}),
        ("method: {lookup: blank, key: payment.card.brand}", {}),
        ("method: {lookup: cards, key: order.number, when: 1 > 2}", {}),
        ("note: {lookup: cards, key: \"'mc'\", column: code}", {"note": "x"}),
        ("note: {lookup: items, key: 'order.lines[0].product'}", {"note": "OLD"}),
        (
            "note: {lookup: items, key: 'order.lines[0].product', on: date_from('2026-02-01')}",
            {"note": "NEW"},
        ),
        ("count: '3'", {"count": 3}),
        ("count: {constant: -3}", {"count": -3}),
        ("count: integer(order.number)", {"count": 1042}),
        ("weight: 1.50", {"weight": Decimal("1.50")}),
        ("weight: 1.500", {"weight": Decimal("1.50")}),
        ("weight: '2'", {"weight": Decimal(2)}),
        ("total: order.total", {"total": usd("32.01")}),
        ("total: {constant: 12.5 USD}", {"total": usd("12.50")}),
        ("price: order.total", {"price": UnitAmount.of("32.01", "USD")}),
        ("price: {constant: 0.00125 USD}", {"price": UnitAmount.of("0.00125", "USD")}),
        ("paid: {constant: true}", {"paid": True}),
        ("paid: order.total == payment.authorized", {"paid": True}),
        ("day: date(order.placed_at, 'Asia/Tokyo')", {"day": date(2026, 2, 1)}),
        ("day: {constant: 2026-02-01}", {"day": date(2026, 2, 1)}),
        ("at: order.placed_at", {"at": ORDER.placed_at}),
        ("at: {constant: '2026-02-01T00:00:00Z'}", {"at": datetime(2026, 2, 1, tzinfo=UTC)}),
        ("bill: {fields: {city: order.billing.city}}", {"bill": {"city": "Hull"}}),
        ("bill: {fields: {city: order.billing.city}, when: 1 > 2}", {}),
        ("custom: order.custom", {"custom": {"note": "ring twice"}}),
        ("custom: {fields: {any: order.number}}", {"custom": {"any": "1042"}}),
        (
            "lines: {each: order.lines, as: l, fields: {product: l.product}}",
            {"lines": [{"product": "MUG"}]},
        ),
        ("lines: {each: order.lines, as: l, where: 1 > 2, fields: {product: l.product}}",
         {"lines": []}),
        ("lines: {each: order.lines, as: l, when: 1 > 2, fields: {product: l.product}}", {}),
        (
            "lines: {each: order.lines, as: l, fields: {product: l.product,"
            " parts: {each: order.lines, as: p, fields: {name: l.product + p.product}}}}",
            {"lines": [{"product": "MUG", "parts": [{"name": "MUGMUG"}]}]},
        ),
    ],
)  # fmt: skip
def test_a_rule_fills(rule: str, expected: dict[str, object]) -> None:
    found = filled(f"  {rule}\n")
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("note: fulfilment.id", f"{FILE}:5 note: fulfilment is empty (null), so it has no id."),
        ("note: \"'12345678901234567890x'\"", f"{FILE}:5 note: note takes 20 characters; "),
        ("method: \"'3'\"", f"{FILE}:5 method: method does not take '3'."),
        ("method: order.custom.note", "method does not take 'ring twice'. Options: 1, 2."),
        (
            "method: {lookup: cards, key: order.number}",
            f"{FILE}:5 method: The lookup cards has no row for '1042'."
            " Add the row to lookups/cards.csv",
        ),
        ("method: {lookup: cards, key: fulfilment.id}", "fulfilment is empty (null)"),
        (
            "note: {lookup: items, key: order.number}",
            "The lookup items has no row for '1042' on 2026-01-31.",
        ),
        ("weight: order.lines[0].quantity * 0.001", "takes 2 digits after the point; '0.002'"),
        ("total: round_money(order.total * 0.1, order.number)", "'1042' is not a rounding rule"),
        ("lines: {each: fulfilment.lines, as: l, fields: {product: order.number}}", "lines"),
    ],
)
def test_what_does_not_fit_is_refused_with_field_line_and_value(rule: str, message: str) -> None:
    assert message in refused(f"  {rule}\n")


def test_an_item_of_a_list_is_named_by_its_number() -> None:
    fields = (
        "  lines:\n    each: order.lines\n    as: line\n    fields:\n"
        "      product: line.product\n      quantity: line.quantity\n"
    )
    odd = replace(LINE, quantity=Decimal("1.005"))
    assert f"{FILE}:10 lines[1].quantity: quantity takes 2 digits" in refused(
        fields, order_with(lines=(LINE, odd))
    )
    blank = replace(LINE, product="")
    assert f"{FILE}:9 lines[2].product: product is required and has no value." in refused(
        fields, order_with(lines=(LINE, LINE, blank))
    )


def test_the_texts_of_custom_fields_are_checked_like_any_other() -> None:
    names = order_with(custom={"a": "longer than ten"})
    assert f"{FILE}:5 custom: custom takes 10 characters" in refused(
        "  custom: order.custom\n", names
    )


def test_a_required_field_is_never_empty() -> None:
    assert f"{FILE}:4 number: number is required and has no value." in refused(
        "", order_with(number="")
    )
    assert "number takes 10 characters; '12345678901' has 11." in refused(
        "", order_with(number="12345678901")
    )


def test_an_empty_list_is_no_value_for_a_required_field() -> None:
    shape = DocumentShape(
        "d", "D", (Field("lines", "list", required=True, of=(Field("product", "text"),)),)
    )
    made = mapping(
        "  lines: {each: order.lines, as: line, fields: {product: line.product}}\n", number=""
    )
    assert apply(made, context(), shape, {}) == {"lines": [{"product": "MUG"}]}
    with pytest.raises(Rejected, match="lines: lines is required and has no value"):
        apply(made, order_with(lines=()), shape, {})


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("nuber: order.number", f"{FILE}:5 fields.nuber: There is no field 'nuber'. Did you"),
        ("note: ordr.number", f"{FILE}:5 fields.note: There is no name 'ordr'. Did you mean"),
        ("note: order.total", "note takes text, not money. Write it out: amount_text(...)."),
        ("note: order.lines[0].quantity", "note takes text, not decimal. Write it out: text"),
        ("note: order.placed_at", "Write it out: instant_format"),
        ("count: order.number", "count takes integer, not text. Convert it: integer(...)."),
        ("count: order.total", "Cents are minor_units(...)."),
        ("weight: order.total", "Read its amount"),
        ("total: order.lines[0].unit_price", "Round it by a named rule: round_money"),
        ("total: '5'", "Say its currency: money(..., order.currency)."),
        ("day: order.placed_at", "Say in which time zone"),
        ("method: payment.state", "method takes none of started, unknown"),
        ("bill: order.billing", "bill takes group, not record. Write a group: fields:."),
        ("lines: order.lines", "lines takes a list of groups, not list of record. Write a list"),
        ("custom: order.number", "custom takes group, not text."),
        ("note: {fields: {a: order.number}}", "note takes text, not a group."),
        ("note: {each: order.lines, as: l, fields: {a: l.product}}", "note takes text, not a list"),
        ("bill: {fields: {zip: order.number}}", "The required field 'city' has no rule."),
        ("bill: {fields: {city: order.number, town: order.number}}", "no field 'town'"),
        ("lines: {each: order.number, as: l, fields: {product: l}}", "each: has to be list"),
        ("lines: {each: order.lines, as: l, fields: {product: m.product}}", "There is no name 'm'"),
        (
            "lines: {each: order.lines, as: l, fields: {product: l.product,"
            " parts: {each: order.lines, as: l, fields: {name: l.product}}}}",
            "l already names something here.",
        ),
        ("note: {from: order.number, when: order.number}", "A condition is true or false"),
        ("note: {from: order.number, default: '1'}", "note takes text, not integer."),
        ("method: {lookup: card, key: order.number}", "There is no lookup 'card'. Did you mean"),
        ("method: {lookup: cards, key: order.total}", "The key of a lookup has to be text"),
        ("method: {lookup: cards, key: order.number, column: x}", "There is no column 'x'."),
        ("method: {lookup: odd, key: order.number}", "lookups/odd.csv:2 value: method does not"),
        ("count: {lookup: cards, key: order.number, column: code}", "lookups/cards.csv:3 code"),
        (
            "note: {lookup: cards, key: order.number, on: date_from('2026-01-01')}",
            "The lookup cards has no dates.",
        ),
        ("note: {lookup: items, key: order.number, on: order.number}", "The day of a lookup has"),
        ("count: {constant: x}", f"{FILE}:5 fields.count: 'x' is not a plain decimal number."),
        ("total: {constant: 5}", "'5' has no currency."),
        ("paid: {constant: yes}", "'yes' is neither true nor false."),
        ("bill: {constant: x}", "bill takes group, not 'x'."),
        ("method: {constant: 3}", "method does not take '3'."),
    ],
)
def test_what_can_never_work_is_found_when_it_is_read(rule: str, message: str) -> None:
    [found] = problems(f"  {rule}\n")
    assert message in found


def test_everything_that_is_wrong_is_found_at_once() -> None:
    found = problems("  note: ordr.number\n  count: order.numbr\n", number="")
    assert [problem.split(":")[1].split()[0] for problem in found] == ["4", "5", "1"]
    assert "The required field 'number' (Order number) has no rule." in found[2]
    with pytest.raises(Misconfigured, match="There is no name 'ordr'"):
        prepare_mapping(mapping("  note: ordr.number\n", number=""), SHAPE, LOOKUPS)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("{from: order.number, when: 1 > 2}", "Add default:, or remove when:."),
        ("{constant: x, when: 1 > 2}", "number is required, but has no value when"),
        ("{from: order.number, default: 'null'}", "number is required; null is no value."),
        ("{constant: ''}", "number is required and has no value."),
    ],
)
def test_a_required_field_has_a_value_in_every_case(number: str, message: str) -> None:
    [found] = problems("", number=f"  number: {number}\n")
    assert message in found


def test_a_required_list_or_group_has_no_condition() -> None:
    of = (Field("product", "text"),)
    shape = DocumentShape("d", "D", (Field("lines", "list", required=True, of=of),))
    made = mapping(
        "  lines: {each: order.lines, as: l, when: 1 > 2, fields: {product: l.product}}\n",
        number="",
    )
    [found] = problems_of(made, shape, {})
    assert "lines is required, but has no value when its condition is false." in str(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mapping: m\nfields: {}\n", "The field 'target' is missing."),
        ("mapping: M x\ntarget: a/b\nfields: {}\n", f"{FILE}:1 mapping: 'M x' is not fit for a"),
        ("mapping: m\ntarget: ab\nfields: {}\n", f"{FILE}:2 target: 'ab' is not a target."),
        ("mapping: m\ntarget: a/b/c\nfields: {}\n", "'a/b/c' is not a target."),
        ("mapping: m\ntarget: a/b\nfields: []\n", "Here stands a list"),
        ("mapping: m\ntarget: a/b\nfields: {a: }\n", f"{FILE}:3 fields.a: There is no value"),
        ("mapping: m\ntarget: a/b\nfields: {a: {form: b}}\n", "Did you mean 'from'?"),
        ("mapping: m\ntarget: a/b\nfields: {a: {fields: {}, eech: b}}\n", "mean 'each'?"),
        ("mapping: m\ntarget: a/b\nfields: {a: {}}\n", "This is not a rule."),
        ("mapping: m\ntarget: a/b\nfields: {a: {from: b, key: c}}\n", "There is no field 'key'"),
        ("mapping: m\ntarget: a/b\nfields: {a: {lookup: b}}\n", "The field 'key' is missing."),
        ("mapping: m\ntarget: a/b\nfields: {a: {each: b, as: 'B', fields: {}}}\n", "not fit"),
        ("mapping: m\ntarget: a/b\nfields: {a: {each: b, as: in, fields: {}}}\n", "reserved"),
        ("mapping: m\ntarget: a/b\nfields: {a: {each: b, as: order, fields: {}}}\n", "already"),
        ("mapping: m\ntarget: a/b\nfields: {a: b c}\n", "(character 3 of: b c)"),
        ("mapping: m\ntarget: a/b\nfields: {}\nexamples: [{name: x, given: {}}]\n", "Give one of"),
    ],
)
def test_a_text_that_is_not_a_mapping_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_mapping(text, FILE)
    assert message in str(caught.value)


def test_a_document_can_be_read_by_later_expressions() -> None:
    kind = shape_type(SHAPE.fields)
    found = {name: str(field) for name, field in kind.fields.items()}
    assert found["number"] == "text"
    assert found["note"] == "text or null"
    assert found["custom"] == "dictionary or null"
    assert found["lines"] == "list of record or null"


def test_a_field_may_have_any_name() -> None:
    odd = "a {b} 'c' %s class"
    shape = DocumentShape("d", "D", (Field(odd, "text", length_max=3),))
    made = read_mapping(f'mapping: m\ntarget: a/b\nfields: {{"{odd}": order.number}}\n', FILE)
    with pytest.raises(Rejected) as caught:
        apply(made, context(), shape, {})
    assert caught.value.place is not None
    assert caught.value.place.field == odd
