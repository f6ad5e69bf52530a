"""Coverage: which steps and cases of flows, and which rules of mappings, no test has taken."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tillbridge.canonical.errors import Place, TillbridgeError
from tillbridge.flows.flow import Flow
from tillbridge.flows.folder import Folder
from tillbridge.flows.steps import BranchStep, StopStep
from tillbridge.flows.walk import walk_steps
from tillbridge.mapping.expression import Parsed, compile_expression, parse_written
from tillbridge.mapping.given import context_of
from tillbridge.mapping.mapping import (
    DocumentMapping,
    EachRule,
    PartsRule,
    PickRule,
    RollUpRule,
    Rule,
    Rules,
)
from tillbridge.mapping.program import Written
from tillbridge.mapping.value_type import ANY
from tillbridge.rehearsal.record import Record
from tillbridge.rehearsal.watching import Watch

_STEP = "Step"


@dataclass(frozen=True, slots=True)
class Untaken:
    """A step, a case or a rule's outcome that no test has taken."""

    place: Place
    what: str


@dataclass(frozen=True, slots=True)
class Covered:
    """The coverage of one flow or mapping.

    Attributes:
        name: "flow order-to-dynamics", "mapping dynamics-sales-order".
    """

    name: str
    count: int
    untaken: tuple[Untaken, ...]

    @property
    def taken(self) -> int:
        return self.count - len(self.untaken)


def coverage_of(folder: Folder, watch: Watch, records: Iterable[Record]) -> list[Covered]:
    """The coverage of every flow and mapping of a folder, by all tests together."""
    seen = _Seen(watch, tuple(records))
    found = [_flow(flow, seen) for _, flow in sorted(folder.flows.items())]
    for name, mapping in sorted(folder.library.mappings.items()):
        found.append(_mapping(mapping, watch.filled.get(name, [])))
    return found


class _Seen:
    """What was taken, from what was heard and from the records."""

    def __init__(self, watch: Watch, records: tuple[Record, ...]) -> None:
        self.watch = watch
        self._steps = {one for record in records for one in record.steps}
        for record in records:
            self._steps |= {(made.flow, made.step) for made in record.made}
            self._steps |= {(ran.flow, ran.step) for ran in record.ran}
            self._steps |= {(ran.flow, ran.why.partition(":")[0]) for ran in record.ran}
        self._reasons = {(ran.flow, ran.why) for record in records for ran in record.ran}

    def step(self, flow: Flow, step: Any) -> bool:
        """Whether a step was taken."""
        if isinstance(step, StopStep):
            return (flow.name, step.reason) in self._reasons
        if step.place in self.watch.places or (flow.name, step.name) in self._steps:
            return True
        return isinstance(step, BranchStep) and any(
            self.step(flow, inner) for case in step.cases for inner in walk_steps(case.steps)
        )


def _flow(flow: Flow, seen: _Seen) -> Covered:
    count = 0
    untaken: list[Untaken] = []
    for step in walk_steps(flow.steps):
        outcomes = [(step.place, _title(step), seen.step(flow, step))]
        if isinstance(step, BranchStep):
            outcomes += list(_cases(flow, step, seen))
        count += len(outcomes)
        untaken += [Untaken(place, what) for place, what, taken in outcomes if not taken]
    return Covered(f"flow {flow.name}", count, tuple(untaken))


def _title(step: Any) -> str:
    kind = type(step).__name__.removesuffix(_STEP).lower()
    return f"{kind} {step.reason if isinstance(step, StopStep) else step.name}"


def _cases(flow: Flow, branch: BranchStep, seen: _Seen) -> Iterator[tuple[Place, str, bool]]:
    truths = seen.watch.truths
    for case in branch.cases:
        if case.when is None:
            taken = any(seen.step(flow, step) for step in case.steps)
            yield case.steps[0].place, f"branch {branch.name}: else", taken
        else:
            taken = (case.when.place, True) in truths
            yield case.when.place, f"branch {branch.name}: when {case.when.text}", taken
    last = branch.cases[-1].when
    if last is not None:
        yield last.place, f"branch {branch.name}: no case holds", (last.place, False) in truths


