"""Data of a chip card as they come from a terminal: data objects, each a tag, a length and a value.

Source: EMV 4.3 Book 3, annex B (coding of BER-TLV data objects: a tag of more than one byte has the
five lowest bits set, a length of more than one byte begins with 81 to 84, zeros may stand between
objects) and annex A (names of tags). Lengths are taken at their word: an object that does not fit
into what holds it is wrong, and so is a length without an end (80).
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SENSITIVE = frozenset({"56", "57", "5A", "5F20", "5F24", "99", "9F0B", "9F1F", "9F20"})
"""Tags that must not be sent (official client, emvRequestCombinedTags)."""
_HOLDS_OBJECTS = 0x20
_HAS_MORE = 0x1F
_GOES_ON = 0x80
_TAG_BYTES_MAX = 4
_LENGTH_BYTES_MAX = 4


@dataclass(frozen=True, slots=True)
class EmvTag:
    """A tag of the standard. `tag` is hexadecimal, in capitals."""

    tag: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class DataObject:
    """One data object; what a template holds follows it. `value` is as it was sent."""

    tag: str
    value: bytes

    @property
    def is_template(self) -> bool:
        return bool(int(self.tag[:2], 16) & _HOLDS_OBJECTS)


@cache
def emv_tags() -> Mapping[str, EmvTag]:
    """Every tag of the table by itself, in the table's order."""
    text = (files(__package__) / "emv_tags.csv").read_text(encoding="utf-8")
    return {row["tag"]: EmvTag(**row) for row in csv.DictReader(text.splitlines())}


def data_objects(coded: bytes) -> Iterator[DataObject]:
    """Each object in order, a template before what it holds. Raises ValueError."""
    at = 0
    while at < len(coded):
        if not coded[at]:
            at += 1
            continue
        tag, at = _tag(coded, at)
        length, at = _length(coded, at)
        if at + length > len(coded):
            raise ValueError(f"{tag} has {len(coded) - at} of {length} bytes")
        found = DataObject(tag, coded[at : at + length])
        yield found
        if found.is_template:
            yield from data_objects(found.value)
        at += length


def _tag(coded: bytes, at: int) -> tuple[str, int]:
    """Its hexadecimal digits, and where its length begins."""
    end = at + 1
    if coded[at] & _HAS_MORE == _HAS_MORE:
        while end < len(coded) and coded[end] & _GOES_ON:
            end += 1
        end += 1
    if end > len(coded) or end - at > _TAG_BYTES_MAX:
        raise ValueError("a tag does not end")
    return coded[at:end].hex().upper(), end


def _length(coded: bytes, at: int) -> tuple[int, int]:
    """In bytes, and where the value begins."""
    if at >= len(coded):
        raise ValueError("a length is missing")
    first = coded[at]
    if not first & _GOES_ON:
        return first, at + 1
    count = first & ~_GOES_ON
    if not 1 <= count <= _LENGTH_BYTES_MAX or at + 1 + count > len(coded):
        raise ValueError("a length does not end")
    return int.from_bytes(coded[at + 1 : at + 1 + count], "big"), at + 1 + count
