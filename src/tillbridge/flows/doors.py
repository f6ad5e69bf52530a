"""Doors: what two flows of one folder do to the same order, without knowing of each other."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product

from tillbridge.flows.effects import MONEY, moves_same_money, ordinal_text, same_target
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import CallStep, WriteStep
from tillbridge.flows.trees import demanded, tree_of
from tillbridge.flows.trigger import OnEvent, OnFile, OnSchedule, OnWindow
from tillbridge.flows.ways import Spot, spots_of
from tillbridge.mapping.flaw import Flaw


def inspect_doors(flows: Sequence[Flow]) -> Iterator[Flaw]:
    """Two flows that do the same after the same event, or that move the same money."""
    writes = {flow.name: _writes(flow) for flow in flows}
    for one, other in combinations(flows, 2):
        if _exclude(one, other):
            continue
        pairs = product(writes[one.name], writes[other.name])
        found = [_pair(one, first, other, second) for first, second in pairs]
        yield from _first_of_each([flaw for flaw in found if flaw is not None])
    for flow in flows:
        yield from _outside_of_orders(flow, writes[flow.name])
        yield from _through_calls(flow, writes)


def _writes(flow: Flow) -> list[Spot]:
    return [spot for spot in spots_of(flow) if isinstance(spot.step, WriteStep) and not spot.undoes]


def _exclude(one: Flow, other: Flow) -> bool:
    """Whether the conditions of two flows never hold for the same event."""
    if one.condition is None or other.condition is None:
        return False
    first, second = demanded(tree_of(one.condition.text)), demanded(tree_of(other.condition.text))
    return any(second.get(path, text) != text for path, text in first.items())


def _first_of_each(flaws: Sequence[Flaw]) -> Iterator[Flaw]:
    """Of every kind of flaw the first: two flows at one door meet in many writes."""
    seen: set[str] = set()
    for flaw in flaws:
        if flaw.reason not in seen:
            seen.add(flaw.reason)
            yield flaw


def _pair(one: Flow, first: Spot, other: Flow, second: Spot) -> Flaw | None:
    written, again = first.step, second.step
    assert isinstance(written, WriteStep) and isinstance(again, WriteStep), "only writes are paired"
    at = f"{written.place.file}:{written.place.line}"
    events = isinstance(one.trigger, OnEvent) and isinstance(other.trigger, OnEvent)
    door = first.kinds & second.kinds if events else frozenset()
    if door and same_target(written, again):
        same = ordinal_text(written) == ordinal_text(again)
        return Flaw(
            "error",
            "same_door",
            f"{other.name} and {one.name} both start on {' or '.join(sorted(door))} and both write"
            f" {again.document} at {again.connection} ({at}):"
            f" {'one of the two is left out' if same else 'it is written twice'}.",
            again.place,
            "Let one flow do it, or give the flows conditions that exclude each other.",
        )
    if moves_same_money(written, again) and ordinal_text(written) != ordinal_text(again):
        return Flaw(
            "error",
            "double_charge",
            f"{one.name} ({at}) and {other.name} may both have the same order"
            f" {MONEY[again.document]} at {again.connection}, under ordinals that differ.",
            again.place,
            "Let one flow move this money, or give both writes the same ordinal.",
        )
    return None


def _through_calls(flow: Flow, writes: Mapping[str, Sequence[Spot]]) -> Iterator[Flaw]:
    """The same money, moved by a called flow and once more by the run that calls it."""
    moving = [
        (spot, spot.step, write)
        for spot in spots_of(flow)
        if isinstance(spot.step, CallStep | WriteStep) and not spot.undoes
        for write in _moved(spot.step, writes)
    ]
    for (one, before, first), (other, after, second) in combinations(moving, 2):
        called = isinstance(before, CallStep) or isinstance(after, CallStep)
        if before is after or not called or one.excludes(other):
            continue
        if _subject(before) != _subject(after) or _is_one_effect(first, second):
            continue
        if moves_same_money(first, second):
            yield Flaw(
                "error",
                "double_charge",
                f"One run can take {before.name} and {after.name}: the same order may be"
                f" {MONEY[second.document]} twice at {second.connection}, by"
                f" {first.name} ({first.place.file}) and {second.name} ({second.place.file}).",
                after.place,
                "Put them into different cases of one branch, or remove one.",
            )
            return


def _moved(step: CallStep | WriteStep, writes: Mapping[str, Sequence[Spot]]) -> list[WriteStep]:
    """The writes of money that a step is, or that the flow it calls has."""
    if isinstance(step, WriteStep):
        return [step] if step.document in MONEY else []
    called = (spot.step for spot in writes.get(step.flow, ()))
    return [each for each in called if isinstance(each, WriteStep) and each.document in MONEY]


def _subject(step: CallStep | WriteStep) -> str:
    """For whom a step acts; "" for whom its run does."""
    subject = step.subject if isinstance(step, CallStep) else None
    return "" if subject is None else subject.text


def _is_one_effect(first: WriteStep, second: WriteStep) -> bool:
    """Whether the second is left out as done before, whatever the called flow is given."""
    same = same_target(first, second) and ordinal_text(first) == ordinal_text(second)
    return same and "trigger." not in ordinal_text(first)


def _outside_of_orders(flow: Flow, writes: Sequence[Spot]) -> Iterator[Flaw]:
    """Money moved under the name of a file, a time or a window, and not of an order."""
    if flow.subject is not None or not isinstance(flow.trigger, OnSchedule | OnFile | OnWindow):
        return
    for spot in writes:
        step = spot.step
        if isinstance(step, WriteStep) and step.document in MONEY:
            yield Flaw(
                "error",
                "double_charge",
                f"{step.name} moves money in a run that is not about one order: another flow's"
                f" {step.document} of the same order is not seen as the same.",
                step.place,
                "Call a flow for each order (call: with subject:), or give the flow a subject:.",
            )
