"""Notices: what flows tell people on our own desk, each once."""

from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.card_text import mask
from tillbridge.database.database import Database, Tx
from tillbridge.desk.approvals import SQL

ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; `level` is as the flow gave it."""

    id: int
    flow: str
    subject: str
    level: str
    title: str
    content: str
    noticed_at: datetime


async def keep_notice(
    tx: Tx, key: str, *, flow: str, subject: str, level: str, title: str, content: str
) -> None:
    """Keeps a notice; the same key is the same notice. A card number in it is masked."""
    told = notice(key, flow=flow, subject=subject, level=level, title=title, content=content)
    await tx.execute(SQL["keep_notice"], *told)


def notice(
    key: str, *, flow: str, subject: str, level: str, title: str, content: str
) -> tuple[str, str, str, str, str, str]:
    """A notice as the composite type `noticed`. A card number in it is masked."""
    return key, flow, subject, level, mask(title), mask(content)


async def notices(database: Database, *, before: int = 0, limit: int = 50) -> list[Notice]:
    """Notices, newest first; `before` is the last id of the page before."""
    rows = await database.fetch(SQL["newest_notices"], before or ID_MAX, limit)
    return [Notice(**dict(row)) for row in rows]
