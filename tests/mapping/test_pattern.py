import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.pattern import compile_pattern

ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "[a-c1]", r"\d", r"\W", r"\.", "^", "$", "(?:a|bc)"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds(
            "({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}"])
        ),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text("abc1.\n", max_size=8))
def test_it_finds_what_an_independent_engine_finds(pattern: str, text: str) -> None:
    expected = re.search(pattern.replace("$", r"\Z"), text, re.ASCII) is not None
    assert compile_pattern(pattern).found_in(text) is expected


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(a|aa)+$b", "a?" * 50 + "a" * 50 + "b"])
def test_no_pattern_explodes(pattern: str) -> None:
    assert not compile_pattern(pattern).found_in("a" * 99)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "a parenthesis is not closed"),
        (")", "')' has nothing to close"),
        ("[", "a class [ is not closed"),
        ("[]", "a class [] is empty"),
        ("[[a]]", r"a [ in a class is written \["),
        ("[b-a]", "from the lower to the higher"),
        ("*", "'*' has nothing to repeat"),
        ("a**", "a repetition is repeated"),
        ("a{2", "{n}, {n,} or {n,m}"),
        ("a{3,2}", "{n}, {n,} or {n,m}"),
        ("a{999}", "a repetition counts from 0 to 200"),
        ("a{x}", "a repetition counts"),
        ("(?=a)", "only (?:...) is read"),
        (r"\1", "is not an escape it knows"),
        ("\\", "is not an escape it knows"),
        ("((a{100}){100}){100}", "it needs more than"),
        ("(" * 31 + ")" * 31, "nested too deep"),
        ("a" * 501, "more than 500 characters"),
    ],
)
def test_what_is_not_read_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        compile_pattern(pattern)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("[a-]", "-", True),
        (r"[\d-]", "-", True),
        (r"[\[\]]", "]", True),
        (r"\n", "\n", True),
        ("^$", "", True),
        ("^$", "a", False),
        (".", "\n", False),
        ("[^\\W_]", "_", False),
    ],
)
def test_the_edges_of_the_syntax(pattern: str, text: str, found: bool) -> None:
    assert compile_pattern(pattern).found_in(text) is found
