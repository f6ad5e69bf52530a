"""Recovery: what a step's own policy makes of its failure.

A failure is certain: refused, or proven not to have left. What may have taken place is unknown and
no failure, whatever the policy says. Tries and the giving up are in the journal, so that a run that
comes back decides as before.
"""

from datetime import datetime, timedelta
from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.permits import OVER_LIMITS
from tillbridge.flows.steps import Recovery, Step, StopStep
from tillbridge.journeys.way import Way
from tillbridge.runs.run import Parked

FAILURE = "failure"
UNTIL = "next_try_at"


async def recovered(way: Way, step: Step, name: str, recovery: Recovery) -> StopStep | None:
    """Takes a step under its policy; answers the stop step that ended the run in it, if one did.

    Raises:
        Parked: it is tried again later.
        Rejected, Misconfigured, Transient: it failed for good, and a person decides.
    """
    place = way.place(name)
    given_up = way.run.steps.get(f"{place}!")
    if given_up is None:
        _until_the_next_try(way, place)
        try:
            return await way.take(step)
        except (Rejected, Misconfigured, Transient, GateClosed) as error:
            if way.ghost or await way.is_open(place) or _may_have_left(error):
                raise
            await _try_again(way, place, recovery, error)
            if recovery.then == "dead_letter":
                raise
            given_up = encode({"step": name, **_told(error)})
            await way.journal.keep(f"{place}!", "local", given_up)
    way.names[name] = None
    around = {FAILURE: way.names[FAILURE]} if FAILURE in way.names else {}
    way.names[FAILURE] = read_json(given_up)
    try:
        return await way.take_all(recovery.steps)
    finally:
        del way.names[FAILURE]
        way.names.update(around)  # the failure that this one stood in the way of


async def _try_again(
    way: Way, place: str, recovery: Recovery, error: TillbridgeError | GateClosed
) -> None:
    """Raises when the step is to be tried again; returns when that was in vain.

    A connection that is down is waited for without counting, as long as `within_s` allows.
    """
    now, factor = way.house.clock(), way.house.factor
    before = [name for name in way.run.steps if _is_try(name, place)]
    outage = _is_outage(error)
    began = min((_at(way.run.steps[name]) for name in before), default=now)
    tries = sum(not name.endswith("!0") for name in before)
    wait_s = recovery.wait_s * 2.0**tries / factor
    if outage:
        wait_s = getattr(error, "wait_s", None) or wait_s
    if recovery.within_s is not None:
        last = began + timedelta(seconds=recovery.within_s / factor)
        if now + timedelta(seconds=wait_s) > last:
            return
        if isinstance(error, GateClosed):
            error.at_most_s = (last - now).total_seconds() - wait_s
    if not outage and tries >= recovery.retries:
        return
    number = 0 if outage else tries + 1
    if f"{place}!{number}" not in way.run.steps:
        until = {} if outage else {UNTIL: now + timedelta(seconds=wait_s)}
        note = encode({"at": now, **until, **_told(error)})
        await way.journal.keep(f"{place}!{number}", "local", note)
    if outage:
        raise error
    why = f"{place}: try {number} of {recovery.retries + 1} failed: {error}"
    raise Parked(wait_s, why, is_failing=True)


def _is_outage(error: TillbridgeError | GateClosed) -> bool:
    if isinstance(error, Transient):
        return error.gate or error.reason == OVER_LIMITS
    return isinstance(error, GateClosed)


def _until_the_next_try(way: Way, place: str) -> None:
    """Raises Parked while the next try is not due: its run was woken for something else."""
    if way.ghost:
        return
    tries = (name for name in way.run.steps if _is_try(name, place))
    moments = (read_json(way.run.steps[name]).get(UNTIL) for name in tries)
    last = max((datetime.fromisoformat(at) for at in moments if at), default=None)
    if last is not None and last > way.house.clock():
        left_s = (last - way.house.clock()).total_seconds()
        raise Parked(left_s, f"{place}: it is tried again at {last:%H:%M:%S} UTC", is_failing=True)


def _is_try(name: str, place: str) -> bool:
    return name.startswith(f"{place}!") and name.removeprefix(f"{place}!").isdigit()


def _at(note: bytes) -> datetime:
    return datetime.fromisoformat(read_json(note)["at"])


def _told(error: TillbridgeError | GateClosed) -> dict[str, Any]:
    if isinstance(error, GateClosed):
        return {"reason": "gate_closed", "message": str(error)}
    return {"reason": error.reason or type(error).__name__.lower(), "message": str(error)}


def _may_have_left(error: TillbridgeError | GateClosed) -> bool:
    return isinstance(error, Transient) and error.sent != "no"
