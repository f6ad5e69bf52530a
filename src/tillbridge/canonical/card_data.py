"""Card numbers: found wherever they hide, so that none is ever stored.

Card data is a whole run of 13 to 19 digits (spaces and dashes ignored, digits of any script) that
has a card brand's prefix and length and passes Luhn (ISO/IEC 7812-1, annex B); so is one that is
split over neighbouring fields or spelled in escapes, base64 or codes (decision 0023). Many ids and
tokens pass all three, so fields that are declared to be ids or tokens are exempt by name.

`may_hold` is the fast path for every body; `scan_body` and `mask_body` are right for JSON as it
came over the wire (escapes, repeated names); `find_card_data` and `mask` are for plain text.
"""

import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from tillbridge.canonical.card_text import (
    DIGITS_MAX,
    DIGITS_MIN,
    CardSpan,
    find_card_data,
    in_runs,
    in_text,
    mask,
)
from tillbridge.canonical.card_traces import (
    is_exponential,
    odd_signs,
    plain_text,
    trace,
    with_letters,
)
from tillbridge.canonical.card_tree import (
    UNREADABLE,
    Key,
    Name,
    Path,
    children_of,
    containers,
    exempted,
    leaves,
    read_twofold,
    shown,
    split_over,
)
from tillbridge.canonical.codec import encode_numbers, read_json
from tillbridge.canonical.errors import Rejected

__all__ = (
    "CardSpan",
    "find_card_data",
    "mask",
    "mask_body",
    "mask_json",
    "may_hold",
    "scan",
    "scan_body",
)
_NO_FIELDS: frozenset[str] = frozenset()


def may_hold(body: bytes) -> bool:
    """False when the raw bytes certainly hold no card data; cheap enough for every body.

    True means: look with `scan_body`. JSON's escapes count as "perhaps".
    """
    body = with_letters(body)
    shown_trace = trace(body)
    if shown_trace == "hidden":
        return True
    if odd_signs(body):
        plain = plain_text(body.decode("utf-8", "replace"))
        return trace(plain.encode()) == "hidden" or is_exponential(body) or bool(in_runs(plain))
    if not shown_trace:
        return False
    look = in_text if b"\n" in body else in_runs  # lines are a separator only outside of JSON
    return is_exponential(body) or bool(look(body.decode()))


def scan(value: Any, exempt: Collection[str] = _NO_FIELDS) -> list[str]:
    """The paths ("order.lines[2].description") of fields of parsed JSON that hold card data.

    `exempt` names fields that are declared ids or tokens: a field's own name ("requestId") or the
    end of its path ("token.value"; positions in lists are left out). A name that is itself card
    data is reported masked and is never exempt. Of a number that is split over fields the first
    one is named.
    """
    found = [
        mask(shown(path))
        for path, leaf in leaves(value)
        if _holds(leaf) and (isinstance(leaf, Name) or not exempted(path, exempt))
    ]
    for path, children in containers(value):
        split = _split(path, children, exempt)
        found += [mask(shown((*path, keys[0]))) for keys in split]
    return list(dict.fromkeys(found))


def scan_body(body: bytes, exempt: Collection[str] = _NO_FIELDS) -> list[str]:
    """`scan` for raw JSON as it arrived; a name that is given twice is looked at twice.

    A body that is not JSON is looked at as text; the path is then "the body".
    """
    if not may_hold(body):
        return []
    tree = read_twofold(body)
    if tree is UNREADABLE:
        return ["the body"] if find_card_data(body.decode("utf-8", "replace")) else []
    return scan(tree, exempt)


def mask_json(value: Any, exempt: Collection[str] = _NO_FIELDS) -> Any:
    """Parsed JSON with card data masked, in names too; a number that is a card becomes text."""
    return _masked(value, (), exempt)


def mask_body(body: bytes, exempt: Collection[str] = _NO_FIELDS) -> tuple[bytes, list[str]]:
    """The body without card data and the paths where it stood; the very same bytes when none did.

    What is not JSON is masked as text.
    """
    paths = scan_body(body, exempt)
    if not paths:
        return body, paths
    try:
        return encode_numbers(mask_json(read_json(body), exempt)), paths
    except (Rejected, RecursionError):
        return mask(body.decode("utf-8", "replace")).encode(), paths


def _holds(leaf: object) -> bool:
    if isinstance(leaf, str):
        return len(leaf) >= DIGITS_MIN and bool(find_card_data(leaf))
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, int):
        whole = abs(leaf)
        in_reach = 10 ** (DIGITS_MIN - 1) <= whole < 10**DIGITS_MAX
        return in_reach and bool(find_card_data(str(whole)))
    if isinstance(leaf, Decimal):
        in_reach = leaf.is_finite() and DIGITS_MIN - 1 <= leaf.adjusted() < DIGITS_MAX
        return in_reach and leaf == leaf.to_integral_value() and _holds(int(leaf))
    return False


def _split(
    path: Path, children: Sequence[tuple[Key, object]], exempt: Collection[str]
) -> list[tuple[Key, ...]]:
    asked = [(key, None if exempted((*path, key), exempt) else value) for key, value in children]
    return split_over(asked, _crosses)


def _crosses(texts: Sequence[str]) -> bool:
    cut = len(texts[0])
    return any(span.start < cut < span.end for span in in_text(" ".join(texts)))


def _masked(value: Any, path: Path, exempt: Collection[str]) -> Any:
    if isinstance(value, dict):
        torn = _torn(value, path, exempt)
        return {
            mask(name): _blank(inner) if name in torn else _masked(inner, (*path, name), exempt)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        torn = _torn(value, path, exempt)
        return [
            _blank(inner) if at in torn else _masked(inner, (*path, at), exempt)
            for at, inner in enumerate(value)
        ]
    if not _holds(value) or exempted(path, exempt):
        return value
    return mask(value if isinstance(value, str) else str(int(value)))


def _torn(value: Any, path: Path, exempt: Collection[str]) -> frozenset[Key]:
    """The children over which a number is split."""
    return frozenset(key for keys in _split(path, children_of(value), exempt) for key in keys)


def _blank(value: object) -> str:
    """A part of a number, without its digits."""
    return re.sub(r"\d", "*", str(value))
