"""Outcomes: every answer a flow can get is dealt with, and no case stands for one it cannot get."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from tillbridge.canonical.errors import Place
from tillbridge.canonical.events import Kind
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import (
    ApproveStep,
    BranchStep,
    CallStep,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.trees import (
    all_paths,
    asks_for,
    asks_only_for,
    expressions_of,
    holds,
    literals_for,
    paths_of,
    place_in,
    starts_with,
    tree_of,
)
from tillbridge.flows.walk import inner_steps, recovery_of, walk_steps
from tillbridge.flows.ways import domains_of
from tillbridge.mapping.flaw import Flaw
from tillbridge.mapping.tree import Unary

ADVERSE: Final = frozenset(
    {
        Kind.ORDER_CANCELLED,
        Kind.PAYMENT_REVIEW_REJECTED,
        Kind.PAYMENT_DECLINED,
        Kind.PAYMENT_CAPTURE_FAILED,
        Kind.PAYMENT_REVERSED,
        Kind.PAYMENT_STRAY,
        Kind.DOCUMENT_ABANDONED,
    }
)
"""Events after which an order does not go on as it was meant to."""

NOTHING_TO_REVERSE: Final = "nothing_to_reverse"


def inspect_outcomes(flow: Flow) -> Iterator[Flaw]:
    """What a flow does not deal with, and what it deals with in vain."""
    domains = domains_of(flow)
    for step in walk_steps(flow.steps):
        yield from _impossible(step, domains)
        match step:
            case BranchStep():
                yield from _branch(flow, step, domains)
            case WaitStep():
                yield from _wait(flow, step)
            case ApproveStep():
                yield from _approval(flow, step)
            case CallStep() if step.wait:
                yield from _call(flow, step)
            case WriteStep():
                yield from _reversal(flow, step)
            case _:
                pass
        yield from _failure(flow, step)


def _impossible(step: Step, domains: dict[str, tuple[str, ...]]) -> Iterator[Flaw]:
    """Comparisons with a value that never comes."""
    known = dict(domains)
    if isinstance(step, WaitStep) and step.kinds:
        known["candidate.kind"] = tuple(str(kind) for kind in step.kinds)
    for _, expression in expressions_of(step):
        tree = tree_of(expression.text)
        for path in set(paths_of(tree)) & known.keys():
            for literal, node in literals_for(tree, path):
                if literal not in known[path]:
                    yield Flaw(
                        "error",
                        "unreachable",
                        f"{path} is never {literal!r} here: what depends on it never happens.",
                        place_in(expression, node),
                        f"It can be {_either(known[path])}."
                        f" Add {literal} to what is waited for, or remove it here.",
                    )


def _branch(flow: Flow, branch: BranchStep, domains: dict[str, tuple[str, ...]]) -> Iterator[Flaw]:
    """Cases that are never taken, and values that no case takes."""
    path = _deciding(branch, domains)
    if path is None:
        return
    left = dict.fromkeys(domains[path])
    for case in branch.cases:
        place = case.place or branch.place
        if case.when is None:
            if not left:
                yield _never(place, f"every value {path} can have is taken before")
            return
        tree = tree_of(case.when.text)
        known = all(value in domains[path] for value, _ in literals_for(tree, path))
        if known and all(holds(tree, path, value) is False for value in left):
            yield _never(place, f"the cases before it take every {path} it is for")
        for value in domains[path]:
            if holds(tree, path, value) is True:
                left.pop(value, None)
    if left and (len(branch.cases) > 1 or _falls_out(flow, branch, path)):
        yield Flaw(
            "error",
            "unhandled_outcome",
            f"No case takes {path} == {_either(left)}: such a run ends as if all were well.",
            branch.place,
            "Add a case for it, or else: true, and say there what is done (a stop is enough).",
        )


def _deciding(branch: BranchStep, domains: dict[str, tuple[str, ...]]) -> str | None:
    """The one path on which every case of a branch decides, if there is one."""
    asked = [
        set(paths_of(tree_of(case.when.text))) & domains.keys()
        for case in branch.cases
        if case.when is not None
    ]
    shared = set.intersection(*asked) if asked else set()
    return min(shared) if shared else None


def _falls_out(flow: Flow, branch: BranchStep, path: str) -> bool:
    """Whether a run that was answered, and that the only case does not take, ends there."""
    if path == "event.kind" or isinstance(branch.cases[0].steps[-1], StopStep):
        return False
    return _stands_last(flow.steps, branch)


def _stands_last(steps: Sequence[Step], wanted: Step) -> bool:
    """Whether nothing follows a step on any way."""
    last = steps[-1] if steps else None
    if last is None or last is wanted:
        return last is wanted
    return any(_stands_last(inner, wanted) for inner in inner_steps(last))


def _wait(flow: Flow, wait: WaitStep) -> Iterator[Flaw]:
    """Adverse endings nobody asks about, and a time-out nobody expects."""
    paths = all_paths(flow.steps)
    adverse = [kind for kind in wait.kinds if kind in ADVERSE]
    told_apart = f"{wait.name}.kind" in paths or _ends_when_it_comes(flow, wait)
    if adverse and len(adverse) < len(wait.kinds) and not told_apart:
        yield Flaw(
            "error",
            "unhandled_outcome",
            f"{wait.name} can end with {_either(adverse)}, and nothing asks which it was:"
            " the flow goes on as if all were well.",
            wait.place,
            f"Branch on {wait.name}.kind after it, or do not wait for {_either(adverse)}.",
        )
    if wait.kinds and wait.on_timeout == "continue":
        yield from _maybe_null(flow, wait.name, wait.place, "the time may be up before it comes")


def _ends_when_it_comes(flow: Flow, wait: WaitStep) -> bool:
    """Whether whatever comes ends the run at once, and only its absence leads on."""
    branch = next(
        (
            after
            for steps in _lists_of(flow.steps)
            for before, after in pairwise(steps)
            if before is wait
        ),
        None,
    )
    if not isinstance(branch, BranchStep) or branch.cases[0].when is None:
        return False
    asked, steps = tree_of(branch.cases[0].when.text), branch.cases[0].steps
    if asks_only_for(asked, wait.name):
        return isinstance(steps[0], StopStep)
    if not isinstance(asked, Unary) or not asks_only_for(asked.of, wait.name):
        return False
    return len(branch.cases) == 1 and flow.steps[-1] is branch


def _lists_of(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Every list of steps, at any depth."""
    yield steps
    for step in walk_steps(steps):
        yield from inner_steps(step)


