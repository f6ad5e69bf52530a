"""In front of the shopper: what is proven of his token and of himself before money is asked for.

    stored card     -> the network's id of the payment that stored it is found by its order
    transient token -> proven with the capture context it was made in, where one is shown or wanted
    shopper         -> authenticated (journeys/authenticate.py), where the connection asks for it

Neither costs an ordinary checkout anything. A capture context itself is made here too: a shop asks
for one before its page can take a card.
"""

import logging
from dataclasses import replace
from datetime import datetime

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, Transient
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
from tillbridge.references.references import of_subject

TRANSIENT = "transient"
NETWORK_TRANSACTION = "network_transaction"
"""The kind of reference under which payment connections keep the network's id of a payment with
which a card was stored."""
_LOG = logging.getLogger(__name__)


def is_met(payments: Connection, request: CheckoutRequest) -> bool:
    """Whether something is proven before this checkout asks for money."""
    return authenticates(payments) or _verifies(payments, request) or _follows_first(request)


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
    if _follows_first(request):
        request = await _with_first(house, payments, request)
    if not _is_authenticated(payments, request):
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


def _follows_first(request: CheckoutRequest) -> bool:
    """Whether the network's id of an earlier payment has to be found for it."""
    credential = request.credential
    return credential is not None and bool(credential.first_order)


def _is_authenticated(payments: Connection, request: CheckoutRequest) -> bool:
    """Whoever is not there cannot say who he is: what a merchant initiates with a stored card goes
    without. A transient token comes from a shopper who is there."""
    credential = request.credential
    is_alone = (
        credential is not None
        and (credential.use, credential.initiator) == ("use", "merchant")
        and request.token.kind != TRANSIENT
    )
    return authenticates(payments) and not is_alone


async def _with_first(
    house: House, payments: Connection, request: CheckoutRequest
) -> CheckoutRequest:
    """The network's id of the payment with which the card was stored. Raises Rejected."""
    credential = request.credential
    assert credential is not None, "asked before"
    if credential.previous_transaction:
        return request
    for known in await of_subject(house.database, credential.first_order):
        reference = known.reference
        if (reference.system, reference.kind) == (payments.name, NETWORK_TRANSACTION):
            found = replace(credential, previous_transaction=reference.id)
            return replace(request, credential=found)
    raise Rejected(
        f"No payment of order {credential.first_order} is known with which a card was stored.",
        reason="unknown_first_payment",
        place=Place(field="credential.first_order"),
        next_step="Name the order whose checkout stored the card, or send the network's id itself"
        " as credential.previous_transaction.",
    )


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
