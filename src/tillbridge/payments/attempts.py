"""Attempts: one try to get one authorization for one debt."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import asyncpg
import msgspec

from tillbridge.canonical.codec import decode, encode
from tillbridge.canonical.money import Money
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import AttemptState, Card, Payment
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.payments", "payments.sql")
NOT_SENT = "not_sent"
"""Why an attempt was abandoned whose call certainly never left: its key may be used again."""
FENCING = "fencing"
"""Why an attempt is unknown that we have told the payment system to undo: what is found of it from
then on is nobody's wish any more."""
COUNTED = frozenset({AttemptState.PARTIAL, AttemptState.AUTHORIZED, AttemptState.CAPTURED})
"""The states of a part that pays for its order."""
ENDED = frozenset({AttemptState.DECLINED, AttemptState.ABANDONED, AttemptState.REVERSED})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of `attempts`.

    Attributes:
        wire_key: the 26 characters the payment system knows it by.
        shop, attempt_key: the shop connection and the shop's own key of the try.
        request_sha256: of the request's meaning; the same key with another is refused.
        held: the issuer holds money for it, as far as is proven.
        follows: the `wire_key` of the attempt whose order is authorized anew with this one, or of
            which this holds a later part; "" of every other.
        part: which part of an order's payment it holds, from 1; 0 of one that holds all of it.
        seen_as: the version of the row it was read from.
    """

    wire_key: str
    connection: str
    shop: str
    attempt_key: str
    order_number: str
    request_sha256: bytes
    state: AttemptState
    amount: Money
    captured: Money
    reversed: Money
    refunded: Money
    authorization_id: str
    approval_code: str
    reason: str
    review: str
    token: str
    card: Card
    held: bool
    order: Order
    authorized_at: datetime | None
    seen_as: int = 0
    follows: str = ""
    part: int = 0

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Attempt":
        """An attempt from its row."""
        currency = row["currency"]
        return cls(
            wire_key=row["wire_key"],
            connection=row["connection"],
            shop=row["shop"],
            attempt_key=row["attempt_key"],
            order_number=row["order_number"],
            request_sha256=row["request_sha256"],
            state=AttemptState(row["state"]),
            amount=_money(row["amount"], currency),
            captured=_money(row["captured"], currency),
            reversed=_money(row["reversed"], currency),
            refunded=_money(row["refunded"], currency),
            authorization_id=row["authorization_id"],
            approval_code=row["approval_code"],
            reason=row["reason"],
            review=row["review"],
            token=row["token"],
            card=msgspec.json.decode(row["card"], type=Card),
            held=row["held"],
            order=decode(row["order"], Order),
            authorized_at=row["authorized_at"],
            seen_as=row["seen_as"],
            follows=row["follows"],
            part=row["part"],
        )

    def payment(self) -> Payment:
        """The payment as events carry it."""
        return Payment(
            connection=self.connection,
            order_number=self.order_number,
            attempt_key=self.attempt_key,
            state=self.state,
            authorized=self.amount,
            captured=self.captured,
            authorization_id=self.authorization_id,
            approval_code=self.approval_code,
            reason=self.reason,
            review=self.review,
            token=self.token,
            card=self.card,
            authorized_at=self.authorized_at,
            refunded=self.refunded,
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """What a checkout wants to begin; `owed`: a later part of an order that is paid in parts."""

    wire_key: str
    connection: str
    shop: str
    attempt_key: str
    order: Order
    request_sha256: bytes
    owed: Money | None = None

    @property
    def row(self) -> tuple[object, ...]:
        """What the attempt's row begins with."""
        amount = self.order.total if self.owed is None else self.owed
        return (
            self.wire_key,
            self.connection,
            self.shop,
            self.attempt_key,
            self.order.number,
            self.request_sha256,
            amount.amount,
            amount.currency,
            encode(self.order),
        )

    def attempt(self, seen_as: int) -> Attempt:
        """The attempt as it begins."""
        nothing = Money.zero(self.order.currency)
        return Attempt(
            wire_key=self.wire_key,
            connection=self.connection,
            shop=self.shop,
            attempt_key=self.attempt_key,
            order_number=self.order.number,
            request_sha256=self.request_sha256,
            state=AttemptState.STARTED,
            amount=self.order.total,
            captured=nothing,
            reversed=nothing,
            refunded=nothing,
            authorization_id="",
            approval_code="",
            reason="",
            review="",
            token="",
            card=Card(),
            held=False,
            order=self.order,
            authorized_at=None,
            seen_as=seen_as,
        )


