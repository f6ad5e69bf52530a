"""Planned times: each moment of a schedule is considered once, over all workers and restarts.

The truth is the unique key (flow, planned moment); the row up to which a flow has been considered
only saves looking at old moments again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.triggers", "triggers.sql")


@dataclass(frozen=True, slots=True)
class Firing:
    """One planned moment that was considered; `fired` is False for one that was passed over."""

    planned_at: datetime
    fired: bool
    considered_at: datetime


async def considered_until(tx: Tx, flow: str, now: datetime) -> datetime | None:
    """Up to when the flow's times were considered, under a lock until the commit.

    None when another worker is at it. A flow that is new owes nothing before now.
    """
    await tx.execute(SQL["know_schedule"], flow, now)
    found: datetime | None = await tx.fetchval(SQL["lock_schedule"], flow)
    return found


async def fire(
    tx: Tx, flow: str, wanted: Sequence[datetime], passed_over: Sequence[datetime], now: datetime
) -> list[datetime]:
    """Notes planned times up to now; answers those of `wanted` that nobody has fired before."""
    planned = [*wanted, *passed_over]
    fired = [True] * len(wanted) + [False] * len(passed_over)
    rows = await tx.fetch(SQL["fire"], flow, planned, fired, now) if planned else []
    await tx.execute(SQL["consider"], flow, now)
    return sorted(row["planned_at"] for row in rows if row["fired"])


async def firings(database: Database, flow: str, limit: int = 5) -> list[Firing]:
    """The newest planned times that were considered, newest first."""
    rows = await database.fetch(SQL["newest_firings"], flow, limit)
    return [Firing(row["planned_at"], row["fired"], row["considered_at"]) for row in rows]
