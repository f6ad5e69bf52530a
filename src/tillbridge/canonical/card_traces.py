"""Traces: what a body with card data in it must show, looked for in microseconds.

Every body passes here and most bodies end here, so each look is one pass in C: digits become one
byte and blanks vanish, and what then has to be looked for is a fixed row of bytes. A trace is no
finding: it says "look closely".
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, TypeAlias

from tillbridge.canonical.card_spellings import BASE64_TRACE, base64_texts

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
SPACES = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SPACE = re.compile(f"[{SPACES}{UNSEEN}]")
_DASH = re.compile(f"[{DASHES}]")
_FOREIGN = re.compile(r"[^\D0-9]")
"""Decimal digits of other scripts (Unicode category Nd)."""
_ODD = re.compile(rf"[^\D0-9]|[{SPACES}{UNSEEN}{DASHES}]")

Trace: TypeAlias = Literal["", "digits", "hidden"]

_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_BLANKS = b" -\t\r\n"
_RUN = b"0" * 13
_CODES = b"0" * 26
"""Thirteen digits as hexadecimal codes: 34313131..."""
_ASCII = bytes(range(128))
_GAP = rb"[^0A-Za-z]{1,6}"
_GROUPS = re.compile(
    rb"0000" + _GAP + rb"0000(?:" + _GAP + rb"0000" + _GAP + rb"0000|00" + _GAP + rb"0000)"
)
"""Groups as they are printed on cards, with something else between them: 4111/1111/1111/1111."""
_LINK = rb"\"?[,&;]\"?[^\"=&,;]{1,60}\"?[:=]\"?"
_FIELDS = re.compile(rb"0000" + _LINK + rb"0000(?:00)?" + _LINK + rb"0000")
"""The same in one field each: {"pan1":"4111","pan2":"1111","pan3":"1111","pan4":"1111"}."""
_NUMBERED = re.compile(rb"0\":\"?0")
_NUMBERED_IN_FORM = re.compile(rb"0=0")
"""A field with a number in its name whose value begins with a digit."""
_ENDS_IN_DIGIT = re.compile(rb"0\"?[,;&]\"?[^\"0]{1,40}\Z")
_NAME_MAX = 60
_PERCENT = re.compile(rb"%3[0-9]|%25|%[ED][0-9A-Fa-f]%|[0-9]{4}%")
_ENTITY = re.compile(rb"&#|[0-9]{4}&[A-Za-z]")
_MAIL = re.compile(rb"(?:=[0-9A-F]{2}){4}")
_BASE64_SIGNS = frozenset(b"ILMNOCDSTijyzAEQUYcgk0wxt12345")
_BASE64_ONES = bytes(49 if code in _BASE64_SIGNS else 48 for code in range(256))
_BASE64_RUN = b"1" * 12
_BASE64 = re.compile(BASE64_TRACE.encode())
_BASE64_ALPHABET = re.compile(rb"[A-Za-z0-9+/_-]")
_WORDS = bytes(46 if _BASE64_ALPHABET.match(bytes([code])) else 32 for code in range(256))
_POWER = rb"-?[0-9]+(?:\.[0-9]+)?[eE]\+?[0-9]"
_POWER_FIRST, _POWER_WITHIN = re.compile(_POWER), re.compile(rb"[\s:,\[\xbf]" + _POWER)
"""A number of JSON; within a text, such as an id in hexadecimal digits, it is none. (A mark of
UTF-8 may stand at the beginning of a body; it ends in BF.)"""
_LETTER = re.compile(rb"\\u00[c-fC-F][0-9a-fA-F]")
"""A letter of a Western language as JSON's escape: Jos\\u00e9."""


def plain_text(text: str) -> str:
    """The same text, position by position, with ASCII digits, spaces and dashes."""
    text = _SPACE.sub(" ", text)
    return text if text.isascii() else _FOREIGN.sub(_ascii_digit, _DASH.sub("-", text))


def with_letters(body: bytes) -> bytes:
    """The same body with Western letters for their escapes: any letter will do."""
    return _LETTER.sub(b"\xc3\xa9", body) if b"\\u00" in body else body


def trace(body: bytes) -> Trace:
    """What a body shows: "digits" when 13 stand in a row, blanks and dashes between them or not;
    "hidden" when a number may be split or spelled in one of the ways that are looked through."""
    squeezed = body.translate(_ZEROS, _BLANKS)
    if b"\\" in squeezed:
        if b"\\u" in body or b"\\x" in body:
            return "hidden"
        for escape in (rb"\n", rb"\r", rb"\t", b"\\"):
            squeezed = squeezed.replace(escape, b"")
        if _RUN in squeezed:
            return "hidden"
    if _GROUPS.search(squeezed) or _FIELDS.search(squeezed):
        return "hidden"
    if _is_numbered(squeezed) or _is_spelled(body) or _CODES in squeezed:
        return "hidden"
    return "digits" if _RUN in squeezed else ""


def is_exponential(body: bytes) -> bool:
    """Whether a number is written with an exponent: 4.111111111111111E15."""
    digits = body.translate(_ZEROS)
    if b"0e" not in digits and b"0E" not in digits:
        return False
    return bool(_POWER_FIRST.match(body) or _POWER_WITHIN.search(body))


def odd_signs(body: bytes) -> bool:
    """Whether there are digits, spaces or dashes of other scripts, or bytes that are no text."""
    if body.isascii():
        return b"\x00" in body
    try:
        return _ODD.search(body.translate(None, _ASCII).decode()) is not None
    except UnicodeDecodeError:
        return True


def _is_numbered(squeezed: bytes) -> bool:
    """Whether a value ends in a digit before a numbered field that begins with one."""
    numbered = [_NUMBERED] if b"=" not in squeezed else [_NUMBERED, _NUMBERED_IN_FORM]
    return any(
        _ENDS_IN_DIGIT.search(squeezed[max(0, found.start() - _NAME_MAX) : found.start()])
        for names in numbered
        for found in names.finditer(squeezed)
    )


def _is_spelled(body: bytes) -> bool:
    if b"%" in body and _PERCENT.search(body):
        return True
    if b"&" in body and _ENTITY.search(body):
        return True
    if b"=3" in body and _MAIL.search(body):
        return True
    return any(_is_digits_in_base64(word, b"\\" in body) for word in _base64_words(body))


def _is_digits_in_base64(word: bytes, is_cut: bool) -> bool:
    """Whether it may read as a card number; `is_cut` by an escape, only its own signs tell.

    Tokens of hexadecimal digits look so often enough that it is worth while to read them.
    """
    if _BASE64.search(word) is None:
        return False
    return is_cut or any(_shows_digits(text) for text in base64_texts(word.decode()))


def _shows_digits(text: bytes) -> bool:
    """Whether 13 digits stand in a row or in groups, each byte being a sign."""
    plain = plain_text(text.decode("latin-1")).encode("latin-1")
    squeezed = plain.translate(_ZEROS, _BLANKS)
    return _RUN in squeezed or _GROUPS.search(squeezed) is not None


def _base64_words(body: bytes) -> Iterator[bytes]:
    """Words that have a row of signs of which digits in base64 consist."""
    ones, words = body.translate(_BASE64_ONES), body.translate(_WORDS)
    at = ones.find(_BASE64_RUN)
    while at >= 0:
        start, end = words.rfind(b" ", 0, at) + 1, words.find(b" ", at)
        end = end if end >= 0 else len(body)
        yield body[start:end]
        at = ones.find(_BASE64_RUN, end)


def _ascii_digit(match: re.Match[str]) -> str:
    return str(unicodedata.decimal(match.group()))
