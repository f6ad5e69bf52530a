"""Checkout: a shopper waits while we ask for an authorization. Synchronous, and exactly once.

    verify -> read -> check the equation -> (prove token and shopper, where it is asked for)
           -> open the attempt, claim its lane, commit the intent
           -> send -> commit the answer (it starts the flows) -> answer the shop

The shop is answered within `answer_s`; the call is read on to `read_on_s` even when the shop has
gone. Then the attempt is unknown and a worker ends it (journeys/resolve.py).
"""

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import asyncpg

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    Transient,
    Unreconciled,
)
from tillbridge.canonical.orders import check_order
from tillbridge.canonical.payments import AttemptState
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import CheckoutRequest, ReceivesCheckouts, VerifiesDeliveries
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import AUTHORIZATION
from tillbridge.connector.packing import pack
from tillbridge.database.database import Tx
from tillbridge.journeys.answer import (
    Answer,
    answer_for,
    in_flight,
    may_reopen,
    not_attempted,
    with_sums,
)
from tillbridge.journeys.authenticate import with_page
from tillbridge.journeys.authorization import asked_of, while_waited_for, without_token
from tillbridge.journeys.card_guard import card_data_found, in_key, screened
from tillbridge.journeys.following import follow_subject
from tillbridge.journeys.house import House
from tillbridge.journeys.opening import open_checkout, print_of
from tillbridge.journeys.receive import SQL
from tillbridge.journeys.settle import ANSWERED, Settling
from tillbridge.journeys.shopper import is_met, meet_shopper
from tillbridge.payments.attempts import (
    NOT_SENT,
    Attempt,
    Opening,
    abandon,
    by_shop_key,
    mark_unknown,
)
from tillbridge.runs.journal import Intent, Journal
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Lane, Turn, held_turn, release, start_held
from tillbridge.runs.outcomes import is_newest_try
from tillbridge.runs.run import Change, Parked, Run

JOURNEY = "checkout"
_SPARE_S = 15.0
_LOOK_S = 0.2
_LANE_HELD_WAITS_S = (0.05, 0.1, 0.2, 0.4)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A committed attempt whose call may leave."""

    wire_key: str
    shop: str
    turn: Turn
    settling: Settling
    journal: Journal
    intent: Intent


async def checkout(house: House, delivery: Delivery) -> Answer:
    """Answers a shop's checkout; the same key re-attaches to the same attempt.

    Raises:
        Rejected: unsigned, unreadable, card data, or an order that does not hold: before any
            money moves.
    """
    shop = house.connections[delivery.connection]
    request = _read(shop, delivery)
    await follow_subject(house, request.order.number)
    check_order(request.order)
    payments = house.connections[shop.configured.pays_through]
    try:
        await house.gates.enter(payments.name, "checkout")
    except GateClosed as closed:
        known = await by_shop_key(house.database, shop.name, request.attempt_key)
        if known is not None and not may_reopen(known):
            return await _attach(house, known, request)
        return not_attempted(f"Payments are {closed.reason}.")
    if is_met(payments, request):
        opening = _opening(shop, payments, request, _effect(shop, payments, request))
        met = await meet_shopper(house, payments, request, opening, delivery.received_at)
        if isinstance(met, Answer):
            return met
        if isinstance(met, Attempt):
            return await _attach(house, met, request)
        request = met
    begun = await _begin_soon(house, shop, payments, request)
    if isinstance(begun, Attempt):
        return await _attach(house, begun, request)
    if isinstance(begun, Answer):
        return begun
    begun = replace(begun, intent=while_waited_for(house, begun.intent, delivery))
    task = asyncio.create_task(_carry_out(house, payments, begun, request))
    house.calls.add(task)
    task.add_done_callback(partial(_ended, house, begun.wire_key))
    age_s = (house.clock() - delivery.received_at).total_seconds()
    await asyncio.wait({task}, timeout=max(house.pace.answer_s - age_s, 0.0))
    if begun.settling.ended and begun.settling.attempt is not None:
        return answer_for(begun.settling.attempt)
    return await status_of(house, shop.name, request.attempt_key)


async def status_of(house: House, shop: str, attempt_key: str) -> Answer:
    """Where an attempt stands. Raises Rejected for a key that is not known."""
    attempt = await by_shop_key(house.database, shop, attempt_key)
    if attempt is None:
        raise Rejected(
            f"There is no attempt {attempt_key!r}.",
            reason="unknown_attempt",
            next_step="Post it to /checkout/payments first.",
        )
    return await _told(house, attempt)


async def settle_open_checkouts(house: House) -> None:
    """Waits for calls that are still being read on (a graceful stop)."""
    if house.calls:
        await asyncio.wait(set(house.calls))


def _read(shop: Connection, delivery: Delivery) -> CheckoutRequest:
    session = shop.session
    if not isinstance(session, ReceivesCheckouts) or not shop.configured.pays_through:
        raise Rejected(
            f"{shop.name!r} takes no checkouts.",
            reason="unknown_door",
            next_step="Give the shop's connection `pays_through` in tillbridge.yaml.",
        )
    assert isinstance(session, VerifiesDeliveries), "a door that moves money asks who is there"
    session.verify(delivery)
    screened(shop, delivery)
    request = session.checkout(delivery)
    if in_key(request.attempt_key):
        raise card_data_found(["the key of the attempt"])
    return request


def _ended(house: House, wire_key: str, task: "asyncio.Task[None]") -> None:
    house.calls.discard(task)
    if not task.cancelled() and task.exception() is not None:
        broken = task.exception()
        _LOG.error("checkout %s broke; a worker will end it", wire_key, exc_info=broken)


async def _begin_soon(
    house: House, shop: Connection, payments: Connection, request: CheckoutRequest
) -> "_Begun | Attempt | Answer":
    """`_begin`; a worker that is just busy with an earlier attempt's ending is waited for."""
    if request.proof is None and request.owed is None:  # else an attempt is there already
        begun = await _begin_at_once(house, shop, payments, request)
        if begun is not None:
            return begun
    for wait_s in _LANE_HELD_WAITS_S:
        try:
            return await _begin(house, shop, payments, request)
        except (_LaneHeldError, asyncpg.UniqueViolationError):
            await asyncio.sleep(wait_s)
    return in_flight(None, request.order.number)


