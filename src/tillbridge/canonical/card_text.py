"""Card numbers in plain text: found, and masked.

This is all that errors and logs need; documents are the matter of `card_data`.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tillbridge.canonical.card_brands import brand_of, passes_luhn
from tillbridge.canonical.card_shapes import is_parcel, is_phone, within_id
from tillbridge.canonical.card_spellings import Reading, readings
from tillbridge.canonical.card_traces import plain_text
from tillbridge.canonical.card_tree import PRINTED

DIGITS_MIN, DIGITS_MAX = 13, 19
_RUN = re.compile(r"[0-9](?<![0-9][0-9])(?:[ -]{0,3}[0-9]){12,}")
"""That no digit stands before it is asked of digits only: twice as fast as to ask everywhere."""
_GROUP = re.compile(r"[0-9]+")
_APART = re.compile(
    r"(?<![0-9])[0-9]{4}(?P<gap>[^0-9A-Za-z]{1,6})"
    r"(?:[0-9]{4}(?P=gap)[0-9]{4}(?P=gap)[0-9]{4}(?P<tail>(?P=gap)[0-9]{2,3})?"
    r"|[0-9]{6}(?P=gap)[0-9]{4,5})(?![0-9])"
)
"""Groups as they are printed, with one and the same sign between them: 4111/1111/1111/1111."""
_COUNTS = sorted({1, *map(len, PRINTED)}, reverse=True)


@dataclass(frozen=True, slots=True)
class CardSpan:
    """A card number in a text: `text[start:end]`, separators included.

    `spelled`: it does not stand there as digits, but in escapes, base64 or codes.
    """

    start: int
    end: int
    brand: str
    last4: str
    spelled: bool = False


def find_card_data(text: str) -> list[CardSpan]:
    """Every card number in a text, in order."""
    found = in_text(plain_text(text))
    for reading in readings(text):
        for span in in_text(plain_text(reading.text)):
            placed = _placed(reading, span)
            if not any(_overlap(placed, known) for known in found):
                found.append(placed)
    return sorted(found, key=lambda span: span.start)


def mask(text: str) -> str:
    """The text with every digit of a card number but its last four replaced by `*`.

    A number that is spelled is replaced altogether.
    """
    while found := find_card_data(text):
        for span in found:
            number = text[span.start : span.end]
            stars = "*" * len(number) if span.spelled else _stars(number)
            text = text[: span.start] + stars + text[span.end :]
    return text


def in_text(plain: str) -> list[CardSpan]:
    """Card numbers that stand in a text as digits."""
    found = in_runs(plain)
    for apart in _APART.finditer(plain):
        if not apart["gap"].strip(" -"):
            continue  # that is a run
        span = _card(plain, apart.start(), apart.end())
        if span is None and apart["tail"]:
            span = _card(plain, apart.start(), apart.start("tail"))
        if span is not None and not any(_overlap(span, known) for known in found):
            found.append(span)
    return found


def in_runs(plain: str) -> list[CardSpan]:
    """Those with nothing but blanks and dashes between their digits."""
    found: list[CardSpan] = []
    for run in _RUN.finditer(plain):
        spans = _in_run(plain, run.start(), run.end())
        found += [span for span in spans if not within_id(plain, span.start, span.end)]
    return found


def _overlap(one: CardSpan, other: CardSpan) -> bool:
    return one.start < other.end and other.start < one.end


def _in_run(plain: str, start: int, end: int) -> Iterator[CardSpan]:
    groups = [(g.start(), g.end()) for g in _GROUP.finditer(plain, start, end)]
    whole = _card(plain, groups[0][0], groups[-1][1])
    if whole is not None:
        yield whole
        return
    if len(groups) == 1 or is_parcel("".join(_GROUP.findall(plain, start, end))):
        return
    at = 0
    while at < len(groups):
        span, used = _at_group(plain, groups, at)
        if span is not None:
            yield span
        at += used


def _at_group(plain: str, groups: list[tuple[int, int]], at: int) -> tuple[CardSpan | None, int]:
    """A card that begins at this group, and how many groups to go on by."""
    for count in _COUNTS:
        chosen = groups[at : at + count]
        if len(chosen) < count:
            continue
        lengths = tuple(end - start for start, end in chosen)
        if count > 1 and lengths not in PRINTED:
            continue
        span = _card(plain, chosen[0][0], chosen[-1][1])
        if span is not None:
            return span, count
    return None, 1


def _card(plain: str, start: int, end: int) -> CardSpan | None:
    digits = "".join(_GROUP.findall(plain, start, end))
    if not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        return None
    is_fraction = start >= 2 and plain[start - 1] == "." and plain[start - 2].isdigit()
    if is_fraction or is_phone(plain, start, digits):
        return None
    brand = brand_of(digits)
    if not brand or not passes_luhn(digits):
        return None
    return CardSpan(start, end, brand, digits[-4:])


def _placed(reading: Reading, span: CardSpan) -> CardSpan:
    """Where a number of a reading stands in the text that was read."""
    start, end = reading.starts[span.start], reading.ends[span.end - 1]
    return CardSpan(start, end, span.brand, span.last4, spelled=True)


def _stars(number: str) -> str:
    """Digits but the last four become `*`; separators stay."""
    kept = 4
    shown_signs = []
    for character in reversed(number):
        is_digit = unicodedata.decimal(character, None) is not None
        if not is_digit:
            shown_signs.append(character)
        elif kept:
            shown_signs.append(character)
            kept -= 1
        else:
            shown_signs.append("*")
    return "".join(reversed(shown_signs))
