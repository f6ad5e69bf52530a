from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mapping.values import order_with

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.connector.documents import DocumentShape, Field
from tillbridge.mapping.apply import prepare_mapping, problems_of
from tillbridge.mapping.glob import glob
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.read import read_mapping

FILE = "lookups/t.csv"
SHAPE = DocumentShape("d", "D", (Field("code", "text"),))


def table(text: str) -> Lookup:
    return read_lookup(text, FILE, "t")


def found(text: str, rule: str, **custom: str) -> object:
    made = read_mapping(f"mapping: m\ntarget: a/b\nfields: {{ code: {rule} }}\n", "m.yaml")
    filler = prepare_mapping(made, SHAPE, {"t": table(text)})
    return filler.fill(order_with(custom=custom))["code"]


def problem(text: str, rule: str) -> str:
    made = read_mapping(f"mapping: m\ntarget: a/b\nfields: {{ code: {rule} }}\n", "m.yaml")
    [wrong] = problems_of(made, SHAPE, {"t": table(text)})
    return str(wrong)


CARDS = "key,value\n*,other\nvisa*,any visa\nvisa,plain\nvisa-debit*,debit\n*-gold,gold\n"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("visa", "plain"),
        ("visa-electron", "any visa"),
        ("visa-debit-2", "debit"),
        ("mc-gold", "gold"),
        ("visa-gold", "gold"),
        ("visa-debit-gold", "debit"),
        ("amex", "other"),
        ("", "other"),
    ],
)
def test_the_closest_row_is_taken_whatever_the_order_of_the_file(key: str, value: str) -> None:
    assert found(CARDS, "{ lookup: t, key: order.custom.k }", k=key) == value


def test_of_two_rows_equally_close_the_first_in_the_file_is_taken() -> None:
    rule = "{ lookup: t, key: order.custom.k }"
    assert found("key,value\na*,first\n*b,second\n", rule, k="ab") == "first"
    assert found("key,value\n*b,second\na*,first\n", rule, k="ab") == "second"


TAX = (
    "key.country,key.kind,value\nUS,goods,exact\nUS,*,any of US\n*,goods,goods anywhere\n*,*,else\n"
)
BOTH = "{ lookup: t, key: { country: order.custom.c, kind: order.custom.k } }"


@pytest.mark.parametrize(
    ("country", "kind", "value"),
    [
        ("US", "goods", "exact"),
        ("US", "service", "any of US"),
        ("DE", "goods", "goods anywhere"),
        ("DE", "service", "else"),
    ],
)
def test_several_key_columns_are_compared_from_the_left(
    country: str, kind: str, value: str
) -> None:
    assert found(TAX, BOTH, c=country, k=kind) == value


def test_without_a_row_for_all_others_a_missing_key_is_an_error_with_the_nearest_keys() -> None:
    rule = "{ lookup: t, key: order.custom.k }"
    with pytest.raises(Rejected) as caught:
        found("key,value\nvisa,1\nmastercard,2\namex,3\n", rule, k="Mastercart")
    assert "m.yaml:3 code: The lookup t has no row for 'Mastercart'." in str(caught.value)
    assert "Nearest: 'mastercard'. Add the row to lookups/t.csv" in str(caught.value)


def test_a_missing_key_of_several_columns_is_told_whole() -> None:
    with pytest.raises(Rejected) as caught:
        found("key.country,key.kind,value\nUS,goods,1\n", BOTH, c="US", k="good")
    assert "has no row for 'US', 'good'. Nearest: 'US, goods'." in str(caught.value)


def test_a_row_with_stars_has_days_like_any_other() -> None:
    lookup = table(
        "key,value,from,to\nv*,old,,2026-01-31\nv*,new,2026-02-01,\nvisa,x,2027-01-01,\n"
    )
    assert [
        row.values["value"] if row else None
        for row in (lookup.row("visa", date(year, 1, 31)) for year in (2026, 2027))
    ] == ["old", "x"]
    late = lookup.row("visa", date(2026, 2, 1))
    assert late is not None and late.values["value"] == "new" and late.place.line == 3
    assert lookup.row("amex", date(2026, 1, 1)) is None


def test_a_star_that_is_meant_is_written_with_a_backslash() -> None:
    lookup = table("key,value\n\\*,star\n5\\**,five star\n")
    rule = "{ lookup: t, key: order.custom.k }"
    assert list(lookup.rows) == ["*"]
    assert found("key,value\n\\*,star\n5\\**,five star\n", rule, k="5*x") == "five star"


def test_a_status_table_has_a_row_for_every_status() -> None:
    states = "key,value\nauthorized,Open\ncaptured,Paid\nstarted,Open\nunknown,Hold\n"
    rule = "{ lookup: t, key: payment.state }"
    message = problem(states, rule)
    assert "m.yaml:3 fields.code: The lookup t has no row for challenge, declined" in message
    assert "Add the rows to lookups/t.csv, a row * for all others, or a default." in message
    assert found(f"{states}*,Other\n", rule) == "Open"
    assert found(states, "{ lookup: t, key: payment.state, default: \"'none'\" }") == "Open"


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (TAX, "{ lookup: t, key: order.number }", "Write key: { country: ..., kind: ... }."),
        (TAX, "{ lookup: t, key: { country: order.number } }", "the key column 'kind', and the"),
        (
            TAX,
            "{ lookup: t, key: { country: order.number, kid: order.number } }",
            "There is no key column 'kid'. Did you mean 'kind'?",
        ),
        (
            "key,value\na,b\n",
            "{ lookup: t, key: { k: order.number } }",
            "There is no key column 'k'.",
        ),
        (TAX, "{ lookup: t, key: { country: order.total, kind: order.number } }", "has to be text"),
    ],
)
def test_a_rule_gives_exactly_the_key_columns(text: str, rule: str, message: str) -> None:
    assert message in problem(text, rule)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key.a,value,key.b\n", "Key columns stand first"),
        ("key,key.b,value\n", "key alone, or several key.NAME"),
        ("key.,value\n", "each with a name of its own"),
        ("value,key\n", "Key columns stand first"),
        ("key.a,key.b,value\nx,,1\n", f"{FILE}:2 key.b: The key '' is empty"),
        ("key.a,key.b,value\nx,y,1\nx,y,2\n", "The key 'x, y' stands in line 2"),
        (
            "key,value\n" + "".join(f"{number}*,x\n" for number in range(1001)),
            f"{FILE}:1002: The table has 1,001 keys with *; 1,000 are tried.",
        ),
    ],
)
def test_a_wrong_key_column_is_refused_at_its_line(text: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        table(text)
    assert message in str(caught.value)


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_a_star_stands_for_any_text(pattern: str, text: str) -> None:
    def stands(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(stands(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return text[:1] == pattern[0] and stands(pattern[1:], text[1:])

    assert glob(pattern).matches(text) == stands(pattern, text)
