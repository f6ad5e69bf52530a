"""Keeps each delivery once, by (source, its own id)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from asyncpg import Record

from tillbridge.canonical.card_data import mask, may_hold
from tillbridge.canonical.codec import encode
from tillbridge.connector.delivery import Delivery
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.inbox", "inbox.sql")
UNKEPT_HEADERS = frozenset({"authorization", "cookie", "tillbridge-signature", "v-c-signature"})


@dataclass(frozen=True, slots=True)
class Keeping:
    """What keeping a delivery found: "new", "repeat", or "altered" (same id, another meaning)."""

    verdict: Literal["new", "repeat", "altered"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many deliveries were kept, and how many repeats were caught."""

    deliveries: int
    repeats: int
    altered: int
    kept_back: int


async def keep(
    tx: Tx,
    delivery: Delivery,
    delivery_id: str,
    *,
    meaning: bytes | None = None,
    kept_back: str = "",
    masked: bool = False,
) -> Keeping:
    """Keeps a delivery in the caller's transaction.

    `meaning` is what a repeat has to have in common with it; None for its whole body.
    `kept_back` says why nothing was made of it; `masked` that card data was masked in its body.
    A repeat is not kept again; an altered repeat keeps its body too, for a person to compare.
    """
    row = await tx.fetchrow(
        SQL["keep"],
        *delivery_row(delivery, delivery_id, meaning=meaning, kept_back=kept_back, masked=masked),
    )
    assert row is not None, "keep answers one row"
    return keeping_of(row)


def delivery_row(
    delivery: Delivery, delivery_id: str, *, meaning: bytes | None, kept_back: str, masked: bool
) -> tuple[object, ...]:
    """A delivery as the first parameters of whatever keeps it."""
    headers = {
        name: value for name, value in delivery.headers.items() if name not in UNKEPT_HEADERS
    }
    kept = encode(headers)
    if may_hold(kept):
        kept = encode({mask(name): mask(value) for name, value in headers.items()})
    return (
        delivery.connection,
        delivery_id,
        hashlib.sha256(delivery.body if meaning is None else meaning).digest(),
        delivery.received_at,
        kept_back,
        kept.decode(),
        delivery.body,
        masked,
    )


def keeping_of(row: Record) -> Keeping:
    """What keeping it found."""
    if row["altered"]:
        return Keeping("altered")
    return Keeping("repeat" if row["repeats"] else "new")


async def counts(database: Database) -> Counts:
    """How many deliveries the inbox remembers."""
    row = await database.fetch_row(SQL["counts"])
    assert row is not None, "counts answers one row"
    return Counts(row["deliveries"], row["repeats"], row["altered"], row["kept_back"])


@dataclass(frozen=True, slots=True)
class KeptBack:
    """A delivery that nothing was made of, and why."""

    source: str
    delivery_id: str
    received_at: datetime
    why: str


async def kept_back(database: Database, limit: int = 100) -> list[KeptBack]:
    """Deliveries that nothing was made of, newest first."""
    rows = await database.fetch(SQL["kept_back"], limit)
    return [
        KeptBack(row["source"], row["delivery_id"], row["received_at"], row["kept_back"])
        for row in rows
    ]


FORGOTTEN_AT_ONCE = 500


async def forget(tx: Tx, days: int) -> int:
    """Forgets some ids older than `days` (at least 180) whose bodies have left before; answers how
    many, 0 when there are no more."""
    status = await tx.execute(SQL["forget"], days, FORGOTTEN_AT_ONCE)
    return int(status.rpartition(" ")[2])
