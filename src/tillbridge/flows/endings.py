"""Endings: waits that somebody ends, calls that come back, and money that can be given back."""

from collections.abc import Iterator, Mapping, Sequence

from tillbridge.canonical.events import Kind
from tillbridge.flows.effects import MONEY
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import CallStep, StopStep, WaitStep, WriteStep
from tillbridge.flows.trees import demanded, tree_of
from tillbridge.flows.trigger import OnCall
from tillbridge.flows.walk import walk_steps
from tillbridge.flows.ways import Spot, spots_of
from tillbridge.mapping.flaw import Flaw
from tillbridge.mapping.text import unknown
from tillbridge.mapping.value_type import joined

_WRITTEN = "candidate.data.written"
_GIVES_BACK: Mapping[str, frozenset[str]] = {
    "authorization": frozenset({"reversal"}),
    "sale": frozenset({"refund", "void", "reversal"}),
    "capture": frozenset({"refund", "void"}),
    "refund": frozenset(),
    "credit": frozenset(),
}
"""Which documents give back what a document took."""


def inspect_waits(flows: Sequence[Flow]) -> Iterator[Flaw]:
    """Waits for documents that nobody announces, or announces only after such a wait."""
    waits = [(flow, wait) for flow in flows for wait in _waits(flow)]
    announced = [(flow, write) for flow in flows for write in _announced(flow)]
    free: set[tuple[str, str]] = set()
    grew = True
    while grew:
        grew = False
        for flow, wait in waits:
            key = (flow.name, wait.name)
            if key not in free and any(
                _ends(wait, write) and _is_free(writer, write, free) for writer, write in announced
            ):
                free.add(key)
                grew = True
    for flow, wait in waits:
        if (flow.name, wait.name) in free:
            continue
        meant = [write for _, write in announced if _ends(wait, write)]
        yield Flaw(
            "error",
            "endless_wait",
            f"Nothing ends {wait.name}: {_told(wait)}"
            f" {'is announced only after this wait' if meant else 'is announced by no flow'}.",
            wait.place,
            "Let the write come before the wait, or in another flow."
            if meant
            else "Add announce: true to the write that is meant, or mend where:.",
        )


def inspect_calls(flows: Sequence[Flow]) -> Iterator[Flaw]:
    """Calls of flows that are not there or take something else, and calls in a circle."""
    by_name = {flow.name: flow for flow in flows}
    for flow in flows:
        for call in _calls(flow):
            called = by_name.get(call.flow)
            if called is None:
                error = unknown("flow", call.flow, by_name, call.place)
                yield Flaw("error", error.reason, error.message, call.place, error.next_step)
            elif not isinstance(called.trigger, OnCall):
                yield Flaw(
                    "error",
                    "not_callable",
                    f"{call.flow} starts by itself and takes nothing.",
                    call.place,
                    "Call a flow with takes:, or give it that instead of its trigger.",
                )
            else:
                yield from _given(call, called.trigger)
        way = _circle(flow, by_name)
        if way is not None:
            yield Flaw(
                "error",
                "circle",
                f"The flows call each other in a circle: {' -> '.join(way[0])}.",
                way[1].place,
                "Remove one of the calls.",
            )


def inspect_compensation(flow: Flow) -> Iterator[Flaw]:
    """Money that was moved when a run is given up, and that nothing gives back."""
    spots = spots_of(flow)
    for spot in spots:
        stop = spot.step
        if not isinstance(stop, StopStep):
            continue
        before = [each for each in spots if _may_precede(each, spot)]
        writes = [each.step for each in before if isinstance(each.step, WriteStep)]
        if stop.undo and not any(write.undo for write in writes):
            yield Flaw(
                "warning",
                "nothing_to_undo",
                "Nothing that is written before this stop says how it is undone.",
                stop.place,
                "Give the write an undo:, or remove undo: true.",
            )
        if stop.outcome == "done":
            continue
        for write in writes:
            if write.document in MONEY and not _given_back(write, writes, stop):
                yield Flaw(
                    "error",
                    "missing_undo",
                    f"The run is given up here after {write.name} (line {write.place.line}) has"
                    f" {MONEY[write.document]} money, and nothing gives it back.",
                    stop.place,
                    f"Give {write.name} an undo: and this stop undo: true, or write what gives it"
                    " back before.",
                )


