"""Ways through a flow: which steps follow which, and on which of them a step stands."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    """

    step: Step
    way: tuple[tuple[str, int], ...]
    kinds: frozenset[str]
    number: int
    eaches: tuple[EachStep, ...]
    undoes: bool

    def excludes(self, other: "Spot") -> bool:
        """Whether no run takes both: they stand in different cases of one branch."""
        taken = dict(self.way)
        return any(taken.get(name, number) != number for name, number in other.way)


def spots_of(flow: Flow) -> tuple[Spot, ...]:
    """Every step of a flow with the way that leads to it, in the order of the text."""
    kinds = frozenset(str(kind) for kind in flow.starts_on)
    return tuple(
        Spot(step, way, reached, number, eaches, undoes)
        for number, (step, way, reached, eaches, undoes) in enumerate(
            _spots(flow.steps, (), kinds, (), False)
        )
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


_Found = tuple[Step, tuple[tuple[str, int], ...], frozenset[str], tuple[EachStep, ...], bool]


def _spots(
    steps: tuple[Step, ...],
    way: tuple[tuple[str, int], ...],
    kinds: frozenset[str],
    eaches: tuple[EachStep, ...],
    undoes: bool,
) -> Iterator[_Found]:
    for step in steps:
        yield step, way, kinds, eaches, undoes
        if isinstance(step, StopStep):
            return
        inner_eaches = (*eaches, step) if isinstance(step, EachStep) else eaches
        left = kinds
        for number, inner in enumerate(inner_steps(step)):
            reached = left
            if isinstance(step, BranchStep):
                reached, left = _divided(step, number, left)
            inner_way = way
            if isinstance(step, BranchStep | ApproveStep):
                inner_way = (*way, (step.name, number))
            undone = undoes or (isinstance(step, WriteStep) and inner is step.undo)
            yield from _spots(inner, inner_way, reached, inner_eaches, undone)


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
