"""Cursors: where polling got to, moved in the commit of what was taken in."""

from datetime import datetime

from tillbridge.database.database import Database, Tx
from tillbridge.triggers.planned_times import SQL


async def cursor_of(database: Database, flow: str) -> str:
    """Where the flow's polling got to; "" before its first time."""
    found: str | None = await database.fetch_value(SQL["cursor_of"], flow)
    return found or ""


async def move_cursor(tx: Tx, flow: str, before: str, after: str, now: datetime) -> bool:
    """Moves a cursor from where it was read; False when somebody else has moved it meanwhile."""
    return await tx.fetchval(SQL["move_cursor"], flow, before, after, now) is not None
