"""Undo: what a run had done is undone, the last step first, because a person gave it up.

The flow is walked once more over what its steps answered then, and only looked at; every write that
took place and says what undoes it is undone by steps with effects of their own keys. A run that
undoes is a run like any other: it waits, comes back, and may end on the desk itself.
"""

from contextlib import suppress

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.connections.gates import GateClosed
from tillbridge.database.database import Tx
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import WriteStep
from tillbridge.flows.walk import walk_steps
from tillbridge.journeys.deliver import Walk
from tillbridge.journeys.house import House
from tillbridge.journeys.way import Unreached
from tillbridge.runs.dead_letters import start_undo, undone_steps
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import Change, Run

JOURNEY = "undo"


async def undo_run(house: House, turn: Turn, run: Run) -> None:
    """Undoes what the run it refers to has done; notes its ending in the turn."""
    flow = await house.catalogue.version(run.flow, run.flow_version)
    then = await undone_steps(house.database, run.id, JOURNEY)
    run.steps = {**then, **run.steps}
    walk = Walk(house, turn, run, flow, decode_event(run.input), ghost=True)
    with suppress(Unreached, Rejected, Misconfigured, GateClosed):  # it got no further then
        await walk.take_all(flow.steps)
    try:
        count = await walk.undo()
    finally:
        await walk.journal.close()
    turn.change(Change(run.id, "done", ending=f"undid {count} writes"))


def can_undo(flow: Flow) -> bool:
    """Whether a flow says of any write what undoes it."""
    return any(isinstance(step, WriteStep) and step.undo for step in walk_steps(flow.steps))


async def undo_soon(tx: Tx, run_id: int) -> int:
    """Starts the run that undoes a dead run; answers its number."""
    return await start_undo(tx, run_id, JOURNEY)
