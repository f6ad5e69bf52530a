"""Capture: a flow says what is due for a shipment, and it is taken of the order's hold.

    the hold can be captured                        -> captured
    it takes one capture only, and has had it       -> what is due is authorized anew -> captured
    ... and that one is another shipment's, unknown -> waits for it
    the order is paid in parts                      -> captured of its holds, one after the other;
                                                       the last shipment gives back what no hold
                                                       was asked for

An ordinary shipment is captured with the statements of any write.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.database.database import Tx
from tillbridge.journeys.money_guard import CAPTURE, captures_once
from tillbridge.journeys.reauthorize import Remainder, reauthorize
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.way import Way
from tillbridge.payments.attempts import Attempt, by_authorization
from tillbridge.payments.claims import HoldInParts, HoldUsed
from tillbridge.payments.parts import give_back_untouched
from tillbridge.payments.portions import CapturePortion, Due, claim_portions, portions_of
from tillbridge.runs.keys import Effect
from tillbridge.runs.run import Parked

NOT_DUE = "NOT_DUE"
"""Why a part of a payment is given back of which no shipment took anything."""
_LOOKS_AGAIN_S = 60.0
_ENDS = (Kind.PAYMENT_CAPTURED, Kind.PAYMENT_CAPTURE_FAILED)


async def take_capture(
    way: Way, name: str, connection: str, ordinal: str, fields: Fields
) -> Receipt:
    """Captures what is due, once. Of an order that is paid in parts the receipt is the first
    portion's, with the whole amount.

    Raises:
        Parked: the hold's one capture is under way, for another shipment.
        Rejected: it would pass what was authorized, or cannot be authorized anew; and as for every
            write.
    """
    if way.ghost and (part := await _divided(way, connection, ordinal, fields)) is not None:
        return await _take_in_parts(way, name, connection, ordinal, fields, part=part)
    try:
        return await way.write(name, connection, CAPTURE, ordinal, fields)
    except HoldUsed as used:
        first = used.attempt
    except HoldInParts as held:
        return await _take_in_parts(way, name, connection, ordinal, fields, part=held.attempt)
    if not first.captured:
        why = f"{way.place(name)}: the capture of another shipment"
        raise Parked(_LOOKS_AGAIN_S / way.house.factor, why, kinds=_ENDS)
    amount = fields["amount"]
    assert isinstance(amount, Money), "it was claimed"
    anew = await reauthorize(way, name, Remainder(first, way.ordinal(ordinal), amount))
    again = {**fields, "authorization_id": anew.authorization_id}
    return await way.write(name, connection, CAPTURE, ordinal, again)


async def expect_undivided(way: Way, keys: Sequence[str], known: Collection[str]) -> None:
    """Raises Rejected when a capture that is to be undone was divided by this run: what its step
    undoes is one capture, and the others would stay."""
    if not (await portions_of(way.house.database, keys)).isdisjoint(known):
        raise Rejected(
            f"Order {way.run.subject} was captured of several holds: that cannot be undone step by"
            " step.",
            reason="captured_in_parts",
            next_step="Refund it, or void each capture (tillbridge trace), then cancel this.",
        )


async def _take_in_parts(
    way: Way, name: str, connection: str, ordinal: str, fields: Fields, *, part: Attempt
) -> Receipt:
    amount = fields["amount"]
    assert isinstance(amount, Money), "it was to be claimed"
    receipts = []
    portions = await _claimed(way, connection, ordinal, amount, part)
    for number, portion in enumerate(portions, start=1):
        taken = {
            **fields,
            "authorization_id": portion.authorization_id,
            "amount": portion.amount,
        }
        step, own = _portion(name, number), _portion(ordinal, number)
        receipts.append(await way.write(step, connection, CAPTURE, own, taken))
    if fields.get("final", True):
        await _give_back(way, name, part)
    first = receipts[0]
    return replace(first, fields={**first.fields, "amount": amount.text})


async def _divided(way: Way, connection: str, ordinal: str, fields: Fields) -> Attempt | None:
    """The hold that a capture names which was divided before."""
    if not await portions_of(way.house.database, [_key(way, connection, ordinal)]):
        return None
    return await by_authorization(way.house.database, str(fields["authorization_id"]))


async def _claimed(
    way: Way, connection: str, ordinal: str, amount: Money, part: Attempt
) -> list[CapturePortion]:
    due = Due(
        part=part,
        key=_key(way, connection, ordinal),
        amount=amount,
        once=captures_once(way.house, connection),
        key_of=lambda number: _key(way, connection, _portion(ordinal, number)),
    )
    await way.journal.commit()  # a claim is judged on what an answer has told
    return await way.house.database.commit(lambda tx: claim_portions(tx, due))


async def _give_back(way: Way, name: str, part: Attempt) -> None:
    """Once the last shipment is captured, the holds that none was captured of are released."""
    first = part.follows or part.wire_key

    async def give_back(tx: Tx) -> bytes:
        unwanted = await give_back_untouched(tx, first, way.house.clock(), NOT_DUE)
        await take_events(way.house, tx, unwanted)
        return b"given back"

    await way.journal.local(f"{way.place(name)}~", give_back)


def _key(way: Way, connection: str, ordinal: str) -> str:
    return Effect(connection, way.run.subject, CAPTURE, way.ordinal(ordinal)).key


def _portion(name: str, number: int) -> str:
    return f"{name} portion {number}"
