"""Finds: what was found at a payment system that nobody had told us of.

What belongs to an attempt of ours moves it, as a webhook would have. What fits nothing of ours is
unplaced: a payment somebody made elsewhere is seen, and nobody guesses whose it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.payments", "finds.sql")
NUMBER_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Unheard:
    """An operation that was listed; `is_told`: somebody told of it, and it fits nothing of ours."""

    request_id: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class Find:
    """One operation that a pull found.

    Attributes:
        meaning: "unread": listed, and nothing proves yet what it is; "unplaced": fits no payment of
            ours; "set_aside": a person knows what it is; else what it meant when it was taken in:
            "moved", "confirmed", "stray", "early", "conflict".
        amount, occurred_at: None while it is unread, or was not said.
        why: why it is unread, or a person's reason.
        tries: how often it could not be read.
    """

    number: int
    connection: str
    request_id: str
    meaning: str
    operation: str
    verdict: str
    order_number: str
    amount: Money | None
    occurred_at: datetime | None
    found_at: datetime
    why: str
    tries: int


@dataclass(frozen=True, slots=True)
class OpenFinds:
    """How many finds of a connection wait for a person, and seconds since the oldest was found."""

    connection: str
    meaning: str
    count: int
    oldest_s: float


async def unheard(database: Database, connection: str, ids: Sequence[str]) -> list[Unheard]:
    """Of these operations those that are to be looked at, in their order."""
    if not ids:
        return []
    rows = await database.fetch(SQL["unheard"], connection, list(dict.fromkeys(ids)))
    return [Unheard(row["id"], row["is_told"]) for row in rows]


async def keep_find(tx: Tx, connection: str, request_id: str) -> None:
    """Keeps what was observed of an operation as a find, in the commit that took it in."""
    await tx.execute(SQL["keep_find"], connection, request_id)


async def keep_unread(
    database: Database, connection: str, request_id: str, why: str, waits_s: tuple[float, float]
) -> None:
    """An operation that proves nothing yet is asked for again, later each time: first and at most
    after so many seconds."""
    await database.execute(SQL["keep_unread"], connection, request_id, why, *waits_s)


async def unread_again(database: Database, connection: str, limit: int) -> list[str]:
    """The ids of those whose time to be asked for again has come."""
    rows = await database.fetch(SQL["unread_again"], connection, limit)
    return [row["request_id"] for row in rows]


async def finds(database: Database, *, before: int = 0, limit: int = 50) -> list[Find]:
    """All finds, newest first; `before` is the last number of the page before."""
    rows = await database.fetch(SQL["newest_finds"], before or NUMBER_MAX, limit)
    return [_find(row) for row in rows]


async def open_finds(database: Database, limit: int = 100) -> list[Find]:
    """Those that wait for a person."""
    return [_find(row) for row in await database.fetch(SQL["open_finds"], limit)]


async def count_open_finds(database: Database) -> list[OpenFinds]:
    """How many wait for a person, by connection and meaning."""
    return [OpenFinds(**dict(row)) for row in await database.fetch(SQL["count_open_finds"])]


async def set_aside(tx: Tx, number: int, why: str) -> Find:
    """A person knows what it is. Raises Rejected when it does not wait for one."""
    row = await tx.fetchrow(SQL["set_aside"], number, why)
    if row is None:
        raise Rejected(
            f"There is no find {number} that waits for somebody.",
            reason="unknown_find",
            next_step="See tillbridge pulls finds.",
        )
    return _find(row)


def _find(row: asyncpg.Record) -> Find:
    fields = dict(row)
    amount, currency = fields.pop("amount"), fields.pop("currency")
    return Find(**fields, amount=None if amount is None else Money(amount, currency))
