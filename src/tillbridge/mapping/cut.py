"""The cut that is allowed: never through a letter, and always noted."""

import unicodedata
from typing import Any

from tillbridge.canonical.errors import Rejected
from tillbridge.mapping.note import NoteTaker

_JOINER = "\u200d"
"""Zero width joiner: what stands on both sides of it is shown as one sign."""


def truncate(taker: NoteTaker, text: str, width: int) -> str:
    """At most so many characters of the text's start; a cut is noted with what was lost.

    A letter written as several characters (with accents of their own, joined signs) is kept or
    lost as a whole. Raises Rejected for a width below 0.
    """
    end = end_of_cut(text, width)
    if end == len(text):
        return text
    kept, lost = text[:end], text[end:]
    taker.take(
        "cut",
        f"cut from {len(text)} to {end} characters, without {_shown(lost)}",
        characters=str(len(text)),
        kept=str(end),
        lost=lost,
    )
    return kept


def end_of_cut(text: str, width: int) -> int:
    """How many of the first `width` characters can be kept. Raises Rejected."""
    if width < 0:
        raise Rejected(f"{width} is not a number of characters.", reason="bad_argument")
    if len(text) <= width:
        return len(text)
    while width and _inside_a_letter(text, width):
        width -= 1
    return width


def is_short(value: Any, width: int) -> bool:
    """Whether there is nothing to cut; what is no text is left to the field to refuse."""
    return not isinstance(value, str) or len(value) <= width


def _inside_a_letter(text: str, at: int) -> bool:
    after = text[at]
    return unicodedata.category(after).startswith("M") or _JOINER in (after, text[at - 1])


def _shown(lost: str) -> str:
    return repr(lost if len(lost) <= 40 else f"{lost[:37]}...")
