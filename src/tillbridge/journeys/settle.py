"""Settle: what goes into the same commit as the outcome of a write.

The short way is one statement (`settle_answer`): the outcome, what it tells of a payment, the
events that follow, the references. What an observation means is judged before, on the attempt as
it was last read; has it moved meanwhile, nothing is done and the long way judges under locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from tillbridge.canonical.codec import encode
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.canonical.payments import Observation
from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Tx
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import SQL, brought_rows, take_in
from tillbridge.payments.attempts import Attempt
from tillbridge.payments.observe import Foreseen, fact_row, foresee, move_row
from tillbridge.references.references import record
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Arrival
from tillbridge.runs.lease import Lease
from tillbridge.runs.outcomes import Answer, Commit, Row
from tillbridge.runs.run import Run

ANSWERED = "answered"
_NOTHING_ALONG: tuple[list[object], ...] = ([], [], [], [])


@dataclass(slots=True)
class Settling:
    """References, observations and events that come with the receipts of one run.

    Attributes:
        announced: the documents of which other flows want to hear (`document.written`).
        paid_by: the attempt the run is about, by its key; "" when its event was no payment.
        attempt: the attempt that the next receipt tells of, as it was read last; afterwards as the
            receipt left it. None when it is not known: its observations take the long way.
        ends_turn: the run is done with its first receipt, and its lane is freed with it.
        ended: that has come to pass.
    """

    house: House
    announced: frozenset[str] = frozenset()
    paid_by: str = ""
    attempt: Attempt | None = None
    ends_turn: bool = False
    ended: bool = False

    async def settled(
        self, tx: Tx, _run: Run, effect: Effect, receipt: Receipt
    ) -> Sequence[Arrival]:
        """The long way: in the caller's transaction."""
        self.attempt = None
        events = [self._written(effect, receipt)] if effect.effect in self.announced else []
        arrivals = await take_in(self.house, tx, effect.connection, receipt.observations, events)
        await record(tx, effect.subject, receipt.references)
        return arrivals

    def foresee(self, lease: Lease, run: Run, answer: Answer) -> Commit | None:
        """The short way: judged here and now, committed when the journal says so."""
        effect, receipt = answer.effect, answer.receipt
        foreseen = self._foresee(receipt.observations)
        if foreseen is None:
            return None
        events = list(foreseen.events)
        if effect.effect in self.announced:
            events.append(self._written(effect, receipt))
        values = (
            effect.key,
            encode(receipt),
            answer.resolved_by,
            fact_row(effect.connection, foreseen.seen) if foreseen.seen else None,
            move_row(foreseen.attempt) if foreseen.attempt else None,
            brought_rows(self.house, events),
            effect.subject,
            lease.target,
            [(item.system, item.kind, item.id) for item in receipt.references],
        )
        whole_turn = None
        if self.ends_turn:
            whole_turn = (
                lease.subject,
                lease.target,
                lease.number,
                lease.arrivals,
                run.id,
                ANSWERED,
                *_NOTHING_ALONG,
            )

        async def commit(intent: Row | None, ending: Row | None) -> Record | None:
            row = await self.house.database.at_once(
                SQL["settle_answer"],
                *values,
                ending or whole_turn,
                intent,
                by=None if self.ends_turn else effect.subject,  # a shopper waits
            )
            if row is not None:
                self.attempt = foreseen.attempt
                self.ended = self.ends_turn
                if row["own"]:
                    lease.own += row["own"]
                    lease.brought.update(event.kind for event in events)
            return row

        return commit

    def _foresee(self, observations: Sequence[Observation]) -> Foreseen | None:
        if not observations:
            return Foreseen()
        if self.attempt is None or len(observations) > 1:
            return None
        return foresee(self.attempt, observations[0])

    def _written(self, effect: Effect, receipt: Receipt) -> Event:
        return Event(
            id=f"{Kind.DOCUMENT_WRITTEN}:{effect.key}",
            source=effect.connection,
            kind=Kind.DOCUMENT_WRITTEN,
            subject=effect.subject,
            occurred_at=self.house.clock(),
            data=EventData(
                written=Written(
                    document=effect.effect,
                    connection=effect.connection,
                    references={item.kind: item.id for item in receipt.references},
                    ordinal=effect.ordinal,
                    attempt_key=self.paid_by,
                )
            ),
        )
