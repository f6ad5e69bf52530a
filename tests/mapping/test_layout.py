"""A layout changes blanks and line ends, never a meaning, a word or an order."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mapping.corpus_files import NASTY, SHIPPED, content, lines, name

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.edit import Edit
from tillbridge.mapping.layout import laid_out


@pytest.mark.parametrize("path", NASTY, ids=name)
def test_a_layout_means_the_same_and_stays(path: Path) -> None:
    text = content(path)
    done = laid_out(text, path.name)
    assert Edit(done, path.name).value() == Edit(text, path.name).value()
    assert laid_out(done, path.name) == done
    assert re.sub(r"\s+", "", done) == re.sub(r"\s+", "", text.removeprefix("\ufeff"))


@pytest.mark.parametrize("path", SHIPPED, ids=name)
def test_what_is_shipped_is_laid_out(path: Path) -> None:
    assert laid_out(content(path), path.name) == content(path)


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("a:\n- b\n", "a:\n  - b\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("-   a: 1\n    b: 2\n", "- a: 1\n  b: 2\n"),
        ("  a: 1\n", "a: 1\n"),
        ("a: 1  \n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("\n\na: 1", "a: 1\n"),
        ("\ufeffa: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a:\n    # x\n    b: 1\n    # y\n# z\nc: 2\n", "a:\n  # x\n  b: 1\n  # y\n# z\nc: 2\n"),
        ("a: |\n    b  \n\n\n    c\n", "a: |\n    b  \n\n\n    c\n"),
        ("a:\n    b: |\n        c\n", "a:\n  b: |\n      c\n"),
        ("a:\n    b: [c,\n        d]  \n", "a:\n  b: [c,\n      d]\n"),
        ("a:\n    b: 'c  \n      d'\n", "a:\n  b: 'c  \n    d'\n"),
        ("a:   {b:   1}   # c  \n", "a:   {b:   1}   # c\n"),
        ("? a\n: b\nc:\n- d\n", "? a\n: b\nc:\n- d\n"),
    ],
)  # fmt: skip
def test_a_file_is_laid_out(text: str, done: str) -> None:
    assert laid_out(text, "m.yaml") == done


def test_what_cannot_be_laid_out_without_another_meaning_is_refused_or_kept() -> None:
    text = "a: |+\n  b\n\n\n"
    assert laid_out(text, "m.yaml") == text
    with pytest.raises(Misconfigured, match=r"m.yaml:1: This is not YAML"):
        laid_out("a: [", "m.yaml")


@given(st.data())
@settings(max_examples=100)
def test_files_put_out_of_order_come_back_as_they_were(data: st.DataObject) -> None:
    """Blanks at line ends, other line ends, and everything pushed to the right."""
    text = content(data.draw(st.sampled_from(SHIPPED)))
    by = " " * data.draw(st.integers(0, 3))
    end = data.draw(st.sampled_from(["\n", "\r\n", " \n", "  \r\n"]))
    spoiled = "".join(by + line.rstrip("\n") + end for line in lines(text))
    assert laid_out(spoiled, "m.yaml") == text
