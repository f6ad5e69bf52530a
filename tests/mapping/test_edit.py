"""What was not asked for keeps every byte."""

from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mapping.corpus_files import NASTY, SHIPPED, content, lines, name, one_liners, paths

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.edit import Edit
from tillbridge.mapping.text import read_text
from tillbridge.mapping.yaml_text import YamlValue

MAPPING = """\
# What is filled.
mapping: m   # its name
fields:
  # the number
  number: order.number

  name: "'Web ' + order.number"   # in front
  lines:
    each: order.lines
    as: line
    fields:
      sku: line.product
"""
STEPS = """\
steps:
  # first
  - map: a
    mapping: m

  # second
  - write: b   # with a comment
    fields: a
  - stop: it is done
"""


def edit(text: str) -> Edit:
    return Edit(text, "m.yaml")


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went, and those that came."""
    old, new = lines(before), lines(after)
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    went = [line for tag, i, j, _, _ in changes if tag != "equal" for line in old[i:j]]
    came = [line for tag, _, _, i, j in changes if tag != "equal" for line in new[i:j]]
    return went, came


@pytest.mark.parametrize("path", [*NASTY, *SHIPPED], ids=name)
def test_a_file_that_nobody_changed_keeps_every_byte(path: Path) -> None:
    text = content(path)
    opened = edit(text)
    assert opened.text == text
    for at, value in paths(opened.value()):
        assert opened.set(at, value).text == text


@pytest.mark.parametrize("new", ["order.number", "'it''s' + x # ,: [a] é 日 😀"])
@pytest.mark.parametrize("path", [*NASTY, *SHIPPED], ids=name)
@pytest.mark.complaint("I43")
def test_a_changed_value_of_one_line_changes_one_line(path: Path, new: str) -> None:
    """Refused is only what would change other values with it: one that aliases stand for."""
    text = content(path)
    opened = edit(text)
    for at in one_liners(text):
        try:
            done = opened.set(at, new)
        except Misconfigured as error:
            assert "*" in error.message
            continue
        went, came = changed_lines(text, done.text)
        assert len(came) == len(went) == (opened.value(at) != new), at


@pytest.mark.parametrize("path", NASTY, ids=name)
def test_what_is_removed_takes_only_its_own_lines(path: Path) -> None:
    text = content(path)
    opened = edit(text)
    for at, _ in paths(opened.value()):
        if not at:
            continue
        try:
            done = opened.remove(at)
        except Misconfigured as error:
            assert "cannot be changed here" in error.message or "anchor" in error.message
            continue
        came = changed_lines(text, done.text)[1]
        assert len(came) <= 1, at


def left_by(opened: Edit, at: tuple[str | int, ...]) -> int:
    """How many lines change when it goes: in a file that is written in braces it may stand in
    several, with others; else it takes its own along as they are."""
    if not opened.text.startswith("{"):
        return 1
    try:
        return len(changed_lines(opened.text, opened.remove(at).text)[0])
    except Misconfigured:  # others stand for it
        return 1


VALUES = st.recursive(
    st.text(max_size=12) | st.sampled_from(["order.number", "a: b", "# c", "- d", "x\ny\n", "'"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=150)
def test_whatever_is_edited_means_what_was_asked_and_keeps_all_other_lines(
    data: st.DataObject,
) -> None:
    text = content(data.draw(st.sampled_from([*NASTY, *SHIPPED]), label="file"))
    opened = edit(text)
    at, old = data.draw(st.sampled_from(list(paths(opened.value()))[1:]), label="path")
    what = data.draw(st.sampled_from(["set", "insert", "remove", "move"]), label="what")
    value = data.draw(VALUES, label="value")
    holder = opened.value(at[:-1])
    place = data.draw(st.integers(0, len(holder) - 1), label="place")
    try:
        match what:
            case "set":
                done = opened.set(at, value)
                assert done.value(at) == value
            case "insert":
                step = place if isinstance(at[-1], int) else "a new key"
                done = opened.insert((*at[:-1], step), value, place)
                assert done.value((*at[:-1], step)) == value
            case "remove":
                done = opened.remove(at)
                assert len(done.value(at[:-1])) == len(holder) - 1
            case _:
                step = place if isinstance(at[-1], int) else at[-1]
                done = opened.move(at, (*at[:-1], step), place)
                assert done.value((*at[:-1], step)) == old
                assert len(done.value(at[:-1])) == len(holder)
    except Misconfigured as error:
        assert error.place is not None
        assert error.place.line is not None
        return
    read_text(done.text, "m.yaml")
    if what == "insert":
        went, came = changed_lines(text, done.text)
        assert len(went) <= 1
        assert all(one.strip() in "".join(came) for one in went if one.strip(" ,[]{}\r\n")) or went
    if what == "move":
        stripped = [
            Counter(line.strip(" -\r\n") for line in lines(each)) for each in (text, done.text)
        ]
        assert sum((stripped[0] - stripped[1]).values()) <= 1 + max(1, left_by(opened, at))


def test_a_new_field_stands_behind_the_one_before_it() -> None:
    done = edit(MAPPING).insert(("fields", "city"), "order.billing.city", 1)
    assert changed_lines(MAPPING, done.text) == ([], ["  city: order.billing.city\n"])
    assert list(done.value(("fields",))) == ["number", "city", "name", "lines"]


def test_a_rule_is_written_in_one_line_and_a_long_one_below_its_key() -> None:
    rule: YamlValue = {"from": "order.custom.note", "when": "order.custom.note != ''"}
    done = edit(MAPPING).insert(("fields", "note"), rule)
    assert (
        done.text.endswith(
            "  note: { from: order.custom.note, when: \"order.custom.note != ''\" }\n"
        )
        or "  note: { from: order.custom.note, when: order.custom.note != '' }\n" in done.text
    )
    nested: YamlValue = {"each": "order.lines", "as": "line", "fields": {"sku": "line.product"}}
    done = edit(MAPPING).insert(("fields", "more"), nested)
    assert done.text == MAPPING + (
        "  more:\n    each: order.lines\n    as: line\n    fields: { sku: line.product }\n"
    )


def test_a_moved_step_takes_the_comment_above_it_along() -> None:
    done = edit(STEPS).move(("steps", 1), ("steps", 0))
    assert (
        done.text
        == """\
