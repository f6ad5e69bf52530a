"""Ways through a flow: which steps follow which, and on which of them a step stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import (
    ApproveStep,
    BranchStep,
    CallStep,
    EachStep,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.trees import holds, tree_of
from tillbridge.flows.walk import inner_steps

EVENT_KIND = "event.kind"


@dataclass(frozen=True, slots=True)
class Spot:
    """A step and the way that leads to it.

    Attributes:
        way: the branches taken: (the step that branches, which of its lists).
        kinds: the kinds of the starting event with which it is reached.
        number: its place in the text, from 0.
        eaches: the each steps around it, the outermost first.
        undoes: whether it stands in the `undo:` of a write.
        barred: the ways that have ended with a stop before it.
    """

    step: Step
    way: tuple[tuple[str, int], ...]
    kinds: frozenset[str]
    number: int
    eaches: tuple[EachStep, ...]
    undoes: bool
    barred: frozenset[tuple[str, int]]

    def excludes(self, other: "Spot") -> bool:
        """Whether no run takes both: they stand in different cases of one branch, or one in a case
        that ends the run before the other."""
        if not self.barred.isdisjoint(other.way) or not other.barred.isdisjoint(self.way):
            return True
        taken = dict(self.way)
        return any(taken.get(name, number) != number for name, number in other.way)


def spots_of(flow: Flow) -> tuple[Spot, ...]:
    """Every step of a flow with the way that leads to it, in the order of the text."""
    kinds = frozenset(str(kind) for kind in flow.starts_on)
    return tuple(
        Spot(step, trail.way, trail.kinds, number, trail.eaches, trail.undoes, trail.barred)
        for number, (step, trail) in enumerate(_spots(flow.steps, _Trail((), kinds)))
    )


def domains_of(flow: Flow) -> dict[str, tuple[str, ...]]:
    """The texts a path can have, for the paths a flow branches on."""
    domains = {EVENT_KIND: tuple(str(kind) for kind in flow.starts_on)}
    for spot in spots_of(flow):
        match spot.step:
            case WaitStep() if spot.step.kinds:
                kinds = tuple(str(kind) for kind in spot.step.kinds)
                domains[f"{spot.step.name}.kind"] = kinds
            case ApproveStep():
                domains[f"{spot.step.name}.answer"] = ("approved", "refused")
            case CallStep():
                ends = ("done", "cancelled") if spot.step.wait else ("started",)
                domains[f"{spot.step.name}.outcome"] = ends
            case _:
                pass
    return domains


@dataclass(frozen=True, slots=True)
class _Trail:
    """What leads to a step; the attributes are those of a spot."""

    way: tuple[tuple[str, int], ...]
    kinds: frozenset[str]
    eaches: tuple[EachStep, ...] = ()
    undoes: bool = False
    barred: frozenset[tuple[str, int]] = frozenset()


def _spots(steps: tuple[Step, ...], trail: _Trail) -> Iterator[tuple[Step, _Trail]]:
    for step in steps:
        yield step, trail
        if isinstance(step, StopStep):
            return
        inner_trail = replace(
            trail, eaches=(*trail.eaches, step) if isinstance(step, EachStep) else trail.eaches
        )
        left, gone_on, ended = trail.kinds, frozenset[str](), set[tuple[str, int]]()
        for number, inner in enumerate(inner_steps(step)):
            reached = left
            if isinstance(step, BranchStep):
                reached, left = _divided(step, number, left)
            way = trail.way
            if isinstance(step, BranchStep | ApproveStep):
                way = (*way, (step.name, number))
            undone = trail.undoes or (isinstance(step, WriteStep) and inner is step.undo)
            yield from _spots(inner, replace(inner_trail, way=way, kinds=reached, undoes=undone))
            if isinstance(step, BranchStep | ApproveStep) and _ends(inner):
                ended.add((step.name, number))
            else:
                gone_on |= reached
        if ended:
            kinds = left | gone_on if isinstance(step, BranchStep) else trail.kinds
            trail = replace(trail, kinds=kinds, barred=trail.barred | ended)


def _ends(steps: tuple[Step, ...]) -> bool:
    """Whether whoever takes these steps goes no further."""
    return bool(steps) and isinstance(steps[-1], StopStep)


def _divided(
    step: BranchStep, number: int, kinds: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The kinds with which a case is taken, and those with which later cases are asked."""
    when = step.cases[number].when
    if when is None:
        return kinds, frozenset()
    tree = tree_of(when.text)
    verdicts = {kind: holds(tree, EVENT_KIND, kind) for kind in kinds}
    taken = frozenset(kind for kind, verdict in verdicts.items() if verdict is not False)
    return taken, frozenset(kind for kind, verdict in verdicts.items() if verdict is not True)
