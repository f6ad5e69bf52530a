"""A shipment that is being captured: its intent is committed, and its answer is about to come."""

from dataclasses import dataclass
from typing import Any

from tests.journeys.room import Room, capture_told
from tests.payments.book import begin, seen, tell, usd

from tillbridge.canonical.payments import Operation, Verdict
from tillbridge.canonical.references import ExternalReference
from tillbridge.connector.abilities import Call, Receipt, Write
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.journeys.checkout import journal_of as checkout_journal
from tillbridge.journeys.deliver import journal_of
from tillbridge.journeys.money_guard import CAPTURE, claim_cover
from tillbridge.journeys.settle import Settling
from tillbridge.runs.journal import Intent, Journal
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Lane, Turn, start_held

AMOUNT = usd("31.95")
TARGET = "cybersource"
SHAPE = DocumentShape("capture", "A capture", ())


@dataclass
class Shipment:
    """One order's capture, under a lease.

    Attributes:
        answer: what the payment system replies.
    """

    room: Room
    lane: Lane
    turn: Turn
    settling: Settling
    journal: Journal
    effect: Effect
    answer: Receipt

    @property
    def ability(self) -> Write:
        async def send(call: Call, _fields: Fields) -> Receipt:
            call.guard()
            return self.answer

        return Write(SHAPE, "natural_key", send)

    async def intend(self, effect: Effect | None = None) -> Intent:
        intent = await self.journal.intend("step", effect or self.effect, self.ability, {}, 1.0)
        assert intent is not None
        return intent

    async def send(self, intent: Intent) -> None:
        """The reply comes, and is taken in."""
        await self.journal.send(intent, self.ability, {}, 1.0)

    async def hear(self) -> None:
        """The webhook of the same capture comes."""
        told = capture_told(self.capture_id, self.lane.subject, str(AMOUNT.amount))
        await self.room.hear_cybersource(
            "payments.capture.status.accepted", told, number=f"n-{self.lane.subject}"
        )

    @property
    def capture_id(self) -> str:
        return capture_id_of(self.lane.subject)

    async def states(self) -> dict[str, str]:
        """The run's effects by what they are."""
        rows = await self.room.house.database.fetch(
            "SELECT ordinal, state FROM effects WHERE run_id = $1", self.turn.runs[0].id
        )
        return {row["ordinal"]: row["state"] for row in rows}


def capture_id_of(order: str) -> str:
    return f"c-{order}"


async def ship(
    room: Room, order: str = "1042", *, short: bool = True, puts_off: bool = False
) -> Shipment:
    """A paid order whose capture is covered; the short way wants to know its attempt."""
    database = room.house.database
    held_id = f"h-{order}"
    await begin(database, f"wire of {order}", f"key of {order}", order)
    paid = seen(
        Operation.AUTHORIZATION,
        Verdict.APPROVED,
        held_id,
        attempt_key=f"wire of {order}",
        order_number=order,
    )
    await tell(database, paid)
    lane = Lane(order, TARGET)
    async with database.transaction() as tx:
        turn = await start_held(tx, lane, "a test", 30.0, journey="deliver", content=b"{}")
    assert turn is not None
    effect = Effect(TARGET, order, CAPTURE, "1")
    fields: dict[str, Any] = {"authorization_id": held_id, "amount": AMOUNT}
    cover = await claim_cover(room.house, CAPTURE, effect, fields)
    settling = Settling(room.house, attempt=cover.attempt if short else None)
    journal = (journal_of if puts_off else checkout_journal)(
        room.house, turn, turn.runs[0], settling
    )
    answer = Receipt(
        references=(ExternalReference(TARGET, CAPTURE, capture_id_of(order)),),
        observations=(
            seen(
                Operation.CAPTURE,
                Verdict.APPROVED,
                capture_id_of(order),
                amount=str(AMOUNT.amount),
                attempt_key=effect.key,
                parent_id=held_id,
                order_number=order,
            ),
        ),
    )
    return Shipment(room, lane, turn, settling, journal, effect, answer)
