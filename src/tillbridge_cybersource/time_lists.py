"""Lists that are asked for by a window of time, and answered whole: 404 where there is nothing.

How late a row shows is not documented: windows overlap, and a record is known by its id and
version, so that each is told once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Looked, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.report_windows import plan_of, written
from tillbridge_cybersource.settings import CybersourceSettings

Record: TypeAlias = Callable[[Row, Fields], ChangedRecord | None]
"""A row as a record, or None for one that is not wanted; the second argument narrows it."""


@dataclass(frozen=True, slots=True)
class TimeList:
    """One list.

    Attributes:
        shape: what a flow calls it, and the fields that narrow it.
        rows: where its rows stand.
        gives: the fields of a record.
        query: what is asked besides the window.
    """

    shape: DocumentShape
    path: str
    rows: str
    gives: tuple[str, ...]
    record: Record
    query: Mapping[str, str] = field(default_factory=dict)


def by_time(
    one: TimeList, exchange: Exchange, settings: CybersourceSettings, opening: Opening
) -> Poll:
    """The poll of such a list, as far and as late as reports are looked for."""
    plan, clock = plan_of(settings, opening), opening.clock

    async def changes(call: Call, fields: Fields, cursor: str) -> Changes:
        window = plan.window(cursor, call.now)
        if window is None:
            return Changes((), cursor)
        times = {"startTime": written(window.start), "endTime": written(window.until)}
        doing = f"Asking for {one.shape.title}"
        rows = await listed(exchange, call, asked(one.path, times, one.query), one.rows, doing)
        found = (one.record(row, fields) for row in rows)
        after, more = plan.after(window, (), clock(), is_last=True)
        records = tuple(record for record in found if record)
        return Changes(records, after, more, Looked(window.start, window.until, is_whole=True))

    return Poll(one.shape.kind, one.shape, one.gives, changes)
