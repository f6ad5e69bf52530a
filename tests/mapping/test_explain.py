"""What an explanation says is what happened: it is the same program, telling what it sees."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pytest
from tests.flows.test_templates import TEMPLATES, load
from tests.mapping import conformance
from tests.mapping.test_mappings import filler
from tests.mapping.values import LINE, context, order_with

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.explain import Explained, Explanation, Part, explain
from tillbridge.mapping.given import context_of
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.value_type import ANY


def of_field(made: Filler, name: str, names: dict[str, object] | None = None) -> Explanation:
    return next(each for each in explain(made, names or context()).fields if each.field == name)


def told(parts: Iterable[Part]) -> list[tuple[str, str, object]]:
    return [(part.role, part.text, part.value) for part in parts]


def at(document: object, field: str) -> object:
    """The value at "lines[0].price"."""
    for name in field.replace("]", "").replace("[", ".").split("."):
        if isinstance(document, list):
            document = document[int(name)]
        else:
            assert isinstance(document, dict)
            document = document[name]
    return document


def shipped() -> Iterator[tuple[str, Filler, dict[str, object]]]:
    """Every example of every shipped mapping and of the conformance table."""
    mappings = [
        (folder.library.target(mapping), mapping, folder.library.lookups)
        for folder in map(load, TEMPLATES)
        for mapping in folder.library.mappings.values()
    ]
    mappings += [
        (conformance.SHAPES[f"{mapping.connector}/{mapping.document}"], mapping, tables)
        for tables in (conformance.lookups(),)
        for mapping in (row.read() for row in conformance.rows() if row.mapping)
    ]
    for target, mapping, lookups in mappings:
        for example in mapping.examples:
            scope = {**dict.fromkeys(example.given, ANY), **event_scope()}
            try:
                made = prepare_mapping(mapping, target, lookups, scope)
            except Misconfigured:  # it needs rates, which have tests of their own
                continue
            yield f"{mapping.name}: {example.name}", made, context_of(example.given)


SHIPPED = list(shipped())


@pytest.mark.parametrize(
    ("made", "given"), [case[1:] for case in SHIPPED], ids=[case[0] for case in SHIPPED]
)
def test_what_is_explained_is_what_is_filled(made: Filler, given: dict[str, object]) -> None:
    explained = explain(made, given)
    try:
        filled = made.fill(given)
    except Rejected as error:
        assert str(explained.refused) == str(error)
        assert explained.fields[-1].field == (error.place.field if error.place else None)
        return
    assert explained.filled == filled
    numbers = Counter(each.field for each in explained.fields)
    for each in explained.fields:
        assert each.place.line is not None
        if (each.there and "[" not in each.field) or (
            each.there and numbers[each.field] == 1 and not filtered(explained, filled)
        ):
            assert each.value == at(filled, each.field), each.field


def filtered(explained: Explained, filled: Mapping[str, object]) -> bool:
    """Whether a list left items out: explanations number the items that were walked."""
    walked: dict[str, set[str]] = {}
    for each in explained.fields:
        name, bracket, rest = each.field.partition("[")
        if bracket:
            walked.setdefault(name, set()).add(rest.partition("]")[0])
    return any(
        seen != {str(number) for number in range(len(items))}
        for name, seen in walked.items()
        if isinstance(items := at(filled, name), list)
    )


def test_templates_and_the_table_are_explained() -> None:
    assert len(SHIPPED) > 20


def test_an_expression_is_shown_with_what_it_read() -> None:
    each = of_field(filler("  note: \"order.customer.name + ', ' + order.number\"\n"), "note")
    assert (each.value, each.place.file, each.place.line) == (
        "Ada King, 1042",
        "mappings/m.yaml",
        5,
    )
    assert told(each.expressions) == [
        ("value", "order.customer.name + ', ' + order.number", "Ada King, 1042")
    ]
    assert told(each.inputs) == [
        ("value", "order.customer.name", "Ada King"),
        ("value", "order.number", "1042"),
    ]


def test_only_the_side_that_was_taken_is_shown() -> None:
    made = filler("  note: \"order.number == '1' ? order.customer.name : order.currency\"\n")
    assert [part.text for part in of_field(made, "note").inputs] == [
        "order.number",
        "order.currency",
    ]


def test_a_condition_that_was_false_says_so_and_the_default_stood_in() -> None:
    made = filler(
        "  note: {from: order.number, when: order.currency == 'EUR', default: \"'none'\"}\n"
    )
    each = of_field(made, "note")
    assert each.value == "none"
    assert told(each.expressions) == [
        ("when", "order.currency == 'EUR'", False),
        ("default", "'none'", "none"),
    ]


def test_a_field_that_was_left_out_is_explained_too() -> None:
    made = filler("  note: {from: order.number, when: order.currency == 'EUR'}\n")
    each = of_field(made, "note")
    assert not each.there
    assert told(each.expressions) == [("when", "order.currency == 'EUR'", False)]


def test_a_lookup_names_the_line_of_its_row() -> None:
    made = filler("  method: {lookup: cards, key: payment.card.brand, column: value}\n")
    [row] = of_field(made, "method").rows
    assert (row.lookup, row.key) == ("cards", "visa")
    assert row.place is not None
    assert (row.place.file, row.place.line) == ("lookups/cards.csv", 2)


def test_a_dated_lookup_names_the_row_of_that_day() -> None:
    made = filler("  note: {lookup: items, key: 'order.lines[0].product'}\n")
    each = of_field(made, "note")
    assert each.value == "OLD"
    assert [row.place.line for row in each.rows if row.place] == [2]


def test_a_cut_is_noted_at_its_field() -> None:
    names = order_with(custom={"note": "ring twice, then wait"})
    made = filler("  note: {from: order.custom.note, truncate: true}\n")
    assert [note.kind for note in of_field(made, "note", names).notes] == ["cut"]


def test_items_of_a_list_are_told_apart() -> None:
    made = filler("  lines: {each: order.lines, as: l, fields: {product: l.product}}\n")
    names = order_with(lines=(LINE, replace(LINE, product="TRAY")))
    assert of_field(made, "lines[1].product", names).value == "TRAY"
    assert told(of_field(made, "lines[1].product", names).inputs) == [
        ("value", "l.product", "TRAY")
    ]


def test_items_that_two_parts_number_alike_are_not_mixed_up() -> None:
    [row] = [row for row in conformance.rows() if row.mapping == "lists-and-groups"]
    mapping = row.read()
    made = prepare_mapping(mapping, conformance.SHAPES["example/document"], {})
    explained = explain(made, context_of(mapping.examples[0].given)).fields
    products = [each for each in explained if each.field.endswith("product")]
    assert [(each.value, [part.text for part in each.expressions]) for each in products] == [
        ("MUG", ["line.product"]),
        ("CUP", ["line.product"]),
        ("SHIP", ["'SHIP'"]),
    ]


def test_a_document_that_is_refused_is_explained_up_to_there() -> None:
    names = order_with(custom={"note": "ring twice, then wait"})
    made = filler("  note: order.custom.note\n  paid: true\n")
    explained = explain(made, names)
    assert explained.filled is None
    assert explained.refused is not None
    assert [each.field for each in explained.fields] == ["number", "note"]
    assert told(explained.fields[-1].inputs) == [
        ("value", "order.custom.note", "ring twice, then wait")
    ]