def _given_back(write: WriteStep, writes: Sequence[WriteStep], stop: StopStep) -> bool:
    if write.undo and stop.undo:
        return True
    later = writes[writes.index(write) + 1 :]
    return any(
        each.connection == write.connection and each.document in _GIVES_BACK[write.document]
        for each in later
    )


def _may_precede(one: Spot, other: Spot) -> bool:
    return one.number < other.number and not one.excludes(other) and not one.undoes


def _waits(flow: Flow) -> Iterator[WaitStep]:
    """Waits that only a document which a flow writes can end."""
    for step in walk_steps(flow.steps):
        if isinstance(step, WaitStep) and Kind.DOCUMENT_WRITTEN in step.kinds:
            others = set(step.kinds) - {Kind.DOCUMENT_WRITTEN, Kind.DOCUMENT_ABANDONED}
            if not others:
                yield step


def _announced(flow: Flow) -> Iterator[WriteStep]:
    for step in walk_steps(flow.steps):
        if isinstance(step, WriteStep) and step.announce:
            yield step


def _ends(wait: WaitStep, write: WriteStep) -> bool:
    """Whether the announced document is one the wait asks for, as far as its text says."""
    wanted = demanded(tree_of(wait.where.text)) if wait.where is not None else {}
    document = wanted.get(f"{_WRITTEN}.document", write.document)
    connection = wanted.get(f"{_WRITTEN}.connection", write.connection)
    return (document, connection) == (write.document, write.connection)


def _is_free(flow: Flow, write: WriteStep, free: set[tuple[str, str]]) -> bool:
    """Whether nothing that is never ended stands before a write."""
    spots = spots_of(flow)
    at = next(spot for spot in spots if spot.step is write)
    needed = {wait.name for wait in _waits(flow) if wait.on_timeout == "dead_letter"}
    return all(
        (flow.name, spot.step.name) in free
        for spot in spots
        if isinstance(spot.step, WaitStep) and spot.step.name in needed and _may_precede(spot, at)
    )


def _told(wait: WaitStep) -> str:
    wanted = demanded(tree_of(wait.where.text)) if wait.where is not None else {}
    document = wanted.get(f"{_WRITTEN}.document", "a document")
    connection = wanted.get(f"{_WRITTEN}.connection")
    return f"{document} at {connection}" if connection else document


def _calls(flow: Flow) -> Iterator[CallStep]:
    return (step for step in walk_steps(flow.steps) if isinstance(step, CallStep))


def _given(call: CallStep, takes: OnCall) -> Iterator[Flaw]:
    known = {item.name: item for item in takes.inputs}
    for name, expression in call.inputs.items():
        if name not in known:
            error = unknown(f"field that {call.flow} takes", name, known, expression.place)
            yield Flaw("error", "unknown_input", error.message, expression.place, error.next_step)
        elif known[name].sort != "text" and joined(known[name].kind, expression.kind) is None:
            yield Flaw(
                "error",
                "bad_type",
                f"{call.flow} takes {known[name].sort} as {name}; this gives {expression.kind}.",
                expression.place,
                "Give what it takes, or change what it takes.",
            )
    for name, item in known.items():
        if item.required and name not in call.inputs:
            yield Flaw(
                "error",
                "missing_input",
                f"{call.flow} takes {name}, and the call does not give it.",
                call.place,
                f"Add {name}: to with:.",
            )


def _circle(flow: Flow, by_name: Mapping[str, Flow]) -> tuple[list[str], CallStep] | None:
    """The shortest way from a flow back to itself, when the flow is the first of its circle."""
    ways: list[tuple[list[str], CallStep]] = [
        ([flow.name, call.flow], call) for call in _calls(flow)
    ]
    seen: set[str] = set()
    for way, call in ways:
        last = way[-1]
        if last == flow.name:
            return (way, call) if flow.name == min(way) else None
        if last in seen or last not in by_name:
            continue
        seen.add(last)
        ways += [([*way, inner.flow], call) for inner in _calls(by_name[last])]
    return None
