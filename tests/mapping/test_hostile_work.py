"""Whatever a mapping asks for ends within its bound of time and memory, named by file and line."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from tests.mapping.values import context, order_with

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping, problems_of
from tillbridge.mapping.expression import expression
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.pattern import STATES_MAX, compile_pattern
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.rules import PROBLEMS_MAX
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.text import read_text
from tillbridge.mapping.text_functions import MATCHED_MAX_CHARACTERS
from tillbridge.mapping.work import WORK_MAX

SCOPE = event_scope()
SHAPE = DocumentShape(
    "o",
    "O",
    (
        Field("custom", "group", custom=True),
        Field(
            "lines",
            "list",
            of=(Field("a", "text"), Field("inner", "list", of=(Field("a", "text"),))),
        ),
        *(Field(f"f{number}", "text") for number in range(100)),
    ),
)
NOTE = order_with(custom={"note": "x" * 1_000_000})
RUN_S = 5.0
"""Seconds one document may take at most; the tests' own are far below it."""
RUN_BYTES = 500_000_000


@contextmanager
def within(most_s: float = RUN_S) -> Iterator[None]:
    begun = time.process_time()
    yield
    assert time.process_time() - begun < most_s


def evaluate(text: str, names: dict[str, object] | None = None) -> object:
    return expression(text, SCOPE).evaluate(names or context())


def fill(fields: str, names: dict[str, object], **lookups: Lookup) -> object:
    mapping = read_mapping(f"mapping: m\ntarget: a/o\nfields:\n{fields}", "m.yaml")
    return prepare_mapping(mapping, SHAPE, lookups).fill(names)


@pytest.mark.parametrize(
    "text",
    [
        "[" + ", ".join(["order.custom.note.lower()"] * 300) + "].size() > 0",
        "[" + ", ".join(["order.custom.note + 'x'"] * 300) + "].size() > 0",
        "[" + ", ".join(["pad_left('', 1000000, 'x')"] * 300) + "].size() > 0",
        "[" + ", ".join(["split(order.custom.note, 'x')"] * 200) + "].size() > 0",
    ],
)
def test_an_expression_that_makes_too_much_is_stopped_before_it_takes_much_memory(
    text: str,
) -> None:
    tracemalloc.start()
    try:
        with within(), pytest.raises(Rejected, match=f"more than {WORK_MAX:,} units of work"):
            evaluate(text, NOTE)
        assert tracemalloc.get_traced_memory()[1] < RUN_BYTES
    finally:
        tracemalloc.stop()


def test_patterns_are_stopped_together() -> None:
    pattern = "[a-z]*" * 60
    calls = [f"matches(pad_left('', 10000, 'a'), '{pattern}{number}')" for number in range(20)]
    with within(), pytest.raises(Rejected, match="units of work"):
        evaluate(" || ".join(calls))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (
            "  custom:\n    fields:\n"
            + "".join(f"      f{n}: pad_left('', 1000000, 'x')\n" for n in range(50)),
            "m.yaml:16 custom.f10",
        ),
        (
            "  lines:\n    each: split(order.custom.note, 'x')\n    as: p\n    fields:\n"
            "      a: p + p + p\n      inner:\n"
            "        each: split(order.custom.note, 'x')\n"
            "        as: q\n        fields: { a: q }\n",
            "m.yaml:5 lines",
        ),
    ],
)
def test_a_document_that_takes_too_much_is_stopped_at_its_line(fields: str, place: str) -> None:
    with within(), pytest.raises(Rejected, match="units of work") as caught:
        fill(fields, NOTE)
    assert str(caught.value).startswith(place)


def test_an_order_of_a_thousand_lines_is_far_from_the_bound() -> None:
    [line] = context()["order"].lines  # type: ignore[attr-defined]  # an order is there
    names = order_with(lines=(line,) * 1000)
    fields = (
        "  lines:\n    each: order.lines\n    as: l\n    fields:\n"
        "      a: l.product + ' ' + l.description\n"
    )
    with within(1.0):
        fill(fields, names)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$b", "((a*)*)*b", "(a|aa)+b", "(.*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"]
)
def test_a_catastrophic_pattern_takes_linear_time(pattern: str) -> None:
    with within(2.0):
        assert (
            evaluate(f"matches(pad_left('', {MATCHED_MAX_CHARACTERS}, 'a'), '{pattern}')") is False
        )


def test_a_pattern_is_bounded_before_it_is_built() -> None:
    for pattern in ("(a{200}){200}", "(((a{99}){99}){99}){99}", "[a-z]*" * 100):
        with within(1.0), pytest.raises(Misconfigured, match=r"states|characters"):
            compile_pattern(pattern)
    assert compile_pattern("[a-z]*" * 70).size <= STATES_MAX


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"%TAG !a{number}! tag:x\n" for number in range(50_000)) + "--- a\n",
        "x" * 100_000_000,
        "a: '" + "\n" * 999_000 + "'",
        "a: |\n" + " \n" * 490_000,
        "# c\n" * 240_000 + "a: b",
        "a: &" + "x" * 900_000 + " b",
        "[" * 10_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(1_000)),
        "".join(f"k{number}: a\n" for number in range(60_000)) + "k7: a\n",
    ],
)
def test_any_text_is_read_or_refused_fast(text: str) -> None:
    with within(2.0):
        try:
            read_text(text, "m.yaml")
        except Misconfigured as error:
            assert str(error).startswith("m.yaml")
            assert len(str(error)) < 1_000


def test_of_a_thousand_mistakes_the_first_are_told() -> None:
    fields = "".join(f"  fx{number}: order.number\n" for number in range(3_000))
    mapping = read_mapping(f"mapping: m\ntarget: a/o\nfields:\n{fields}", "m.yaml")
    with within():
        assert len(problems_of(mapping, SHAPE, {})) == PROBLEMS_MAX


def test_a_table_is_made_ready_once_for_many_rules() -> None:
    rows = "key,value\n" + "".join(f"k{number},v{number}\n" for number in range(50_000))
    table = read_lookup(rows, "big.csv", "big")
    fields = "".join(f"  f{number}: {{ lookup: big, key: \"'k1'\" }}\n" for number in range(100))
    with within(3.0):
        fill(fields, context(), big=table)


def test_a_key_with_many_days_is_found_without_walking_them() -> None:
    days = [date(1900, 1, 1) + timedelta(number) for number in range(50_000)]
    rows = "key,value,from,to\n" + "".join(f"k,v,{day},{day}\n" for day in days)
    table = read_lookup(rows, "days.csv", "days")
    fields = (
        "  lines:\n    each: split(order.custom.note, 'x')\n    as: p\n    fields:\n"
        "      a: { lookup: days, key: \"'k'\" }\n"
    )
    with within():
        fill(fields, order_with(custom={"note": "x" * 20_000}), days=table)


def test_a_lookup_of_a_million_rows_is_refused() -> None:
    rows = "key,value\n" + "".join(f"{number},v\n" for number in range(1_000_000))
    with within(), pytest.raises(Misconfigured, match=r"big.csv:200002: .*more than 200,000 rows"):
        read_lookup(rows, "big.csv", "big")


@pytest.mark.parametrize("call", ["decimal", "integer", "money"])
def test_a_million_digits_are_refused(call: str) -> None:
    more = ", 'USD'" if call == "money" else ""
    names = order_with(custom={"note": "9" * 1_000_000})
    with within(1.0), pytest.raises(Rejected, match="too many digits"):
        evaluate(f"{call}(order.custom.note{more})", names)
