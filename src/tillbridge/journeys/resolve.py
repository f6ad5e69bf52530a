"""Resolve: a checkout that was not answered, or whose process died, comes to an end all the same.

    told meanwhile (a webhook)? -> found (search)? -> fence -> the order is payable again

Whatever is found of an attempt after its fence was decided is nobody's wish any more: it is a
stray, and is released. What neither evidence nor a fence can end stays unknown.
"""

from typing import Any

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.payments import AttemptState
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Receipt
from tillbridge.journeys.authorization import AUTHORIZATION
from tillbridge.journeys.checkout import abandon_attempt, journal_of
from tillbridge.journeys.house import House
from tillbridge.journeys.settle import Settling
from tillbridge.payments.attempts import (
    NOT_SENT,
    begin_fence,
    by_wire_key,
    give_up_fence,
    mark_unknown,
)
from tillbridge.runs.journal import FencedOff, Journal
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import Change, Parked, Run

LOOKS_AGAIN = 10.0
"""Times the longest that a gate stays closed: a thousand checkouts that wait are no load."""
_NOTHING_HELD = {"planned": NOT_SENT, "refused": "refused", "fenced": "fenced"}


async def resolve_checkout(house: House, turn: Turn, run: Run) -> None:
    """Ends a checkout, and notes the run's change in the turn.

    Raises Parked when it has to wait, and the error that puts it on a desk.
    """
    effect = _effect_of(run)
    journal = journal_of(house, turn, run, Settling(house))
    standing = await journal.standing(effect)
    assert standing is not None, "an attempt and its intent are one commit"
    if standing["state"] in ("intended", "unknown"):
        await end_authorization(house, journal, effect, standing)
    elif standing["state"] in _NOTHING_HELD:
        reason = _NOTHING_HELD[standing["state"]]
        await abandon_attempt(house, effect.key, reason, standing["lease"])
    turn.change(Change(run.id, "done", ending="resolved"))


async def end_authorization(house: House, journal: Journal, effect: Effect, standing: Any) -> None:
    """Brings an attempt that was sent and not answered to an end, by evidence or by a fence.

    Raises as `resolve_checkout` does.
    """
    async with house.database.transaction() as tx:
        await mark_unknown(tx, effect.key)
    attempt = await by_wire_key(house.database, effect.key)
    if attempt is None or attempt.state is not AttemptState.UNKNOWN:
        await journal.prove(effect, Receipt(fields={"status": "observed"}))
        return
    payments = house.connections[effect.connection]
    try:
        await house.gates.enter(payments.name)
        receipt = await _ask(house, payments, journal, effect, standing)
    except GateClosed as closed:
        # it may be told meanwhile, which ends the attempt all the same: only this run is left over
        closed.at_most_s = LOOKS_AGAIN * house.gates.breaker.closed_max_s
        raise
    except FencedOff:
        await abandon_attempt(house, effect.key, "fenced", standing["lease"])
        return
    # Found while it was being fenced: it is released as a stray, and this attempt is over.
    reason = "proven_absent" if receipt is None else "fenced"
    await abandon_attempt(house, effect.key, reason, standing["lease"])


async def _ask(
    house: House, payments: Connection, journal: Journal, effect: Effect, standing: Any
) -> Receipt | None:
    async def may_fence() -> bool:
        async with house.database.transaction() as tx:
            return await begin_fence(tx, effect.key)

    ability = payments.write(AUTHORIZATION)
    try:
        receipt = await journal.resolve(
            effect, ability, standing, payments.timeout_s, may_fence=may_fence
        )
    except Parked as parked:
        if parked.cause is not None:
            await house.gates.failed(payments.name, parked.cause)
        if isinstance(parked.cause, Transient) and parked.cause.sent == "no":
            await _give_up_fence(house, effect)
        raise
    except (Rejected, Misconfigured) as error:
        await house.gates.failed(payments.name, error)
        await _give_up_fence(house, effect)
        raise
    await house.gates.succeeded(payments.name)
    return receipt


async def _give_up_fence(house: House, effect: Effect) -> None:
    async with house.database.transaction() as tx:
        await give_up_fence(tx, effect.key)


def _effect_of(run: Run) -> Effect:
    payments, _, ordinal = run.input.decode().partition(" ")
    return Effect(payments, run.subject, AUTHORIZATION, ordinal)
