"""Data of a chip card, looked at before they leave: that no account number is among them.

Source: EMV 4.3 Book 3, annex B (how tags and lengths are coded) and annex A (what each tag holds).
Not the tags that hold a number are kept back, but only those leave that by the standard hold none,
and of these none with digits that are a card number. What cannot be read is not sent.
"""

import re
from collections.abc import Iterator
from typing import Final

from tillbridge.canonical.card_data import find_card_data
from tillbridge.canonical.errors import Place, Rejected

LENGTH_MAX: Final = 999
"""Characters (official client, emvRequestCombinedTags)."""
_HARMLESS: Final = (
    "4F 50 5F28 5F2A 5F2D 5F34 5F36 71 72 77 81 82 84 86 87 88 89 8A 8C 8D 8E 8F 91 94 95 96 97 98 "
    "9A 9B 9C 9F01 9F02 9F03 9F04 9F06 9F07 9F08 9F09 9F0D 9F0E 9F0F 9F10 9F11 9F12 9F13 9F14 "
    "9F15 9F16 9F17 9F18 9F1A 9F1B 9F1C 9F1D 9F1E 9F21 9F22 9F23 9F26 9F27 9F33 9F34 9F35 9F36 "
    "9F37 9F38 9F39 9F3A 9F3B 9F3C 9F3D 9F40 9F41 9F42 9F43 9F44 9F45 9F49 9F4A 9F4C 9F4D 9F4E "
    "9F4F 9F53 9F5B 9F66 9F6C 9F6E"
)
_MAY_LEAVE: Final = frozenset(_HARMLESS.split())
_TEMPLATE: Final = 0x20
_LONG_TAG: Final = 0x1F
_MORE: Final = 0x80
_DIGITS: Final = re.compile(r"[0-9]{13,}")


def expect_no_card(coded: str, place: str) -> list[str]:
    """The tags that it holds, in order. Raises Rejected for what must not leave."""
    if len(coded) > LENGTH_MAX:
        raise _misfit(place, f"has more than {LENGTH_MAX} characters")
    try:
        found = list(_objects(bytes.fromhex(coded)))
    except ValueError as wrong:
        raise _misfit(place, f"cannot be read: {wrong}") from None
    for tag, value in found:
        if tag not in _MAY_LEAVE:
            raise _misfit(place, f"holds the tag {tag}, which may hold an account number")
        if _may_be_card(value):
            raise _misfit(place, f"has a card number in the tag {tag}")
    return [tag for tag, _ in found]


def _objects(coded: bytes) -> Iterator[tuple[str, bytes]]:
    """Tag and value of each object; a template's own objects follow it. Raises ValueError."""
    rest = coded.lstrip(b"\0")
    while rest:
        tag, rest = _split_tag(rest)
        size, rest = _split_length(rest)
        if size > len(rest):
            raise ValueError(f"the tag {tag} is longer than what holds it")
        value, rest = rest[:size], rest[size:].lstrip(b"\0")
        yield tag, value
        if int(tag[:2], 16) & _TEMPLATE:
            yield from _objects(value)


def _split_tag(rest: bytes) -> tuple[str, bytes]:
    size = 1
    if rest[0] & _LONG_TAG == _LONG_TAG:
        size = 2
        while size <= len(rest) and rest[size - 1] & _MORE:
            size += 1
    if size > min(len(rest), 4):
        raise ValueError("a tag does not end")
    return rest[:size].hex().upper(), rest[size:]


def _split_length(rest: bytes) -> tuple[int, bytes]:
    if not rest:
        raise ValueError("a length is missing")
    if rest[0] < _MORE:
        return rest[0], rest[1:]
    size = rest[0] - _MORE
    if not 0 < size <= 4 or size >= len(rest):
        raise ValueError("a length does not end")
    return int.from_bytes(rest[1 : size + 1], "big"), rest[size + 1 :]


def _may_be_card(value: bytes) -> bool:
    """As packed digits, with what they are filled up with, or as text."""
    runs = _DIGITS.findall(value.hex())
    texts = [value.decode("latin-1"), *runs, *(run.lstrip("0") for run in runs)]
    return any(map(find_card_data, texts))


def _misfit(place: str, what: str) -> Rejected:
    return Rejected(
        f"{place} {what}.",
        reason="bad_field",
        place=Place(field=place),
        next_step="Send what the terminal gave for the transaction, without the card's own data.",
    )
