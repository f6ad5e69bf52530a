"""The tree of a document: its names and values with their paths, and numbers split over fields."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, TypeAlias

from tillbridge.canonical.card_brands import brand_of, passes_luhn
from tillbridge.canonical.card_traces import plain_text

Path: TypeAlias = tuple["str | int", ...]
Key: TypeAlias = "str | int"
PRINTED = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 6, 5), (4, 6, 4), (4, 3, 3, 3)}
"""How numbers are grouped on cards: such groups are found inside a longer row of numbers too."""
UNREADABLE = object()
_COUNTS = sorted({len(lengths) for lengths in PRINTED}, reverse=True)
_NUMBERED = re.compile(r"(?P<stem>.*?[^0-9])(?P<at>[0-9]{1,2})")
_PHONES = re.compile("phone|fax|tel|mobile|cell", re.IGNORECASE)
_TEXT_MAX = 4000
"""Longer texts are no part of a number that was split."""


class Name(str):
    """A field's name, as against a field's value."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps names given twice."""

    def items(self) -> "Pairs":
        return self


def read_twofold(body: bytes | str) -> Any:
    """Parsed JSON in which a name that is given twice is there twice; UNREADABLE if it is none."""
    exact: Callable[[str], Decimal] = Decimal
    try:
        return json.loads(body, object_pairs_hook=Pairs, parse_float=exact)
    except (ValueError, RecursionError):
        return UNREADABLE


def leaves(tree: object) -> Iterator[tuple[Path, object]]:
    """Every name and every value that is no container, in the order they are written."""
    waiting: list[tuple[Path, object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict | Pairs):
            inner: list[tuple[Path, object]] = []
            for name, below in value.items():
                inner += [((*path, str(name)), Name(name)), ((*path, str(name)), below)]
            waiting += reversed(inner)
        elif isinstance(value, list | tuple):
            waiting += reversed([((*path, at), below) for at, below in enumerate(value)])
        else:
            yield path, value


def containers(tree: object) -> Iterator[tuple[Path, list[tuple[Key, object]]]]:
    """Every object and list with what stands in it, in the order they are written."""
    waiting: list[tuple[Path, object]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        children = children_of(value)
        if children:
            yield path, children
            waiting += [((*path, key), below) for key, below in reversed(children)]


def children_of(value: object) -> list[tuple[Key, object]]:
    """What stands in an object or a list; nothing in a value."""
    if isinstance(value, dict | Pairs):
        return [(str(name), below) for name, below in value.items()]
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    return []


def split_over(
    children: Sequence[tuple[Key, object]], crossing: Callable[[Sequence[str]], bool]
) -> list[tuple[Key, ...]]:
    """The neighbours over which a card number is split.

    Neighbours whose values are groups as they are printed on cards (4111, 1111, 1111, 1111), and
    numbered fields (note1, note2) wherever the number was cut: `crossing` says whether their texts
    hold a number that crosses from one to the next. Telephones are numbered too, and are not asked.
    """
    pieces = [(key, _piece(value)) for key, value in children]
    found = []
    for is_text, run in groupby(pieces, key=lambda piece: piece[1] is not None):
        if is_text:
            texts = [(key, text or "") for key, text in run]
            found += [*_printed(texts), *_numbered(texts, crossing)]
    return found


def exempted(path: Path, exempt: Collection[str]) -> bool:
    """Whether a field is declared an id or token: by its own name, or by the end of its path."""
    if not exempt:
        return False
    names = [part for part in path if isinstance(part, str)]
    return any(".".join(names[at:]) in exempt for at in range(len(names)))


def shown(path: Path) -> str:
    """A path as people read it: order.lines[2].description."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "the body"


def _piece(value: object) -> str | None:
    """A value's text, as it could be a part of a number; None for what cannot be one."""
    if isinstance(value, str) and len(value) <= _TEXT_MAX:
        return plain_text(value).strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _printed(texts: Sequence[tuple[Key, str]]) -> Iterator[tuple[Key, ...]]:
    if len(texts) < _COUNTS[-1]:
        return
    at = 0
    while at < len(texts):
        used = 1
        for count in _COUNTS:
            window = texts[at : at + count]
            if _is_printed([text for _, text in window]):
                yield tuple(key for key, _ in window)
                used = count
                break
        at += used


def _is_printed(groups: Sequence[str]) -> bool:
    if tuple(map(len, groups)) not in PRINTED or not all(map(str.isdecimal, groups)):
        return False
    digits = "".join(groups)
    return bool(brand_of(digits)) and passes_luhn(digits)


def _numbered(
    texts: Iterable[tuple[Key, str]], crossing: Callable[[Sequence[str]], bool]
) -> Iterator[tuple[Key, ...]]:
    for stem, run in groupby(texts, key=lambda piece: _stem(piece[0])):
        if not stem:
            continue
        named = list(run)
        for (one, first), (other, second) in pairwise(named):
            ends_in_digit = first[-1:].isdigit() and second[:1].isdigit()
            if ends_in_digit and crossing([first, second]):
                yield one, other


def _stem(key: Key) -> str:
    numbered = _NUMBERED.fullmatch(key) if isinstance(key, str) else None
    if numbered is None or _PHONES.search(key if isinstance(key, str) else ""):
        return ""
    return numbered.group("stem")
