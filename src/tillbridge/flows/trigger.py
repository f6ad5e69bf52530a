"""What starts a flow's runs. Each is an event in the end; these say which, and what it carries."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Final, Literal, TypeAlias

from tillbridge.canonical.events import TRIGGERS, Event, Kind
from tillbridge.canonical.events import Trigger as Triggered
from tillbridge.connector.documents import Fields
from tillbridge.flows.inputs import Input, record_type, typed
from tillbridge.flows.schedule import Schedule
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.expression import Expression
from tillbridge.mapping.source import event_scope, names_of, type_of
from tillbridge.mapping.value_type import Scope, ValueType, list_of

BUSINESS_KINDS: Final = tuple(
    kind for kind in Kind if kind not in TRIGGERS | {Kind.FLOW_ENDED, Kind.APPROVAL_ANSWERED}
)
"""The kinds a flow's text may name: what happens in the business, not inside of us."""

FileFormat: TypeAlias = Literal["csv", "json", "jsonl", "xml"]


@dataclass(frozen=True, slots=True)
class OnEvent:
    """Runs start on events of these kinds."""

    kinds: tuple[Kind, ...]
    inputs: ClassVar[tuple[Input, ...]] = ()


@dataclass(frozen=True, slots=True)
class OnSchedule:
    """Runs start at planned times; `trigger.planned_at` is that time."""

    schedule: Schedule
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.SCHEDULE_DUE,)
    inputs: ClassVar[tuple[Input, ...]] = ()


@dataclass(frozen=True, slots=True)
class OnFile:
    """A run starts for each batch of rows of a file that is dropped into a folder.

    Attributes:
        folder: inside the user's folder; never outside of it.
        pattern: of the file's name: letters, `*` and `?`.
        rows: for json and xml: the path to the records, with points between names; "" for the
            whole document (a list, or the root's children).
        separator: for csv.
        encoding: a Python codec's name.
        settled_s: seconds a file has to keep its size and time before it is read.
        batch: rows a run.
        rows_max, size_max_bytes: a larger file is refused, whole.
        inputs: the fields of a row.
    """

    folder: str
    pattern: str
    format: FileFormat
    rows: str
    separator: str
    encoding: str
    settled_s: int
    batch: int
    rows_max: int
    size_max_bytes: int
    inputs: tuple[Input, ...]
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.FILE_DROPPED,)


@dataclass(frozen=True, slots=True)
class OnChange:
    """A run starts for each record that a connection reports as changed since the last poll.

    Attributes:
        ask: which of the connection's polls.
        fields: what it is asked with; None when it takes nothing.
        inputs: the fields of a record.
    """

    connection: str
    ask: str
    every_s: int
    fields: Filler | None
    inputs: tuple[Input, ...]
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.RECORD_CHANGED,)

    def asked(self) -> Fields:
        """What the poll is asked with."""
        return {} if self.fields is None else self.fields.fill({})


@dataclass(frozen=True, slots=True)
class OnWindow:
    """A run starts for each closed window over events: by time, or when it is full.

    Attributes:
        of: the kinds that are collected; `trigger.events` are those of the window.
        by: events with the same text share a window, over the event; None: all of them.
        length_s: seconds after its first event when a window closes.
        events_max: a window with so many events closes at once.
    """

    of: tuple[Kind, ...]
    by: Expression | None
    length_s: int
    events_max: int
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.WINDOW_CLOSED,)
    inputs: ClassVar[tuple[Input, ...]] = ()

    def window_of(self, event: Event) -> str:
        """The name of the window an event belongs to. Raises Rejected."""
        return "" if self.by is None else str(self.by.evaluate(names_of(event)) or "")


@dataclass(frozen=True, slots=True)
class OnCall:
    """Runs start when another flow calls, or a person asks."""

    inputs: tuple[Input, ...]
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.FLOW_CALLED, Kind.RUN_REQUESTED)


Trigger: TypeAlias = OnEvent | OnSchedule | OnFile | OnChange | OnWindow | OnCall


def scope_of(trigger: Trigger) -> Scope:
    """What a flow with this trigger can read: the event's parts, `trigger` as it is declared."""
    scope = dict(event_scope())
    if isinstance(trigger, OnEvent | OnSchedule | OnWindow):
        if not isinstance(trigger, OnEvent):
            scope["trigger"] = type_of(Triggered)
        return scope
    record = ValueType("record", fields=record_type(trigger.inputs), keyed=True)
    parts = dict(type_of(Triggered).fields)
    if trigger.inputs:
        parts["rows" if isinstance(trigger, OnFile) else "fields"] = (
            list_of(record) if isinstance(trigger, OnFile) else record
        )
    scope["trigger"] = ValueType("record", fields=parts, keyed=True)
    return scope


def names_with(trigger: Trigger, event: Event) -> dict[str, object]:
    """The values behind that scope. Raises Rejected for an input that is not as declared."""
    names = names_of(event)
    came = event.data.trigger
    if came is None or isinstance(trigger, OnEvent | OnSchedule | OnWindow):
        return names
    parts: dict[str, object] = {each.name: getattr(came, each.name) for each in fields(came)}
    if isinstance(trigger, OnFile):
        parts["rows"] = tuple(
            typed(trigger.inputs, row, f"row {number}") for number, row in enumerate(came.rows, 1)
        )
    else:
        parts["fields"] = typed(trigger.inputs, came.fields, "what was given")
    return {**names, "trigger": parts}


def sole_trigger(declared: Mapping[str, object]) -> str:
    """The key that says what starts a flow."""
    return next(key for key in TRIGGER_KEYS if key in declared)


TRIGGER_KEYS: Final = ("starts_on", "schedule", "file", "changes", "window", "takes")