async def _begin_at_once(
    house: House, shop: Connection, payments: Connection, request: CheckoutRequest
) -> "_Begun | None":
    """One statement: the attempt, its lane's lease, its run, and the intent to authorize.

    None when the key is known, the debt has a live attempt, or somebody holds the lane: `_begin`
    finds out which.
    """
    order = request.order
    effect = _effect(shop, payments, request)
    opening = _opening(shop, payments, request, effect)
    content = _input(payments, effect)
    lease_s, began = _lease_s(house), time.monotonic()
    fields = without_token(asked_of(house, shop.name, request, effect.key))
    resolve_in_s = house.patience.resolve_in_s(house.pace.read_on_s)
    row = await house.database.at_once(
        SQL["begin_checkout"],
        payments.name,
        shop.name,
        request.attempt_key,
        order.number,
        opening.request_sha256,
        order.total.amount,
        order.currency,
        encode(order),
        effect.key,
        house.holder,
        timedelta(seconds=lease_s),
        JOURNEY,
        content,
        AUTHORIZATION,
        effect.ordinal,
        pack(fields),
        timedelta(seconds=resolve_in_s),
    )
    if row is None:
        return None
    lane = Lane(order.number, payments.name)
    turn = held_turn(lane, row, JOURNEY, content, began + lease_s)
    settling = Settling(house, attempt=opening.attempt(row["seen_as"]), ends_turn=True)
    send_by = began + house.patience.send_window_s
    intent = Intent(effect, effect.key, send_by, resolve_in_s, turn.lease.number)
    journal = journal_of(house, turn, turn.runs[0], settling)
    return _Begun(effect.key, shop.name, turn, settling, journal, intent)


async def _begin(
    house: House, shop: Connection, payments: Connection, request: CheckoutRequest
) -> "_Begun | Attempt | Answer":
    """The same in several statements, where something stands in the way, or seems to.

    Answers the attempt that has this key already, or what stands in its way.
    """
    effect = _effect(shop, payments, request)
    async with house.database.transaction() as tx:
        standing = await open_checkout(tx, request, _opening(shop, payments, request, effect))
        if standing is not None:
            return standing
        turn = await start_held(
            tx,
            Lane(request.order.number, payments.name),
            house.holder,
            _lease_s(house),
            journey=JOURNEY,
            content=_input(payments, effect),
        )
        if turn is None:
            raise _LaneHeldError
        settling = Settling(house)
        journal = journal_of(house, turn, turn.runs[0], settling)
        intent = await journal.intend(
            AUTHORIZATION,
            effect,
            payments.write(AUTHORIZATION),
            without_token(asked_of(house, shop.name, request, effect.key)),
            house.pace.read_on_s,
            tx=tx,
        )
        assert intent is not None, "a new attempt has a new effect"
    return _Begun(effect.key, shop.name, turn, settling, journal, intent)


