"""Spellings: other ways to write the same text, read back so that a card number shows.

Read are the escapes of URLs, HTML, JSON and mail, layer by layer; base64; and digits written as
hexadecimal codes. A reading keeps where each of its characters stood, so that what is found in it
can be masked in the text as it was.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

LAYERS_MAX = 3
"""Escapes within escapes: %2534 is read twice."""
_ESCAPES = ("%", "&", "\\", "=3")
_ESCAPE = re.compile(
    r"(?P<url>(?:%[0-9A-Fa-f]{2})+)"
    r"|(?P<mail>(?:=[0-9A-F]{2}|=\r?\n){4,})"
    r"|(?P<html>&(?:\#[0-9]{1,7};?|\#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,8};))"
    r"|\\u\{?(?P<wide>[0-9A-Fa-f]{4,6})\}?|\\x(?P<byte>[0-9A-Fa-f]{2})"
    r"|\\(?P<sign>[tnr\"'/\\])"
)
_NAME = re.compile(r"""["'][^"'=:]{1,60}["']\s*:|(?<=[&;?])[A-Za-z_][^"'=&:;]{0,60}=""")
_NAME_SIGNS = ('":', '" :', "':", "=")
_SIGNS = {"t": "\t", "n": "\n", "r": "\r"}
BASE64_TRACE = "(?:[ILMNO][CDSTijyz][AEIMQUYcgk0][gtwxyz0-5]){3}"
"""Twelve characters of base64 that are nine digits, spaces or dashes; chance makes such a row once
in 10^10 characters."""
_BASE64_TRACE = re.compile(BASE64_TRACE)
_BASE64 = re.compile("[A-Za-z0-9+/_-]+")
_CODES = re.compile(r"(?<![0-9A-Fa-f])(?:3[0-9](?:20)?){13,19}(?![0-9A-Fa-f])")
_URL_SIGNS = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read back: its character `at` stood at `[starts[at], ends[at])` of the source."""

    text: str
    starts: list[int]
    ends: list[int]


def readings(text: str) -> Iterator[Reading]:
    """The text as it reads without its escapes, its base64, its codes; nothing if it has none."""
    yield from _unescaped(text)
    yield from _unnamed(text)
    yield from _from_base64(text)
    for codes in _CODES.finditer(text):
        digits = bytes.fromhex(codes.group()).decode("ascii")
        yield _whole(digits, codes.start(), codes.end())


def _unescaped(text: str) -> Iterator[Reading]:
    reading = Reading(text, [], [])
    for _ in range(LAYERS_MAX):
        if not any(sign in reading.text for sign in _ESCAPES):
            return
        further = _layer(reading)
        if further.text == reading.text:
            return
        reading = further
        yield reading
        yield from _deeper(reading)


def _unnamed(text: str) -> Iterator[Reading]:
    """A document within the text, without the names of its fields: what stands in neighbouring
    fields stands together."""
    if not any(sign in text for sign in _NAME_SIGNS) or _NAME.search(text) is None:
        return
    starts: list[int] = []
    at = 0
    for name in _NAME.finditer(text):
        starts += range(at, name.start())
        at = name.end()
    starts += range(at, len(text))
    yield Reading("".join(text[at] for at in starts), starts, [at + 1 for at in starts])


def _deeper(reading: Reading) -> Iterator[Reading]:
    """Base64 and documents whose own signs were escaped."""
    for found in (*_from_base64(reading.text), *_unnamed(reading.text)):
        starts = [reading.starts[at] for at in found.starts]
        yield Reading(found.text, starts, [reading.ends[at - 1] for at in found.ends])


def _layer(reading: Reading) -> Reading:
    """One layer of escapes off."""
    text = reading.text
    starts = reading.starts or list(range(len(text)))
    ends = reading.ends or list(range(1, len(text) + 1))
    parts: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for escape in _ESCAPE.finditer(text):
        parts.append(text[at : escape.start()])
        new_starts += starts[at : escape.start()]
        new_ends += ends[at : escape.start()]
        at = escape.end()
        for character, start, end in _characters(escape):
            parts.append(character)
            new_starts.append(starts[start])
            new_ends.append(ends[end - 1])
    parts.append(text[at:])
    return Reading("".join(parts), new_starts + starts[at:], new_ends + ends[at:])


def _characters(escape: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """What an escape stands for: each character, and from where to where it is written."""
    start, end = escape.span()
    kind = escape.lastgroup
    told = escape.group()
    if kind in ("url", "mail"):
        folded = re.sub(r"=\r?\n", "", told)
        text = bytes.fromhex(folded.replace("%", "").replace("=", "")).decode("utf-8", "replace")
        yield from ((character, start, end) for character in text)
    elif kind == "html":
        yield from ((character, start, end) for character in html.unescape(told))
    elif kind == "sign":
        sign = escape.group("sign")
        yield _SIGNS.get(sign, sign), start, end
    else:
        code = int(escape.group("wide") or escape.group("byte"), 16)
        yield (chr(code) if code < 0x110000 else "?"), start, end


def _from_base64(text: str) -> Iterator[Reading]:
    if _BASE64_TRACE.search(text) is None:
        return
    for word in _BASE64.finditer(text):
        for decoded in base64_texts(word.group()):
            yield _whole(decoded.decode("latin-1"), word.start(), word.end())


def base64_texts(word: str) -> Iterator[bytes]:
    """What a word of base64 says, read from each of its first four signs from which a trace of
    digits reads as digits."""
    for start in sorted({found.start() % 4 for found in _BASE64_TRACE.finditer(word)}):
        whole = word[start:]
        whole = whole[: len(whole) // 4 * 4 + (0 if len(whole) % 4 == 1 else len(whole) % 4)]
        padded = whole.translate(_URL_SIGNS) + "=" * (-len(whole) % 4)
        try:
            yield base64.b64decode(padded, validate=True)
        except (binascii.Error, ValueError):
            continue


def _whole(text: str, start: int, end: int) -> Reading:
    """A reading of which only the whole can be found again."""
    return Reading(text, [start] * len(text), [end] * len(text))
