"""Months of the past: open, sealed, archived, dropped; each step can be done again."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from tillbridge.archive.manifest import Manifest
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.archive", "archive.sql")
MonthState: TypeAlias = Literal["open", "sealed", "archived", "dropped"]
LOCK_WAIT = "2s"
"""A reader of the past is waited for so long before its table is dropped; then another time."""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the past.

    Attributes:
        month: its first day.
        state: "open": what ended then moves in; "sealed": nothing more does; "archived": its files
            are written and compared; "dropped": it is in its files only.
        parts: what its files hold, once they are written.
        folder: of its files, below the archive.
        host: the machine that wrote them.
    """

    month: date
    state: MonthState
    parts: int
    folder: str
    host: str
    manifest_sha256: str
    archived_at: datetime | None
    dropped_at: datetime | None

    @property
    def name(self) -> str:
        """As people write it, and its folder below the archive: "2026-01"."""
        return self.month.isoformat()[:7]

    @property
    def end(self) -> date:
        """The first day after it."""
        return date(self.month.year + self.month.month // 12, self.month.month % 12 + 1, 1)


async def months(database: Database) -> list[Month]:
    """Every month there is a past of, oldest first."""
    return [Month(**dict(row)) for row in await database.fetch(SQL["months"])]


async def seal(database: Database, month: date) -> None:
    """Nothing more comes into a month; what ended in it and moves later goes to the present one."""
    await database.fetch_value(SQL["seal"], month)


async def note_archived(database: Database, manifest: Manifest, host: str, sha256: str) -> bool:
    """A sealed month's files are there; False when it is not sealed (any more)."""
    noted = await database.fetch_value(
        SQL["note_archived"],
        date.fromisoformat(manifest.month),
        manifest.parts,
        manifest.month[:7],
        host,
        sha256,
    )
    return noted is not None


async def drop(database: Database, month: date) -> bool:
    """An archived month leaves the database, in one commit; False when it had left before.

    Raises:
        asyncpg.LockNotAvailableError: somebody reads it for longer than LOCK_WAIT.
    """
    async with database.transaction() as tx:
        await tx.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        return bool(await tx.fetchval(SQL["drop_month"], month))
