from dataclasses import replace

import pytest
from tests.mapping.test_mappings import filler, problems
from tests.mapping.values import LINE, context, order_with

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping
from tillbridge.mapping.read import read_mapping


def noted(fields: str, names: dict[str, object] | None = None) -> tuple[object, list[str]]:
    filled, notes = filler(f"  {fields}\n").fill_noting(names or context())
    return filled.get("note"), [str(note) for note in notes]


def test_a_cut_that_is_allowed_is_noted_with_what_was_lost() -> None:
    names = order_with(custom={"note": "ring twice, then wait"})
    assert noted("note: {from: order.custom.note, truncate: true}", names) == (
        "ring twice, then wai",
        ["note: cut from 21 to 20 characters, without 't'"],
    )


def test_a_note_has_its_line_and_its_numbers_for_programs() -> None:
    _, [note] = filler("  note: truncate(order.number, 1)\n").fill_noting(context())
    assert (note.kind, note.field, note.place.line) == ("cut", "note", 5)
    assert note.values == {"characters": "4", "kept": "1", "lost": "042"}


def test_what_fits_is_not_noted() -> None:
    assert noted("note: {from: order.custom.note, truncate: true}") == ("ring twice", [])
    assert noted("note: truncate(order.number, 4)") == ("1042", [])


def test_without_truncate_a_text_too_long_is_refused() -> None:
    names = order_with(custom={"note": "ring twice, then wait"})
    for rule in (
        "note: order.custom.note",
        "note: {from: order.custom.note, truncate: false}",
    ):
        with pytest.raises(Rejected, match="Allow the cut, truncate: true in its rule"):
            noted(rule, names)


def test_a_value_that_is_not_given_or_stands_in_is_cut_like_any_other() -> None:
    assert noted("note: {from: order.custom.none, truncate: true}") == ("", [])
    long = "'123456789012345678901'"
    assert noted(f'note: {{from: order.custom.none, default: "{long}", truncate: true}}') == (
        "12345678901234567890",
        ["note: cut from 21 to 20 characters, without '1'"],
    )


def test_a_letter_is_kept_or_lost_as_a_whole() -> None:
    accent = "e\N{COMBINING ACUTE ACCENT}"
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"
    for letter in (accent, family):
        for width in range(3, 2 + len(letter)):
            kept, [told] = noted(f"note: truncate(order.custom.note, {width})", order_with(
                custom={"note": f"ab{letter}"})
            )  # fmt: skip
            assert kept == "ab"
            assert f"to 2 characters, without {letter!r}" in told


def test_a_note_on_an_item_of_a_list_has_its_number() -> None:
    shape = DocumentShape(
        "d", "D", (Field("lines", "list", of=(Field("product", "text", length_max=2),)),)
    )
    made = read_mapping(
        "mapping: m\ntarget: a/b\nfields:\n  lines: {each: order.lines, as: l,"
        " fields: {product: {from: l.product, truncate: true}}}\n",
        "m.yaml",
    )
    lines = (replace(LINE, product="AB"), replace(LINE, product="ABC"))
    filled, notes = prepare_mapping(made, shape, {}).fill_noting(order_with(lines=lines))
    assert filled == {"lines": [{"product": "AB"}, {"product": "AB"}]}
    assert [str(note) for note in notes] == [
        "lines[1].product: cut from 3 to 2 characters, without 'C'"
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("count: {from: '3', truncate: true}", "count has no greatest length"),
        ("method: {from: order.number, truncate: true}", "method has no greatest length"),
    ],
)
def test_only_a_text_with_a_width_can_be_truncated(rule: str, message: str) -> None:
    [found] = problems(f"  {rule}\n")
    assert message in found


def test_a_width_below_nothing_is_refused() -> None:
    with pytest.raises(Rejected, match="-1 is not a number of characters"):
        noted("note: truncate(order.number, -1)")
