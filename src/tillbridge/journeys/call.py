"""Call: a flow starts a run of another, once, and may wait for its end.

The call is an event with a key of its own: the same call of the same subject is the same run,
whoever comes back or is replayed. How the called run ended is an event too, told to the caller.
"""

from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Trigger
from tillbridge.database.database import Tx
from tillbridge.flows.inputs import text_of
from tillbridge.flows.steps import CallStep
from tillbridge.journeys.card_guard import expect_clean
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.wait import deadline
from tillbridge.journeys.way import Unreached, Way
from tillbridge.runs.keys import Effect
from tillbridge.runs.run import Parked


async def take_call(way: Way, step: CallStep) -> dict[str, Any] | None:
    """What became of the called run, {"outcome", "fields"}; None when the time is up.

    Raises:
        Parked: it has not ended yet.
        Rejected: the time is up, and a person is to look after it.
        Misconfigured: there is no such flow, or it takes no calls.
    """
    place = way.place(step.name)
    kept = way.run.steps.get(place)
    if kept is None:
        if way.ghost:
            raise Unreached
        key = await _called(way, step, place)
        result = await _result(way, step, place, key)
        kept = encode(result)
        await way.journal.keep(place, "wait", kept)
    told: dict[str, Any] | None = read_json(kept)
    return told


async def _called(way: Way, step: CallStep, place: str) -> str:
    """Starts the run, or finds it started; answers the key of the call."""
    subject = way.run.subject
    if step.subject is not None:
        subject = text_of(step.subject.evaluate(way.names)) or subject
    ordinal = way.ordinal(f"{way.flow.name}.{step.name}.{step.ordinal_of(way.names)}")
    key = Effect("tillbridge", subject, f"call {step.flow}", ordinal).key
    given = step.given(way.names)
    await expect_clean(way.house.database, f"call of {step.flow}", way.run.subject, given)
    trigger = Trigger(step.flow, key, fields=given, caller=way.run.subject)
    event = Event(
        id=f"{Kind.FLOW_CALLED}:{key}",
        source="tillbridge",
        kind=Kind.FLOW_CALLED,
        subject=subject,
        occurred_at=way.house.clock(),
        data=EventData(trigger=trigger),
    )

    async def start(tx: Tx) -> bytes:
        if not way.house.catalogue.starts(event):
            raise Misconfigured(
                f"No active flow {step.flow!r} takes calls.",
                reason="unknown_flow",
                place=step.place,
                next_step="Publish it, with takes: saying what it is given.",
            )
        await take_events(way.house, tx, [event])
        return key.encode()

    return (await way.journal.local(f"{place}>", start)).decode()


async def _result(way: Way, step: CallStep, place: str, key: str) -> dict[str, Any] | None:
    if not step.wait:
        return {"outcome": "started", "fields": {}}
    async for ended, _ in way.heard.of((Kind.FLOW_ENDED,)):
        told = ended.data.trigger
        if told is not None and told.name == key:
            return {"outcome": told.outcome, "fields": told.fields}
    until = await deadline(way, place, step.timeout_s / way.house.factor)
    left_s = (until - way.house.clock()).total_seconds()
    if left_s > 0:
        raise Parked(left_s, f"{place}: the end of {step.flow}", kinds=(Kind.FLOW_ENDED,))
    if step.on_timeout == "continue":
        return None
    raise Rejected(
        f"{place}: {step.flow} did not end in time.",
        reason="call_timed_out",
        next_step="See what holds it up (tillbridge runs), then replay this run.",
    )


def is_called(event: Event) -> bool:
    """Whether another flow's run has called for this one, and wants to know how it ends."""
    called = event.data.trigger
    return event.kind is Kind.FLOW_CALLED and called is not None and called.caller != ""


async def tell_caller(house: House, tx: Tx, event: Event, outcome: str, reason: str) -> bytes:
    """Tells the run that called how the called one ended; answers the outcome."""
    called = event.data.trigger
    assert called is not None, "a called run knows who called"
    ended = Trigger(called.flow, called.name, outcome=outcome, fields={"reason": reason})
    told = Event(
        id=f"{Kind.FLOW_ENDED}:{called.name}",
        source="tillbridge",
        kind=Kind.FLOW_ENDED,
        subject=called.caller,
        occurred_at=house.clock(),
        data=EventData(trigger=ended),
    )
    await take_events(house, tx, [told])
    return outcome.encode()
