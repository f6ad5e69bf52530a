"""Opening: a checkout's attempt is begun, or the shop is told what stands in its way.

    a key that is known             -> its attempt
    the debt has no live attempt    -> begun
    a part of it is paid            -> a later part is begun, for exactly what is owed
    else                            -> what stands in its way

A challenge that another shopper did not finish stands in nobody's way.
"""

from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.database.database import Tx
from tillbridge.journeys.answer import Answer, in_flight, in_the_way, may_reopen
from tillbridge.payments.attempts import (
    Attempt,
    Opening,
    by_shop_key,
    fingerprint,
    give_way,
    live,
    open_attempt,
)
from tillbridge.payments.authentications import use_authentication
from tillbridge.payments.parts import NotOpened, begin_attempt, check_owed


def print_of(request: CheckoutRequest) -> bytes:
    """What must be equal when a key is used again."""
    return fingerprint(request.order, request.token.kind, request.owed)


async def open_checkout(
    tx: Tx, request: CheckoutRequest, opening: Opening
) -> "Attempt | Answer | None":
    """Begins the attempt; else the one that has this key, or what stands in its way."""
    if request.proof is not None:
        refused = await not_owed(tx, opening) if opening.owed is not None else None
        if refused is not None or await use_authentication(tx, opening):
            return refused
    if opening.owed is None and await open_attempt(tx, opening):
        return None
    known = await by_shop_key(tx, opening.shop, request.attempt_key)
    if known is not None and not _is_again(known, opening):
        return known
    if opening.owed is not None and (refused := await not_owed(tx, opening)) is not None:
        return refused
    await give_way(tx, opening.connection, opening.order.number)
    if await begin_attempt(tx, opening):
        return None
    return await what_stands_in_the_way(tx, opening)


async def what_stands_in_the_way(tx: Tx, opening: Opening) -> Answer:
    """Why an attempt that was not begun was not."""
    if opening.owed is not None:
        return await not_owed(tx, opening) or in_flight(None, opening.order.number)
    order = opening.order.number
    return in_the_way(await live(tx, opening.connection, order), order)


async def not_owed(tx: Tx, opening: Opening) -> Answer | None:
    """What the shop is told when what a later part asks for is not owed."""
    return _told(await check_owed(tx, opening), opening)


def _told(refused: NotOpened | None, opening: Opening) -> Answer | None:
    order = opening.order.number
    if refused is None:
        return None
    if refused.why == "in_flight":
        return in_flight(None, order)
    if refused.why == "nothing_owed":
        message = f"There is no order {order} of which a part is paid."
        next_step = "Post the checkout without `owed`, or ask what became of its first attempt."
    elif refused.why == "order_changed":
        message = f"Order {order} is not the one of which a part is paid."
        next_step = (
            "Post the same order: only its billing address may differ. Cancel it to change it."
        )
    else:
        message = f"Of order {order} {refused.owed} is owed, not {opening.owed}."
        next_step = "Ask the shopper for what is owed."
    return Answer("conflict", None, refused.why, message, next_step)


def _is_again(attempt: Attempt, opening: Opening) -> bool:
    """Whether it is the very request that certainly never left."""
    return may_reopen(attempt) and attempt.request_sha256 == opening.request_sha256