def _mapping(
    mapping: DocumentMapping, filled: Iterable[tuple[Mapping[str, object], Any]]
) -> Covered:
    contexts = [context for context, _ in filled]
    for example in mapping.examples:
        try:
            contexts.append(context_of(example.given))
        except TillbridgeError:
            continue  # check says what is wrong with it
    wanted: dict[tuple[str, str], Place] = {}
    _wanted(mapping.fields, "", wanted)
    taken: set[tuple[str, str]] = set()
    for context in contexts:
        _take(mapping.fields, "", context, taken)
    untaken = [
        Untaken(place, f"{path}: {outcome}")
        for (path, outcome), place in wanted.items()
        if (path, outcome) not in taken
    ]
    return Covered(f"mapping {mapping.name}", len(wanted), tuple(untaken))


FILLED, NOT_WHEN, DEFAULT = "filled", "condition is false", "default"


def _wanted(rules: Rules, path: str, wanted: dict[tuple[str, str], Place]) -> None:
    for name, rule in rules.items():
        at = f"{path}.{name}" if path else name
        wanted[at, FILLED] = rule.place
        if getattr(rule, "when", None) is not None:
            wanted[at, NOT_WHEN] = rule.place
        if getattr(rule, "default", None) is not None and _value(rule) is not None:
            wanted[at, DEFAULT] = rule.place
        if isinstance(rule, PartsRule):
            _wanted(_parts(rule), at, wanted)
        if _inner(rule) is not None:
            _wanted(_inner(rule) or {}, at, wanted)


def _take(
    rules: Rules, path: str, context: Mapping[str, object], taken: set[tuple[str, str]]
) -> None:
    for name, rule in rules.items():
        at = f"{path}.{name}" if path else name
        when = getattr(rule, "when", None)
        if when is not None and _evaluated(when, context) is not True:
            taken.add((at, NOT_WHEN))
            continue
        value = _value(rule)
        if getattr(rule, "default", None) is not None and value is not None:
            given = _evaluated(_or_null(value), context)
            taken.add((at, FILLED if given not in (None, "") else DEFAULT))
        elif _inner(rule) is None:
            taken.add((at, FILLED))
        if isinstance(rule, PartsRule):
            _take(_parts(rule), at, context, taken)
        for inner in _scopes(rule, context):
            taken.add((at, FILLED))
            _take(_inner(rule) or {}, at, inner, taken)


def _scopes(rule: Rule, context: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The contexts in which the rules inside a rule are read."""
    match rule:
        case EachRule():
            for item in _items(rule.each, rule.variable, rule.where, context):
                yield {**context, rule.variable: item}
        case RollUpRule():
            yield from _rolled_up(rule, context)
        case PickRule():
            found = _items(rule.items, rule.variable, rule.where, context)
            if found and rule.fields is not None:
                yield {**context, rule.variable: found[-1 if rule.last else 0]}
        case _ if _inner(rule) is not None:
            yield context
        case _:
            return


def _items(
    items: Parsed, variable: str, where: Parsed | None, context: Mapping[str, object]
) -> list[object]:
    found = _evaluated(items, context)
    return [
        item
        for item in (found if isinstance(found, list | tuple) else ())
        if where is None or _evaluated(where, {**context, variable: item}) is True
    ]


def _rolled_up(rule: RollUpRule, context: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    groups: dict[str, dict[str, object]] = {}
    for item in _items(rule.items, rule.variable, rule.where, context):
        inner = {**context, rule.variable: item}
        key = {name: _evaluated(by, inner) for name, by in rule.by.items()}
        group = groups.setdefault(str(key), {"key": key.get("", key), "items": []})
        held = group["items"]
        assert isinstance(held, list), "made as one above"
        held.append(item)
    for group in groups.values():
        yield {**context, "group": group}


def _parts(rule: PartsRule) -> Rules:
    """The parts of a list, by their numbers."""
    return {str(number): part for number, part in enumerate(rule.parts, start=1)}


def _inner(rule: Rule) -> Rules | None:
    found = getattr(rule, "fields", None)
    return found if isinstance(found, Mapping) else None


def _value(rule: Rule) -> Parsed | None:
    """What a rule with a default looks at first; None where that cannot be told."""
    if isinstance(rule, PickRule):  # read over the item it picks
        return None
    found = getattr(rule, "value", None)
    return found if isinstance(found, Parsed) else None


def _or_null(parsed: Parsed) -> Parsed:
    written = parsed.written
    return parse_written(Written(f"default({written.text}, null)", written.place, written.block))


def _evaluated(parsed: Parsed, context: Mapping[str, object]) -> object:
    """An expression's value, whatever the types; None where it has none."""
    try:
        return compile_expression(parsed, dict.fromkeys(context, ANY)).evaluate(context)
    except TillbridgeError:
        return None
