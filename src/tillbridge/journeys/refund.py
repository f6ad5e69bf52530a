"""Refund: a flow asks for money to go back and says how much; the captures it gives back are found.

A refund at a payment system is of one capture. Most orders have one; where there are several, the
oldest is given back first, and each takes an effect of its own under the flow's ordinal.
"""

from dataclasses import replace

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.journeys.way import Unreached, Way
from tillbridge.payments.refunds import (
    Asked,
    Portion,
    claim_credit,
    claim_refund,
    cover_refund,
)
from tillbridge.runs.journal import Journal
from tillbridge.runs.keys import Effect, wire_key

REFUND = "refund"
CREDIT = "credit"


async def take_refund(
    way: Way, name: str, connection: str, ordinal: str, fields: Fields
) -> Receipt:
    """Makes a refund, once: every part of it, each of one capture.

    The receipt is the first part's, with the whole amount; it has every part's reference.

    Raises:
        Rejected: it would pass what was captured; and as for every write.
    """
    if way.ghost and not await way.journal.done(_effect(way, connection, ordinal)):
        raise Unreached
    portions = await _claimed(way, connection, ordinal, fields)
    receipts = []
    for number, portion in enumerate(portions, start=1):
        given = {
            **fields,
            "capture_id": portion.capture_id,
            "amount": portion.amount,
            "of_sale": portion.of_sale,
        }
        step, own = _part(name, number), _part(ordinal, number)
        receipts.append(await way.write(step, connection, REFUND, own, given))
    first, total = receipts[0], portions[0].amount
    for portion in portions[1:]:
        total += portion.amount
    return replace(
        first,
        references=tuple(reference for each in receipts for reference in each.references),
        fields={**first.fields, "amount": total.text, "currency": total.currency},
    )


async def cover_going_out(way: Way, effect: Effect, fields: Fields) -> None:
    """Holds the claim of a refund's part before it is sent, under the key it will travel under; a
    credit that stands alone is noted for ours. Nothing else goes out.

    Raises:
        Rejected: what it would give back is gone meanwhile.
        Misconfigured: nobody has claimed it.
    """
    if effect.effect not in (REFUND, CREDIT):
        return
    key, amount = await _next_key(way.journal, effect), fields.get("amount")
    async with way.house.database.transaction() as tx:
        if effect.effect == CREDIT and isinstance(amount, Money):
            await claim_credit(tx, key, amount)
        elif effect.effect == REFUND and not await cover_refund(tx, effect.key, key):
            raise Misconfigured("A refund that nobody has claimed cannot be covered.")


async def _next_key(journal: Journal, effect: Effect) -> str:
    standing = await journal.standing(effect)
    if standing is None:
        return effect.key
    return wire_key(effect.key, standing["round"] + (standing["state"] == "fenced"))


async def _claimed(way: Way, connection: str, ordinal: str, fields: Fields) -> list[Portion]:
    order_number, amount = fields.get("order_number"), fields.get("amount")
    capture_id = fields.get("capture_id")
    if not isinstance(order_number, str) or not order_number:
        raise Misconfigured(
            "A refund without order_number cannot be covered.",
            reason="missing_field",
            next_step="Map order_number from the refund.",
        )
    if amount is not None and not isinstance(amount, Money):
        raise Rejected("A refund's amount is money.", reason="bad_amount")

    def key_of(number: int) -> str:
        return _effect(way, connection, _part(ordinal, number)).key

    asked = Asked(
        connection=connection,
        order_number=order_number,
        key=_effect(way, connection, ordinal).key,
        amount=amount,
        capture_id=capture_id if isinstance(capture_id, str) else "",
        key_of=key_of,
    )
    await way.journal.commit()  # a claim is judged on what an answer has told
    async with way.house.database.transaction() as tx:
        return await claim_refund(tx, asked)


def _effect(way: Way, connection: str, ordinal: str) -> Effect:
    return Effect(connection, way.run.subject, REFUND, way.ordinal(ordinal))


def _part(name: str, number: int) -> str:
    """The first part has the whole's own name; a later one adds its number."""
    return name if number == 1 else f"{name} part {number}"
