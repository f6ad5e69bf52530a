"""Lists that cannot be asked what changed: they are walked through, page by page, again and again.

What a walk misses because rows move between two of its pages, the next walk shows. A record's
version is a digest of its fields, so that a row that has not changed is told once.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import TypeAlias

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Poll
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_cybersource.kept import Body, Kept

Read: TypeAlias = Callable[[Body], Mapping[str, str]]
"""The fields of one row of a list."""


def walked(
    kept: Kept, shape: DocumentShape, gives: tuple[str, ...], read: Read, names: Mapping[str, str]
) -> Poll:
    """A poll of a list; `names` are the query's names for the fields that narrow it."""

    async def changes(call: Call, fields: Fields, cursor: str) -> Changes:
        offset = offset_of(cursor)
        wanted = {theirs: text for ours, theirs in names.items() if (text := _narrow(fields, ours))}
        page = await kept.page(call, wanted, offset)
        behind = offset + len(page.rows)
        more = bool(page.rows) and behind < page.total
        records = tuple(versioned(str(row.get("id") or ""), read(row)) for row in page.rows)
        return Changes(records, f"from {behind if more else 0}", more)

    return Poll(shape.kind, shape, gives, changes)


def _narrow(fields: Fields, name: str) -> str:
    """States are said in small letters here and in capitals there."""
    text = values.text(fields, name)
    return text.upper() if name == "status" else text


def versioned(id_: str, fields: Mapping[str, str]) -> ChangedRecord:
    """A record whose version is a digest of its fields."""
    version = hashlib.sha256(encode(dict(sorted(fields.items())))).hexdigest()[:16]
    return ChangedRecord(id_, version, fields)


def offset_of(cursor: str) -> int:
    """How far a walk has come. Raises Misconfigured for what is no cursor of one."""
    word, _, offset = (cursor or "from 0").partition(" ")
    if word != "from" or not offset.isdigit():
        raise Misconfigured(
            f"{cursor!r} is no cursor of a list.",
            reason="bad_cursor",
            next_step="It was kept for another poll: give the flow another name.",
        )
    return int(offset)
