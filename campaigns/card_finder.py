"""Finder: looks for known numbers in whatever lies at rest, written in any of the hostile forms.

It shares nothing with the house's own search: it knows what was planted and looks for just that.
"""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

_NAME: Final = re.compile(r'\\*"[^"\\]*\\*"\s*:')
_NOTE: Final = re.compile(r"[A-Za-z]{2,}")
_ROW: Final = re.compile(r"[0-9](?:[^0-9A-Za-z]{0,8}[0-9])+")
_ESCAPE: Final = re.compile(r"\\+(?:u00|x)([0-9A-Fa-f]{2})|=([0-9A-F]{2})")
_WIDE: Final = re.compile(r"(?:\\+u[0-9A-Fa-f]{4})+")
_BLANK: Final = re.compile(r"\\+[tnr]")
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_HEX: Final = re.compile(r"(?:3[0-9]){13,19}")
_LENGTHS: Final = range(13, 20)


class Finder:
    """What was planted: each number, and how."""

    def __init__(self, planted: Mapping[str, str]) -> None:
        self.planted = planted

    def find(self, text: str) -> set[str]:
        """The planted numbers that a text holds."""
        return {number for view in _views(text) for number in self._in(view)}

    def _in(self, text: str) -> Iterator[str]:
        for row in _ROW.finditer(text):
            number = "".join(filter(str.isdigit, row.group()))
            for length in _LENGTHS:
                for at in range(len(number) - length + 1):
                    if number[at : at + length] in self.planted:
                        yield number[at : at + length]


def _views(text: str) -> Iterator[str]:
    folded = _folded(text)
    if sum(map(str.isdigit, folded)) >= _LENGTHS[0]:
        yield folded
        yield _NAME.sub("", folded)
        yield _NOTE.sub("", _NAME.sub("", folded))
    readers: tuple[Callable[[str], str], ...] = (
        lambda seen: _folded(unquote(unquote(seen))),
        lambda seen: _folded(html.unescape(seen)),
        lambda seen: _folded(_WIDE.sub(_wide, seen)),
        lambda seen: _folded(_BLANK.sub(" ", seen)),
        lambda seen: _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), seen),
    )
    for read in readers:
        seen = read(text)
        if seen != text:
            yield seen
            yield _NAME.sub("", seen)
    for codes in _HEX.finditer(text):
        yield bytes.fromhex(codes.group()).decode()
    for token in _TOKEN.findall(text):
        for start in range(4):
            part = token[start:].replace("-", "+").replace("_", "/")
            part = part[:-1] if len(part) % 4 == 1 else part
            try:
                yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("latin-1")
            except (binascii.Error, ValueError):
                continue


def _wide(escapes: re.Match[str]) -> str:
    codes = bytes.fromhex(escapes.group().replace("\\", "").replace("u", ""))
    return codes.decode("utf-16-be", "replace")


def _folded(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(sign)) if unicodedata.decimal(sign, None) is not None else sign
        for sign in text
        if unicodedata.category(sign) != "Cf"
    )
