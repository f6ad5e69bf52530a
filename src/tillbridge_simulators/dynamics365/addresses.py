"""Addresses below /api/data/v9.x/: a resource path with keys, and query options."""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import unquote, unquote_plus

from tillbridge_simulators.dynamics365.errors import bad_request
from tillbridge_simulators.dynamics365.rows import Row

ROOT = re.compile(r"^(?:https?://[^/]+)?/api/data/v9\.\d+/")
GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_KEY_PART = re.compile(r"\s*(\w+)\s*=\s*('(?:[^']|'')*'|[^,']+)\s*(?:,|$)")
_FORBIDDEN_IN_KEYS = set("/<>*%&:\\?+")
"""Key values with these characters make requests by key fail (learn.microsoft.com, "Use an
alternate key to reference a record")."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One path segment: `salesorders(tb_effectkey='K')` has a name and a key."""

    name: str
    id: str = ""
    key: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Address:
    """A path and its query options ($select, $filter, ...)."""

    segments: tuple[Segment, ...]
    options: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments)


def read_address(target: str) -> Address:
    """An absolute, rooted or relative address; raw spaces and %24 are both understood."""
    path, _, query = ROOT.sub("", target.strip()).partition("?")
    options = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            options[unquote_plus(name)] = unquote_plus(value)
    segments = tuple(read_segment(part) for part in _split(path.strip("/")))
    return Address(segments, options)


def read_segment(text: str) -> Segment:
    """`name`, `name(guid)` or `name(column='value',...)`."""
    name, opened, rest = unquote(text).partition("(")
    if not opened or not rest.endswith(")"):
        return Segment(name)
    inside = rest[:-1].strip()
    if GUID.match(inside):
        return Segment(name, id=inside.lower())
    return Segment(name, key=_key(inside) if inside else {})


def literal(text: str) -> str | int | Decimal | bool | None:
    """An OData literal: 'text', number, true, null, an instant or a bare guid."""
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if GUID.match(text):
        return text.lower()
    if _INSTANT.fullmatch(text):
        return text
    try:
        return Decimal(text) if "." in text else int(text)
    except (ArithmeticError, ValueError):
        raise bad_request(f"'{text}' is not a literal.") from None


def _split(path: str) -> list[str]:
    parts, quoted, start = [], False, 0
    for at, character in enumerate(path):
        if character == "'":
            quoted = not quoted
        elif character == "/" and not quoted:
            parts.append(path[start:at])
            start = at + 1
    return [*parts, path[start:]]


def _key(inside: str) -> Row:
    values: Row = {}
    at = 0
    while at < len(inside):
        match = _KEY_PART.match(inside, at)
        if match is None:
            raise bad_request(f"'{inside}' is not a key.")
        value = literal(match[2].strip())
        if isinstance(value, str) and _FORBIDDEN_IN_KEYS & set(value):
            raise bad_request(f"The key value '{value}' has characters a key cannot have.")
        values[match[1]] = value
        at = match.end()
    return values
