"""Poll: asking for what a webhook may have lost."""

import logging

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, ObservesPayments
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.payments.attempts import ask_about_reviews
from tillbridge.runs.lanes import take_chore

_LOG = logging.getLogger(__name__)
REVIEWS_MAX = 50


async def poll_reviews(house: House) -> None:
    """Asks about every payment that waits for a decision, as if its webhook had been lost.

    Of all workers one does it at a time.
    """
    if not await take_chore(house.database, "reviews", house.pace.review_poll_s):
        return
    for attempt in await ask_about_reviews(house.database, REVIEWS_MAX):
        if attempt.connection not in house.connections:
            continue
        connection = house.connections[attempt.connection]
        if not isinstance(connection.session, ObservesPayments):
            continue
        try:
            await house.gates.enter(connection.name)
            call = _call(house, connection.timeout_s, attempt.order_number)
            seen = await connection.session.observe(call, attempt.order_number)
        except GateClosed:
            continue
        except TillbridgeError as error:
            await house.gates.failed(connection.name, error)
            _LOG.warning("the review of order %s: %s", attempt.order_number, error)
            continue
        async with house.database.transaction() as tx:
            await take_in(house, tx, connection.name, seen, ())


def _call(house: House, timeout_s: float, correlation: str) -> Call:
    return Call(
        key="", now=house.clock(), timeout_s=timeout_s, correlation=correlation, guard=lambda: None
    )
