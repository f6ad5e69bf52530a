"""Replay: a dead letter is run again as a new run that keeps its keys."""

from tillbridge.access.audit import record as audit
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.payments.attempts import newest
from tillbridge.runs.dead_letters import cancel, open_dead_letter, replay


async def replay_dead_letter(house: House, run_id: int, operator: str, why: str) -> int:
    """A new run with the active flow version; answers its number.

    What the old run did is found done by its keys and is not done again.

    Raises:
        Rejected: there is no open dead letter of that number.
    """
    opened = await open_dead_letter(house.database, run_id)
    version = house.catalogue.newest(opened.letter.flow)
    async with house.database.transaction() as tx:
        number, lane = await replay(tx, run_id, version)
        await audit(
            tx,
            operator,
            "replay",
            f"run {run_id}",
            why=why,
            after={"run": number, "flow_version": version},
        )
        await house.ring(tx, [lane])
    return number


async def cancel_dead_letter(house: House, run_id: int, operator: str, why: str) -> None:
    """Gives a dead letter up for good.

    If its documents will never be written, the order's hold is released by whoever waits for
    `document.abandoned` (the built-in flow release-hold).

    Raises:
        Rejected: there is no open dead letter of that number.
    """
    opened = await open_dead_letter(house.database, run_id)
    attempt = await newest(house.database, opened.letter.subject)
    async with house.database.transaction() as tx:
        letter = await cancel(tx, run_id, why)
        await audit(
            tx,
            operator,
            "cancel",
            f"run {run_id}",
            why=why,
        )
        if attempt is not None and letter.flow:
            event = Event(
                id=f"{Kind.DOCUMENT_ABANDONED}:{run_id}",
                source="tillbridge",
                kind=Kind.DOCUMENT_ABANDONED,
                subject=letter.subject,
                occurred_at=house.clock(),
                data=EventData(
                    order=attempt.order,
                    payment=attempt.payment(),
                    written=Written(document=letter.step, connection=letter.target),
                ),
            )
            await take_events(house, tx, [event])
