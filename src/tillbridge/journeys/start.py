"""Start: a run that no delivery starts. Its trigger becomes an event like any other."""

from dataclasses import replace
from datetime import datetime

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Trigger
from tillbridge.database.database import Tx
from tillbridge.flows.flow import Flow
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.runs.lanes import Arrival


async def start(
    house: House,
    tx: Tx,
    flow: Flow,
    *,
    kind: Kind,
    number: str,
    trigger: Trigger,
    subject: str,
    occurred_at: datetime,
) -> Arrival:
    """Starts a run of a flow in the caller's transaction, once for each `number` of its kind.

    `subject` is what the run is about unless the flow's text says so. A flow whose subject cannot
    be worked out starts all the same, so that its error is seen on the desk.
    """
    event = Event(
        id=f"{kind}:{flow.name}:{number}",
        source="tillbridge",
        kind=kind,
        subject=subject,
        occurred_at=occurred_at,
        data=EventData(trigger=trigger),
    )
    arrivals = await take_events(house, tx, [with_subject(flow, event)])
    return arrivals[0]


def with_subject(flow: Flow, event: Event) -> Event:
    """The event about what the flow says its runs are about, as far as that can be told."""
    try:
        return replace(event, subject=flow.subject_of(event))
    except Rejected:
        return event
