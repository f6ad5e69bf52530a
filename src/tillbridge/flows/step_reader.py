"""Steps from text, in the order they run, so that each knows what it can read."""

from dataclasses import replace
from typing import Final, Literal, cast

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.canonical.events import Event
from tillbridge.flows.answers import ANSWER, ANSWERED, CALLED, FAILED, FAILURE, TAKEN
from tillbridge.flows.documents_reader import DocumentsReader
from tillbridge.flows.forms import FLOW_LANGUAGE
from tillbridge.flows.library import Library
from tillbridge.flows.list_reader import read_aggregate, read_filter, read_list
from tillbridge.flows.step_forms import CASES, ELSE, ON_ERROR, STEPS, UNDO_STEPS
from tillbridge.flows.steps import (
    ApproveStep,
    BranchStep,
    CallStep,
    Case,
    EachStep,
    NotifyStep,
    Recovery,
    Step,
    StopStep,
    WaitStep,
)
from tillbridge.flows.trigger_reader import read_kinds
from tillbridge.mapping.expression import Expression, compile_expression, parse_expression
from tillbridge.mapping.form import DURATION_MAX_S, Filled, fill, member_of
from tillbridge.mapping.read import read_name, read_variable
from tillbridge.mapping.source import type_of
from tillbridge.mapping.text import (
    Node,
    Scalar,
    any_entries,
    items_of,
    scalar_of,
    unknown,
    word_of,
)
from tillbridge.mapping.value_type import Scope, Sort, ValueType, list_of, optional

STEPS_MAX: Final = 200
DESK: Final = "desk"
NOTIFICATION: Final = "notification"
_SHOWN: Final[tuple[Sort, ...]] = (
    "text", "integer", "decimal", "money", "unit_amount", "boolean", "date", "instant", "null",
)  # fmt: skip


