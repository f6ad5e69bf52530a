"""Authentications: what stands between two posts of a checkout whose shopper is authenticated."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec

from tillbridge.canonical.payments import Token
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import SQL as ATTEMPTS
from tillbridge.payments.attempts import Opening, give_way
from tillbridge.payments.parts import begin_attempt

SQL = load_statements("tillbridge.payments", "authentications.sql")
KEPT = timedelta(days=1)
"""Longer than any token of a page lives."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the authentication of an attempt's shopper stands.

    Attributes:
        step: what the page has to do.
        page: what it needs for that.
        kept: what the payment system's next call needs.
        token_sha256: of the token it is about.
        is_used: an authorization was asked for with its proof.
        asked_at: when it came to stand so; None before it is kept.
    """

    step: str
    page: Mapping[str, str]
    kept: Mapping[str, str]
    token_sha256: bytes
    is_used: bool = False
    asked_at: datetime | None = None

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Standing":
        """One row."""
        return cls(
            step=row["step"],
            page=msgspec.json.decode(row["page"], type=dict[str, str]),
            kept=msgspec.json.decode(row["kept"], type=dict[str, str]),
            token_sha256=row["token_sha256"],
            is_used=row["is_used"],
            asked_at=row["asked_at"],
        )


def digest_of(token: Token) -> bytes:
    """What is kept of the token that is being authenticated."""
    return hashlib.sha256(token.value.encode()).digest()


async def standing_authentication(database: Database, wire_key: str) -> Standing | None:
    """Where an attempt's authentication stands; None when there is none."""
    row = await database.fetch_row(SQL["standing_authentication"], wire_key)
    return Standing.of(row) if row is not None else None


async def open_challenge(tx: Tx, opening: Opening) -> bool:
    """Begins an attempt that waits for its shopper; False when something stands in its way.

    A challenge of the same debt that nobody finished makes way.
    """
    await give_way(tx, opening.connection, opening.order.number)
    if not await begin_attempt(tx, opening):
        return False
    await tx.fetchval(ATTEMPTS["set_state"], opening.wire_key, "challenge", ["started"])
    return True


async def keep_authentication(
    tx: Tx, wire_key: str, standing: Standing, goes_on_from: Standing | None = None
) -> bool:
    """Keeps what the page has to do next.

    False when the attempt waits for no shopper any more, or somebody else has gone on from there.
    """
    key = await tx.fetchval(
        SQL["keep_authentication"],
        wire_key,
        standing.step,
        msgspec.json.encode(standing.page).decode(),
        msgspec.json.encode(standing.kept).decode(),
        standing.token_sha256,
        goes_on_from.asked_at if goes_on_from is not None else None,
    )
    return key is not None


async def use_authentication(tx: Tx, opening: Opening) -> bool:
    """Takes the attempt on to its authorization; False when somebody else has."""
    key = await tx.fetchval(SQL["use_authentication"], opening.wire_key, opening.request_sha256)
    return key is not None


async def forget_authentications(database: Database) -> None:
    """Those whose shoppers do not come back."""
    await database.execute(SQL["forget_authentications"], KEPT)
