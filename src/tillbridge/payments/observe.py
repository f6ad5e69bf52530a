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
from tillbridge.payments.attempts import ENDED, FENCING, SQL, Attempt
from tillbridge.payments.claims import release_undone
from tillbridge.payments.known import NOTHING_KNOWN, Known, known_of
from tillbridge.payments.payment_events import payment_event
from tillbridge.payments.reauthorizations import events_of
from tillbridge.payments.refunds import attempt_of, is_our_credit, observe_refund

_OPEN = frozenset({AttemptState.STARTED, AttemptState.UNKNOWN, AttemptState.CHALLENGE})
_HELD = frozenset(
    {
        AttemptState.IN_REVIEW,
        AttemptState.AUTHORIZED,
        AttemptState.CAPTURED,
        AttemptState.REVERSING,
    }
)
CAPTURE_FAILED = "CAPTURE_FAILED"
"""The reason of an attempt of which a capture was taken and turned down later. One that was voided
is none: somebody meant it."""
_ACCEPTED = frozenset({AttemptState.AUTHORIZED, AttemptState.CAPTURED})
_REFUSED = frozenset({AttemptState.REVERSING, AttemptState.REVERSED})


@dataclass(frozen=True, slots=True)
class Move:
    """What one observation means.

    Attributes:
        meaning: "moved", "confirmed", "stray" (an authorization nobody wants), "early" (a decision
            that came before what it decides), "conflict" or "unmatched".
        attempt: the attempt as it is afterwards; None leaves it as it was.
        kinds: the events that follow.
    """

    meaning: str
    attempt: Attempt | None = None
    kinds: tuple[Kind, ...] = ()


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
    move = judge(attempt, seen, known)
    if move.attempt is not None:
        await _save(tx, move.attempt, seen, number)
        if Kind.PAYMENT_CAPTURE_FAILED in move.kinds and known.captured is not None:
            await release_undone(tx, connection, attempt, seen, known.captured)
    else:
        await tx.execute(SQL["mean"], number, move.meaning, attempt.wire_key)
    after, has_more = move.attempt or attempt, row["has_more"]
    events = await events_of(tx, move.kinds, after, seen, has_more=has_more)
    if move.attempt is not None and move.attempt.state is AttemptState.IN_REVIEW:
        events += await _early_decisions(tx, connection, move.attempt, seen)
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
    if attempt.follows or not own.get(seen.operation, False):
        return None
    move = judge(attempt, seen)
    if move.attempt is None or move.attempt.state is AttemptState.IN_REVIEW:
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


def judge(attempt: Attempt, seen: Observation, known: Known = NOTHING_KNOWN) -> Move:
    """What an observation means for an attempt. Pure: the whole state machine stands here.

    `known` is what was seen before of the same capture, or of the capture that a void undoes.
    """
    if seen.operation in (Operation.AUTHORIZATION, Operation.SALE):
        return _judge_authorization(attempt, seen)
    if seen.operation is Operation.REVIEW:
        return _judge_review(attempt, seen)
    if seen.operation is Operation.CAPTURE:
        return _judge_capture(attempt, seen, known)
    if seen.operation is Operation.REVERSAL:
        return _judge_reversal(attempt, seen)
    if seen.operation is Operation.INCREMENT:
        return _judge_increment(attempt, seen)
    if seen.operation is Operation.VOID and seen.verdict is Verdict.APPROVED:
        if not seen.parent_id and known == NOTHING_KNOWN:
            return Move("unmatched")  # nobody says of what: until somebody does, or is asked
        undone = replace(seen, verdict=Verdict.UNDONE, amount=None)
        return _judge_capture(attempt, undone, known)
    return Move("confirmed")


def _judge_authorization(attempt: Attempt, seen: Observation) -> Move:
    own = attempt.authorization_id in ("", seen.request_id)
    if seen.verdict in (Verdict.DECLINED, Verdict.FAILED):
        if attempt.state in _OPEN:
            declined = _with_answer(attempt, seen, AttemptState.DECLINED, held=False)
            return Move("moved", declined, (Kind.PAYMENT_DECLINED,))
        return Move("confirmed" if attempt.state in ENDED else "conflict")
    if seen.verdict is Verdict.CHALLENGE:
        if attempt.state in (AttemptState.STARTED, AttemptState.UNKNOWN):
            return Move("moved", _with_answer(attempt, seen, AttemptState.CHALLENGE, held=False))
        return Move("confirmed")
    if seen.verdict is Verdict.UNDONE:
        return _undone(attempt, seen, own)
    if attempt.state in _HELD:
        return Move("confirmed") if own else Move("stray", None, (Kind.PAYMENT_STRAY,))
    if attempt.state in ENDED:
        known = attempt.authorization_id == seen.request_id
        return Move("confirmed") if known else Move("stray", None, (Kind.PAYMENT_STRAY,))
    if attempt.reason == FENCING:
        return Move("stray", None, (Kind.PAYMENT_STRAY,))
    return _held(attempt, seen)


def _held(attempt: Attempt, seen: Observation) -> Move:
    """The first proof that the issuer holds money for an attempt that was waiting for it.

    A hold of another amount than was asked for is not wanted either, nor one that somebody would
    have to decide about while the goods are leaving.
    """
    unwanted = seen.verdict is Verdict.HELD_DECLINED or (
        attempt.follows != "" and seen.verdict is Verdict.IN_REVIEW
    )
    if unwanted or (seen.amount is not None and seen.amount != attempt.amount):
        held = _with_answer(attempt, seen, AttemptState.REVERSING, held=True)
        return Move("moved", held, (Kind.PAYMENT_DECLINED, Kind.PAYMENT_STRAY))
    if seen.verdict is Verdict.IN_REVIEW:
        held = _with_answer(attempt, seen, AttemptState.IN_REVIEW, held=True)
        return Move("moved", held, (Kind.PAYMENT_IN_REVIEW,))
    assert seen.verdict is Verdict.APPROVED, seen.verdict
    held = _with_answer(attempt, seen, AttemptState.AUTHORIZED, held=True)
    if seen.operation is Operation.SALE:
        taken = replace(held, state=AttemptState.CAPTURED, captured=attempt.amount)
        return Move("moved", taken, (Kind.PAYMENT_AUTHORIZED, Kind.PAYMENT_CAPTURED))
    return Move("moved", held, (Kind.PAYMENT_AUTHORIZED,))


