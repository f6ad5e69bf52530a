"""Adopt: a payment that was made elsewhere becomes the payment of its order; nothing is charged.

    the shop names it, or a person -> looked up by its id -> compared with the order -> taken over

Whichever half comes first waits for the other: an order whose payment is not shown yet is looked at
again, soonest when somebody tells of that payment; a payment nobody has claimed is shown to people.

Never adopted is what is no payment any more (declined, reversed, given back by the payment system
itself), what is of another amount or currency than the order, and what is another order's. That is
for a person, with both values.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tillbridge.access.audit import record
from tillbridge.canonical.card_text import mask
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Unreconciled
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import (
    AttemptState,
    Observation,
    Operation,
    Verdict,
)
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call
from tillbridge.connector.adopting import FindsPayments
from tillbridge.connector.delivery import PaidElsewhere
from tillbridge.connector.documents import AUTHORIZATION
from tillbridge.database.database import Tx
from tillbridge.desk.notices import keep_notice
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.journeys.steer import reason_of
from tillbridge.payments.adoptions import (
    Adoption,
    adoption_of,
    adoptions_of,
    count_what_was_taken,
    due_adoptions,
    end_adoption,
    lock_adoption,
    put_off,
    want_adoption,
)
from tillbridge.payments.attempts import (
    Attempt,
    Opening,
    by_authorization,
    by_wire_key,
    fingerprint,
    live,
    of_order,
    open_attempt,
)
from tillbridge.runs.keys import Effect

AT_ONCE_MAX = 20
LEASE_S = 120.0
AGAIN_S, AGAIN_MAX_S = 5.0, 600.0
UNSHOWN_MAX_S = 86_400.0
"""A payment that is not shown for so long is a person's turn."""
_HELD = (Verdict.APPROVED, Verdict.IN_REVIEW)
_PAYS = (Operation.AUTHORIZATION, Operation.SALE)
_OPEN = (AttemptState.STARTED, AttemptState.UNKNOWN)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Finding:
    """What comparing has shown: adopt it (both empty), wait, or leave it to a person."""

    wait: str = ""
    refuse: str = ""


async def adopt_payments(house: House) -> None:
    """Looks at every payment that waits to be adopted and whose time has come."""
    lease_s = max(LEASE_S / house.factor, 10.0)
    for adoption in await due_adoptions(house.database, lease_s, AT_ONCE_MAX):
        if adoption.connection not in house.connections:
            continue
        try:
            await house.gates.enter(adoption.connection)
            await _adopt(house, adoption)
            await house.gates.succeeded(adoption.connection)
        except GateClosed as closed:
            await put_off(house.database, adoption, closed.reason, closed.wait_s)
        except TillbridgeError as error:
            await house.gates.failed(adoption.connection, error)
            await put_off(house.database, adoption, mask(str(error)), _again_s(house, adoption))
            _LOG.warning("adopting %s: %s", adoption.payment_id, error)


async def adopt_by_hand(
    house: House, order_number: str, payment_id: str, operator: str, why: str
) -> Adoption:
    """A person says that a payment pays an order; answers what came of it, now.

    The payment may go by another reference than the order's number: the person vouches for that.
    Nobody vouches for another amount.

    Raises:
        Rejected: no reason, or the order is not known here.
        Transient, Misconfigured: the payment system could not be asked.
    """
    why = reason_of(why)
    payments, shop, order = await _known_order(house, order_number)
    async with house.database.transaction() as tx:
        await want_adoption(tx, payments, shop, PaidElsewhere(order, payment_id), operator)
        about = {"payment_id": payment_id, "connection": payments}
        await record(tx, operator, "adopt", f"order {order_number}", why=why, after=about)
    adoption = await adoption_of(house.database, payments, payment_id, order_number)
    assert adoption is not None, "it was kept"
    if adoption.state == "waiting":
        await _adopt(house, adoption)
    after = await adoption_of(house.database, payments, payment_id, order_number)
    return after or adoption


async def _adopt(house: House, adoption: Adoption) -> None:
    at = house.connections[adoption.connection]
    if not isinstance(at.session, FindsPayments):
        raise Misconfigured(
            f"{at.name!r} cannot be asked for a payment by its id.", reason="no_adopting"
        )
    call = Call("", house.clock(), at.timeout_s, f"adopt {adoption.payment_id}", lambda: None)
    try:
        seen = await at.session.payment(call, adoption.payment_id)
    except (Rejected, Unreconciled) as error:
        await _refuse(house, adoption, mask(str(error)))
        return
    finding = _compare(adoption, seen)
    if not (finding.wait or finding.refuse):
        finding = await _take_over(house, adoption, [_clean(one) for one in seen])
    if finding.wait and (house.clock() - adoption.asked_at).total_seconds() > (
        UNSHOWN_MAX_S / house.factor
    ):
        finding = _Finding(refuse=f"{finding.wait} It was asked for again and again for a day.")
    if finding.refuse:
        await _refuse(house, adoption, finding.refuse)
    elif finding.wait:
        await put_off(house.database, adoption, finding.wait, _again_s(house, adoption))


