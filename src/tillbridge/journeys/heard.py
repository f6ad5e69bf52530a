"""Heard: the kept events that a flow's steps wait for, read once a turn.

What arrives during the turn makes the lane due again at its release.
"""

from collections.abc import Sequence

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.events import Event, Kind
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import CallStep, WaitStep
from tillbridge.flows.walk import walk_steps
from tillbridge.runs.journal import Journal


class Heard:
    """The events of one run's subject of all kinds its flow waits for."""

    def __init__(self, journal: Journal, flow: Flow) -> None:
        self._journal = journal
        self._flow = flow
        self._events: list[tuple[Event, bytes]] | None = None

    async def of(self, kinds: Sequence[str]) -> list[tuple[Event, bytes]]:
        """Events of these kinds with their envelopes, newest first."""
        if self._events is None:
            envelopes = await self._journal.heard(awaited_by(self._flow))
            self._events = [(decode_event(envelope), envelope) for envelope in envelopes]
        return [(event, envelope) for event, envelope in self._events if event.kind in kinds]


def awaited_by(flow: Flow) -> tuple[str, ...]:
    """The kinds of all events that the flow's steps wait for."""
    found: set[str] = set()
    for step in walk_steps(flow.steps):
        if isinstance(step, WaitStep):
            found.update(step.kinds)
        elif isinstance(step, CallStep):
            found.add(Kind.FLOW_ENDED)
    return tuple(sorted(found))
