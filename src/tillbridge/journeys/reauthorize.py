"""Reauthorize: what an order still owes for a shipment is authorized anew, with the stored card.

    opened with its intent -> sent -> approved: it can be captured
                                   -> declined, or in doubt: a person's turn
                                   -> not answered: found; or undone, and asked under a new key
                                      once nothing is held under the old one

It is an authorization like a checkout's, which the merchant initiates: the same write, kept and
ended in the same way (journeys/resolve.py). A declined one is asked again only when a person
replays the run.
"""

from dataclasses import dataclass

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.documents import AUTHORIZATION, Fields, Value
from tillbridge.journeys.authorization import without_token
from tillbridge.journeys.checkout import abandon_attempt
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import SQL
from tillbridge.journeys.resolve import end_authorization
from tillbridge.journeys.shopper import NETWORK_TRANSACTION
from tillbridge.journeys.way import Way
from tillbridge.payments.attempts import Attempt, by_wire_key, mark_unknown
from tillbridge.payments.reauthorizations import Wanted, following, open_reauthorization
from tillbridge.references.references import of_subject
from tillbridge.runs.journal import Intent
from tillbridge.runs.keys import Effect
from tillbridge.runs.lease import LeaseLost
from tillbridge.runs.run import Parked

_OPEN = (AttemptState.STARTED, AttemptState.UNKNOWN)
_ACCEPTED = (AttemptState.AUTHORIZED, AttemptState.CAPTURED)
_LOOKS_AGAIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is due of an order whose first authorization cannot be captured any more.

    `shipment` is the ordinal of its capture.
    """

    first: Attempt
    shipment: str
    amount: Money

    def effect(self, number: int) -> Effect:
        """The authorization of one try."""
        order = self.first.order_number
        return Effect(self.first.connection, order, AUTHORIZATION, self.key(number))

    def key(self, number: int) -> str:
        """The attempt key of one try; no shop's, which could be any text."""
        return f"reauthorization:{self.first.order_number}:{self.shipment}:{number}"

    def number(self, attempt: Attempt) -> int:
        """Which try of this shipment an attempt is; 0 when it is another shipment's."""
        base, _, number = attempt.attempt_key.rpartition(":")
        return int(number) if f"{base}:0" == self.key(0) else 0


async def reauthorize(way: Way, name: str, due: Remainder) -> Attempt:
    """The attempt that holds what is due, once for each shipment.

    Raises:
        Parked: it was not answered, and nothing is proven yet.
        Rejected: declined, no stored card, or more than the order is due.
        Transient, Misconfigured: as for every write.
    """
    tries = await following(way.house.database, due.first.wire_key)
    own = [attempt for attempt in tries if due.number(attempt)]
    last = max(own, key=due.number, default=None)
    number = due.number(last) if last is not None else 0
    if last is None or (last.state not in (*_OPEN, *_ACCEPTED) and _is_anothers(way, due, number)):
        number, last = number + 1, None
    while True:
        if last is None or last.state in _OPEN or await way.journal.unanswered(due.effect(number)):
            last = await _tried(way, name, due, number)  # what a webhook told ends its effect, too
        if last.state in _ACCEPTED:
            await _expect_released(way, name, due, number)
            return last
        if last.state is not AttemptState.ABANDONED:
            raise _declined(due, last)
        number, last = number + 1, None


def _is_anothers(way: Way, due: Remainder, number: int) -> bool:
    """Whether a try that came to nothing was an earlier run's: a person has replayed it."""
    return due.effect(number).key not in way.run.begun


async def _tried(way: Way, name: str, due: Remainder, number: int) -> Attempt:
    """One try, as it stands when it has been answered or has come to its end."""
    effect = due.effect(number)
    standing = await way.journal.standing(effect)
    if standing is not None and standing["state"] in ("intended", "unknown"):
        await end_authorization(way.house, way.journal, effect, standing)
    else:
        await _send(way, name, due, number)
    attempt = await by_wire_key(way.house.database, effect.key)
    assert attempt is not None, "it was opened with its intent"
    return attempt


