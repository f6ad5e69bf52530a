"""Text into tokens. One pass, linear in the text's length.

Source of the lexical rules: CEL language definition, "Syntax" (github.com/google/cel-spec,
doc/langdef.md). Left out: bytes, unsigned integers, exponents, comments.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice

from tillbridge.canonical.errors import Misconfigured
from tillbridge.mapping.tree import Span

TEXT_MAX_CHARACTERS = 10_000
DIGITS_MAX = 400

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<string>[rR]?(?:'''(?:[^'\\]|\\.|'(?!''))*'''|\"\"\"(?:[^\"\\]|\\.|\"(?!\"\"))*\"\"\""
    r"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"))"
    r"|(?P<number>0[xX][0-9a-fA-F]+|[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*<>!?:.,()\[\]])",
    re.DOTALL | re.ASCII,
)
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL
)
_HINTS = {
    "/": "Division is a function, because it has to say how it rounds:"
    " divide(amount, by, digits, 'half_up').",
    "%": "There is no remainder.",
    "=": "Equality is written ==.",
    "&": "And is written &&.",
    "|": "Or is written ||.",
    "'": "The text does not end: a quote is missing.",
    '"': "The text does not end: a quote is missing.",
    "{": "Maps are not written in expressions: use fields: in the mapping.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text; `value` is what a string or number stands for."""

    kind: Choice["string", "number", "name", "sign", "end"]
    text: str
    span: Span
    value: str | int | Decimal | None = None


class ExpressionError(Misconfigured):
    """Something is wrong in an expression's text, at a span of it; its file is not known yet."""

    def __init__(self, message: str, span: Span, *, reason: str, next_step: str = "") -> None:
        super().__init__(message, reason=reason, next_step=next_step)
        self.span = span


def tokens_of(text: str) -> list[Token]:
    """The tokens, the last of kind "end". Raises ExpressionError."""
    if len(text) > TEXT_MAX_CHARACTERS:
        raise ExpressionError(
            f"The expression has {len(text):,} characters; {TEXT_MAX_CHARACTERS:,} are read.",
            Span(0, 0),
            reason="expression_too_large",
            next_step="Move part of it to a lookup or to another field.",
        )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        span = Span(at, match.end())
        at = match.end()
        match match.lastgroup:
            case "string":
                tokens.append(Token("string", match[0], span, _string(match[0], span)))
            case "number":
                tokens.append(Token("number", match[0], span, _number(match[0], span)))
            case "name":
                tokens.append(Token("name", match[0], span))
            case "sign":
                tokens.append(Token("sign", match[0], span))
            case _:
                continue
    tokens.append(Token("end", "the end", Span(at, at)))
    return tokens


def _unreadable(text: str, at: int) -> ExpressionError:
    return ExpressionError(
        f"{text[at]!r} cannot stand here.",
        Span(at, at + 1),
        reason="bad_expression",
        next_step=_HINTS.get(text[at], ""),
    )


def _number(text: str, span: Span) -> int | Decimal:
    if len(text) > DIGITS_MAX:
        raise ExpressionError(
            f"A number has at most {DIGITS_MAX} digits.", span, reason="number_too_long"
        )
    if text[:2] in ("0x", "0X"):
        return int(text, 16)
    return Decimal(text) if "." in text else int(text)


def _string(text: str, span: Span) -> str:
    raw = text[0] in "rR"
    quoted = text[1:] if raw else text
    width = 3 if quoted[:3] in ("'''", '"""') and len(quoted) >= 6 else 1
    inner = quoted[width:-width]
    if raw or "\\" not in inner:
        return inner
    start = span.start + width

    def unescape(match: re.Match[str]) -> str:
        where = Span(start + match.start(), start + match.end())
        code = match[1] or match[2] or match[3]
        if match[4]:
            return chr(int(match[4], 8))
        if code:
            return _character(int(code, 16), where)
        if match[5] not in _ESCAPES:
            raise ExpressionError(
                f"\\{match[5]} is not an escape.",
                where,
                reason="bad_escape",
                next_step="A backslash itself is written \\\\.",
            )
        return _ESCAPES[match[5]]

    return _ESCAPE.sub(unescape, inner)


def _character(code: int, span: Span) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ExpressionError("This is not a Unicode character.", span, reason="bad_escape")
    return chr(code)
