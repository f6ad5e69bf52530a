"""Wait: for an event, for a time, or for an event until a time."""

from datetime import UTC, datetime, timedelta

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event
from tillbridge.flows.steps import WaitStep
from tillbridge.journeys.way import Unreached, Way
from tillbridge.runs.run import Parked

TIMED_OUT = b"timed out"


async def take_wait(way: Way, step: WaitStep) -> Event | None:
    """The newest event of the awaited kinds; None when the time is up and the flow goes on.

    Raises:
        Parked: neither the event nor the time has come.
        Rejected: the time is up, and the flow wants an event.
    """
    place = way.place(step.name)
    kept = way.run.steps.get(place)
    if kept is not None:
        return decode_event(kept) if kept != TIMED_OUT else None
    if way.ghost:
        raise Unreached
    taken = await _taken(way, step, place) if step.kinds else None
    if taken is not None:
        return taken
    why = f"{place}: {' or '.join(step.kinds) or 'a time'}"
    left_s = await _left_s(way, step, place, why)
    if left_s > 0:
        raise Parked(left_s, why, kinds=step.kinds)
    if step.on_timeout == "continue" or not step.kinds:
        await way.journal.keep(place, "wait", TIMED_OUT)
        return None
    raise Rejected(
        f"{place}: none of {', '.join(step.kinds)} came in time.",
        reason="wait_timed_out",
        next_step="Find out why, then replay the run: it waits anew.",
    )


async def _left_s(way: Way, step: WaitStep, place: str, why: str) -> float:
    """Seconds until the time is up.

    A run that waits for one thing is woken when its time is up. Where several wait beside each
    other, or for a slot in between, or until a moment that was worked out, the moment itself is in
    the journal.
    """
    length_s = step.timeout_s / way.house.factor
    if step.until is None and place == step.name and way.flow.concurrency is None:
        run = way.run
        return run.wait_s if run.waiting_for == why and run.wait_s is not None else length_s
    if step.until is not None:
        until = step.until.evaluate(way.names)
        if not isinstance(until, datetime):
            raise Rejected(
                f"{place}: there is no moment to wait for.",
                reason="no_value",
                place=step.until.place,
                next_step="Work it out from something that every event has.",
            )
        until_s = (until - way.house.clock()).total_seconds() / way.house.factor
        length_s = min(length_s, until_s)
    return (await deadline(way, place, length_s) - way.house.clock()).total_seconds()


async def deadline(way: Way, place: str, length_s: float) -> datetime:
    """When a wait that begins now, or has begun, is over; in the journal as `PLACE@`."""
    kept = way.run.steps.get(f"{place}@")
    if kept is None:
        moment = way.house.clock() + timedelta(seconds=length_s)
        kept = moment.astimezone(UTC).isoformat().encode()
        await way.journal.keep(f"{place}@", "wait", kept)
    return datetime.fromisoformat(kept.decode())


async def _taken(way: Way, step: WaitStep, place: str) -> Event | None:
    """The newest kept event that ends the wait, kept as its outcome."""
    async for candidate, envelope in way.heard.of(step.kinds):
        if step.accepts(candidate, way.names):
            if place == step.name:
                way.journal.keep_soon(place, "wait", envelope)
            else:  # beside others, of which each may begin a write at any moment
                await way.journal.keep(place, "wait", envelope)
            return candidate
    return None
