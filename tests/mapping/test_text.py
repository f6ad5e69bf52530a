import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.text import (
    Entries,
    Scalar,
    any_entries,
    entries_of,
    items_of,
    read_text,
    scalar_of,
    walk,
    word_of,
)

FILE = "mappings/m.yaml"


def read(text: str) -> Entries:
    return any_entries(read_text(text, FILE))


def refusal(text: str) -> str:
    with pytest.raises(Misconfigured) as caught:
        read_text(text, FILE)
    return str(caught.value)


@pytest.mark.parametrize("plain", ["no", "1.10", "2026-01-01", "0x1F", "1e3", "1_000", "~", "on"])
def test_a_plain_value_stays_the_text_that_was_written(plain: str) -> None:
    assert scalar_of(read(f"a: {plain}").nodes["a"]).text == plain


def test_every_value_knows_its_file_line_and_field() -> None:
    lines = read("a: 1\nb:\n  - c: x\n    d: [y, z]\n").nodes["b"]
    places = [str(node.place) for node in walk(lines)]
    assert places == [
        f"{FILE}:3 b",
        f"{FILE}:3 b[0]",
        f"{FILE}:3 b[0].c",
        f"{FILE}:4 b[0].d",
        f"{FILE}:4 b[0].d[0]",
        f"{FILE}:4 b[0].d[1]",
    ]


def test_quotes_and_blocks_are_told_from_plain_text() -> None:
    nodes = read("a: x\nb: 'x'\nc: |\n  x\n").nodes
    kinds = [(node.plain, node.block) for node in nodes.values() if isinstance(node, Scalar)]
    assert kinds == [(True, False), (False, False), (False, True)]


def test_an_alias_stands_for_what_its_anchor_names() -> None:
    nodes = read("a: &x {b: 1}\nc: *x\nd: &y z\ne: *y").nodes
    assert nodes["c"] == nodes["a"]
    assert nodes["e"] == nodes["d"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", f"{FILE}:2: The key 'a' stands here a second time."),
        ("a: {b: 1, b: 2}", f"{FILE}:1 a: The key 'b' stands here a second time."),
        ("a: !!int 3", f"{FILE}:1 a: The tag tag:yaml.org,2002:int is not read"),
        ("!x [a]", f"{FILE}:1: The tag !x is not read"),
        ("<<: {a: 1}", "Merge keys (<<) are not read"),
        ("? [a]\n: 1", "A key has to be a plain text."),
        ("? {a: b}\n: 1", "A key has to be a plain text."),
        ("a: &k b\n*k : 1", "A key has to be a plain text."),
        ("&k a: 1", "An anchor on a key is not read."),
        ("a: *x", f"{FILE}:1 a: The anchor *x is not known above this line."),
        ("a: &x [*x]", "The anchor *x is not known above this line."),
        ("a: 1\n---\nb: 2", f"{FILE}:2: A file holds one document"),
        ("", f"{FILE}: The file is empty."),
        ("# only a comment", "The file is empty."),
        ("a: [1,\nb", f"{FILE}:2: This is not YAML"),
        ("a: 'x", "This is not YAML"),
        ("a: \x00", "This is not YAML"),
        ("a: \ud800", "This is not YAML"),
    ],
)
@pytest.mark.complaint("I11")
def test_what_is_not_read_is_refused_at_its_place(text: str, message: str) -> None:
    assert message in refusal(text)


def test_a_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert list(read("'<<': 1").nodes) == ["<<"]


def test_an_unknown_field_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(Misconfigured, match=r"m.yaml:2 fielts: .*Did you mean 'fields'\?"):
        entries_of(read("a: 1\nfielts: 2"), required=("fields",), optional=("a",))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(Misconfigured, match="The field 'fields' is missing"):
        entries_of(read("a: 1"), required=("fields",), optional=("a",))


@pytest.mark.parametrize(
    ("text", "take", "message"),
    [
        ("a: [1]", scalar_of, "Here stands a list; it has to be one text."),
        ("a: {b: 1}", items_of, "Here stands fields with values; it has to be a list."),
        ("a: b", items_of, "Here stands the text 'b'; it has to be a list."),
        ("a: b", any_entries, "it has to be fields with values"),
        ("a:", scalar_of, "There is no value here."),
    ],
)
def test_a_value_of_another_shape_is_refused(text: str, take: object, message: str) -> None:
    assert callable(take)
    with pytest.raises(Misconfigured) as caught:
        take(read(text).nodes["a"])
    assert message in str(caught.value)


def test_a_word_is_one_of_those_allowed() -> None:
    node = read("a: dne").nodes["a"]
    with pytest.raises(Misconfigured, match=r"There is no outcome 'dne'. Did you mean 'done'\?"):
        word_of(node, ("done", "cancelled"), "outcome")
    with pytest.raises(Misconfigured, match="There are none"):
        word_of(node, (), "outcome")
