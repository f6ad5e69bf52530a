"""What the text functions of the mapping language do. `functions` declares them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.mapping.cut import end_of_cut
from tillbridge.mapping.pattern import compile_pattern
from tillbridge.mapping.time_functions import instant_text
from tillbridge.mapping.work import Work

SIZE_MAX_CHARACTERS = 1_000_000
"""A text that grows beyond this is refused before it is made."""
MATCHED_MAX_CHARACTERS = 10_000


def _grown(size: int) -> None:
    if size > SIZE_MAX_CHARACTERS:
        raise Rejected(
            f"The text would have {size:,} characters; {SIZE_MAX_CHARACTERS:,} are allowed.",
            reason="text_too_long",
        )


def text_from(value: str | bool | int | Decimal | date | datetime) -> str:
    """A value written out the one plain way there is for its type."""
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return instant_text(value)
        case _:
            return value.isoformat()


def boolean(text: str) -> bool:
    """True or false. Raises Rejected for any other word."""
    if text not in ("true", "false"):
        raise Rejected(
            f"{text[:40]!r} is neither true nor false.",
            reason="bad_type",
            next_step="Compare it with its own words: field == 'Y'.",
        )
    return text == "true"


def concat(*parts: str) -> str:
    """The texts one after the other."""
    _grown(sum(map(len, parts)))
    return "".join(parts)


def upper(text: str) -> str:
    """In capitals."""
    return text.upper()


def lower(text: str) -> str:
    """In small letters."""
    return text.lower()


def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip()


def left(text: str, count: int) -> str:
    """The first so many characters."""
    return text[: _count(count)]


def right(text: str, count: int) -> str:
    """The last so many characters."""
    return text[len(text) - min(_count(count), len(text)) :]


def replace(text: str, old: str, new: str) -> str:
    """With each `old` replaced. Raises Rejected for an empty `old`."""
    if not old:
        raise Rejected("replace needs a text to look for.", reason="bad_argument")
    _grown(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def pad_left(text: str, width: int, fill: str) -> str:
    """Filled up on the left."""
    return _padded(text.rjust, width, fill)


def pad_right(text: str, width: int, fill: str) -> str:
    """Filled up on the right."""
    return _padded(text.ljust, width, fill)


def split(text: str, separator: str) -> list[str]:
    """The parts between separators. Raises Rejected for an empty one."""
    if not separator:
        raise Rejected("split needs a separator.", reason="bad_argument")
    return text.split(separator)


def join(parts: Sequence[str], separator: str) -> str:
    """The texts with the separator between them."""
    _grown(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def join_given(parts: Sequence[str], separator: str) -> str:
    """The texts that are not empty, with the separator between them."""
    return join([part for part in parts if part], separator)


def rest(text: str, width: int) -> str:
    """What `truncate` leaves out. Raises Rejected for a width below 0."""
    return text[end_of_cut(text, width) :]


def size(value: str | Sequence[object] | Mapping[str, object]) -> int:
    """Characters, items or names."""
    return len(value)


def contains(text: str, part: str) -> bool:
    """Whether the part is in it."""
    return part in text


def starts_with(text: str, start: str) -> bool:
    """Whether it starts so."""
    return text.startswith(start)


def ends_with(text: str, end: str) -> bool:
    """Whether it ends so."""
    return text.endswith(end)


def matches(work: Work, text: str, pattern: str) -> bool:
    """Whether the pattern is found in it, in time linear in the text."""
    if len(text) > MATCHED_MAX_CHARACTERS:
        raise Rejected(
            f"matches reads at most {MATCHED_MAX_CHARACTERS:,} characters.", reason="text_too_long"
        )
    try:
        compiled = compile_pattern(pattern)
    except Misconfigured as error:
        raise Rejected(error.message, reason=error.reason) from error
    work.spend(len(text) * compiled.size)
    return compiled.found_in(text)


def _count(count: int) -> int:
    if count < 0:
        raise Rejected(f"{count} is not a number of characters.", reason="bad_argument")
    return count


def _padded(pad: Callable[[int, str], str], width: int, fill: str) -> str:
    if len(fill) != 1:
        raise Rejected("A text is filled up with one character.", reason="bad_argument")
    _grown(_count(width))
    return pad(width, fill)