def _compare(adoption: Adoption, seen: Sequence[Observation]) -> _Finding:
    """What is proven of the payment, beside the order. Pure."""
    order, where = adoption.order, adoption.connection
    vouched = adoption.asked_by != adoption.shop
    if not seen:
        return _Finding(wait=f"{where} does not show the payment yet.")
    first = seen[0]
    if first.operation not in _PAYS:
        return _Finding(refuse=f"{adoption.payment_id} is a {first.operation} at {where}.")
    if first.verdict is Verdict.UNDONE:
        return _Finding(refuse=f"{where} says that it was reversed: nothing is held any more.")
    if first.verdict not in _HELD:
        said = first.reason or first.verdict
        return _Finding(refuse=f"{where} says {said}: it is no payment that can be taken over.")
    if first.amount != order.total:
        there = first.amount or "no amount"
        return _Finding(refuse=f"The order is {order.total}, and {where} has {there}.")
    if first.order_number not in ("", order.number) and not vouched:
        return _Finding(
            refuse=f"{where} has it for {mask(first.order_number)!r}, and the shop names it for"
            f" order {order.number}."
        )
    if _given_back(seen):
        return _Finding(refuse=f"{where} says that its money was given back.")
    return _Finding()


def _given_back(seen: Sequence[Observation]) -> bool:
    return any(
        one.operation is Operation.REFUND and one.verdict is Verdict.APPROVED for one in seen
    )


async def _take_over(house: House, adoption: Adoption, seen: Sequence[Observation]) -> _Finding:
    """The payment becomes an attempt of the order, as if it had been made through us."""
    order = adoption.order
    known = await by_authorization(house.database, adoption.payment_id)
    if known is not None and known.order_number != order.number:
        return _Finding(refuse=f"It is the payment of order {known.order_number}.")
    if known is not None:
        async with house.database.transaction() as tx:
            await end_adoption(tx, adoption, "adopted", "It was known as this order's already.")
        return _Finding()
    other = await live(house.database, adoption.connection, order.number)
    if other is not None:
        return _beside(other)
    try:
        async with house.database.transaction() as tx:
            if await lock_adoption(tx, adoption) == "waiting":
                await _take_in(house, tx, adoption, seen)
    except _NotOursError:
        return _Finding(refuse="It counts for something else here: see tillbridge trace.")
    return _Finding()


async def _take_in(house: House, tx: Tx, adoption: Adoption, seen: Sequence[Observation]) -> None:
    order, ordinal = adoption.order, f"adopted:{adoption.payment_id}"
    effect = Effect(adoption.connection, order.number, AUTHORIZATION, f"{adoption.shop}:{ordinal}")
    opening = Opening(
        wire_key=effect.key,
        connection=adoption.connection,
        shop=adoption.shop,
        attempt_key=ordinal,
        order=order,
        request_sha256=fingerprint(order, "adopted"),
    )
    if not await open_attempt(tx, opening):
        raise _NotOursError
    first, *rest = (replace(one, order_number=order.number) for one in seen)
    await take_in(
        house, tx, adoption.connection, [replace(first, attempt_key=effect.key), *rest], ()
    )
    attempt = await by_wire_key(tx, effect.key)
    if attempt is None or attempt.authorization_id != adoption.payment_id:
        raise _NotOursError
    await count_what_was_taken(tx, adoption, effect.key)
    await end_adoption(tx, adoption, "adopted", "")
    _LOG.info("%s is adopted for order %s", adoption.payment_id, order.number)


def _beside(other: Attempt) -> _Finding:
    """The order has a payment, or one is just being made."""
    if other.state in _OPEN:
        return _Finding(wait=f"Another payment of order {other.order_number} is {other.state}.")
    return _Finding(
        refuse=f"Order {other.order_number} has a payment already: {other.authorization_id or '-'}"
        f" of {other.amount} is {other.state}."
    )


async def _refuse(house: House, adoption: Adoption, why: str) -> None:
    """A person's turn: on the desk, with both values."""
    async with house.database.transaction() as tx:
        await end_adoption(tx, adoption, "refused", why)
        await keep_notice(
            tx,
            f"adoption {adoption.number} {adoption.tries} {why}",
            flow="",
            subject=adoption.order_number,
            level="warning",
            title=f"A payment of order {adoption.order_number} is not adopted",
            content=f"{adoption.payment_id} at {adoption.connection}, said by {adoption.asked_by}:"
            f" {why} Nothing was charged and nothing given back. Look it up there; then"
            " tillbridge adopt ORDER PAYMENT_ID, or undo it there.",
        )
    _LOG.warning("%s is not adopted: %s", adoption.payment_id, why)


async def _known_order(house: House, order_number: str) -> tuple[str, str, Order]:
    """Payment connection, shop and order, from what the shop has told of it. Raises Rejected."""
    for adoption in await adoptions_of(house.database, order_number):
        return adoption.connection, adoption.shop, adoption.order
    for attempt in reversed(await of_order(house.database, order_number)):
        return attempt.connection, attempt.shop, attempt.order
    raise Rejected(
        f"No shop has told us of order {order_number!r}.",
        reason="unknown_order",
        next_step="Have the shop post it (order.paid, docs/how_to/adopt.md).",
    )


def _clean(seen: Observation) -> Observation:
    return replace(seen, attempt_key=mask(seen.attempt_key), reason=mask(seen.reason))


def _again_s(house: House, adoption: Adoption) -> float:
    wait_s = min(AGAIN_S * 2 ** min(adoption.tries, 16), AGAIN_MAX_S)
    return float(wait_s / house.factor)


class _NotOursError(Exception):
    """Taking it in has not made it this order's: all of that is rolled back."""
