"""Parts: an order that several cards pay has an attempt, with a hold, for each part (split tender).

    an issuer holds less than was asked for  -> the first part; the rest is owed
    a later part asks for all that is owed   -> all of it is held: the order is paid
                                             -> less is held: the next part asks for the rest
    one is given back before money was taken -> all of them are: they stand and fall together

The first part is the order's attempt; the others follow it. Whoever locks several of them locks the
latest first; who cannot know of the others before is tried again (`Database.commit`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements
from tillbridge.payments.attempts import (
    COUNTED,
    ENDED,
    NOT_SENT,
    Attempt,
    Opening,
    by_wire_key,
    open_attempt,
    reopen,
)
from tillbridge.payments.payment_events import payment_event, unwanted_hold
from tillbridge.payments.reauthorizations import whole

SQL = load_statements("tillbridge.payments", "parts.sql")
LAPSED = "REST_NOT_PAID"
"""Why the parts of an order are given back that was not paid whole in time."""
GIVEN_BACK = "PART_GIVEN_BACK"
"""Why the others are given back with one."""
_HELD_BEFORE = COUNTED | {AttemptState.REVERSING}
_HELD = (Kind.PAYMENT_AUTHORIZED, Kind.PAYMENT_PARTLY_AUTHORIZED)
_TOLD_OF_LATER = frozenset(
    {
        *_HELD,
        Kind.PAYMENT_CAPTURED,
        Kind.PAYMENT_CAPTURE_FAILED,
        Kind.PAYMENT_INCREMENTED,
        Kind.PAYMENT_STRAY,
    }
)
"""What others hear of a later part: that one was declined leaves the order's payment as it was."""


@dataclass(frozen=True, slots=True)
class NotOpened:
    """Why a later part was not begun; `owed` is what it may ask for."""

    why: Literal["nothing_owed", "order_changed", "not_owed", "in_flight"]
    owed: Money | None = None


async def begin_attempt(tx: Tx, opening: Opening) -> bool:
    """Begins an attempt, or begins one again that certainly never left; False when something
    stands in its way."""
    if opening.owed is not None:
        return await open_part(tx, opening) is None
    return await open_attempt(tx, opening) or await reopen(tx, opening)


async def open_part(tx: Tx, opening: Opening) -> NotOpened | None:
    """Begins a later part, under the first one's lock; else says why not.

    It asks for exactly what is owed, and is the only one that does. The order is the one that the
    first part was for; another card may have another billing address.
    """
    parts = await _owing(tx, opening)
    if isinstance(parts, NotOpened):
        return parts
    first = parts[0]
    known = next((one for one in parts if one.wire_key == opening.wire_key), None)
    live = [one for one in parts if one.state not in ENDED]
    if any(one.state not in COUNTED for one in live):
        return NotOpened("in_flight")
    number = next(n for n in range(2, len(live) + 2) if n not in {one.part for one in live})
    if known is not None:
        values = (opening.wire_key, opening.request_sha256, NOT_SENT, first.wire_key, number)
        again = await tx.fetchval(SQL["reopen_part"], *values)
        return None if again is not None else NotOpened("in_flight")
    key = await tx.fetchval(SQL["open_part"], *opening.row, first.wire_key, number)
    return None if key is not None else NotOpened("in_flight")


async def check_owed(tx: Tx, opening: Opening) -> NotOpened | None:
    """Whether what a later part asks for is owed still; the first one stays locked."""
    parts = await _owing(tx, opening)
    return parts if isinstance(parts, NotOpened) else None


async def parts_of(tx: Tx | Database, first: str) -> list[Attempt]:
    """Every part that was ever asked for, by number."""
    return [Attempt.of(row) for row in await tx.fetch(SQL["parts"], first)]


async def lock_parts(tx: Tx, attempt: Attempt) -> list[Attempt]:
    """The same, locked; of any of them."""
    rows = await tx.fetch(SQL["lock_parts"], attempt.follows or attempt.wire_key)
    return [Attempt.of(row) for row in reversed(rows)]