def _maybe_null(flow: Flow, name: str, place: Place, why: str) -> Iterator[Flaw]:
    """A result that may not be there, is read, and is never asked for."""
    read = any(starts_with(path, name) for path in all_paths(flow.steps))
    if read and not asks_for(flow.steps, name):
        yield Flaw(
            "error",
            "unhandled_outcome",
            f"{name} may be null ({why}), and later steps read it as if it were there.",
            place,
            f'Branch on "!has({name})" before it is read.',
        )


def _approval(flow: Flow, approve: ApproveStep) -> Iterator[Flaw]:
    asked = f"{approve.name}.answer" in all_paths(flow.steps)
    if not approve.refused and not asked:
        yield Flaw(
            "error",
            "unhandled_outcome",
            f"A no to {approve.name} changes nothing: the flow goes on as after a yes.",
            approve.place,
            "Add refused: with what is done then (a stop is enough).",
        )


def _call(flow: Flow, call: CallStep) -> Iterator[Flaw]:
    if f"{call.name}.outcome" not in all_paths(flow.steps):
        yield Flaw(
            "warning",
            "unhandled_outcome",
            f"The flow {call.flow} may end cancelled, and nothing asks how {call.name} ended.",
            call.place,
            f"Branch on {call.name}.outcome.",
        )
    if call.on_timeout == "continue":
        yield from _maybe_null(flow, call.name, call.place, "the time may be up before it ends")


def _reversal(flow: Flow, write: WriteStep) -> Iterator[Flaw]:
    """A reversal may find the money captured already: that order is not cancelled any more."""
    if write.document != "reversal":
        return
    steps = list(walk_steps(flow.steps))
    later = [step for step in steps[steps.index(write) + 1 :] if isinstance(step, WriteStep)]
    asked = any(starts_with(path, f"{write.name}.fields.status") for path in all_paths(flow.steps))
    if later and not asked:
        yield Flaw(
            "error",
            "unhandled_outcome",
            f"{write.name} may answer {NOTHING_TO_REVERSE!r} (the money was captured before), and"
            f" {later[0].name} follows as if it had been released.",
            write.place,
            f"Branch on default({write.name}.fields.status, '') == '{NOTHING_TO_REVERSE}'.",
        )


def _failure(flow: Flow, step: Step) -> Iterator[Flaw]:
    recovery = recovery_of(step)
    if recovery is None or recovery.then == "dead_letter" or isinstance(step, StopStep):
        return
    yield from _maybe_null(flow, step.name, step.place, "the step may fail, and the flow goes on")


def _never(place: Place, why: str) -> Flaw:
    return Flaw(
        "error", "unreachable", f"This case is never taken: {why}.", place, "Remove it, or mend it."
    )


def _either(values: Iterator[str] | Sequence[str] | dict[str, None]) -> str:
    return " or ".join(str(value) for value in values)
