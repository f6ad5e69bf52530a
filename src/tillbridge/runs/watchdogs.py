"""Watchdogs: events that mean nothing, sent through intake, lane, bell and worker, one a flow.

They are no events of the business: they stand in a table of their own, have a lane of their own at
the flow's target, and no run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.runs", "watchdogs.sql")
SUBJECT = "watchdog: "
"""Begins the subject of a watchdog's lane; the flow's name follows."""


@dataclass(frozen=True, slots=True)
class Watchdog:
    """How the watchdog of one flow stands.

    Attributes:
        heard_at: when one came through last; None: never.
        took_s: how long that one took.
        silent_s: seconds since the oldest was sent that has not come through; 0 when all have.
        trouble: why one that a worker took did not come through.
    """

    flow: str
    sent_at: datetime
    heard_at: datetime | None
    took_s: float
    silent_s: float
    trouble: str


def flow_of(subject: str) -> str:
    """The flow that a lane is the watchdog's of; "" for the lanes of the business."""
    return subject.removeprefix(SUBJECT) if subject.startswith(SUBJECT) else ""


async def send_watchdogs(database: Database, targets: Mapping[str, str]) -> None:
    """One for each flow, to the lane of its target."""
    flows = sorted(targets)
    await database.fetch(SQL["send_watchdogs"], flows, [targets[name] for name in flows], SUBJECT)


async def hear_watchdog(database: Database, flow: str) -> None:
    """All that were sent have come through."""
    await database.execute(SQL["hear_watchdog"], flow)


async def note_trouble(database: Database, flow: str, trouble: str) -> None:
    """One was taken by a worker, and did not come through."""
    await database.execute(SQL["trouble_of_watchdog"], flow, trouble)


async def watchdogs(database: Database) -> dict[str, Watchdog]:
    """By flow; flows that are active no more may be among them."""
    rows = await database.fetch(SQL["all_watchdogs"])
    return {row["flow"]: Watchdog(**dict(row)) for row in rows}
