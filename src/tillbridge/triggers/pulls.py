"""Pulls: how far a payment system was looked at for what its webhooks lost, and by whom now."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.connector.abilities import Looked
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.triggers", "pulls.sql")


@dataclass(slots=True)
class Look:
    """The right to look at one connection now, under a numbered lease.

    Attributes:
        cursor: where to go on, as the connection's poll gave it; "" the first time.
        settled_until: all before was looked at; None the first time.
    """

    connection: str
    lease: int
    lease_s: float
    cursor: str
    settled_until: datetime | None


@dataclass(frozen=True, slots=True)
class PullRow:
    """How a pull stands.

    Attributes:
        began_at: the connection was first looked at.
        looked_at: a page was read and taken in; None before the first.
        since, until: the window of time that was looked at last; None where a poll has none.
        is_whole: all of it was looked at; else it is under way.
        pages, listed, unheard: of that window: pages read, operations on them, and of these
            nobody had told us.
        settled_until: all windows before are whole.
        trouble: why the last look ended early; "" when it did not.
        is_looking: a worker is at it now.
        behind_s: seconds since `settled_until`; of a poll without windows since the last look.
    """

    connection: str
    began_at: datetime
    looked_at: datetime | None
    since: datetime | None
    until: datetime | None
    is_whole: bool
    pages: int
    listed: int
    unheard: int
    settled_until: datetime | None
    trouble: str
    next_at: datetime
    is_looking: bool
    behind_s: float


async def take_pull(database: Database, connection: str, lease_s: float) -> Look | None:
    """The right to look now; None when it is not due, or another worker is at it."""
    row = await database.fetch_row(SQL["take_pull"], connection, lease_s)
    if row is None:
        return None
    return Look(connection, row["lease"], lease_s, row["cursor"], row["settled_until"])


async def keep_pull(database: Database, look: Look) -> bool:
    """Prolongs the right; False when another worker has it by now."""
    kept = await database.fetch_value(SQL["keep_pull"], look.connection, look.lease, look.lease_s)
    return kept is not None


async def move_pull(
    database: Database, look: Look, cursor: str, looked: Looked | None, counts: tuple[int, int]
) -> bool:
    """Moves behind a page that was taken in; False when another worker has the right by now.

    `counts`: operations listed on the page, and of these how many nobody had told of.
    """
    window = (looked.since, looked.until, looked.is_whole) if looked else (None, None, False)
    values = (look.connection, look.lease, cursor, look.lease_s, *window, *counts)
    if await database.fetch_value(SQL["move_pull"], *values) is None:
        return False
    look.cursor = cursor
    if looked is not None and looked.is_whole:
        look.settled_until = looked.until
    return True


async def end_pull(database: Database, look: Look, wait_s: float, trouble: str) -> None:
    """Gives the right back; the next look is in so many seconds."""
    await database.execute(SQL["end_pull"], look.connection, look.lease, wait_s, trouble)


async def all_pulls(database: Database) -> list[PullRow]:
    """Every connection that is pulled, by name."""
    return [PullRow(**dict(row)) for row in await database.fetch(SQL["all_pulls"])]
