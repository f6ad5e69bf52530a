"""The steps of a flow: values that are checked and ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.events import Event, Kind
from tillbridge.connector.documents import Fields, Value
from tillbridge.flows.inputs import text_of
from tillbridge.flows.items import Context, kept_items, ordinal_of
from tillbridge.flows.totals import Total
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression


@dataclass(frozen=True, slots=True)
class Recovery:
    """What happens when a step fails for certain; an unknown outcome is never a failure.

    Attributes:
        retries: tries after the first one, for a failure that a wait may mend.
        wait_s: seconds before the first of them; it doubles with each.
        within_s: no try begins later than so many seconds after the first; None: no such limit.
        then: when that was in vain. "dead_letter": a person decides. "continue": the failure is
            recorded, the step's result is null. "steps": as "continue", after taking `steps`, in
            which the name `failure` has `failure.step`, `failure.reason` and `failure.message`.
    """

    retries: int
    wait_s: int
    within_s: int | None
    then: Literal["dead_letter", "continue", "steps"]
    steps: "tuple[Step, ...]"


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
    on_error: Recovery | None = None

    def result(self, context: Context) -> dict[str, Value]:
        """The filled fields. Raises Rejected, naming the field and the rule's line."""
        return self.filler.fill(context)


@dataclass(frozen=True, slots=True)
class WriteStep:
    """Writes one document at a connection.

    Attributes:
        ordinal: the effect's ordinal; None for "1".
        announce: whether other flows hear of it as `document.written`.
        undo: the steps that undo it, taken when the run is given up after it; empty: nothing is.
    """

    name: str
    connection: str
    document: str
    fields: Filler | FromMapping
    ordinal: Expression | None
    announce: bool
    place: Place
    on_error: Recovery | None = None
    undo: "tuple[Step, ...]" = ()

    def inputs(self, context: Context) -> Fields:
        """What is written. Raises Rejected, naming the field and the rule's line."""
        return self.fields.fill(context)

    def ordinal_of(self, context: Context) -> str:
        """Which of several equal effects of one subject this is. Raises Rejected."""
        return ordinal_of(self.ordinal, context)


@dataclass(frozen=True, slots=True)
class ReadStep:
    """Asks a connection for something."""

    name: str
    connection: str
    ask: str
    fields: Filler | FromMapping
    place: Place
    on_error: Recovery | None = None

    def inputs(self, context: Context) -> Fields:
        """What is asked with. Raises Rejected, naming the field and the rule's line."""
        return self.fields.fill(context)


@dataclass(frozen=True, slots=True)
class Case:
    """Steps taken when `when` is true; None for else."""

    when: Expression | None
    steps: "tuple[Step, ...]"
    place: Place | None = None


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
class EachStep:
    """Takes its steps once for each item of a list.

    Attributes:
        key: what tells the items apart, over the item; the same item has the same key whenever
            the run comes back, and no two items have the same.
        at_once: how many items are under way at a time.
        on_failure: "stop": the first item that fails ends the run's turn as any step would.
            "continue": the others are taken, and the failed ones are counted and named.
    """

    name: str
    items: Expression
    variable: str
    key: Expression
    where: Expression | None
    at_once: int
    on_failure: Literal["stop", "continue"]
    steps: "tuple[Step, ...]"
    place: Place
    on_error: Recovery | None = None

    def chosen(self, context: Context) -> tuple[tuple[str, object], ...]:
        """The items to take, in order, each with its key.

        Raises:
            Rejected: there are too many, a key is empty, or two items have the same.
        """
        found: dict[str, object] = {}
        for item in kept_items(self.items, self.variable, self.where, context):
            key = text_of(self.key.evaluate({**context, self.variable: item}))
            if not key or key in found:
                why = "is empty" if not key else f"is {key!r} a second time"
                raise Rejected(
                    f"The key of an item of {self.name} {why}.",
                    reason="bad_item_key",
                    place=self.key.place,
                    next_step="Use something that every item has and no two share.",
                )
            found[key] = item
        return tuple(found.items())

    @staticmethod
    def ordinal_within(ordinal: str, key: str) -> str:
        """The ordinal of an effect inside: never the same for two items."""
        return f"{ordinal}/{key}"


@dataclass(frozen=True, slots=True)
class FilterStep:
    """The items of a list for which `where` is true."""

    name: str
    items: Expression
    variable: str
    where: Expression
    place: Place
    on_error: Recovery | None = None

    def result(self, context: Context) -> list[object]:
        """The kept items, in order. Raises Rejected."""
        return list(kept_items(self.items, self.variable, self.where, context))


