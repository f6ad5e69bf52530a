"""Replay: a dead letter is run again as a new run that keeps its keys."""

from dataclasses import dataclass, replace

from tillbridge.access.audit import record as audit
from tillbridge.canonical.codec import decode_event, encode
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.connector.documents import AUTHORIZATION
from tillbridge.database.database import Tx
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import WriteStep
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys import deliver, undo
from tillbridge.journeys.call import is_called, tell_caller
from tillbridge.journeys.house import House
from tillbridge.journeys.money_guard import CAPTURE, give_back
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.replay_ways import ReplayWay, Start, Version, chosen, replay_ways
from tillbridge.payments.attempts import Attempt, newest, of_order
from tillbridge.payments.reauthorizations import no_longer_wanted, whole
from tillbridge.runs.dead_letters import (
    DeadLetter,
    Opened,
    cancel,
    expect_at_hand,
    open_dead_letter,
    replay,
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The run that takes a dead letter up again, and the way it was taken."""

    run_id: int
    way: ReplayWay


async def replay_dead_letter(
    house: House,
    run_id: int,
    operator: str,
    why: str,
    *,
    start: Start | None = None,
    version: Version | None = None,
) -> Replayed:
    """A new run over the recorded input, with its patches; it waits in its lane like any other.

    What the old run did is found done by its keys and is not done again. Secrets are those of now:
    none is kept in a run.

    Args:
        start, version: the way; the first safe one when nothing is said.

    Raises:
        Rejected: there is no open dead letter of that number, somebody else has it in work, a
            change of it waits for a second person, or the way is not safe.
    """
    opened = await open_dead_letter(house.database, run_id)
    expect_at_hand(opened.letter, operator)
    _expect_settled(opened)
    way = chosen(await replay_ways(house, opened), run_id, start, version)

    async def begin(tx: Tx) -> int:
        await _give_back_claims(tx, opened)
        with_steps = way.start == "failed_step"
        number = await replay(tx, run_id, way.flow_version, with_steps=with_steps)
        after = {"run": number, "flow_version": way.flow_version, "from": way.start}
        await audit(tx, operator, "replay", f"run {run_id}", why=why, after=after)
        return number

    return Replayed(await house.database.commit(begin), way)


def _expect_settled(opened: Opened) -> None:
    waiting = [each.number for each in opened.proposals if each.answer == "open"]
    if waiting:
        raise Rejected(
            f"Proposal {waiting[0]} for dead letter {opened.letter.run_id} waits for a second"
            " person.",
            reason="unconfirmed",
            next_step=f"Somebody else: tillbridge dead-letters approve {waiting[0]} --why ..."
            " (or refuse).",
        )


async def cancel_dead_letter(house: House, run_id: int, operator: str, why: str) -> None:
    """Gives a dead letter up for good.

    What its flow says how to undo is undone, the last write first, by a run of its own. Each
    document that others wait for, and that will now never be written, is told as
    `document.abandoned`: the built-in flow release-hold then reverses a hold that nobody will
    capture.

    Raises:
        Rejected: there is no open dead letter of that number, or one of its effects is unknown:
            it might still have happened, so its order cannot be given up yet.
    """
    opened = await open_dead_letter(house.database, run_id)
    expect_at_hand(opened.letter, operator)
    unknown = [row["effect"] for row in opened.effects if row["state"] in ("intended", "unknown")]
    if unknown:
        raise Rejected(
            f"Whether run {run_id} has written {', '.join(unknown)} is not known yet.",
            reason="unknown_outcome",
            next_step="Wait until it is resolved (tillbridge unknowns), then cancel.",
        )
    attempt = await _held_attempt(house, opened)
    flow = await _flow_of(house, opened)
    documents = _given_up(opened, flow)

    async def give_up(tx: Tx) -> None:
        await _give_back_claims(tx, opened)
        letter = await cancel(tx, run_id, why)
        undoing = None
        if flow is not None and undo.can_undo(flow) and opened.journey == deliver.JOURNEY:
            undoing = await undo.undo_soon(tx, run_id)
        after = {"undone_by_run": undoing} if undoing is not None else None
        await audit(tx, operator, "cancel", f"run {run_id}", why=why, after=after)
        if flow is not None:
            await _tell_caller(house, tx, opened, why)
        events = await _held_for_it(house, tx, opened)
        if attempt is not None:
            about = EventData(order=attempt.order, payment=await whole(tx, attempt))
            events += [_abandoned(house, letter, document, about) for document in documents]
        await take_events(house, tx, events)

    await house.database.commit(give_up)


async def _give_back_claims(tx: Tx, opened: Opened) -> None:
    """What the run had claimed of a hold for effects that certainly did not take place."""
    for row in opened.effects:
        if row["state"] in ("planned", "refused", "fenced"):
            await give_back(tx, opened.letter.subject, row["effect"], row["key"])


async def _held_for_it(house: House, tx: Tx, opened: Opened) -> list[Event]:
    """Holds that were made for what is given up are to be released."""
    keys = [row["key"] for row in opened.effects if row["effect"] == AUTHORIZATION]
    now = house.clock()
    return [event for key in keys for event in await no_longer_wanted(tx, key, now)]


async def _held_attempt(house: House, opened: Opened) -> Attempt | None:
    """The attempt the run is about, if it holds money: that of its event, else the order's newest.

    An order that was paid anew is not given up with the letter of its first payment.
    """
    order, key = opened.letter.subject, _attempt_key_of(opened)
    if key:
        attempts = await of_order(house.database, order)
        own = [one for one in attempts if one.attempt_key == key and not one.follows]
    else:
        attempt = await newest(house.database, order)
        own = [attempt] if attempt is not None else []
    return next((one for one in own if one.held), None)


def _attempt_key_of(opened: Opened) -> str:
    try:
        payment = decode_event(encode(opened.content)).data.payment
    except Rejected:  # it is on the desk because it cannot be read
        return ""
    return payment.attempt_key if payment is not None else ""


async def _flow_of(house: House, opened: Opened) -> Flow | None:
    """The version the run was pinned to; None without a flow, or when its text is gone."""
    if not opened.letter.flow:
        return None
    try:
        return await house.catalogue.version(opened.letter.flow, opened.flow_version)
    except Misconfigured:
        return None


def _given_up(opened: Opened, flow: Flow | None) -> list[str]:
    """The announced documents and captures of a run's flow that it has not written."""
    if not opened.letter.flow:
        return []
    if flow is None:  # whatever it was to write, nobody will capture for it
        return [CAPTURE]
    writes = [step for step in walk_steps(flow.steps) if isinstance(step, WriteStep)]
    wanted = {step.document for step in writes if step.announce or step.document == CAPTURE}
    done = {row["effect"] for row in opened.effects if row["state"] == "done"}
    return sorted(wanted - done)


async def _tell_caller(house: House, tx: Tx, opened: Opened, why: str) -> None:
    """A flow that called this one hears that it was given up."""
    try:
        event = decode_event(encode(opened.content))
    except Rejected:  # it is on the desk because it cannot be read
        return
    if is_called(event):
        await tell_caller(house, tx, event, "cancelled", why)


def _abandoned(house: House, letter: DeadLetter, document: str, about: EventData) -> Event:
    paid_by = about.payment.attempt_key if about.payment is not None else ""
    written = Written(document=document, connection=letter.target, attempt_key=paid_by)
    return Event(
        id=f"{Kind.DOCUMENT_ABANDONED}:{letter.run_id}:{document}",
        source="tillbridge",
        kind=Kind.DOCUMENT_ABANDONED,
        subject=letter.subject,
        occurred_at=house.clock(),
        data=replace(about, written=written),
    )
