"""The money guard: what a flow asks of a payment system must be covered by what is held.

However a flow is drawn, a capture never passes the authorization, and nothing is captured while
its hold is being released. What refunds give back is covered too (journeys/refund.py). The claim is
kept under the effect's key, so that a run that comes back finds its own.
"""

from dataclasses import dataclass

from tillbridge.canonical.errors import Misconfigured
from tillbridge.canonical.money import Money
from tillbridge.connector.documents import AUTHORIZATION, Fields
from tillbridge.connector.holds import CapturesHolds
from tillbridge.database.database import Database, Tx
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.refund import REFUND
from tillbridge.payments.attempts import NOT_SENT, Attempt, abandon, by_authorization
from tillbridge.payments.claims import (
    HoldInParts,
    Release,
    claim_capture,
    claim_reversal,
    release_claim,
)
from tillbridge.payments.observations import told_capture
from tillbridge.payments.parts import give_up, lock_parts
from tillbridge.payments.refunds import release_refund, told_refund
from tillbridge.runs.keys import Effect

CAPTURE = "capture"
REVERSAL = "reversal"
RELEASED = "RELEASED"
"""Why the parts of a payment are given back that a flow releases."""


def is_covered(document: str) -> bool:
    """Whether a write of this document has to be covered by what is held."""
    return document in (CAPTURE, REVERSAL)


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether a write is covered.

    Attributes:
        attempt: with its claim, where that was just made.
        hold: what a capture takes from.
        amount: what is released of a payment in parts; the flow named the whole.
    """

    covered: bool
    attempt: Attempt | None = None
    hold: Attempt | None = None
    amount: Money | None = None


async def claim_cover(house: House, document: str, effect: Effect, fields: Fields) -> Cover:
    """Claims the money of a capture or reversal; not covered is what has nothing left to reverse.

    Raises:
        HoldUsed: the hold takes one capture only, and has had it.
        HoldInParts: a capture of one of several holds, whose portions are not worked out.
        Rejected: a capture would pass what is held.
    """
    if not is_covered(document):
        return Cover(True)
    authorization_id = fields.get("authorization_id")
    if not isinstance(authorization_id, str) or not authorization_id:
        raise Misconfigured(
            f"A {document} without authorization_id cannot be covered.",
            reason="missing_field",
            next_step="Map authorization_id from the payment.",
        )
    if document == REVERSAL:
        try:
            async with house.database.connection() as connection:
                released = await claim_reversal(connection, effect.key, authorization_id)
        except HoldInParts as one:
            released = await _release_parts(house, effect, one.attempt)
        return Cover(released is not None, amount=released.amount if released else None)
    amount = fields.get("amount")
    if not isinstance(amount, Money):
        raise Misconfigured("A capture without an amount cannot be covered.")
    claim, once = (effect.key, authorization_id, amount), captures_once(house, effect.connection)
    claimed = await claim_capture(house.database, *claim, order_number=effect.subject, once=once)
    held = claimed or await by_authorization(house.database, authorization_id)
    return Cover(True, claimed, held)


async def _release_parts(house: House, effect: Effect, part: Attempt) -> Release | None:
    """The same for an order that is paid in parts: every hold is given up, this one by this write,
    the others by the flow that releases strays. None where money was taken of any."""

    async def release(tx: Tx) -> Release | None:
        parts = await lock_parts(tx, part)
        others = await give_up(tx, parts, house.clock(), RELEASED, but=part.wire_key)
        await take_events(house, tx, others)
        try:
            return await claim_reversal(tx, effect.key, part.authorization_id)
        except HoldInParts:
            return None

    return await house.database.commit(release)


def captures_once(house: House, connection: str) -> bool:
    """Whether a hold at this connection takes one capture only."""
    session = house.connections[connection].session
    return isinstance(session, CapturesHolds) and session.captures_once


async def told(database: Database, effect: Effect, key: str) -> str:
    """The payment system's id of a capture or refund that it told us of under the key it travels
    under; "" when it told of none."""
    if effect.effect == REFUND:
        return await told_refund(database, effect.key)
    return await told_capture(database, effect.connection, key)


async def give_back(tx: Tx, order_number: str, document: str, effect_key: str) -> None:
    """Gives back the claim of a write that certainly did not take place."""
    if document == REFUND:
        await release_refund(tx, effect_key)
    elif document == AUTHORIZATION:
        await abandon(tx, effect_key, NOT_SENT)
    elif is_covered(document):
        await release_claim(tx, order_number, effect_key)
