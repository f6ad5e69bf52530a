"""Capture: a flow says what is due for a shipment, and it is taken of the order's hold.

    the hold can be captured                        -> captured
    it takes one capture only, and has had it       -> what is due is authorized anew -> captured
    ... and that one is another shipment's, unknown -> waits for it

An ordinary shipment is captured with the statements of any write.
"""

from tillbridge.canonical.events import Kind
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.journeys.money_guard import CAPTURE
from tillbridge.journeys.reauthorize import Remainder, reauthorize
from tillbridge.journeys.way import Way
from tillbridge.payments.claims import HoldUsed
from tillbridge.runs.run import Parked

_LOOKS_AGAIN_S = 60.0
_ENDS = (Kind.PAYMENT_CAPTURED, Kind.PAYMENT_CAPTURE_FAILED)


async def take_capture(
    way: Way, name: str, connection: str, ordinal: str, fields: Fields
) -> Receipt:
    """Captures what is due, once.

    Raises:
        Parked: the hold's one capture is under way, for another shipment.
        Rejected: it would pass what was authorized, or cannot be authorized anew; and as for every
            write.
    """
    try:
        return await way.write(name, connection, CAPTURE, ordinal, fields)
    except HoldUsed as used:
        first = used.attempt
    if not first.captured:
        why = f"{way.place(name)}: the capture of another shipment"
        raise Parked(_LOOKS_AGAIN_S / way.house.factor, why, kinds=_ENDS)
    amount = fields["amount"]
    assert isinstance(amount, Money), "it was claimed"
    anew = await reauthorize(way, name, Remainder(first, way.ordinal(ordinal), amount))
    again = {**fields, "authorization_id": anew.authorization_id}
    return await way.write(name, connection, CAPTURE, ordinal, again)
