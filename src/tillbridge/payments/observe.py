"""Observations move payments.

Replies, webhooks, search hits, reads and report rows all arrive here. The first that proves a
state moves the attempt; later ones confirm it or raise a conflict. What a move means for the rest
of the house is answered as events.
"""

from dataclasses import dataclass, replace

import msgspec

from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import (
    AttemptState,
    Observation,
    Operation,
    Source,
    Verdict,
)
from tillbridge.database.database import Tx
from tillbridge.payments.adoptions import hasten_adoption
from tillbridge.payments.attempts import SQL, Attempt
from tillbridge.payments.claims import release_undone
from tillbridge.payments.judge import judge
from tillbridge.payments.known import known_of
from tillbridge.payments.parts import events_of_part, lock_parts
from tillbridge.payments.payment_events import payment_event
from tillbridge.payments.reauthorizations import events_of
from tillbridge.payments.refunds import attempt_of, is_our_credit, observe_refund

_TOLD_MORE_OF = (AttemptState.IN_REVIEW, AttemptState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Observed:
    """Whether an observation told something new, and the events that follow from it."""

    new: bool
    events: tuple[Event, ...] = ()


async def observe(tx: Tx, connection: str, seen: Observation) -> Observed:
    """Keeps an observation once and moves its attempt.

    The same fact from a second source changes nothing. The caller accepts the events in the same
    transaction.
    """
    number = await tx.fetchval(SQL["keep_observation"], *fact_row(connection, seen))
    if number is None:
        return Observed(new=False)
    row = await attempt_of(tx, connection, seen) or await tx.fetchrow(
        SQL["lock_attempt"],
        seen.attempt_key,
        seen.parent_id,
        seen.request_id,
        connection,
        seen.order_number,
        seen.operation in (Operation.VOID, Operation.REFUND)
        or (seen.operation is Operation.CAPTURE and not seen.parent_id),
    )
    if row is None:
        meaning = "confirmed" if await is_our_credit(tx, seen) else "unmatched"
        await tx.execute(SQL["mean"], number, meaning, seen.attempt_key)
        await hasten_adoption(tx, connection, seen.request_id)
        return Observed(new=True)
    attempt = Attempt.of(row)
    refund = await observe_refund(tx, connection, attempt, seen, number)
    if refund is not None:
        return Observed(new=True, events=refund)
    known = await known_of(tx, connection, seen, number)
    is_owed = attempt.part < 2 or (await lock_parts(tx, attempt))[0].state is AttemptState.PARTIAL
    move = judge(attempt, seen, known, is_owed=is_owed)
    if move.attempt is not None:
        await _save(tx, move.attempt, seen, number)
        if Kind.PAYMENT_CAPTURE_FAILED in move.kinds and known.captured is not None:
            await release_undone(tx, connection, attempt, seen, known.captured)
    else:
        await tx.execute(SQL["mean"], number, move.meaning, attempt.wire_key)
    after, has_more = move.attempt or attempt, row["has_more"]
    if after.part:
        events = await events_of_part(tx, move.kinds, attempt, after, seen)
    else:
        events = await events_of(tx, move.kinds, after, seen, has_more=has_more)
    if Kind.PAYMENT_CAPTURE_FAILED in move.kinds:
        after, made_room_for = await _captures_in_conflict(tx, connection, after, has_more=has_more)
        events += made_room_for
    if move.attempt is not None and after.state is AttemptState.IN_REVIEW:
        events += await _early_decisions(tx, connection, after, seen)
    return Observed(new=True, events=tuple(events))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an observation will mean if nothing else is told of its payment meanwhile."""

    seen: Observation | None = None
    attempt: Attempt | None = None
    events: tuple[Event, ...] = ()


def foresee(attempt: Attempt, seen: Observation) -> Foreseen | None:
    """Judges on the attempt as it was read, when the database can check that nothing else is known.

    None for what needs more than the attempt's row to be judged.
    """
    own = {
        Operation.AUTHORIZATION: seen.attempt_key == attempt.wire_key,
        Operation.SALE: seen.attempt_key == attempt.wire_key,
        Operation.CAPTURE: seen.parent_id == attempt.authorization_id != "",
    }
    if attempt.follows or attempt.part or not own.get(seen.operation, False):
        return None
    move = judge(attempt, seen)
    if move.attempt is None or move.attempt.state in _TOLD_MORE_OF:
        return None
    events = tuple(payment_event(kind, move.attempt, seen) for kind in move.kinds)
    return Foreseen(seen, move.attempt, events)


def fact_row(connection: str, seen: Observation) -> tuple[object, ...]:
    """An observation as the composite type `told`."""
    return (
        connection,
        seen.request_id,
        seen.operation,
        seen.verdict,
        seen.source,
        seen.order_number,
        seen.attempt_key,
        seen.parent_id,
        seen.amount.amount if seen.amount else None,
        seen.amount.currency if seen.amount else "",
        seen.reason,
        seen.occurred_at,
    )


def move_row(attempt: Attempt) -> tuple[object, ...]:
    """An attempt as it was judged, as the composite type `moved`."""
    return (
        attempt.wire_key,
        attempt.seen_as,
        attempt.state,
        attempt.authorization_id,
        attempt.approval_code,
        attempt.reason,
        attempt.review,
        attempt.token,
        msgspec.json.encode(attempt.card).decode(),
        attempt.captured.amount,
        attempt.reversed.amount,
        attempt.held,
        attempt.authorized_at,
    )


async def _save(tx: Tx, attempt: Attempt, seen: Observation, number: int) -> None:
    await tx.execute(
        SQL["move_attempt"],
        attempt.wire_key,
        attempt.state,
        attempt.authorization_id,
        attempt.approval_code,
        attempt.reason,
        attempt.review,
        attempt.token,
        msgspec.json.encode(attempt.card).decode(),
        attempt.captured.amount,
        attempt.reversed.amount,
        attempt.held,
        seen.occurred_at if attempt.held else None,
        "moved",
        number,
        attempt.amount.amount,
        attempt.part,
    )


async def _early_decisions(
    tx: Tx, connection: str, attempt: Attempt, since: Observation
) -> list[Event]:
    """A review's decision that overtook the authorization it decides, or was made while a capture
    stood that is undone `since`: what follows from it follows then, whatever has before."""
    events: list[Event] = []
    for row in await tx.fetch(SQL["reviews_seen"], connection, attempt.authorization_id):
        decision = Observation(
            operation=Operation.REVIEW,
            verdict=Verdict(row["verdict"]),
            source=Source(row["source"]),
            order_number=attempt.order_number,
            request_id=row["request_id"],
            occurred_at=row["occurred_at"],
            parent_id=attempt.authorization_id,
            reason=row["reason"],
        )
        move = judge(attempt, decision)
        if move.attempt is not None:
            await _save(tx, move.attempt, decision, row["number"])
            told = [payment_event(kind, move.attempt, decision) for kind in move.kinds]
            if since.request_id != attempt.authorization_id:
                told = [replace(event, id=f"{event.id}:{since.request_id}") for event in told]
            events += told
            attempt = move.attempt
    return events


async def _captures_in_conflict(
    tx: Tx, connection: str, attempt: Attempt, *, has_more: bool
) -> tuple[Attempt, list[Event]]:
    """Captures for which there was no room before another was undone: they count from now on, in
    the order in which they were told. Answers the attempt as it is afterwards."""
    events: list[Event] = []
    values = (connection, attempt.order_number, attempt.wire_key)
    for row in await tx.fetch(SQL["captures_in_conflict"], *values):
        capture = Observation(
            operation=Operation.CAPTURE,
            verdict=Verdict.APPROVED,
            source=Source(row["source"]),
            order_number=attempt.order_number,
            request_id=row["request_id"],
            occurred_at=row["occurred_at"],
            attempt_key=row["echo_key"],
            parent_id=row["parent_id"],
            amount=Money(row["amount"], row["currency"]),
        )
        known = await known_of(tx, connection, capture, row["number"])
        move = judge(attempt, capture, known)
        if move.attempt is not None:
            await _save(tx, move.attempt, capture, row["number"])
            events += await events_of(tx, move.kinds, move.attempt, capture, has_more=has_more)
            attempt = move.attempt
    return attempt, events