def fingerprint(order: Order, token_kind: str, owed: Money | None = None) -> bytes:
    """What must be equal when a key is used again. Not the token: a shop may renew it."""
    part = "" if owed is None else f" {owed}"
    return hashlib.sha256(encode(order) + token_kind.encode() + part.encode()).digest()


async def open_attempt(tx: Tx, opening: Opening) -> bool:
    """Begins an attempt; False when its key is known or the debt has a live attempt already."""
    return await tx.fetchval(SQL["open_attempt"], *opening.row) is not None


async def by_shop_key(tx: Tx | Database, shop: str, attempt_key: str) -> Attempt | None:
    """The attempt a shop means by its key."""
    return await _one(tx, "attempt_by_shop_key", shop, attempt_key)


async def by_wire_key(tx: Tx | Database, wire_key: str) -> Attempt | None:
    """The attempt the payment system means by its key."""
    return await _one(tx, "attempt_by_wire_key", wire_key)


async def by_authorization(tx: Tx | Database, authorization_id: str) -> Attempt | None:
    """The attempt whose authorization the payment system knows by this id."""
    return await _one(tx, "attempt_by_authorization", authorization_id)


async def live(tx: Tx | Database, connection: str, order_number: str) -> Attempt | None:
    """The one attempt of a debt that is not ended, if there is one."""
    return await _one(tx, "live_attempt", connection, order_number)


async def newest(tx: Tx | Database, order_number: str) -> Attempt | None:
    """The attempt people mean by "the payment of this order"."""
    return await _one(tx, "newest_attempt", order_number)


async def of_order(database: Database, order_number: str) -> list[Attempt]:
    """Every attempt of an order, oldest first."""
    return [Attempt.of(row) for row in await database.fetch(SQL["attempts_of_order"], order_number)]


async def reviews(database: Database, limit: int) -> list[Attempt]:
    """Attempts that wait for somebody's decision, longest waiting first."""
    return [Attempt.of(row) for row in await database.fetch(SQL["list_reviews"], limit)]


async def ask_about_reviews(database: Database, limit: int) -> list[Attempt]:
    """Attempts that wait for somebody's decision, asked about longest ago first."""
    return [Attempt.of(row) for row in await database.fetch(SQL["ask_about_reviews"], limit)]


async def abandon(tx: Tx, wire_key: str, reason: str) -> bool:
    """Ends an attempt that is proven to hold nothing (not sent, fenced, or absent)."""
    return await tx.fetchval(SQL["abandon"], wire_key, reason) is not None


async def give_way(tx: Tx, connection: str, order_number: str) -> None:
    """A challenge that the shopper did not finish makes way for a new attempt."""
    await tx.execute(SQL["give_way"], connection, order_number)


async def reopen(tx: Tx, opening: Opening) -> bool:
    """Begins again an attempt that certainly never left; False when there is no such."""
    key = await tx.fetchval(SQL["reopen"], opening.wire_key, opening.request_sha256, NOT_SENT)
    return key is not None


async def mark_unknown(tx: Tx, wire_key: str) -> None:
    """Says that the attempt was sent and not answered."""
    await tx.fetchval(SQL["set_state"], wire_key, "unknown", ["started"])


async def begin_fence(tx: Tx, wire_key: str) -> bool:
    """Notes that an open attempt is about to be undone; False when it is proven meanwhile."""
    return await tx.fetchval(SQL["begin_fence"], wire_key, FENCING) is not None


async def give_up_fence(tx: Tx, wire_key: str) -> None:
    """Takes the note back: the fence was certainly refused."""
    await tx.execute(SQL["give_up_fence"], wire_key, FENCING)


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount, currency)


async def _one(tx: Tx | Database, statement: str, *values: str) -> Attempt | None:
    if isinstance(tx, Database):
        row = await tx.fetch_row(SQL[statement], *values)
    else:
        row = await tx.fetchrow(SQL[statement], *values)
    return Attempt.of(row) if row is not None else None
