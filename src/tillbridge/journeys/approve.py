"""Approve: a question to people; the run goes on with their answer, or when the time is up."""

from collections.abc import Mapping
from datetime import timedelta

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.desk.approvals import ask, time_out
from tillbridge.flows.steps import ApproveStep, StopStep
from tillbridge.journeys.way import Unreached, Way
from tillbridge.runs.run import Parked


async def take_approval(way: Way, step: ApproveStep) -> StopStep | None:
    """Asks, waits, and takes the steps that follow the answer.

    Raises:
        Parked: nobody has answered yet.
        Rejected: the time is up, and the flow wants a person to look after it.
    """
    place = way.place(step.name)
    kept = way.run.steps.get(place)
    if kept is None:
        if way.ghost:
            raise Unreached
        kept = encode(await _answer(way, step, place))
        await way.journal.keep(place, "wait", kept)
    way.names[step.name] = told = read_json(kept)
    approved = told["answer"] == "approved"
    return await way.take_all(step.approved if approved else step.refused)


async def _answer(way: Way, step: ApproveStep, place: str) -> Mapping[str, str]:
    house, run = way.house, way.run
    await way.journal.close()  # people are shown nothing that might be answered otherwise again
    shown = step.shown(way.names)
    approval = await ask(
        house.database,
        run.id,
        place,
        flow=way.flow.name,
        subject=run.subject,
        question=shown.pop("question"),
        shows=shown,
        may=step.who,
        due_at=house.clock() + timedelta(seconds=step.timeout_s / house.factor),
    )
    left_s = (approval.due_at - house.clock()).total_seconds()
    if approval.answer == "open" and left_s > 0:
        why = f"{place}: the answer to approval {approval.id}"
        raise Parked(left_s, why, kinds=(Kind.APPROVAL_ANSWERED,))
    if approval.answer == "open":
        approval = await time_out(house.database, run.id, place, house.clock())
    if approval.answer == "timed_out" and step.on_timeout == "dead_letter":
        raise Rejected(
            f"{place}: nobody answered in time: {approval.question}",
            reason="approval_timed_out",
            next_step="Replay the run: it asks again; or cancel it.",
        )
    verdict = "approved" if approval.answer == "approved" else "refused"
    return {"answer": verdict, "by": approval.answered_by, "why": approval.why}
