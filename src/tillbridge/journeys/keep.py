"""Keep: what has ended leaves the working tables for the past, and closed months go to files.

    every minute, one worker: old runs, events, bodies, notices -> the past, by month
                              months that are old enough        -> files, then dropped
                              ids of deliveries beyond memory   -> forgotten

What is open, without an outcome or on a desk stays. Keys of effects, events and attempts,
observations and references stay for good: what they guard against may come years later.
"""

import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tillbridge.archive.keeper import Before, Moved, alone, put_away
from tillbridge.connections.retention import Retention
from tillbridge.database.database import Database, Tx
from tillbridge.inbox.inbox import forget
from tillbridge.journeys.archive_month import archive_months
from tillbridge.journeys.house import House
from tillbridge.runs.lanes import take_chore

_LOG = logging.getLogger(__name__)
EVERY_S = 60.0
BUDGET_S = 20.0
"""So long a keeper moves rows in each round; half of it it rests."""
FORGETTING = 40
"""Times in a round that some ids of deliveries are forgotten."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one round did: rows moved by kind, folders of months archived.

    `is_done` when nothing is left that is old enough; `is_alone` is false when another keeper was
    at work, and nothing was done.
    """

    moved: Mapping[str, int]
    archived: tuple[str, ...]
    is_done: bool
    is_alone: bool = True


async def keep_history(house: House) -> None:
    """One round; of all workers one does it."""
    if not await take_chore(house.database, "history", EVERY_S):
        return
    root = house.folder / house.retention.archive
    kept = await keep(house.database, house.retention, root, house.clock(), BUDGET_S)
    if kept.archived:
        _LOG.info("archived and dropped: %s", ", ".join(kept.archived))


async def keep(
    database: Database,
    retention: Retention,
    root: Path,
    now: datetime,
    budget_s: float,
    *,
    rests: float = 1.0,
) -> Kept:
    """Moves rows for so many seconds at most (see `put_away`), then archives the months that are
    old enough.

    Raises:
        Unreconciled, OSError: a month cannot be archived; it stays in the database.
    """
    async with alone(database) as tx:
        if tx is None:
            return Kept({}, (), is_done=False, is_alone=False)
        moved = await put_away(tx, before(retention, now), budget_s, rests)
        await _forget(tx, retention.memory, moved)
        until = (now - timedelta(days=retention.database)).date()
        archived = await archive_months(database, root, socket.gethostname(), until, now)
    return Kept(dict(moved.by_kind), tuple(archived), moved.is_done)


def before(retention: Retention, now: datetime) -> Before:
    """What ended before which moments is to leave the working tables."""

    def moment(days: int) -> datetime:
        return now - timedelta(days=days)

    return Before(
        now=now,
        by_kind={
            "runs": moment(retention.runs),
            "events": moment(retention.events),
            "bodies": moment(retention.bodies),
            "notices": moment(retention.notices),
            "rest": moment(retention.notices),
        },
        by_flow={flow: moment(days) for flow, days in retention.flows.items()},
        flow_runs_max=retention.flow_runs_max,
    )


async def _forget(tx: Tx, days: int, moved: Moved) -> None:
    for _ in range(FORGETTING):
        forgotten = await forget(tx, days)
        moved.by_kind["forgotten"] += forgotten
        if not forgotten:
            return
    moved.is_done = False
