"""Alerts: a condition that holds is one alert until it has not been found for a while.

Each channel hears of an alert once. Somebody who takes it up acknowledges it: nobody is told of it
any more, and it ends when its condition does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import asyncpg

from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.alerts", "alerts.sql")
ID_MAX = 2**63 - 1
TOLD_MAX = 20
"""Told to one channel in one round: an outage of everything is no reason to flood a chat."""
Level: TypeAlias = Literal["note", "warning", "urgent"]
ConditionName: TypeAlias = Literal[
    "oldest_waiting",
    "dead_letters",
    "unknown_age",
    "hold_expiry",
    "gate_closed",
    "altered_delivery",
    "pull_late",
    "unplaced",
    "flow_silent",
    "archive_late",
    "webhooks",
    "webhooks_unseen",
    "webhook_key",
    "key_end",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now and that people want to know of.

    Attributes:
        about: what it holds of: a target, a class of dead letters, a connection. One alert is open
            for a name and what it is about.
        content: what to do about it, in sentences. No card data, no secret.
    """

    name: ConditionName
    about: str
    level: Level
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        found_at: when its condition was found last.
        told: the connections that have told it.
        why: of who acknowledged it, in their own words.
    """

    id: int
    condition: str
    about: str
    level: str
    title: str
    content: str
    began_at: datetime
    found_at: datetime
    told: tuple[str, ...]
    acknowledged_at: datetime | None
    acknowledged_by: str
    why: str
    ended_at: datetime | None


async def keep_alerts(
    database: Database, conditions: Iterable[Condition], now: datetime, quiet_since: datetime
) -> None:
    """Opens alerts for what holds and has none, and ends those not found since `quiet_since`."""
    async with database.transaction() as tx:
        for one in sorted(conditions, key=lambda each: (each.name, each.about)):
            values = (one.name, one.about, one.level, one.title, one.content, now)
            await tx.execute(SQL["find_alert"], *values)
        await tx.execute(SQL["end_alerts"], now, quiet_since)


async def untold(database: Database, channel: str) -> list[Alert]:
    """Open alerts that a channel has not heard of and nobody has taken up, oldest first."""
    return [_alert(row) for row in await database.fetch(SQL["untold_alerts"], channel, TOLD_MAX)]


async def mark_told(database: Database, alert_id: int, channel: str) -> None:
    """A channel has heard of it."""
    await database.execute(SQL["told"], alert_id, channel)


async def alerts(
    database: Database, *, also_ended: bool = False, before: int = 0, limit: int = 100
) -> list[Alert]:
    """Alerts, newest first; `before` is the last id of the page before, of ended ones too."""
    if also_ended:
        rows = await database.fetch(SQL["newest_alerts"], before or ID_MAX, limit)
    else:
        rows = await database.fetch(SQL["open_alerts"], limit)
    return [_alert(row) for row in rows]


async def acknowledge(tx: Tx, alert_id: int, now: datetime, who: str, why: str) -> Alert:
    """Takes an alert up. Raises Rejected when it is not known, has ended, or somebody has it."""
    row = await tx.fetchrow(SQL["alert"], alert_id)
    if row is None:
        raise Rejected(
            f"There is no alert {alert_id}.",
            reason="unknown_alert",
            next_step="See tillbridge alerts list.",
        )
    taken = await tx.fetchrow(SQL["acknowledge"], alert_id, now, who, why)
    if taken is None:
        ended = (
            "has ended" if row["ended_at"] else f"is with {row['acknowledged_by'] or 'somebody'}"
        )
        raise Rejected(
            f"Alert {alert_id} {ended}.",
            reason="resolved",
            next_step="See tillbridge alerts list --all.",
        )
    return _alert(taken)


async def open_counts(database: Database) -> dict[str, int]:
    """How many alerts are open, by condition."""
    rows = await database.fetch(SQL["count_open_alerts"])
    return {row["condition"]: row["count"] for row in rows}


def _alert(row: asyncpg.Record) -> Alert:
    return Alert(**{**dict(row), "told": tuple(row["told"])})
