"""A flow: what starts it, then steps. Every value here is checked and ready to run."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.events import Event, Kind
from tillbridge.flows.bundle import Bundle
from tillbridge.flows.items import Context
from tillbridge.flows.steps import Step
from tillbridge.flows.trigger import OnEvent, Trigger, names_with
from tillbridge.mapping.expression import Expression

OnFailure: TypeAlias = Literal["hold", "hold_all", "go_on", "stop_all"]


@dataclass(frozen=True, slots=True)
class Flow:
    """One version of a flow.

    Attributes:
        lane: the connection whose lane runs it.
        trigger: what starts it.
        condition: over the event; None when everything the trigger brings starts it.
        subject: what its runs are about, over the trigger's event; None for the event's own
            subject (the order), and for the trigger's name where there is no order.
        concurrency: how many of its runs are under way at once; None: as many as there are lanes.
        paused: its runs are kept and wait: nothing is lost, nothing is sent.
        on_failure: what follows a dead letter: later runs of its lane that have not begun wait for
            it, but those of this flow ("hold"), or all ("hold_all"); or they go on ("go_on"); or
            all wait and the flow is paused, too ("stop_all").
        bundle: the texts this was read from; they name the version.
    """

    name: str
    title: str
    lane: str
    trigger: Trigger
    condition: Expression | None
    steps: tuple[Step, ...]
    bundle: Bundle
    place: Place
    subject: Expression | None = None
    concurrency: int | None = None
    paused: bool = False
    on_failure: OnFailure = "hold"

    @property
    def version(self) -> str:
        """64 hexadecimal digits."""
        return self.bundle.version

    @property
    def starts_on(self) -> tuple[Kind, ...]:
        """The kinds of the events its runs start on."""
        return self.trigger.kinds

    def names(self, event: Event) -> dict[str, object]:
        """What its expressions read of an event, typed as the trigger declares it.

        Raises:
            Rejected: what came with the event is not what the flow declares.
        """
        return names_with(self.trigger, event)

    def hears(self, event: Event) -> bool:
        """Whether the event is of a kind the flow starts on, and meant for it."""
        if event.kind not in self.starts_on:
            return False
        came = event.data.trigger
        return isinstance(self.trigger, OnEvent) or (came is not None and came.flow == self.name)

    def starts(self, event: Event, context: Context) -> bool:
        """Whether the event starts a run. Raises Rejected when the condition cannot tell."""
        if not self.hears(event):
            return False
        return self.condition is None or self.condition.evaluate(context) is True

    def subject_of(self, event: Event) -> str:
        """What a run over this event is about: it names the lane and is part of every effect's
        key. Raises Rejected when the flow's expression gives nothing."""
        if self.subject is None:
            return event.subject
        subject = str(self.subject.evaluate(self.names(event)) or "")
        if not subject:
            raise Rejected(
                f"The subject of {self.name} is empty.",
                reason="no_value",
                place=self.subject.place,
                next_step="Use what the run is about: an order's number, a record's id.",
            )
        return subject