steps:
  # second
  - write: b   # with a comment
    fields: a
  # first
  - map: a
    mapping: m

  - stop: it is done
"""
    )


def test_a_step_moves_into_another_list_as_it_is_written() -> None:
    text = (
        STEPS
        + "  - branch: c\n    cases:\n      - else: true\n        steps:\n          - stop: c\n"
    )
    done = edit(text).move(("steps", 1), ("steps", 2, "cases", 0, "steps", 0))
    assert done.text.endswith(
        "        steps:\n          # second\n          - write: b   # with a comment\n"
        "            fields: a\n          - stop: c\n"
    )


def test_removing_keeps_the_comment_above_unless_asked() -> None:
    kept = edit(STEPS).remove(("steps", 1))
    assert changed_lines(STEPS, kept.text) == (
        ["  - write: b   # with a comment\n", "    fields: a\n"],
        [],
    )
    assert "# second" not in edit(STEPS).remove(("steps", 1), with_comments=True).text


def test_a_whole_rule_is_changed_where_it_differs() -> None:
    new: YamlValue = {
        "each": "order.lines",
        "as": "each_line",
        "fields": {"sku": "each_line.product"},
    }
    done = edit(MAPPING).set(("fields", "lines"), new)
    assert changed_lines(MAPPING, done.text) == (
        ["    as: line\n", "      sku: line.product\n"],
        ["    as: each_line\n", "      sku: each_line.product\n"],
    )


def test_a_whole_list_is_changed_where_it_differs() -> None:
    new: YamlValue = [{"map": "a", "mapping": "m"}, {"stop": "at once"}, {"stop": "it is done"}]
    done = edit(STEPS).set(("steps",), new)
    assert done.value(("steps",)) == new
    assert "# first\n  - map: a\n    mapping: m\n" in done.text
    assert done.text.endswith("  - stop: it is done\n")


def test_fields_change_their_order_and_keep_their_comments() -> None:
    fields = edit(MAPPING).value(("fields",))
    assert isinstance(fields, dict)
    done = edit(MAPPING).set(("fields",), dict(sorted(fields.items())))
    assert list(done.value(("fields",))) == ["lines", "name", "number"]
    assert "  # the number\n  number: order.number\n" in done.text
    assert Counter(lines(done.text)) == Counter(lines(MAPPING))


def test_a_key_is_renamed_in_its_quotes() -> None:
    assert edit("'a': 1 # x\nb: 2\n").rename(("a",), "it's").text == "'it''s': 1 # x\nb: 2\n"
    assert edit("a: 1\n").rename(("a",), "b: c").text == '"b: c": 1\n'


def test_a_value_keeps_its_quotes() -> None:
    assert edit("a: 'x'\n").set(("a",), "y").text == "a: 'y'\n"
    assert edit('a: "x"\n').set(("a",), 'say "y"').text == 'a: "say \\"y\\""\n'
    assert edit("a: x\n").set(("a",), "y z").text == "a: y z\n"
    assert edit("a: x\n").set(("a",), "# y").text == 'a: "# y"\n'
    assert edit("a: [x]\n").set(("a", 0), "y, z").text == 'a: ["y, z"]\n'


def test_a_block_keeps_its_sign_and_indentation() -> None:
    text = "a: |  # why\n    one\n    two\nb: c\n"
    assert (
        edit(text).set(("a",), "one\n three\n").text == "a: |  # why\n    one\n     three\nb: c\n"
    )
    assert edit("a: >-\n  x\n").set(("a",), "y").text == "a: >-\n  y\n"


def test_the_first_entry_of_an_item_is_removed_and_another_comes_up_to_the_dash() -> None:
    assert edit("- a: 1\n  b: 2\n").remove((0, "a")).text == "- b: 2\n"
    assert edit("- a: 1\n  # c\n  b: 2\n").remove((0, "a")).text == "-\n  # c\n  b: 2\n"


def test_the_last_one_leaves_an_empty_list_or_braces() -> None:
    assert edit("a:\n  b: 1\nc: 2\n").remove(("a", "b")).text == "a: {}\nc: 2\n"
    assert edit("a: [b]\n").remove(("a", 0)).text == "a: []\n"
    assert edit("a: []\n").insert(("a", 0), "b").text == "a: [b]\n"
    assert edit("a:\n  # kept\n  b: 1\n").remove(("a", "b")).text == "a:\n  # kept\n  {}\n"


def test_an_alias_gives_way_to_a_value_of_its_own() -> None:
    assert edit("a: &x b\nc: *x\n").set(("c",), "d").text == "a: &x b\nc: d\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e: e.set(("a",), "c"), r"m.yaml:1 a: .*\*x in line 2 stands for it"),
        (lambda e: e.remove(("a",)), r"\*x in line 2 stands for it"),
        (lambda e: e.set(("d", 0, "e"), "g"), r"m.yaml:4 d\[0\]: Here stands \*y"),
        (lambda e: e.set(("z",), "c"), "There is no 'z' here"),
        (lambda e: e.set(("a", "b"), "c"), "There is no 'b' here"),
        (lambda e: e.insert(("a",), "c"), "The key 'a' is there already"),
        (lambda e: e.insert(("d", "k"), "c"), "'k' cannot be added: this is a list"),
        (lambda e: e.insert((0,), "c"), "0 cannot be added: this is fields with values"),
        (lambda e: e.insert(("a", "k"), "c"), "'k' cannot be added: this is no list"),
        (lambda e: e.insert(("d", 7), "c"), "There is no place 7: it has 1"),
        (lambda e: e.rename(("a",), "d"), "The key 'd' is there already"),
        (lambda e: e.rename(("d", 0), "k"), "An item of a list has no key"),
        (lambda e: e.remove(()), "The whole file cannot be removed"),
        (lambda e: e.move(("c",), ("c",), 0), r"it uses \*x"),
    ],
)
def test_what_cannot_be_changed_says_why_and_where(change: object, message: str) -> None:
    text = "a: &x b\nc: *x\nf: &y {e: 1}\nd: [*y]\n"
    assert callable(change)
    with pytest.raises(Misconfigured, match=message):
        change(edit(text))
