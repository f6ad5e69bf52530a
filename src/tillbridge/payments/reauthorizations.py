"""Reauthorizations: attempts that follow another one, each for a later shipment of its order.

Where a hold takes one capture only, what was not captured is authorized anew when it ships. Such
an attempt has a hold, claims and refunds of its own and is moved by the same observations as any
other; the shop hears of the order's payment as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import asyncpg

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation, Payment
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import COUNTED, ENDED, Attempt, by_wire_key
from tillbridge.payments.payment_events import payment_event, unwanted_hold

SQL = load_statements("tillbridge.payments", "reauthorizations.sql")
_TOLD = frozenset({Kind.PAYMENT_CAPTURED, Kind.PAYMENT_CAPTURE_FAILED, Kind.PAYMENT_STRAY})
"""What others hear of an attempt that follows: that it is authorized, declined or reversed is
between us and the payment system; the order's payment was accepted long ago."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reauthorization that is about to be asked for.

    Attributes:
        wire_key: what the payment system is going to know it by.
        first: the `wire_key` of the attempt that it follows.
        attempt_key: names shipment and try.
    """

    wire_key: str
    first: str
    attempt_key: str
    amount: Money


async def following(database: Database, first: str) -> list[Attempt]:
    """Every attempt that follows this one, oldest first."""
    return [Attempt.of(row) for row in await database.fetch(SQL["following"], first)]


async def open_reauthorization(tx: Tx, wanted: Wanted) -> None:
    """Begins the attempt, once.

    All that follow one attempt are counted under its lock: together they never pass what its order
    is due.

    Raises:
        Rejected: with it, more would be held and captured than was authorized at first.
    """
    row = await tx.fetchrow(SQL["lock_by_wire_key"], wanted.first)
    assert row is not None, "it was read before"
    first = Attempt.of(row)
    others = await tx.fetch(SQL["following"], wanted.first)
    if any(other["wire_key"] == wanted.wire_key for other in others):
        return
    left = first.amount.amount - max(row["claimed"], row["captured"]) - _taken(others)
    if wanted.amount.amount > left or wanted.amount.currency != first.amount.currency:
        raise Rejected(
            f"Capturing {wanted.amount} of order {first.order_number} would pass what was"
            f" authorized: {Money(max(left, Decimal(0)), first.amount.currency)} of"
            f" {first.amount} is left.",
            reason="over_capture",
            next_step="Correct the fulfilment's amount in the shop.",
        )
    await tx.execute(
        SQL["open_reauthorization"],
        wanted.wire_key,
        first.connection,
        first.shop,
        wanted.attempt_key,
        first.order_number,
        wanted.amount.amount,
        wanted.amount.currency,
        encode(first.order),
        first.wire_key,
    )


async def no_longer_wanted(tx: Tx, wire_key: str, now: datetime) -> list[Event]:
    """What is told of a hold that was made for a shipment that is given up: it is to be released.

    Nothing where there is no such hold, or a capture has claimed it.
    """
    row = await tx.fetchrow(SQL["free_hold"], wire_key)
    if row is None:
        return []
    return [unwanted_hold(Attempt.of(row), now)]


async def whole(tx: Tx, attempt: Attempt) -> Payment:
    """The payment of an order as one: what was authorized at first, in all its parts, and all that
    was captured and refunded of it and of what follows."""
    first = await by_wire_key(tx, attempt.follows) if attempt.follows else attempt
    assert first is not None, "attempts are never removed"
    row = await tx.fetchrow(SQL["sum_following"], first.wire_key)
    assert row is not None, "it is a sum"
    currency = first.amount.currency
    payment = first.payment()
    if first.part and first.state in COUNTED:
        held = first.amount + Money(row["held"], currency)
        owed = max(first.order.total - held, Money.zero(currency))  # more by an increment
        payment = replace(payment, authorized=held, owed=owed)
    return replace(
        payment,
        captured=first.captured + Money(row["captured"], currency),
        refunded=first.refunded + Money(row["refunded"], currency),
    )


async def events_of(
    tx: Tx, kinds: Sequence[Kind], attempt: Attempt, seen: Observation, *, has_more: bool
) -> list[Event]:
    """What others hear of a move; `has_more`: other attempts follow this one."""
    if attempt.follows:
        kinds = [kind for kind in kinds if kind in _TOLD]
    if not kinds:
        return []
    is_one_of_several = attempt.follows != "" or has_more
    payment = await whole(tx, attempt) if is_one_of_several else attempt.payment()
    return [payment_event(kind, attempt, seen, payment) for kind in kinds]


def _taken(others: Sequence[asyncpg.Record]) -> Decimal:
    live = [Attempt.of(row) for row in others]
    return sum(
        (
            one.amount.amount
            for one in live
            if one.state not in ENDED and one.state is not AttemptState.REVERSING
        ),
        Decimal(0),
    )
