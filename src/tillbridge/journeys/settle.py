"""Settle: what goes into the same commit as the outcome of a write."""

from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Tx
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.references.references import record
from tillbridge.runs.journal import Settled
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Arrival
from tillbridge.runs.run import Run


def settling(house: House, announced: frozenset[str] = frozenset()) -> Settled:
    """References, observations and events that come with a receipt.

    `announced` are the names of the effects of which other flows want to hear
    (`document.written`).
    """

    async def settle(tx: Tx, run: Run, effect: Effect, receipt: Receipt) -> list[Arrival]:
        events = [_written(house, effect, receipt)] if effect.effect in announced else []
        arrivals = await take_in(house, tx, effect.connection, receipt.observations, events)
        await record(tx, effect.subject, receipt.references)
        return arrivals

    return settle


def _written(house: House, effect: Effect, receipt: Receipt) -> Event:
    return Event(
        id=f"{Kind.DOCUMENT_WRITTEN}:{effect.key}",
        source=effect.connection,
        kind=Kind.DOCUMENT_WRITTEN,
        subject=effect.subject,
        occurred_at=house.clock(),
        data=EventData(
            written=Written(
                document=effect.effect,
                connection=effect.connection,
                references={item.kind: item.id for item in receipt.references},
            )
        ),
    )
