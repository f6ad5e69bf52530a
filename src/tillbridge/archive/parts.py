"""Parts of the past: a run with all it did, an event, a delivery's body, a notice, ..."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import asyncpg

from tillbridge.archive.months import SQL
from tillbridge.canonical.codec import read_json, shaped
from tillbridge.database.database import Database

PARTS_MAX = 2000
PAGE = 500
PAGE_BYTES = 2_000_000
LONG = ("input", "steps", "effects", "patches", "envelope", "headers", "body")
"""What of a part's content its outline leaves out."""
DATABASE = "history"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is past.

    Attributes:
        kind: "run", "event", "delivery", "notice", "window", "alert" or "firing".
        content: its row as it was, in JSON; of a run also `steps`, `effects`, `letter`, `patches`.
        stored: "history" (in the database), or the folder of its archived month.
    """

    subject: str
    kind: str
    id: str
    at: datetime
    content: Mapping[str, Any]
    stored: str = DATABASE


@dataclass(frozen=True, slots=True)
class _Line:
    """A part as its file's line holds it."""

    subject: str
    kind: str
    id: str
    at: datetime
    content: dict[str, Any]


def part_of_line(line: bytes, stored: str) -> Part:
    """A part from its line in a file. Raises Rejected when it is none."""
    read = shaped(read_json(line), _Line)
    return Part(read.subject, read.kind, read.id, read.at, read.content, stored)


def outline(part: Part) -> Part:
    """The same without what is long in it."""
    short = {name: value for name, value in part.content.items() if name not in LONG}
    return replace(part, content=short)


async def outlines_of(database: Database, subject: str) -> list[Part]:
    """What the database holds of a subject's past, in outline and in time order; the newest
    PARTS_MAX."""
    rows = await database.fetch(SQL["parts_of_subject"], subject, PARTS_MAX, list(LONG))
    return [
        Part(row["subject"], row["kind"], row["id"], row["at"], read_json(row["content"]))
        for row in reversed(rows)
    ]


async def subject_of_run(database: Database, run_id: int) -> str | None:
    """The subject of a run that has left the working tables; None when there is none."""
    found: str | None = await database.fetch_value(SQL["subject_of_run"], run_id)
    return found


async def pages_of(database: Database, month: date) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """All parts of a month by subject, a page at a time: `subject`, `kind`, `id` and `line`."""
    after = ("", "", "")
    while True:
        rows = await database.fetch(SQL["page_of_month"], month, *after, PAGE, PAGE_BYTES)
        if not rows:
            return
        yield rows
        after = (rows[-1]["subject"], rows[-1]["kind"], rows[-1]["id"])
