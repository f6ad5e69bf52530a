"""In front of the shopper: what is proven of his token and of himself before money is asked for.

    transient token -> proven with the capture context it was made in, where one is shown or wanted
    shopper         -> authenticated (journeys/authenticate.py), where the connection asks for it

Neither costs an ordinary checkout anything. A capture context itself is made here too: a shop asks
for one before its page can take a card.
"""

import logging
from dataclasses import replace
from datetime import datetime

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.canonical.payments import AttemptState
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, CheckoutRequest, VerifiesDeliveries
from tillbridge.connector.capture import (
    CaptureContext,
    MakesCaptureContexts,
    ReceivesContextRequests,
    VerifiesTokens,
)
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.answer import Answer, may_reopen, not_attempted
from tillbridge.journeys.authenticate import authenticate, authenticates
from tillbridge.journeys.card_guard import screened
from tillbridge.journeys.house import House
from tillbridge.payments.attempts import Attempt, Opening, by_shop_key

TRANSIENT = "transient"
_LOG = logging.getLogger(__name__)


def is_met(payments: Connection, request: CheckoutRequest) -> bool:
    """Whether something is proven before this checkout asks for money."""
    return authenticates(payments) or _verifies(payments, request)


async def meet_shopper(
    house: House,
    payments: Connection,
    request: CheckoutRequest,
    opening: Opening,
    received_at: datetime,
) -> Answer | Attempt | CheckoutRequest:
    """The request with all that is proven; else what the shop is told, or the attempt that has this
    key already.

    Raises Rejected for a token that cannot be trusted, and as `authenticate` does.
    """
    if _verifies(payments, request):
        stopped = await _verify(house, payments, request, opening)
        if stopped is not None:
            return stopped
    if not authenticates(payments):
        return request
    told = await authenticate(house, payments, request, opening, received_at)
    if isinstance(told, Answer | Attempt):
        return told
    return replace(request, proof=told)


async def make_context(house: House, delivery: Delivery) -> CaptureContext:
    """A capture context for a shop's page. Nothing is kept, and asking again is harmless.

    Raises:
        Rejected: unsigned, unreadable, or not possible here.
        Transient: the payment system does not answer, or its gate is closed: ask again.
    """
    shop = house.connections[delivery.connection]
    session = shop.session
    if not isinstance(session, ReceivesContextRequests) or not shop.configured.pays_through:
        raise _no_door(shop)
    assert isinstance(session, VerifiesDeliveries), "a shop signs its requests"
    session.verify(delivery)
    screened(shop, delivery)
    request = session.context_request(delivery)
    payments = house.connections[shop.configured.pays_through]
    maker = payments.session
    if not isinstance(maker, MakesCaptureContexts):
        raise _no_door(payments)
    try:
        await house.gates.enter(payments.name, "checkout")
    except GateClosed as closed:
        raise Transient(
            f"Payments are {closed.reason}.", wait_s=closed.wait_s, reason="gate_closed"
        ) from closed
    try:
        context = await maker.capture_context(_call(house, payments, "capture context"), request)
    except (Transient, Misconfigured, Rejected) as error:
        await house.gates.failed(payments.name, error)
        raise
    await house.gates.succeeded(payments.name)
    return context


def _verifies(payments: Connection, request: CheckoutRequest) -> bool:
    session = payments.session
    if request.token.kind != TRANSIENT or not isinstance(session, VerifiesTokens):
        return False
    return bool(request.token.context) or session.wants_contexts


async def _verify(
    house: House, payments: Connection, request: CheckoutRequest, opening: Opening
) -> Answer | Attempt | None:
    """Proves the token, unless its attempt has gone on already: its answer counts then, however old
    the token is by now."""
    known = await by_shop_key(house.database, opening.shop, opening.attempt_key)
    if known and known.state is not AttemptState.CHALLENGE and not may_reopen(known):
        return known
    session = payments.session
    assert isinstance(session, VerifiesTokens), "asked before"
    call = _call(house, payments, f"{request.order.number}/token")
    try:
        await session.verify_token(call, request.token)
    except (Transient, Misconfigured) as error:
        await house.gates.failed(payments.name, error)
        _LOG.warning("the token of %s: %s", opening.wire_key, error)
        return not_attempted("The card's token could not be proven.")
    return None


def _call(house: House, payments: Connection, correlation: str) -> Call:
    timeout_s = min(payments.timeout_s, house.pace.answer_s)
    return Call("", house.clock(), timeout_s, correlation, _allowed)


def _no_door(connection: Connection) -> Rejected:
    return Rejected(
        f"{connection.name!r} makes no capture contexts.",
        reason="unknown_door",
        next_step="A shop with `pays_through` asks for them at a payment connection that does.",
    )


def _allowed() -> None:
    """Nothing is owed: such a call may always leave."""