async def events_of_part(
    tx: Tx, kinds: Sequence[Kind], before: Attempt, after: Attempt, seen: Observation
) -> list[Event]:
    """What follows for the others when a part has moved, and what the house hears of it."""
    is_new = before.state not in _HELD_BEFORE and after.state in COUNTED
    has_fallen = before.state in COUNTED and after.state not in COUNTED
    events = []
    if has_fallen:
        events = await give_up(tx, await lock_parts(tx, after), seen.occurred_at, GIVEN_BACK)
    elif is_new and after.follows:
        await _cover(tx, after)
    if after.follows:
        told = _TOLD_OF_LATER | ({Kind.PAYMENT_REVERSED} if has_fallen else set())
        kinds = [kind for kind in kinds if kind in told]
    if not kinds:
        return events
    payment = await whole(tx, after)
    first = await by_wire_key(tx, after.follows) if after.follows else after
    assert first is not None, "attempts are never removed"
    for kind in kinds:
        about = after if kind is Kind.PAYMENT_STRAY else first
        named = Kind.PAYMENT_PARTLY_AUTHORIZED if kind in _HELD and payment.owed else kind
        events.append(payment_event(named, about, seen, payment))
    return events


async def give_up(
    tx: Tx, parts: Sequence[Attempt], at: datetime, reason: str, *, but: str = ""
) -> list[Event]:
    """Gives back every part that holds money, `but` one of which that is asked for elsewhere; the
    parts are locked.

    Nothing where money was taken of any of them, or is about to be: what is left of the others may
    be captured still. What is under way now is nobody's wish when it is told.
    """
    keys = [one.wire_key for one in parts]
    if await tx.fetch(SQL["claimed_parts"], keys):
        return []
    rows = await tx.fetch(SQL["give_up_parts"], keys, reason)
    return [unwanted_hold(Attempt.of(row), at) for row in rows if row["wire_key"] != but]


async def give_back_untouched(tx: Tx, first: str, at: datetime, reason: str) -> list[Event]:
    """Gives back the later parts of which no money was taken, because no more is due. The first
    one gives before all others, and stands for the order's payment."""
    first_part = await by_wire_key(tx, first)
    assert first_part is not None, "attempts are never removed"
    keys = [one.wire_key for one in await lock_parts(tx, first_part)]
    taken = {row["wire_key"] for row in await tx.fetch(SQL["claimed_parts"], keys)}
    untouched = [key for key in keys if key not in taken and key != first]
    rows = await tx.fetch(SQL["give_up_parts"], untouched, reason)
    return [unwanted_hold(Attempt.of(row), at) for row in rows]


async def lapse(tx: Tx, first: str, at: datetime) -> list[Event]:
    """An order of which only a part is paid is given up: every hold is given back, and the house
    hears of it once. Nothing when it was paid meanwhile."""
    attempt = await by_wire_key(tx, first)
    assert attempt is not None, "attempts are never removed"
    parts = await lock_parts(tx, attempt)
    if parts[0].state is not AttemptState.PARTIAL:
        return []
    payment = await whole(tx, parts[0])
    strays = await give_up(tx, parts, at, LAPSED)
    if not strays:
        return []
    lapsed = Event(
        id=f"{Kind.PAYMENT_LAPSED}:{first}",
        source=attempt.connection,
        kind=Kind.PAYMENT_LAPSED,
        subject=attempt.order_number,
        occurred_at=at,
        data=EventData(
            order=attempt.order,
            payment=replace(payment, state=AttemptState.REVERSING, reason=LAPSED),
        ),
    )
    return [lapsed, *strays]


async def _owing(tx: Tx, opening: Opening) -> list[Attempt] | NotOpened:
    """The parts of an order, of which just that is owed."""
    row = await tx.fetchrow(SQL["lock_first_part"], opening.connection, opening.order.number)
    if row is None:
        return NotOpened("nothing_owed")
    first = Attempt.of(row)
    if first.state is not AttemptState.PARTIAL:
        return NotOpened("nothing_owed" if first.state in COUNTED else "in_flight")
    if replace(opening.order, billing=first.order.billing) != first.order:
        return NotOpened("order_changed")
    parts = await parts_of(tx, first.wire_key)
    owed = _owed(parts)
    return parts if opening.owed == owed else NotOpened("not_owed", owed)


def _owed(parts: Sequence[Attempt]) -> Money:
    held = [one.amount for one in parts if one.state in COUNTED]
    return parts[0].order.total - sum(held, Money.zero(parts[0].amount.currency))


async def _cover(tx: Tx, part: Attempt) -> None:
    """With this part nothing is owed any more: all of them are authorized."""
    parts = await lock_parts(tx, part)
    if not _owed(parts):
        await tx.execute(SQL["cover"], [one.wire_key for one in parts])
