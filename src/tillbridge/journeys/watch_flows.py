"""Watch flows: of each active flow an event that means nothing goes the way of every event.

    every minute, one worker: subject, lane and bell in one commit -> whichever worker claims the
    lane reads the flow, and finds its connections and what they write -> it has come through

Nothing is written anywhere else, no step is begun, and there is no run. A flow of which none has
come through for some minutes has stopped, whatever the reason, and people are told.
"""

from collections.abc import Iterator

from tillbridge.canonical.card_text import mask
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.flows.flow import Flow
from tillbridge.flows.pauses import paused_flows
from tillbridge.flows.steps import NotifyStep, ReadStep, WriteStep
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys.house import House
from tillbridge.journeys.notify import NOTIFICATION
from tillbridge.runs.lanes import take_chore
from tillbridge.runs.watchdogs import (
    Watchdog,
    hear_watchdog,
    note_trouble,
    send_watchdogs,
    watchdogs,
)


async def watch_flows(house: House) -> None:
    """Sends one for each active flow that is not paused; of all workers one does it at a time."""
    alerting = house.alerting
    if not alerting.watchdog:
        return
    if not await take_chore(house.database, "watchdog", alerting.watchdog_every_s):
        return
    watched = await _watched(house)
    if watched:
        await send_watchdogs(house.database, {flow.name: flow.lane for flow in watched})


async def let_through(house: House, name: str) -> None:
    """A worker holds the lane: the flow is read as a run would read it, up to its first step."""
    try:
        flow = await house.catalogue.version(name, house.catalogue.newest(name))
        for connection, kind, is_read in _needs(flow):
            at = house.connections[connection]
            at.read(kind) if is_read else at.write(kind)
    except TillbridgeError as error:
        await note_trouble(house.database, name, mask(str(error)))
    else:
        await hear_watchdog(house.database, name)


async def silent_flows(house: House) -> list[Watchdog]:
    """Active flows, not paused, of which none has come through for too long, longest first."""
    limit_s = house.alerting.flow_silent_s
    silent = [one for one in await watched_flows(house) if one.silent_s >= limit_s]
    return sorted(silent, key=lambda one: -one.silent_s)


async def watched_flows(house: House) -> list[Watchdog]:
    """The watchdogs of active flows that are not paused; none where they are switched off."""
    if not house.alerting.watchdog:
        return []
    known = await watchdogs(house.database)
    return [known[flow.name] for flow in await _watched(house) if flow.name in known]


async def _watched(house: House) -> list[Flow]:
    paused = {pause.flow for pause in await paused_flows(house.database)}
    return [flow for flow in house.catalogue.active if not flow.paused and flow.name not in paused]


def _needs(flow: Flow) -> Iterator[tuple[str, str, bool]]:
    """What the flow writes and reads: connection, kind, and whether it is a read."""
    for step in walk_steps(flow.steps):
        match step:
            case WriteStep():
                yield step.connection, step.document, False
            case ReadStep():
                yield step.connection, step.ask, True
            case NotifyStep() if step.connection:
                yield step.connection, NOTIFICATION, False
            case _:
                pass