def _undone(attempt: Attempt, seen: Observation, own: bool) -> Move:
    if attempt.state in _OPEN:
        return Move("moved", _with_answer(attempt, seen, AttemptState.ABANDONED, held=False))
    if own and attempt.state in _HELD and not attempt.captured:
        undone = replace(attempt, state=AttemptState.REVERSED, held=False, reversed=attempt.amount)
        return Move("moved", undone, (Kind.PAYMENT_REVERSED,))
    return Move("confirmed")


def _judge_review(attempt: Attempt, seen: Observation) -> Move:
    if attempt.state in _OPEN:
        return Move("early")
    if attempt.authorization_id not in (seen.parent_id, seen.request_id):
        return Move("confirmed")
    if attempt.state is not AttemptState.IN_REVIEW:
        against = _ACCEPTED if seen.verdict is not Verdict.APPROVED else _REFUSED
        return Move("conflict" if attempt.state in against else "confirmed")
    if seen.verdict is Verdict.APPROVED:
        accepted = replace(attempt, state=AttemptState.AUTHORIZED, review="")
        return Move("moved", accepted, (Kind.PAYMENT_REVIEW_ACCEPTED,))
    rejected = replace(attempt, state=AttemptState.REVERSING, reason=seen.reason or attempt.reason)
    return Move("moved", rejected, (Kind.PAYMENT_REVIEW_REJECTED,))


def _judge_capture(attempt: Attempt, seen: Observation, known: Known) -> Move:
    """Each capture counts once; one that failed or was undone counts no more, in any order.

    What was captured while somebody had to decide is in review again when that is undone.
    """
    amount = seen.amount or known.captured or Money.zero(attempt.amount.currency)
    if amount.currency != attempt.amount.currency:
        return Move("conflict")
    if seen.verdict is Verdict.APPROVED:
        return Move("confirmed") if known.undone else _captured(attempt, amount)
    if seen.verdict not in (Verdict.FAILED, Verdict.UNDONE) or known.undone or not known.captured:
        return Move("confirmed")
    left = attempt.captured - known.captured
    held = AttemptState.IN_REVIEW if attempt.review else AttemptState.AUTHORIZED
    state = AttemptState.CAPTURED if left else held
    reason = CAPTURE_FAILED if seen.verdict is Verdict.FAILED else attempt.reason
    failed = replace(attempt, state=state, captured=left, reason=reason)
    return Move("moved", failed, (Kind.PAYMENT_CAPTURE_FAILED,))


def _captured(attempt: Attempt, amount: Money) -> Move:
    captured = attempt.captured + amount
    if attempt.state not in _HELD or attempt.amount < captured:
        return Move("conflict")
    moved = replace(attempt, state=AttemptState.CAPTURED, captured=captured, held=True)
    return Move("moved", moved, (Kind.PAYMENT_CAPTURED,))


def _judge_increment(attempt: Attempt, seen: Observation) -> Move:
    """More is held: it may be captured from then on."""
    added = seen.amount
    if seen.verdict is not Verdict.APPROVED or added is None:
        return Move("confirmed")
    if added.currency != attempt.amount.currency or attempt.state not in _HELD:
        return Move("conflict")
    larger = replace(attempt, amount=attempt.amount + added)
    return Move("moved", larger, (Kind.PAYMENT_INCREMENTED,))


def _judge_reversal(attempt: Attempt, seen: Observation) -> Move:
    own = seen.parent_id in ("", attempt.authorization_id)
    if seen.verdict is not Verdict.APPROVED or not own or attempt.state in ENDED:
        return Move("confirmed")
    if attempt.state in _OPEN:
        reason = "fenced" if attempt.reason == FENCING else attempt.reason
        ended = replace(attempt, state=AttemptState.ABANDONED, reason=reason, held=False)
        return Move("moved", ended)
    if attempt.captured:  # what was not captured is released; the debt stays paid
        rest = seen.amount or attempt.amount - attempt.captured
        return Move("moved", replace(attempt, reversed=rest))
    undone = replace(
        attempt, state=AttemptState.REVERSED, held=False, reversed=seen.amount or attempt.amount
    )
    return Move("moved", undone, (Kind.PAYMENT_REVERSED,))


def _with_answer(
    attempt: Attempt, seen: Observation, state: AttemptState, *, held: bool
) -> Attempt:
    return replace(
        attempt,
        state=state,
        authorization_id=seen.request_id if held else attempt.authorization_id,
        approval_code=seen.approval_code or attempt.approval_code,
        reason=seen.reason,
        review=seen.review,
        token=seen.token or attempt.token,
        card=seen.card if seen.card.brand or seen.card.last4 else attempt.card,
        held=held,
        authorized_at=seen.occurred_at if held else None,
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
        move = _judge_review(attempt, decision)
        if move.attempt is not None:
            await _save(tx, move.attempt, decision, row["number"])
            told = [payment_event(kind, move.attempt, decision) for kind in move.kinds]
            if since.request_id != attempt.authorization_id:
                told = [replace(event, id=f"{event.id}:{since.request_id}") for event in told]
            events += told
            attempt = move.attempt
    return events