@dataclass(frozen=True, slots=True)
class AggregateStep:
    """Groups the items of a list (rows of a file, events of a window) and adds them up.

    Attributes:
        by: what makes a group, by the name it has in the result.
        totals: what is taken of each group, by name.
    """

    name: str
    items: Expression
    variable: str
    where: Expression | None
    by: Mapping[str, Expression]
    totals: Mapping[str, Total]
    place: Place
    on_error: Recovery | None = None

    def result(self, context: Context) -> list[dict[str, object]]:
        """One record a group, in the order its first item came. Raises Rejected."""
        groups: dict[tuple[object, ...], list[Context]] = {}
        for item in kept_items(self.items, self.variable, self.where, context):
            inner = {**context, self.variable: item}
            key = tuple(each.evaluate(inner) for each in self.by.values())
            groups.setdefault(key, []).append(inner)
        if not groups and not self.by:
            groups[()] = []
        return [
            {
                **dict(zip(self.by, key, strict=True)),
                **{name: total.over(members) for name, total in self.totals.items()},
            }
            for key, members in groups.items()
        ]


@dataclass(frozen=True, slots=True)
class WaitStep:
    """Waits for an event, a time, or an event until a time.

    Attributes:
        kinds: empty when only the time is waited for.
        where: over the context and the arriving event as `candidate`.
        timeout_s: seconds; with `until`, the most it ever waits.
        until: the instant that ends the wait; None when `timeout_s` alone does.
        on_timeout: of no meaning without kinds: the flow goes on.
    """

    name: str
    kinds: tuple[Kind, ...]
    where: Expression | None
    timeout_s: int
    on_timeout: Literal["dead_letter", "continue"]
    place: Place
    until: Expression | None = None

    def accepts(self, event: Event, context: Context) -> bool:
        """Whether the event ends the wait. Raises Rejected when `where` cannot be evaluated."""
        if event.kind not in self.kinds:
            return False
        return self.where is None or (self.where.evaluate({**context, "candidate": event}) is True)


@dataclass(frozen=True, slots=True)
class ApproveStep:
    """A person says yes or no.

    Attributes:
        question: what is asked, as text.
        shows: what the person sees beside it, by name.
        who: the operators who may answer; empty: every operator.
        on_timeout: "refused": no answer is a no; "dead_letter": a person looks after it.
        approved, refused: the steps that follow the answer, before those that follow both.
    """

    name: str
    question: Expression
    shows: Mapping[str, Expression]
    who: tuple[str, ...]
    timeout_s: int
    on_timeout: Literal["dead_letter", "refused"]
    approved: "tuple[Step, ...]"
    refused: "tuple[Step, ...]"
    place: Place

    def shown(self, context: Context) -> dict[str, str]:
        """What the person sees, as texts; the question first. Raises Rejected."""
        asked = {"question": text_of(self.question.evaluate(context))}
        return {
            **asked,
            **{name: text_of(each.evaluate(context)) for name, each in self.shows.items()},
        }


@dataclass(frozen=True, slots=True)
class NotifyStep:
    """Tells a person or a channel something.

    Attributes:
        connection: one that writes the document `notification`; "" for our own desk.
        title, text: over the context, giving text.
    """

    name: str
    connection: str
    level: Literal["note", "warning", "urgent"]
    title: Expression
    text: Expression | None
    ordinal: Expression | None
    place: Place
    on_error: Recovery | None = None

    def inputs(self, context: Context) -> Fields:
        """The fields of the notification. Raises Rejected."""
        text = text_of(self.text.evaluate(context)) if self.text is not None else ""
        return {"title": text_of(self.title.evaluate(context)), "text": text, "level": self.level}

    def ordinal_of(self, context: Context) -> str:
        """Which of several equal notices of one subject this is. Raises Rejected."""
        return ordinal_of(self.ordinal, context)


@dataclass(frozen=True, slots=True)
class CallStep:
    """Starts a run of another flow that declares what it takes.

    Attributes:
        inputs: what it is given, by the names it takes.
        subject: for which order; None for the caller's own.
        ordinal: tells equal calls of one subject apart, as of a write.
        wait: whether to wait for its ending, at most `timeout_s`.
    """

    name: str
    flow: str
    inputs: Mapping[str, Expression]
    subject: Expression | None
    ordinal: Expression | None
    wait: bool
    timeout_s: int
    on_timeout: Literal["dead_letter", "continue"]
    place: Place
    on_error: Recovery | None = None

    def given(self, context: Context) -> dict[str, str]:
        """What the called flow gets, as the texts it travels in. Raises Rejected."""
        return {name: text_of(each.evaluate(context)) for name, each in self.inputs.items()}

    def ordinal_of(self, context: Context) -> str:
        """Which of several equal calls of one subject this is. Raises Rejected."""
        return ordinal_of(self.ordinal, context)


@dataclass(frozen=True, slots=True)
class StopStep:
    """Ends the run here.

    Attributes:
        outcome: "failed" is a dead letter: a person decides.
        undo: whether what was done is undone first, the last step first.
    """

    reason: str
    outcome: Literal["done", "cancelled", "failed"]
    place: Place
    undo: bool = False


Step: TypeAlias = (
    MapStep
    | WriteStep
    | ReadStep
    | BranchStep
    | EachStep
    | FilterStep
    | AggregateStep
    | WaitStep
    | ApproveStep
    | NotifyStep
    | CallStep
    | StopStep
)
