"""Explain: for any field of any run, which line of which file filled it, from what, and why.

    run -> the flow version pinned to it -> its steps once more over what they answered then
        -> the mapping once more, telling what it sees (mapping/explain.py)

Nothing is done and nothing is written: the flow is walked as a ghost (journeys/way.py), as far as
the run got. What a viewer may not see, texts of people, is hidden here.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.flows.steps import EachStep, Step, StopStep
from tillbridge.journeys.deliver import JOURNEY, Walk
from tillbridge.journeys.house import House
from tillbridge.journeys.rates import give_rates
from tillbridge.journeys.way import Unreached
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.explain import Explained, Explanation, Part, explain
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Turn
from tillbridge.runs.lease import Lease
from tillbridge.runs.run import Parked, Run

SQL: Final = load_statements("tillbridge.journeys", "explain.sql")
RUNS_MAX: Final = 50
RUN_PREFIX: Final = "run:"
HIDDEN: Final = "(hidden)"
"""What stands for a text that only operators may see."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something a field was made of: as it is written, what it gave, and where it stands.

    Attributes:
        role: "value", "when", "default", "key", "day", "list" or "where".
    """

    role: str
    text: str
    value: str | None
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class RowTold:
    """The row of a lookup; `line` is None when no row was found."""

    lookup: str
    key: str | None
    file: str
    line: int | None


@dataclass(frozen=True, slots=True)
class NoteTold:
    """What was done besides: a cut, or a rate with its source and day."""

    kind: str
    told: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldTold:
    """One field: its value as text, the rule's file and line, and all it was made of.

    Attributes:
        filled: False when it was left out.
    """

    field: str
    value: str | None
    filled: bool
    file: str
    line: int | None
    expressions: tuple[Told, ...]
    inputs: tuple[Told, ...]
    rows: tuple[RowTold, ...]
    notes: tuple[NoteTold, ...]


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step of one run that filled fields.

    Attributes:
        step: its name in the journal: "sales_order", or "lines[7].ordered" inside an each.
        version: of the flow, as pinned to the run.
        refused: why it was refused; "" when it was not.
    """

    run: int
    subject: str
    flow: str
    version: str
    step: str
    document: str
    refused: str
    fields: tuple[FieldTold, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained: a step and a field, or "" for all of them."""

    step: str = ""
    field: str = ""


async def runs_of(database: Database, asked: str) -> list[int]:
    """The runs an order number or "run:17" means, the newest first.

    Raises:
        Rejected: there is no such order, and no such run.
    """
    number = asked.removeprefix(RUN_PREFIX)
    if number == asked:
        rows = await database.fetch(SQL["runs_to_explain"], asked, RUNS_MAX)
        if rows:
            return [row["id"] for row in rows]
    if number.isascii() and number.isdigit() and len(number) < 19:
        return [int(number)]
    raise Rejected(
        f"There is no order and no run {mask(asked)!r}.",
        reason="unknown_run",
        next_step="Give an order number, or run:17; see tillbridge runs.",
    )


async def explain_run(
    house: House, run_id: int, asked: Asked, *, hide: bool = False
) -> tuple[StepTold, ...]:
    """The steps of a run that filled fields, in the order they were taken.

    `hide` puts HIDDEN in the place of every text value.

    Raises:
        Rejected: an unknown run, or one that went through no flow.
        Misconfigured: its flow version cannot be read with today's connections.
    """
    run = await _run(house.database, run_id)
    flow = await house.catalogue.version(run.flow, run.flow_version)
    turn = Turn(Lease(run.subject, run.target, -1, None, 0.0), 1, [run])
    walk = _Look(house, turn, run, flow, decode_event(run.input), ghost=True)
    walk.looks = []
    with suppress(Unreached, Rejected, Misconfigured, GateClosed, Parked):  # it got no further then
        if flow.condition is None or flow.condition.evaluate(walk.names):
            await walk.take_all(flow.steps)
    shown = _Teller(asked, hide=hide)
    steps = [shown.step(run, look) for look in walk.looks if asked.step in ("", look.step)]
    return tuple(step for step in steps if step.fields or step.refused)


async def _run(database: Database, run_id: int) -> Run:
    row = await database.fetch_row(SQL["explained_run"], run_id)
    if row is None:
        raise Rejected(
            f"There is no run {run_id}.", reason="unknown_run", next_step="See tillbridge runs."
        )
    if row["journey"] != JOURNEY:
        raise Rejected(
            f"Run {run_id} is a {row['journey']}: it fills no document by a mapping.",
            reason="nothing_to_explain",
        )
    steps = await database.fetch(SQL["explained_steps"], run_id)
    known = {name: row[name] for name in row.keys()}  # noqa: SIM118  # a record iterates its values
    known["waits"] = tuple(known["waits"])
    return Run(**known, wait_s=None, steps={step["name"]: step["outcome"] for step in steps})


@dataclass(frozen=True, slots=True)
class _Looked:
    """A step that fills fields, with what it could read."""

    step: str
    document: str
    filler: Filler
    names: Mapping[str, object]


class _Look(Walk):
    """A walk that keeps, before each step that fills fields, what it could read."""

    looks: list[_Looked]

    async def take(self, step: Step) -> StopStep | None:
        await give_rates(self, step)
        for filler in _fillers(step):
            place, document = self.place(_name(step)), filler.origin.target.kind
            self.looks.append(_Looked(place, document, filler, dict(self.names)))
        if isinstance(step, EachStep):
            await self._look_inside(step)
        return await super().take(step)

    async def _look_inside(self, step: EachStep) -> None:
        """What is kept of an each is only how it ended: its items are looked at one by one."""
        for key, item in step.chosen(self.names):
            inner = self.inside(step.name, key, {**self.names, step.variable: item})
            with suppress(Unreached, Rejected, Misconfigured, GateClosed, Parked):
                await inner.take_all(step.steps)

    async def _told(self, effect: Effect) -> Receipt | None:
        """A look proves nothing and keeps nothing."""
        return None


def _fillers(step: Step) -> list[Filler]:
    values = (getattr(step, attribute.name) for attribute in fields(step))
    return [value for value in values if isinstance(value, Filler)]


def _name(step: Step) -> str:
    return step.reason if isinstance(step, StopStep) else step.name


class _Teller:
    """Puts explanations into words, and hides what has to be hidden."""

    def __init__(self, asked: Asked, *, hide: bool) -> None:
        self._asked = asked
        self._hide = hide

    def step(self, run: Run, look: _Looked) -> StepTold:
        explained: Explained = explain(look.filler, look.names)
        refused = mask(str(explained.refused)) if explained.refused is not None else ""
        return StepTold(
            run=run.id,
            subject=run.subject,
            flow=run.flow,
            version=run.flow_version,
            step=look.step,
            document=look.document,
            refused=HIDDEN if refused and self._hide else refused,
            fields=tuple(
                self._field(each)
                for each in explained.fields
                if self._asked.field in ("", each.field)
            ),
        )

    def _field(self, each: Explanation) -> FieldTold:
        return FieldTold(
            field=each.field,
            value=self._value(each.value),
            filled=each.there,
            file=each.place.file or "",
            line=each.place.line,
            expressions=tuple(map(self._part, each.expressions)),
            inputs=tuple(map(self._part, each.inputs)),
            rows=tuple(
                RowTold(row.lookup, self._value(row.key), *_spot(row.place)) for row in each.rows
            ),
            notes=tuple(
                NoteTold(note.kind, HIDDEN, {})
                if self._hide and note.kind == "cut"
                else NoteTold(note.kind, mask(note.told), dict(note.values))
                for note in each.notes
            ),
        )

    def _part(self, part: Part) -> Told:
        return Told(part.role, part.text, self._value(part.value), *_spot(part.place))

    def _value(self, value: object) -> str | None:
        """A value as people read it; None for null."""
        match value:
            case None:
                return None
            case str():
                return HIDDEN if self._hide and value else mask(str.__str__(value))
            case bool():
                return "true" if value else "false"
            case Decimal():
                return f"{value:f}"
            case int() | Money() | UnitAmount():
                return str(value)
            case datetime():
                return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            case date():
                return value.isoformat()
            case list():
                return _counted(len(value), "item")
            case tuple() if all(isinstance(part, str) for part in value):
                return ", ".join(self._value(part) or "" for part in value)
            case tuple():
                return _counted(len(value), "item")
            case Mapping():
                return _counted(len(value), "field")
            case _:
                return type(value).__name__.lower()


def _spot(place: Place | None) -> tuple[str, int | None]:
    return (place.file or "", place.line) if place is not None else ("", None)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
