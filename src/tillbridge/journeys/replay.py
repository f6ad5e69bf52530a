"""Replay: a dead letter is run again as a new run that keeps its keys."""

from tillbridge.access.audit import record as audit
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.database.database import Tx
from tillbridge.flows.steps import WriteStep
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys.house import House
from tillbridge.journeys.money_guard import CAPTURE, give_back
from tillbridge.journeys.receive import take_events
from tillbridge.payments.attempts import Attempt, newest
from tillbridge.runs.dead_letters import DeadLetter, Opened, cancel, open_dead_letter, replay


async def replay_dead_letter(house: House, run_id: int, operator: str, why: str) -> int:
    """A new run with the active flow version; answers its number.

    What the old run did is found done by its keys and is not done again.

    Raises:
        Rejected: there is no open dead letter of that number.
    """
    opened = await open_dead_letter(house.database, run_id)
    version = house.catalogue.newest(opened.letter.flow)
    async with house.database.transaction() as tx:
        await _give_back_claims(tx, opened)
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

    Each document that others wait for, and that will now never be written, is told as
    `document.abandoned`: the built-in flow release-hold then reverses a hold that nobody will
    capture.

    Raises:
        Rejected: there is no open dead letter of that number, or one of its effects is unknown:
            it might still have happened, so its order cannot be given up yet.
    """
    opened = await open_dead_letter(house.database, run_id)
    unknown = [row["effect"] for row in opened.effects if row["state"] in ("intended", "unknown")]
    if unknown:
        raise Rejected(
            f"Whether run {run_id} has written {', '.join(unknown)} is not known yet.",
            reason="unknown_outcome",
            next_step="Wait until it is resolved (tillbridge unknowns), then cancel.",
        )
    attempt = await newest(house.database, opened.letter.subject)
    documents = await _given_up(house, opened)
    async with house.database.transaction() as tx:
        await _give_back_claims(tx, opened)
        letter = await cancel(tx, run_id, why)
        await audit(tx, operator, "cancel", f"run {run_id}", why=why)
        if attempt is not None and attempt.held:
            events = [_abandoned(house, letter, document, attempt) for document in documents]
            await take_events(house, tx, events)


async def _give_back_claims(tx: Tx, opened: Opened) -> None:
    """What the run had claimed of a hold for effects that certainly did not take place."""
    for row in opened.effects:
        if row["state"] in ("planned", "refused", "fenced"):
            await give_back(tx, opened.letter.subject, row["effect"], row["key"])


async def _given_up(house: House, opened: Opened) -> list[str]:
    """The announced documents and captures of a run's flow that it has not written."""
    letter = opened.letter
    if not letter.flow:
        return []
    try:
        flow = await house.catalogue.version(letter.flow, opened.flow_version)
    except Misconfigured:  # its text is gone: whatever it was to write, nobody will capture for it
        return [CAPTURE]
    writes = [step for step in walk_steps(flow.steps) if isinstance(step, WriteStep)]
    wanted = {step.document for step in writes if step.announce or step.document == CAPTURE}
    done = {row["effect"] for row in opened.effects if row["state"] == "done"}
    return sorted(wanted - done)


def _abandoned(house: House, letter: DeadLetter, document: str, attempt: Attempt) -> Event:
    return Event(
        id=f"{Kind.DOCUMENT_ABANDONED}:{letter.run_id}:{document}",
        source="tillbridge",
        kind=Kind.DOCUMENT_ABANDONED,
        subject=letter.subject,
        occurred_at=house.clock(),
        data=EventData(
            order=attempt.order,
            payment=attempt.payment(),
            written=Written(document=document, connection=letter.target),
        ),
    )
