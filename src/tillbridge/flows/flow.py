"""A flow: what starts it, then steps. Every value here is checked and ready to run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.events import Event, Kind
from tillbridge.connector.documents import Fields, Value
from tillbridge.flows.bundle import Bundle
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression

Context: TypeAlias = Mapping[str, object]
"""The values a step can read: `mapping.source.names_of(event)` and, by step name, what earlier
steps answered: a map's fields, a write's or read's {"references": {...}, "fields": {...}}, the
Event a wait ended with."""


@dataclass(frozen=True, slots=True)
class FromMapping:
    """The fields of a write or read are what an earlier map step answered."""

    step: str

    def fill(self, context: Context) -> Fields:
        """Raises Rejected when that step did not run."""
        made = context.get(self.step)
        if not isinstance(made, Mapping):
            raise Rejected(
                f"There is no {self.step} to write: the step of that name did not run.",
                reason="no_value",
                next_step="Map it on every way that leads here.",
            )
        return made


@dataclass(frozen=True, slots=True)
class MapStep:
    """Fills a document; later steps read it by the step's name."""

    name: str
    mapping: str
    filler: Filler
    place: Place

    def result(self, context: Context) -> dict[str, Value]:
        """The filled fields. Raises Rejected, naming the field and the rule's line."""
        return self.filler.fill(context)


@dataclass(frozen=True, slots=True)
class WriteStep:
    """Writes one document at a connection.

    Attributes:
        ordinal: the effect's ordinal; None for "1".
        announce: whether other flows hear of it as `document.written`.
    """

    name: str
    connection: str
    document: str
    fields: Filler | FromMapping
    ordinal: Expression | None
    announce: bool
    place: Place

    def inputs(self, context: Context) -> Fields:
        """What is written. Raises Rejected, naming the field and the rule's line."""
        return self.fields.fill(context)

    def ordinal_of(self, context: Context) -> str:
        """Which of several equal effects of one subject this is. Raises Rejected."""
        if self.ordinal is None:
            return "1"
        ordinal = str(self.ordinal.evaluate(context) or "")
        if not ordinal:
            raise Rejected(
                "The ordinal of the write is empty.",
                reason="no_value",
                place=self.ordinal.place,
                next_step="Use something that tells the writes of one order apart.",
            )
        return ordinal


@dataclass(frozen=True, slots=True)
class ReadStep:
    """Asks a connection for something."""

    name: str
    connection: str
    ask: str
    fields: Filler | FromMapping
    place: Place

    def inputs(self, context: Context) -> Fields:
        """What is asked with. Raises Rejected, naming the field and the rule's line."""
        return self.fields.fill(context)


@dataclass(frozen=True, slots=True)
class Case:
    """Steps taken when `when` is true; None for else."""

    when: Expression | None
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class BranchStep:
    """Takes the first case that holds."""

    name: str
    cases: tuple[Case, ...]
    place: Place

    def chosen(self, context: Context) -> int | None:
        """The number of the case to take, from 0; None when no case holds. Raises Rejected."""
        for number, case in enumerate(self.cases):
            if case.when is None or case.when.evaluate(context) is True:
                return number
        return None


@dataclass(frozen=True, slots=True)
class WaitStep:
    """Waits for an event.

    Attributes:
        where: over the context and the arriving event as `candidate`.
        timeout_s: seconds.
    """

    name: str
    kinds: tuple[Kind, ...]
    where: Expression | None
    timeout_s: int
    on_timeout: Literal["dead_letter", "continue"]
    place: Place

    def accepts(self, event: Event, context: Context) -> bool:
        """Whether the event ends the wait. Raises Rejected when `where` cannot be evaluated."""
        if event.kind not in self.kinds:
            return False
        return self.where is None or (self.where.evaluate({**context, "candidate": event}) is True)


@dataclass(frozen=True, slots=True)
class StopStep:
    """Ends the run here."""

    reason: str
    outcome: Literal["done", "cancelled"]
    place: Place


Step: TypeAlias = MapStep | WriteStep | ReadStep | BranchStep | WaitStep | StopStep


@dataclass(frozen=True, slots=True)
class Flow:
    """One version of a flow.

    Attributes:
        lane: the connection whose lane runs it.
        condition: over the event; None when every event of the kinds starts it.
        bundle: the texts this was read from; they name the version.
    """

    name: str
    title: str
    lane: str
    starts_on: tuple[Kind, ...]
    condition: Expression | None
    steps: tuple[Step, ...]
    bundle: Bundle
    place: Place

    @property
    def version(self) -> str:
        """64 hexadecimal digits."""
        return self.bundle.version

    def starts(self, event: Event, context: Context) -> bool:
        """Whether the event starts a run. Raises Rejected when the condition cannot tell."""
        if event.kind not in self.starts_on:
            return False
        return self.condition is None or self.condition.evaluate(context) is True


def walk_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Every step, cases of branches included, in the order they are written."""
    for step in steps:
        yield step
        if isinstance(step, BranchStep):
            for case in step.cases:
                yield from walk_steps(case.steps)
