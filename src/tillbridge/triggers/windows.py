"""Windows: events of a flow gathered until a moment or a count; then one run has them all."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.database.database import Database, Tx
from tillbridge.triggers.planned_times import SQL

DUE_MAX = 100


@dataclass(frozen=True, slots=True)
class Window:
    """A window that has just been closed, with the envelopes it gathered, in order."""

    id: int
    flow: str
    key: str
    opened_at: datetime
    envelopes: tuple[bytes, ...]


async def collect(
    tx: Tx, flow: str, key: str, envelope: bytes, closes_at: datetime
) -> tuple[int, int]:
    """Puts an event into the open window of a key, or opens one that closes at `closes_at`.

    Answers the window's number and how many events it holds now. The window's row is locked until
    the commit, so that nothing is added to one that is being closed.
    """
    row = await tx.fetchrow(SQL["collect"], flow, key, closes_at)
    assert row is not None, "collect answers one row"
    await tx.execute(SQL["keep_in_window"], row["id"], envelope)
    return row["id"], row["count"]


async def due_windows(database: Database, now: datetime) -> list[int]:
    """Windows whose time is up."""
    return [row["id"] for row in await database.fetch(SQL["due_windows"], now, DUE_MAX)]


async def close_window(tx: Tx, number: int, now: datetime) -> Window | None:
    """Closes a window and answers what it gathered; None when somebody else has closed it."""
    row = await tx.fetchrow(SQL["close_window"], number, now)
    if row is None:
        return None
    gathered = await tx.fetch(SQL["take_window_events"], number)
    envelopes = tuple(each["envelope"] for each in gathered)
    return Window(row["id"], row["flow"], row["key"], row["opened_at"], envelopes)
