"""A hold: an issuer keeps the money for so long, and no capture leaves after that.

What is captured later may be refused, or be charged to a shopper whose bank has let go of it and
comes back as a chargeback. So such a capture is not sent: it fails for certain, and the step's own
policy says what follows, or a person does.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.documents import Fields
from tillbridge.journeys.house import House
from tillbridge.payments.attempts import Attempt

EXPIRED = "hold_expired"


def ends_at(house: House, hold: Attempt) -> datetime | None:
    """When the issuer lets go of it (`hold_life` of the alerts); None when nobody told us when it
    was made."""
    if hold.authorized_at is None:
        return None
    return hold.authorized_at + timedelta(seconds=house.alerting.hold_life_s)


def while_held(house: House, write: Write, hold: Attempt | None) -> Write:
    """The same write, of which nothing leaves once the hold that it takes from has ended."""
    until = ends_at(house, hold) if hold is not None else None
    if hold is None or until is None:
        return write

    async def send(call: Call, fields: Fields) -> Receipt:
        def guard() -> None:
            call.guard()
            if house.clock() >= until:
                raise _expired(hold, until)

        return await write.send(replace(call, guard=guard), fields)

    return replace(write, send=send)


def _expired(hold: Attempt, until: datetime) -> Rejected:
    return Rejected(
        f"The hold of order {hold.order_number} ended at {until:%Y-%m-%d %H:%M} UTC:"
        " nothing was captured.",
        reason=EXPIRED,
        next_step="Have the shopper pay again, or cancel the order. If this issuer keeps it longer,"
        " raise alerts.hold_life in tillbridge.yaml and replay.",
    )
