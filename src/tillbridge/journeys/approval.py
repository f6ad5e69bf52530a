"""Approval: a person answers what a run has asked."""

from tillbridge.access.audit import record as audit
from tillbridge.canonical.events import Event, EventData, Kind, Trigger
from tillbridge.desk.approvals import Approval, answer
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.steer import reason_of


async def answer_approval(
    house: House, number: int, who: str, why: str, *, approved: bool
) -> Approval:
    """A person's answer: kept, audited, and brought to the run that waits, in one commit.

    Raises:
        Rejected: no reason, no such approval, it takes no answer any more, or `who` may not.
    """
    why = reason_of(why)
    now = house.clock()
    async with house.database.transaction() as tx:
        found = await answer(tx, number, who, why, now, approved=approved)
        verb = "approve" if approved else "refuse"
        await audit(tx, who, verb, f"approval {number}", why=why, after={"order": found.subject})
        event = Event(
            id=f"{Kind.APPROVAL_ANSWERED}:{number}",
            source="tillbridge",
            kind=Kind.APPROVAL_ANSWERED,
            subject=found.subject,
            occurred_at=now,
            data=EventData(trigger=Trigger(found.flow, found.step, outcome=found.answer, who=who)),
        )
        await take_events(house, tx, [event])
    return found
