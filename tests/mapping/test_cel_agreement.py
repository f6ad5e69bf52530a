"""Where no money is involved our expressions mean what an independent CEL implementation says."""

import celpy
from celpy.adapter import json_to_cel
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mapping.values import ORDER, context

from tillbridge.canonical.codec import plain
from tillbridge.mapping.expression import expression
from tillbridge.mapping.source import event_scope

SCOPE = event_scope()
ENVIRONMENT = celpy.Environment()
CEL_ORDER = json_to_cel(
    {
        "number": ORDER.number,
        "custom": dict(ORDER.custom),
        "customer": plain(ORDER.customer),
        "lines": [{"number": line.number, "product": line.product} for line in ORDER.lines],
    }
)
CEL_NAMES = {"starts_with": "startsWith", "ends_with": "endsWith"}
"""Functions that have another name there.

What differs on purpose and is therefore not generated: `&&` and `||` with an error on one side,
`has` over an empty text, whole numbers mixed with decimals, comparisons of different types,
numbers beyond 64 bits, `matches` (RE2 there, linear here), and a field of a list, which is an error
there and the list of that field here.
"""


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


TEXTS = st.one_of(
    st.text("ab'\\\né😀", max_size=4).map(quoted),
    st.sampled_from(["order.number", "order.customer.name", "order.custom.note", "r'\\d'"]),
    st.just("order.lines[0].product"),
)
NUMBERS = st.one_of(
    st.integers(0, 1000).map(str), st.just("order.lines[0].number"), st.just("0x1f")
)
TRUTHS = st.sampled_from(["true", "false", "has(order.customer.id)"])


def texts(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return TEXTS
    inner = texts(depth - 1)
    return st.one_of(
        TEXTS,
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} ? {} : {})".format, truths(depth - 1), inner, inner),
        st.builds("[{}, {}][{}]".format, inner, inner, st.sampled_from("01")),
    )


def numbers(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return NUMBERS
    inner = numbers(depth - 1)
    return st.one_of(
        NUMBERS,
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("{} {} {}".format, inner, st.sampled_from("+-"), inner).map("({})".format),
        st.builds("size({})".format, texts(depth - 1)),
        st.builds("[{}, {}].size()".format, inner, inner),
        st.builds("[{}, {}][{}]".format, inner, inner, st.sampled_from("01")),
        st.builds("({} ? {} : {})".format, truths(depth - 1), inner, inner),
        st.builds("-({})".format, inner),
    )


def truths(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return TRUTHS
    words, counts, inner = texts(depth - 1), numbers(depth - 1), truths(depth - 1)
    compared = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        TRUTHS,
        st.builds("({} {} {})".format, words, compared, words),
        st.builds("({} {} {})".format, counts, compared, counts),
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||", "==", "!="]), inner),
        st.builds("!{}".format, inner).map("({})".format),
        st.builds("({} in [{}, {}])".format, words, words, words),
        st.builds("({} in [{}, {}])".format, counts, counts, counts),
        st.builds("({} in order.custom)".format, words),
        st.builds(
            "{}.{}({})".format,
            TEXTS,  # cel-python forgets that a sum of texts is a text
            st.sampled_from(["contains", "starts_with", "ends_with"]),
            words,
        ),
    )


def cel(text: str) -> object:
    for ours, theirs in CEL_NAMES.items():
        text = text.replace(f".{ours}(", f".{theirs}(")
    program = ENVIRONMENT.program(ENVIRONMENT.compile(text))
    return program.evaluate({"order": CEL_ORDER})


@settings(max_examples=150)
@given(st.one_of(texts(3), numbers(3), truths(3)))
def test_an_expression_means_what_cel_says(text: str) -> None:
    ours = expression(text, SCOPE).evaluate(context())
    theirs = cel(text)
    assert ours == theirs
    assert isinstance(theirs, type(ours)) or isinstance(ours, bool)