async def _send(way: Way, name: str, due: Remainder, number: int) -> None:
    house, effect = way.house, due.effect(number)
    await _expect_released(way, name, due, number)
    at = house.connections[effect.connection]
    fields = await _fields(house, due, effect)
    await house.gates.enter(at.name, since=way.run.started_at)
    ability = at.write(AUTHORIZATION)
    intent = await _intend(way, f"{name}.anew", due, number, fields)
    try:
        await way.journal.send(intent, ability, fields, at.timeout_s)
    except (Parked, Unreconciled) as unknown:
        async with house.database.transaction() as tx:
            await mark_unknown(tx, effect.key)
        if isinstance(unknown, Parked) and unknown.cause is not None:
            await house.gates.failed(at.name, unknown.cause)
        raise
    except Transient as error:
        await house.gates.failed(at.name, error)
        raise
    except (Rejected, Misconfigured) as error:
        await house.gates.failed(at.name, error)
        await abandon_attempt(house, effect.key, "refused", intent.lease)
        raise
    await house.gates.succeeded(at.name)


async def _expect_released(way: Way, name: str, due: Remainder, number: int) -> None:
    """What an earlier try holds after all is released before more is asked for, or captured.

    Raises Parked while it is not.
    """
    keys = [due.effect(earlier).key for earlier in range(1, number)]
    if not keys:
        return
    await way.journal.commit()
    order = due.first.order_number
    held = await way.house.database.fetch_value(SQL["unreleased"], order, keys)
    if held is not None:
        why = f"{way.place(name)}: the release of {held}, which an earlier try holds"
        raise Parked(_LOOKS_AGAIN_S / way.house.factor, why)


async def _intend(way: Way, step: str, due: Remainder, number: int, fields: Fields) -> Intent:
    """Opens the attempt and commits the intent, in one."""
    effect = due.effect(number)
    at = way.house.connections[effect.connection]
    wanted = Wanted(effect.key, due.first.wire_key, due.key(number), due.amount)
    await way.journal.commit()
    async with way.house.database.transaction() as tx:
        await open_reauthorization(tx, wanted)
        intent = await way.journal.intend(
            way.place(step),
            effect,
            at.write(AUTHORIZATION),
            without_token(fields),
            at.timeout_s,
            tx=tx,
        )
        if intent is None:
            raise LeaseLost
    return intent


async def _fields(house: House, due: Remainder, effect: Effect) -> Fields:
    """The authorization's fields. Raises Rejected without a stored card."""
    first = due.first
    if not first.token:
        raise Rejected(
            f"{due.amount} of order {first.order_number} is not paid: its authorization takes one"
            " capture, which it had, and no card is stored to authorize the rest with.",
            reason="no_stored_card",
            next_step="Have the shopper pay it, then cancel this. For orders to come: store_token"
            " in the mapping of the authorization (docs/how_to/captures.md).",
        )
    credential: dict[str, Value] = {
        "use": "use",
        "initiator": "merchant",
        "reason": "reauthorization",
        "original_amount": first.amount,
    }
    if network := await _network_transaction(house, first):
        credential["previous_transaction"] = network
    else:  # only a webhook told of it: the payment system is asked
        credential["previous_payment"] = first.authorization_id
    return {
        "order_number": first.order_number,
        "attempt_key": effect.key,
        "amount": due.amount,
        "token_kind": "tms",
        "token": first.token,
        "customer_id": first.order.customer.id,
        "stored_credential": credential,
    }


async def _network_transaction(house: House, first: Attempt) -> str:
    """The network's id of the last payment with this order's card; "" where none is known."""
    known = [one.reference for one in await of_subject(house.database, first.order_number)]
    wanted = (first.connection, NETWORK_TRANSACTION)
    return next((one.id for one in reversed(known) if (one.system, one.kind) == wanted), "")


def _declined(due: Remainder, attempt: Attempt) -> Rejected:
    order = due.first.order_number
    why = attempt.reason or attempt.state.value
    return Rejected(
        f"{due.amount} of order {order} is not paid: authorizing it anew was refused ({why}).",
        reason="reauthorization_declined",
        next_step="The goods may have left: ask the shopper to pay, then cancel this; or replay to"
        " ask the issuer once more.",
    )
