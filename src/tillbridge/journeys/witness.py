"""Witness: a person has looked in the other system and says what became of an unknown.

It is the last way for an unknown to end, after evidence and fence, and stands in the audit with who
and why.
"""

from datetime import datetime

from tillbridge.access.audit import record as audit
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Receipt
from tillbridge.journeys.authorization import AUTHORIZATION
from tillbridge.journeys.house import House
from tillbridge.journeys.money_guard import CAPTURE
from tillbridge.journeys.receive import take_in
from tillbridge.journeys.steer import reason_of
from tillbridge.payments.attempts import abandon
from tillbridge.references.references import record
from tillbridge.runs.history import open_effect
from tillbridge.runs.keys import Effect
from tillbridge.runs.testimony import Testified, testify, wake_waiting

NEVER = "a person says it never took place"


async def say_it_happened(
    house: House, key: str, reference: str, *, operator: str, why: str
) -> Effect:
    """The effect took place; `reference` is the other system's own id of it.

    Its run goes on as if the answer had come. An authorization is taken as approved for the
    attempt's whole amount.

    Raises:
        Rejected: no id, no reason, or no such unknown.
    """
    why = reason_of(why)
    if not reference.strip():
        raise Rejected(
            "What took place has an id in the other system.",
            reason="no_reference",
            place=Place(field="reference"),
            next_step="Look it up there and give it.",
        )
    known = await open_effect(house.database, key)
    receipt = Receipt((ExternalReference(known.connection, known.effect, reference.strip()),))
    async with house.database.transaction() as tx:
        ended = await testify(tx, key, receipt, why)
        seen = _seen(ended, reference.strip(), house.clock())
        await take_in(house, tx, known.connection, seen, ())
        await audit(tx, operator, "it happened", f"effect {key}", why=why, after={"id": reference})
        await wake_waiting(tx, ended)
        await record(tx, ended.effect.subject, receipt.references)
    return ended.effect


async def say_it_did_not(house: House, key: str, *, operator: str, why: str) -> Effect:
    """The effect did not take place: its run sends it again; a checkout's order is payable again.

    Raises:
        Rejected: no reason, or no such unknown.
    """
    why = reason_of(why)
    async with house.database.transaction() as tx:
        ended = await testify(tx, key, None, why)
        if ended.effect.effect == AUTHORIZATION:
            await abandon(tx, ended.effect.key, NEVER)
        await wake_waiting(tx, ended)
        await audit(tx, operator, "it did not happen", f"effect {key}", why=why)
    return ended.effect


def _seen(ended: Testified, reference: str, now: datetime) -> list[Observation]:
    """What the testimony proves of a payment."""
    effect, amount = ended.effect, ended.request.get("amount")
    if effect.effect not in (AUTHORIZATION, CAPTURE) or not isinstance(amount, Money):
        return []
    parent = ended.request.get("authorization_id")
    return [
        Observation(
            operation=Operation(effect.effect),
            verdict=Verdict.APPROVED,
            source=Source.PERSON,
            order_number=effect.subject,
            request_id=reference,
            occurred_at=now,
            attempt_key=effect.key,
            parent_id=parent if isinstance(parent, str) else "",
            amount=amount,
        )
    ]