def _effect(shop: Connection, payments: Connection, request: CheckoutRequest) -> Effect:
    ordinal = f"{shop.name}:{request.attempt_key}"
    return Effect(payments.name, request.order.number, AUTHORIZATION, ordinal)


def _opening(
    shop: Connection, payments: Connection, request: CheckoutRequest, effect: Effect
) -> Opening:
    return Opening(
        wire_key=effect.key,
        connection=payments.name,
        shop=shop.name,
        attempt_key=request.attempt_key,
        order=request.order,
        request_sha256=print_of(request),
        owed=request.owed,
    )


def _input(payments: Connection, effect: Effect) -> bytes:
    """What a worker needs to end the run without us (journeys/resolve.py)."""
    return f"{payments.name} {effect.ordinal}".encode()


def _lease_s(house: House) -> float:
    return house.pace.read_on_s + _SPARE_S / house.factor


async def _carry_out(
    house: House, payments: Connection, begun: _Begun, request: CheckoutRequest
) -> None:
    """Sends the authorization, commits its answer, and frees the lane."""
    fields = asked_of(house, begun.shop, request, begun.wire_key)
    run = begun.turn.runs[0]
    try:
        await begun.journal.send(
            begun.intent, payments.write(AUTHORIZATION), fields, house.pace.read_on_s
        )
    except Parked as parked:
        if parked.cause is not None:
            await house.gates.failed(payments.name, parked.cause)
        await _mark_unknown(house, begun)
        begun.turn.change(Change(run.id, "waiting", parked.wait_s, parked.why))
    except Unreconciled as error:
        await _mark_unknown(house, begun)
        begun.turn.change(Change(run.id, "waiting", 0.0, error.message))
    except (Transient, Rejected, Misconfigured) as error:
        await house.gates.failed(payments.name, error)
        reason = "refused" if isinstance(error, Rejected) else NOT_SENT
        await abandon_attempt(house, begun.wire_key, reason, begun.intent.lease)
        _LOG.warning("checkout %s: %s", begun.wire_key, error)
        begun.turn.change(Change(run.id, "done", ending=str(error)))
    else:
        await house.gates.succeeded(payments.name)
        begun.turn.change(Change(run.id, "done", ending=ANSWERED))
    if not begun.settling.ended:
        await release(house.database, begun.turn)


async def _mark_unknown(house: House, begun: _Begun) -> None:
    async with house.database.transaction() as tx:
        await mark_unknown(tx, begun.wire_key)


async def abandon_attempt(house: House, wire_key: str, reason: str, tried: int) -> None:
    """Ends an attempt that is still open, and of which this try is proven to hold nothing.

    `tried`: the try's lease. Whoever wakes late does not end the attempt under a later one.
    """

    async def give_up(tx: Tx) -> None:
        await abandon(tx, wire_key, reason)
        if not await is_newest_try(tx, wire_key, tried):
            raise _TriedAgainError

    with contextlib.suppress(_TriedAgainError):
        await house.database.commit(give_up)


async def _attach(house: House, attempt: Attempt, request: CheckoutRequest) -> Answer:
    """The same key again: the same attempt, waited for a while if it is still open."""
    if attempt.request_sha256 != print_of(request):
        return Answer(
            "conflict",
            attempt,
            reason="key_reused",
            message=f"The key {request.attempt_key!r} was used for another request.",
            next_step="Use a new key for a new attempt.",
        )
    for _ in range(int(house.pace.answer_s / _LOOK_S)):
        if attempt.state not in (AttemptState.STARTED, AttemptState.UNKNOWN):
            break
        await asyncio.sleep(_LOOK_S)
        attempt = await by_shop_key(house.database, attempt.shop, attempt.attempt_key) or attempt
    return await _told(house, attempt)


async def _told(house: House, attempt: Attempt) -> Answer:
    return await with_sums(house.database, await with_page(house, answer_for(attempt)))


def journal_of(house: House, turn: Turn, run: Run, settling: Settling) -> Journal:
    """The journal of a checkout's run."""
    return Journal(
        house.database,
        turn.lease,
        run,
        clock=house.clock,
        patience=house.patience,
        settles=settling,
    )


class _TriedAgainError(Exception):
    """Somebody else has begun the attempt again meanwhile."""


class _LaneHeldError(Exception):
    """A worker is just ending an earlier attempt of this order."""
