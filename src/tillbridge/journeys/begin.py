"""Begin: whether a run of a flow may be advanced now, or waits for what comes before it.

its flow is paused                                       -> it looks again later
an earlier run of its flow fails in its lane, tries on   -> it does not begin before that
"""

from tillbridge.flows.flow import Flow
from tillbridge.journeys.house import House
from tillbridge.runs.lanes import Turn
from tillbridge.runs.run import BY_FLOW, Change, Parked, Run

PAUSED = "the flow is paused"
PAUSE_S = 60.0
"""How often the run of a paused flow looks again."""
BEHIND = "behind an earlier run of its flow, which is tried again"


async def unless_paused(house: House, flow: Flow, run: Run) -> None:
    """Raises Parked while the flow is paused, by its text or by hand: its intake is kept.

    A run that waits for something goes on waiting for it, no longer than it would have.
    """
    pause = await house.pauses.of(flow.name)
    if pause is None and not flow.paused:
        return
    again_s = PAUSE_S / house.factor
    if run.state == "waiting" and not run.waiting_for.startswith(PAUSED):
        left_s = run.wait_s if run.wait_s is not None and run.wait_s > 0 else again_s
        raise Parked(left_s, run.waiting_for, kinds=run.waits)
    why = pause.why if pause is not None else "by its text"
    raise Parked(again_s, f"{PAUSED}: {why}")


def waits_behind(house: House, turn: Turn, run: Run) -> bool:
    """Whether a run that has not begun would overtake one of its flow that fails, or whose effect
    is unknown; then the turn keeps it ready, for when that one goes on.

    Not of flows that go on past their dead letters either.
    """
    if run.state != "ready" or run.on_failure == "go_on":
        return False
    tries = _tries_before(turn, run)
    if not tries:
        return False
    known = [wait_s for wait_s in tries if wait_s is not None]
    turn.change(Change(run.id, "ready", min([house.pace.parked_s, *known]), BEHIND))
    return True


def _tries_before(turn: Turn, run: Run) -> list[float | None]:
    """When each earlier one that fails is tried again, in seconds; None where nobody can tell."""
    before = [one for one in turn.runs if one.id in turn.changes and _comes_before(one, run)]
    changes = [turn.changes[one.id] for one in before]
    later = [one.wait_s for one in turn.failing if _comes_before(one, run)]
    return later + [change.wait_s for change in changes if change.is_failing]


def _comes_before(one: Run, other: Run) -> bool:
    is_alike = (one.journey, one.flow) == (BY_FLOW, other.flow)
    return is_alike and (one.sequence, one.id) < (other.sequence, other.id)
