"""A flow's steps at any depth."""

from collections.abc import Iterator
from dataclasses import fields

from tillbridge.flows.steps import (
    ApproveStep,
    BranchStep,
    EachStep,
    Recovery,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.mapping.apply import Filler


def inner_steps(step: Step) -> Iterator[tuple[Step, ...]]:
    """The lists of steps that stand inside a step, in the order they are written."""
    match step:
        case BranchStep():
            yield from (case.steps for case in step.cases)
        case EachStep():
            yield step.steps
        case ApproveStep():
            yield from (step.approved, step.refused)
        case WriteStep():
            yield step.undo
        case _:
            pass
    recovery = recovery_of(step)
    if recovery is not None:
        yield recovery.steps


def recovery_of(step: Step) -> Recovery | None:
    """What happens when a step fails; None for the engine's own way."""
    if isinstance(step, BranchStep | WaitStep | ApproveStep | StopStep):
        return None
    return step.on_error


def walk_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step at any depth, in the order they are written."""
    for step in steps:
        yield step
        for inner in inner_steps(step):
            yield from walk_steps(inner)


def fillers_of(steps: tuple[Step, ...]) -> Iterator[Filler]:
    """Everything that fills fields, whatever the kind of step."""
    for step in walk_steps(steps):
        for attribute in fields(step):
            value = getattr(step, attribute.name)
            if isinstance(value, Filler):
                yield value