class StepReader:
    """Reads steps in order; remembers names taken and texts used."""

    def __init__(self, library: Library, steps: Node) -> None:
        self._library = library
        self._documents = DocumentsReader(library, steps)
        self._names: dict[str, Place] = {}
        self._count = 0

    @property
    def mappings(self) -> set[str]:
        """The mappings that were used so far."""
        return self._documents.mappings

    @property
    def lookups(self) -> set[str]:
        """The lookups that were used so far."""
        return self._documents.lookups

    def steps(
        self, node: Node, scope: Scope, family: str = STEPS
    ) -> tuple[tuple[Step, ...], Scope]:
        """The steps of a list, and what can be read after them."""
        found: list[Step] = []
        nodes = items_of(node)
        if not nodes:
            raise _wrong(node.place, "There is no step here.", "Add one, or remove the list.")
        for each in nodes:
            if found and ends(found[-1]):
                raise _wrong(
                    each.place, "This step is never reached: the flow has ended.", "Remove it."
                )
            step, scope = self._step(each, scope, family)
            found.append(step)
        return tuple(found), scope

    def _step(self, node: Node, scope: Scope, family: str) -> tuple[Step, Scope]:
        self._count += 1
        if self._count > STEPS_MAX:
            raise _wrong(node.place, f"A flow has at most {STEPS_MAX} steps.", "Split it.")
        form = fill(node, member_of(node, "step", FLOW_LANGUAGE, family))
        if form.form.name == "stop":
            return _stop(form), scope
        name = self._name(form.node(form.form.name))
        match form.form.name:
            case "branch":
                return self._branch(name, form, scope)
            case "approve":
                return self._approve(name, form, scope)
            case "wait":
                wait = _wait(name, form, scope)
                event = type_of(Event)
                certain = wait.kinds and wait.on_timeout == "dead_letter"
                return wait, {**scope, name: event if certain else optional(event)}
            case _:
                return self._failing(name, form, scope)

    def _name(self, node: Node) -> str:
        name = read_variable(node)
        before = self._names.get(name)
        if before is not None:
            raise _wrong(
                node.place,
                f"The step {name!r} stands already in line {before.line}.",
                "Step names are pinned in the journal of runs: give each its own.",
            )
        if name == FAILURE:
            raise _wrong(node.place, "'failure' names what went wrong.", "Use another name.")
        self._names[name] = node.place
        return name

    def _failing(self, name: str, form: Filled, scope: Scope) -> tuple[Step, Scope]:
        """A step that may fail, and what follows then."""
        node = form.maybe("on_error")
        step, kind = self._plain(name, form, scope)
        if node is None:
            return step, {**scope, name: kind}
        assert not isinstance(step, BranchStep | WaitStep | ApproveStep | StopStep), form.form.name
        recovery, after = self._recovery(fill(node, ON_ERROR), scope)
        if recovery.then != "dead_letter":
            kind = optional(kind)
        return replace(step, on_error=recovery), {**scope, **after, name: kind}

    def _plain(self, name: str, form: Filled, scope: Scope) -> tuple[Step, ValueType]:
        match form.form.name:
            case "map":
                mapped = self._documents.map(name, form, scope)
                return mapped, mapped.filler.kind
            case "write":
                return self._write(name, form, scope), ANSWER
            case "read":
                return self._documents.read(name, form, scope), ANSWER
            case "each":
                return self._each(name, form, scope), TAKEN
            case "filter":
                kept = read_filter(name, form, scope, self._names)
                return kept, list_of(kept.items.kind.of or ValueType("any", optional=True))
            case "aggregate":
                return read_aggregate(name, form, scope, self._names)
            case "notify":
                return self._notify(name, form, scope), ANSWER
            case _:
                return _call(name, form, scope), CALLED

    def _write(self, name: str, form: Filled, scope: Scope) -> Step:
        written = self._documents.write(name, form, scope)
        node = form.maybe("undo")
        if node is None:
            return written
        if any("undo" in any_entries(each).nodes for each in items_of(node)):
            raise _wrong(node.place, "What undoes a write is not undone.", "Remove the inner undo.")
        undo, _ = self.steps(node, {**scope, name: ANSWER}, UNDO_STEPS)
        return replace(written, undo=undo)

    def _recovery(self, form: Filled, scope: Scope) -> tuple[Recovery, Scope]:
        node = form.maybe("steps")
        steps: tuple[Step, ...] = ()
        after = scope
        then = form.word("then")
        if node is not None:
            if form.has("then"):
                raise _wrong(
                    form.node("then").place,
                    "then and steps exclude each other: the flow goes on after the steps.",
                    "Remove one of them.",
                )
            steps, after = self.steps(node, {**scope, FAILURE: FAILED})
            then = "steps"
        known = {key: kind for key, kind in after.items() if key != FAILURE}
        recovery = Recovery(
            retries=form.whole("retries"),
            wait_s=form.seconds("wait"),
            within_s=form.seconds("within") if form.has("within") else None,
            then=cast(Literal["dead_letter", "continue", "steps"], then),
            steps=steps,
        )
        return recovery, known

    def _branch(self, name: str, form: Filled, scope: Scope) -> tuple[BranchStep, Scope]:
        cases: list[Case] = []
        after = dict(scope)
        for node in items_of(form.node("cases")):
            if cases and cases[-1].when is None:
                raise _wrong(node.place, "A case after else is never reached.", "Remove it.")
            case = fill(node, member_of(node, "case", FLOW_LANGUAGE, CASES))
            if case.form is ELSE:
                word_of(case.node("else"), ("true",), "value of else")
            when = None if case.form is ELSE else _expression(case.node("when"), scope, "boolean")
            steps, known = self.steps(case.node("steps"), scope)
            after.update(known)
            cases.append(Case(when, steps, case.place))
        if not cases:
            raise _wrong(form.place, "The branch has no case.", "Add one.")
        return BranchStep(name, tuple(cases), form.place), after

    def _each(self, name: str, form: Filled, scope: Scope) -> EachStep:
        listed = read_list(form, scope, self._names)
        steps, _ = self.steps(form.node("steps"), listed.inner)
        return EachStep(
            name=name,
            items=listed.items,
            variable=listed.variable,
            key=_expression(form.node("key"), listed.inner, "text", "integer", "date"),
            where=listed.where,
            at_once=form.whole("at_once"),
            on_failure=cast(Literal["stop", "continue"], form.word("on_failure")),
            steps=steps,
            place=form.place,
        )

    def _approve(self, name: str, form: Filled, scope: Scope) -> tuple[ApproveStep, Scope]:
        shows = any_entries(node).nodes if (node := form.maybe("shows")) is not None else {}
        inner = {**scope, name: ANSWERED}
        answers: dict[str, tuple[Step, ...]] = {}
        after: dict[str, ValueType] = dict(inner)
        for answer in ("approved", "refused"):
            steps = form.maybe(answer)
            answers[answer], known = self.steps(steps, inner) if steps is not None else ((), inner)
            after.update(known)
        step = ApproveStep(
            name=name,
            question=_expression(form.node("question"), scope, "text"),
            shows={
                read_variable(Scalar(key, each.place)): _expression(each, scope, *_SHOWN)
                for key, each in shows.items()
            },
            who=tuple(scalar_of(each).text for each in form.items("who")),
            timeout_s=form.seconds("timeout"),
            on_timeout=cast(Literal["dead_letter", "refused"], form.word("on_timeout")),
            approved=answers["approved"],
            refused=answers["refused"],
            place=form.place,
        )
        return step, after

    def _notify(self, name: str, form: Filled, scope: Scope) -> NotifyStep:
        to = form.text("to")
        if to != DESK:
            place = scalar_of(form.node("to")).place
            shapes = self._library.connection(to, place)
            if NOTIFICATION not in shapes.writes:
                known = [
                    key
                    for key, each in self._library.connections.items()
                    if NOTIFICATION in each.writes
                ]
                raise unknown("connection that writes notifications", to, [*known, DESK], place)
        text, ordinal = form.maybe("text"), form.maybe("ordinal")
        return NotifyStep(
            name=name,
            connection="" if to == DESK else to,
            level=cast(Literal["note", "warning", "urgent"], form.word("level")),
            title=_expression(form.node("title"), scope, "text"),
            text=None if text is None else _expression(text, scope, "text"),
            ordinal=None if ordinal is None else _expression(ordinal, scope, "text", "integer"),
            place=form.place,
        )


