"""Lapse: an order of which only a part is paid is given up when nobody pays the rest in time.

    the first card held less than was asked for -> its time is over, or the shop cancels the order
        -> every hold is released (the flow that releases strays), and flows hear `payment.lapsed`

What is asked for meanwhile is looked at under the locks of all parts: it completes the payment, or
is released when it is told.
"""

from datetime import datetime, timedelta
from functools import partial

from tillbridge.connector.holds import SplitsTender
from tillbridge.database.database import Database, Tx
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import SQL, take_events
from tillbridge.payments.parts import lapse

AT_ONCE_MAX = 100


async def lapse_parts(house: House) -> None:
    """Chore: gives up orders whose rest was not paid in time, by the house's clock."""
    for connection in house.connections.all():
        session = connection.session
        if not isinstance(session, SplitsTender):
            continue
        before = house.clock() - timedelta(seconds=session.rest_within_s / house.factor)
        for first in await due_to_lapse(house.database, connection.name, before, AT_ONCE_MAX):
            await house.database.commit(partial(_lapse, house, first))


async def due_to_lapse(
    database: Database, connection: str, before: datetime, limit: int
) -> list[str]:
    """The first parts of orders that are to be given up: they were held `before`, or the shop has
    cancelled their orders."""
    rows = await database.fetch(SQL["due_to_lapse"], connection, before, limit)
    return [row["wire_key"] for row in rows]


async def _lapse(house: House, first: str, tx: Tx) -> None:
    await take_events(house, tx, await lapse(tx, first, house.clock()))
