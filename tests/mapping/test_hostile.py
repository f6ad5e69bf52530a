"""Whatever stands in a file ends fast, with a clear error at its place."""

import time
from collections.abc import Callable

import pytest
from tests.mapping.values import context

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, TillbridgeError
from tillbridge.mapping.expression import expression
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.text import read_text

SCOPE = event_scope()
LONGEST_S = 2.0


def evaluate(text: str) -> object:
    return expression(text, SCOPE, place=Place("m.yaml", 3, "fields.a")).evaluate(context())


def read(text: str) -> object:
    return read_mapping(text, "m.yaml")


def laughing() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for at in range(8):
        below, name = chr(97 + at), chr(98 + at)
        lines.append(f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("take", "text"),
    [
        (evaluate, "x" * 1_000_000),
        (evaluate, "(" * 9_999),
        (evaluate, "-" * 9_999 + "1"),
        (evaluate, "!" * 9_999 + "true"),
        (evaluate, "1" + "+1" * 4_999),
        (evaluate, "order" + ".number" * 1_400),
        (evaluate, "[" * 5_000 + "]" * 4_999),
        (evaluate, "true ? 1 : " * 900 + "1"),
        (evaluate, "upper(" * 1_600 + "'a'" + ")" * 300),
        (evaluate, "'" * 9_999),
        (evaluate, "'''" * 3_333),
        (evaluate, '"\\' * 4_999),
        (evaluate, "9" * 9_999),
        (evaluate, "'a'.matches('" + "(" * 400 + "')"),
        (evaluate, "'a'.matches('" + "(a{99})" * 60 + "')"),
        (evaluate, "pad_left('', 999999, 'a').matches('a')"),
        (read_text, "[" * 500_000),
        (read_text, "{a: " * 200_000),
        (read_text, "- " * 400_000),
        (read_text, "a: " * 300_000),
        (read_text, "x" * 1_000_001),
        (read_text, "- a\n" * 200_000),
        (read_text, laughing()),
        (read_text, "&a " * 100_000),
        (read_text, "? " * 100_000),
        (read, "mapping: m\ntarget: a/b\nfields: {a: '" + "(" * 200_000 + "'}"),
    ],
)
def test_hostile_text_ends_fast_with_a_clear_error(take: Callable[..., object], text: str) -> None:
    begun = time.process_time()
    with pytest.raises((Misconfigured, Rejected)) as caught:
        take(text, "m.yaml") if take is read_text else take(text)
    assert time.process_time() - begun < LONGEST_S
    assert isinstance(caught.value, TillbridgeError)
    assert "m.yaml" in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_the_widest_expression_that_is_read_is_still_fast() -> None:
    text = "[" + ", ".join(["order.number + '1'"] * 450) + "].size()"
    begun = time.process_time()
    assert evaluate(text) == 450
    assert time.process_time() - begun < LONGEST_S


def test_a_file_of_many_rules_is_read_fast() -> None:
    rules = "".join(f"  field_{number}: order.number\n" for number in range(3_000))
    begun = time.process_time()
    read(f"mapping: m\ntarget: a/b\nfields:\n{rules}")
    assert time.process_time() - begun < LONGEST_S
