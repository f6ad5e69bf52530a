from decimal import Decimal

import pytest

from tillbridge.mapping.lexer import ExpressionError
from tillbridge.mapping.parser import DEPTH_MAX, parse
from tillbridge.mapping.tree import Binary, Call, Conditional, Literal, Select, Span, Unary


def shape(text: str) -> str:
    """The expression with all its parentheses."""

    def written(tree: object) -> str:
        match tree:
            case Binary(operator, left, right):
                return f"({written(left)} {operator} {written(right)})"
            case Unary(operator, of):
                return f"({operator}{written(of)})"
            case Conditional(condition, then, otherwise):
                return f"({written(condition)} ? {written(then)} : {written(otherwise)})"
            case Call(function, arguments):
                return f"{function}({', '.join(map(written, arguments))})"
            case Select(of, field):
                return f"{written(of)}.{field}"
            case Literal(value):
                return str(value)
            case _:
                return getattr(tree, "name", "?")

    return written(parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("a || b && c", "(a || (b && c))"),
        ("a == b && c < d", "((a == b) && (c < d))"),
        ("a in b == c", "((a in b) == c)"),
        ("!a.b", "(!a.b)"),
        ("-a * b", "((-a) * b)"),
        ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
        ("a.upper().left(3)", "left(upper(a), 3)"),
        ("(a)", "a"),
    ],
)
def test_precedence_is_that_of_cel(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a\\n\\t\\\\\\'b'", "a\n\t\\'b"),
        ('"\\x41\\101\\u00e9\\U0001F600"', "AAé😀"),
        ("r'\\d'", "\\d"),
        ("'''it's\ntwo'''", "it's\ntwo"),
        ("''", ""),
        ("0x1F", 31),
        ("12.50", Decimal("12.50")),
        (".5", Decimal("0.5")),
        ("9" * 100, int("9" * 100)),
        ("true", True),
        ("null", None),
    ],
)
def test_literals_are_read_exactly(text: str, value: object) -> None:
    tree = parse(text)
    assert isinstance(tree, Literal)
    assert tree.value == value
    assert type(tree.value) is type(value)


def test_every_node_knows_where_it_stands() -> None:
    tree = parse("a + order.number")
    assert isinstance(tree, Binary)
    assert (tree.span, tree.right.span) == (Span(0, 16), Span(4, 16))


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("1 +", "The expression ends: a value has to stand there.", 3),
        ("(1", "The expression ends: ')' has to stand there.", 2),
        ("a b", "'b' cannot stand here: the expression ends before it.", 2),
        ("if", "'if' cannot stand here: it is a reserved word.", 0),
        ("a.1", "'.1' cannot stand here", 1),
        ("a.'b'", "a field's name has to follow the point", 2),
        ("f(,)", "',' cannot stand here: a value has to stand there.", 2),
        ("a / 2", "Division is a function", 2),
        ("a = 2", "Equality is written ==.", 2),
        ("a & b", "And is written &&.", 2),
        ("'abc", "a quote is missing", 0),
        ("'\\q'", "\\q is not an escape.", 1),
        ("'\\ud800'", "This is not a Unicode character.", 1),
        ("'\\U00110000'", "This is not a Unicode character.", 1),
        ("1" * 401, "A number has at most 400 digits.", 0),
        ("a ? b", "':' has to stand there", 5),
        ("é", "'é' cannot stand here.", 0),
        ("{'a': 1}", "Maps are not written in expressions", 0),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str, at: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.span.start == at


@pytest.mark.parametrize(
    "text",
    [
        "(" * 61 + "1" + ")" * 61,
        "1" + " + 1" * 60,
        "!" * 61 + "a",
        "a" + ".b" * 60,
        "a" + "[0]" * 60,
        "[" * 61 + "]" * 61,
        "f(" * 61 + ")" * 61,
        "a ? b : " * 61 + "c",
        ("(" * 9 + "a" + "+a" * 9 + ")") * 1 + "".join("+a" * 9 + ")" for _ in range(8)),
    ],
)
def test_depth_is_bounded_in_every_direction(text: str) -> None:
    with pytest.raises(ExpressionError, match=f"nested deeper than {DEPTH_MAX} levels"):
        parse(text)


def test_the_greatest_depth_is_read() -> None:
    parse("1" + " + 1" * 59)
    parse("(" * 59 + "1" + ")" * 59)