def ends(step: Step) -> bool:
    """Whether nothing can follow a step."""
    match step:
        case StopStep():
            return True
        case BranchStep():
            whole = step.cases[-1].when is None
            return whole and all(ends(case.steps[-1]) for case in step.cases)
        case ApproveStep():
            answers = (step.approved, step.refused)
            return all(steps and ends(steps[-1]) for steps in answers)
        case _:
            return False


def _wait(name: str, form: Filled, scope: Scope) -> WaitStep:
    if not form.has("for"):
        for key in ("where", "on_timeout"):
            if form.has(key):
                raise _wrong(
                    form.node(key).place,
                    f"{key} means nothing where only a time is waited for.",
                    "Name the awaited events in for:, or remove it.",
                )
    where, until = form.maybe("where"), form.maybe("until")
    inner = {**scope, "candidate": type_of(Event)}
    return WaitStep(
        name=name,
        kinds=read_kinds(form.node("for")) if form.has("for") else (),
        where=None if where is None else _expression(where, inner, "boolean"),
        timeout_s=DURATION_MAX_S if until is not None else form.seconds("timeout"),
        on_timeout=cast(Literal["dead_letter", "continue"], form.word("on_timeout"))
        if form.has("for")
        else "continue",
        place=form.place,
        until=None if until is None else _expression(until, scope, "instant"),
    )


def _call(name: str, form: Filled, scope: Scope) -> CallStep:
    given = any_entries(node).nodes if (node := form.maybe("with")) is not None else {}
    subject, ordinal = form.maybe("subject"), form.maybe("ordinal")
    if form.has("on_timeout") and not form.has("timeout"):
        raise _wrong(
            form.node("on_timeout").place,
            "Without a timeout the call's ending is not waited for.",
            "Add timeout:, or remove on_timeout.",
        )
    return CallStep(
        name=name,
        flow=read_name(form.node("flow")),
        inputs={key: _expression(each, scope, *_SHOWN) for key, each in given.items()},
        subject=None if subject is None else _expression(subject, scope, "text", "integer"),
        ordinal=None if ordinal is None else _expression(ordinal, scope, "text", "integer"),
        wait=form.has("timeout"),
        timeout_s=form.seconds("timeout") if form.has("timeout") else 0,
        on_timeout=cast(Literal["dead_letter", "continue"], form.word("on_timeout")),
        place=form.place,
    )


def _stop(form: Filled) -> StopStep:
    return StopStep(
        reason=scalar_of(form.node("stop")).text,
        outcome=cast(Literal["done", "cancelled", "failed"], form.word("outcome")),
        place=form.place,
        undo=form.truth("undo"),
    )


def _expression(node: Node, scope: Scope, *wanted: Sort) -> Expression:
    return compile_expression(parse_expression(node), scope, wanted=wanted)


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_flow", place=place, next_step=next_step)
