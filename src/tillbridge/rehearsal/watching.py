"""Flows that note what they evaluate: the same flows, with every program heard."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from tillbridge.canonical.errors import Place
from tillbridge.flows.flow import Flow
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression
from tillbridge.mapping.program import Program

T = TypeVar("T")
CONTEXTS_MAX = 500
"""Of one mapping that are kept: more of them would tell nothing new."""
_STEPS = "tillbridge.flows."


@dataclass(slots=True)
class Watch:
    """What was heard.

    Attributes:
        places: of the steps that evaluated something.
        truths: what conditions gave, by their place.
        filled: by mapping, what it was given and what it made of it.
    """

    places: set[Place] = field(default_factory=set)
    truths: set[tuple[Place, bool]] = field(default_factory=set)
    filled: dict[str, list[tuple[Mapping[str, object], Any]]] = field(default_factory=dict)

    def over(self, flow: Flow) -> Flow:
        """The flow, heard by this watch."""
        return replace(flow, steps=_rebuilt(flow.steps, self, flow.place))

    def hear(self, step: Place, written: Place | None, answer: object) -> None:
        """A step's expression gave an answer."""
        self.places.add(step)
        if written is not None and isinstance(answer, bool):
            self.truths.add((written, answer))

    def fill(self, mapping: str, context: Mapping[str, object], answer: object) -> None:
        """A mapping made a document (or refused to: None)."""
        kept = self.filled.setdefault(mapping, [])
        if len(kept) < CONTEXTS_MAX:
            kept.append((dict(context), answer))


@dataclass(frozen=True, slots=True)
class HeardProgram(Program):
    """A program that says what it gave; None when it refused."""

    heard: Callable[[Mapping[str, object], Any], None] = lambda _, __: None

    def run(self, context: Mapping[str, object], notes: list[Any] | None = None) -> Any:
        """As the program it stands for."""
        answer = None
        try:
            answer = Program.run(self, context, notes)
        finally:
            self.heard(context, answer)
        return answer


def _rebuilt(value: T, watch: Watch, step: Place, mapping: str = "") -> T:
    """The value with every program in it heard; `step` is the innermost step it belongs to."""
    rebuilt: Any = value
    match value:
        case tuple():
            rebuilt = tuple(_rebuilt(each, watch, step) for each in value)
        case Expression():
            rebuilt = replace(value, program=_heard(value.program, watch, step, value.place))
        case Filler():
            rebuilt = replace(value, program=_filling(value.program, watch, step, mapping))
        case _ if is_dataclass(value) and type(value).__module__.startswith(_STEPS):
            own = getattr(value, "place", step) if _is_step(value) else step
            named = str(getattr(value, "mapping", ""))
            changed = {
                each.name: _rebuilt(getattr(value, each.name), watch, own, named)
                for each in fields(value)
                if each.init and each.name not in ("place", "bundle")
            }
            rebuilt = replace(rebuilt, **changed)
        case _:
            pass
    return rebuilt  # type: ignore[no-any-return]  # rebuilt as what it was


def _is_step(value: object) -> bool:
    """Whether it is a step, and no part of one (a case, a recovery)."""
    return type(value).__name__.endswith("Step")


def _heard(program: Program, watch: Watch, step: Place, written: Place) -> Program:
    def heard(_: Mapping[str, object], answer: Any) -> None:
        watch.hear(step, written, answer)

    return HeardProgram(program.function, program.spots, heard)


def _filling(program: Program, watch: Watch, step: Place, mapping: str) -> Program:
    def heard(context: Mapping[str, object], answer: Any) -> None:
        watch.hear(step, None, None)
        if mapping:
            watch.fill(mapping, context, answer)

    return HeardProgram(program.function, program.spots, heard)
