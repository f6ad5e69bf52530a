"""Replay ways: from where, and with which version of its flow, a dead letter may run again.

    from the start        every step anew; a write that took place is found by its key
    from the failed step  what was told before it failed is used again, and nothing is asked twice

Either with the version it ran with, or with the one that is active now. A way is safe when no
effect can be made a second time, and no answer is used that was given for other data.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.flows.flow import Flow
from tillbridge.flows.publish import versions_of
from tillbridge.flows.steps import (
    AggregateStep,
    CallStep,
    EachStep,
    FilterStep,
    MapStep,
    NotifyStep,
    ReadStep,
    Step,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.walk import inner_steps, walk_steps
from tillbridge.journeys.deliver import JOURNEY, UNDONE
from tillbridge.journeys.house import House
from tillbridge.journeys.notify import NOTIFICATION
from tillbridge.runs.dead_letters import Opened

Start: TypeAlias = Literal["start", "failed_step"]
Version: TypeAlias = Literal["now", "then"]
_ANSWERING = (ReadStep, MapStep, FilterStep, AggregateStep, WaitStep, CallStep)


@dataclass(frozen=True, slots=True)
class ReplayWay:
    """One way to run a dead letter again.

    Attributes:
        start: from where.
        version: whose steps: those active now, or those it ran with.
        flow_version: that version; "" where the flow has none.
        is_safe: whether it is taken at all.
        why: what makes it safe, or what would go wrong, in a sentence.
    """

    start: Start
    version: Version
    flow_version: str
    is_safe: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Made:
    """A write of a flow: the texts its key hangs on, with those of the items it stands in."""

    connection: str
    document: str
    names_it: tuple[str, ...]


async def replay_ways(house: House, opened: Opened) -> tuple[ReplayWay, ...]:
    """Every way, the one to be preferred first."""
    if opened.letter.reason == UNDONE:
        why = "What it had done is undone, and would be taken for done: cancel it, start anew."
        return (ReplayWay("start", "then", opened.flow_version, is_safe=False, why=why),)
    if opened.journey != JOURNEY:
        why = "It is done again in full; whatever it brings or undoes is found by its key."
        return (ReplayWay("start", "then", opened.flow_version, is_safe=True, why=why),)
    newest = await _newest(house, opened.letter.flow)
    then = await _flow(house, opened, opened.flow_version)
    now = await _flow(house, opened, newest) if newest else None
    return (
        _from_start(opened, "now", newest, then, now),
        _from_start(opened, "then", opened.flow_version, then, then),
        _from_failed(opened, "then", opened.flow_version, then, then),
        _from_failed(opened, "now", newest, then, now),
    )


def chosen(
    ways: Sequence[ReplayWay], run_id: int, start: Start | None, version: Version | None
) -> ReplayWay:
    """The way that is asked for; the first safe one where nothing is.

    Raises:
        Rejected: it is not safe, with those that are.
    """
    fitting = [way for way in ways if start in (None, way.start) and version in (None, way.version)]
    safe = [way for way in ways if way.is_safe]
    for way in fitting:
        if way.is_safe:
            return way
    others = " or ".join(f"--from {_word(way.start)} --version {way.version}" for way in safe)
    refused = fitting[0] if fitting else ways[0]
    raise Rejected(
        f"Run {run_id} is not replayed like that: {refused.why}",
        reason=UNDONE if refused.why.startswith("What it had done") else "unsafe_replay",
        next_step=f"Safe: {others}." if others else "Cancel it, and start anew.",
    )


def _word(start: Start) -> str:
    return start.replace("_", "-")


async def _newest(house: House, flow: str) -> str:
    """The version that is active now, whoever has published it; "" when none is."""
    async with house.database.connection() as connection:
        versions = await versions_of(connection, flow)
    return next((one.version for one in versions if one.active), "")


async def _flow(house: House, opened: Opened, version: str) -> Flow | None:
    try:
        return await house.catalogue.version(opened.letter.flow, version)
    except Misconfigured:
        return None


def _from_start(
    opened: Opened, version: Version, number: str, then: Flow | None, taken: Flow | None
) -> ReplayWay:
    if version == "now" and not number:
        why = "No version of this flow is active any more."
        return ReplayWay("start", version, number, is_safe=not _done(opened) and then is None,
                         why=why)  # fmt: skip
    if taken is None:
        why = "That version cannot be read with today's connections: it would fail at once."
        return ReplayWay("start", version, number, is_safe=not _done(opened), why=why)
    trouble = _named_otherwise(opened, then, taken)
    if trouble:
        return ReplayWay("start", version, number, is_safe=False, why=trouble)
    done = _done(opened)
    told = f" ({', '.join(sorted({effect for _, effect in done}))})" if done else ""
    why = f"From the start is safe: what was written{told} is found by its key."
    if not done:
        why = "From the start is safe: nothing was written yet."
    return ReplayWay("start", version, number, is_safe=True, why=why)


def _from_failed(
    opened: Opened, version: Version, number: str, then: Flow | None, taken: Flow | None
) -> ReplayWay:
    kept = ", ".join(step.name for step in opened.steps) or "nothing"

    def way(why: str, *, is_safe: bool = False) -> ReplayWay:
        return ReplayWay("failed_step", version, number, is_safe, why)

    if version == "now" and not number:
        return way("No version of this flow is active any more.")
    if then is None or taken is None:
        return way("That version cannot be read with today's connections.")
    if opened.patches and opened.steps:
        return way(f"Its data was changed, and {kept} answered for the data before.")
    if taken.bundle.flow.text != then.bundle.flow.text:
        return way("The steps of the flow were changed: what was answered may fit them no more.")
    trouble = _named_otherwise(opened, then, taken, answers_kept=True)
    if trouble:
        return way(trouble)
    return way(
        f"From {opened.letter.step or 'the failed step'} is safe: {kept} stays as it was answered,"
        " and what was written is found by its key.",
        is_safe=True,
    )


def _done(opened: Opened) -> list[tuple[str, str]]:
    """What took place, or may have, outside."""
    open_or_done = ("done", "unknown", "intended")
    return [
        (row["connection"], row["effect"]) for row in opened.effects if row["state"] in open_or_done
    ]


def _named_otherwise(
    opened: Opened, then: Flow | None, taken: Flow, *, answers_kept: bool = False
) -> str:
    """Why a write that took place might be made again under another key; "" when it cannot be.

    Its key hangs on the subject, the document and the ordinal: nothing that another version says
    otherwise, and, where steps are asked anew, nothing they might answer otherwise.
    """
    done = set(_done(opened))
    if not done:
        return ""
    if then is None:
        return "The version it ran with cannot be read: nobody can tell how it named its writes."
    before = {(one.connection, one.document): one for one in _made(then.steps)}
    asked = set() if answers_kept else _answering(taken.steps)
    for one in _made(taken.steps):
        name = (one.connection, one.document)
        if name not in done:
            continue
        old = [each for each in _made(then.steps) if (each.connection, each.document) == name]
        if name in before and one not in old:
            return (
                f"Its {one.document} at {one.connection} is named otherwise in that version, and"
                " would be written twice."
            )
        for text in one.names_it:
            for step in sorted(asked):
                if re.search(rf"\b{re.escape(step)}\b", text):
                    return (
                        f"The key of its {one.document} hangs on what {step} answers: asked again,"
                        " it may answer otherwise."
                    )
    return ""


def _made(steps: Sequence[Step], around: tuple[str, ...] = ()) -> list[_Made]:
    """Every write of some steps, with what names it."""
    made = []
    for step in steps:
        match step:
            case WriteStep(ordinal=ordinal):
                own = () if ordinal is None else (ordinal.text,)
                made.append(_Made(step.connection, step.document, (*around, *own)))
            case NotifyStep(ordinal=ordinal) if step.connection:
                own = () if ordinal is None else (ordinal.text,)
                made.append(_Made(step.connection, NOTIFICATION, (*around, step.name, *own)))
            case _:
                pass
        inside = around
        if isinstance(step, EachStep):
            inside = (*around, step.items.text, step.key.text)
        for inner in inner_steps(step):
            made += _made(inner, inside)
    return made


def _answering(steps: Sequence[Step]) -> set[str]:
    """The names of the steps that may answer otherwise when they are asked again, and of those
    that work with such answers."""
    return {step.name for step in walk_steps(tuple(steps)) if isinstance(step, _ANSWERING)}
