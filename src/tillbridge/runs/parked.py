"""Parked: runs that wait at a gate, and are woken in order when it opens."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.runs", "parked.sql")


@dataclass(frozen=True, slots=True)
class Woken:
    """What one look woke.

    Attributes:
        found: how many were looked at: the most that was asked for, if more wait.
        until: when the youngest of the woken was started; None when none was.
    """

    found: int
    woken: int
    until: datetime | None


async def gates_with_parked(database: Database) -> set[str]:
    """The gates at which somebody waits."""
    return {row["gate"] for row in await database.fetch(SQL["gates_with_parked"])}


async def wake_parked(tx: Tx, gate: str, most: int) -> Woken:
    """Makes the oldest runs at a gate due; workers are rung for."""
    row = await tx.fetchrow(SQL["wake_parked"], gate, most)
    assert row is not None, "a count is one row"
    return Woken(row["found"], row["woken"], row["until"])
