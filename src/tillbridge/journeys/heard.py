"""Heard: the kept events that a flow's steps wait for, read once a turn.

What arrives during the turn makes the lane due again at its release. A subject may have any number
of events: they are read page by page, the newest first, and only the first page is kept in mind.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.events import Event, Kind
from tillbridge.flows.flow import Flow
from tillbridge.flows.steps import CallStep, WaitStep
from tillbridge.flows.walk import walk_steps
from tillbridge.runs.journal import Journal

PAGE = 200
_NEWEST = 2**63 - 1


class Heard:
    """The events of one run's subject of all kinds its flow waits for."""

    def __init__(self, journal: Journal, flow: Flow) -> None:
        self._journal = journal
        self._flow = flow
        self._newest: _Page | None = None

    async def of(self, kinds: Sequence[str]) -> AsyncIterator[tuple[Event, bytes]]:
        """Events of these kinds with their envelopes, newest first."""
        page = self._newest = self._newest or await self._before(_NEWEST)
        while True:
            for event, envelope in page.events:
                if event.kind in kinds:
                    yield event, envelope
            if page.last is None:
                return
            page = await self._before(page.last)

    async def _before(self, number: int) -> "_Page":
        found = await self._journal.heard(awaited_by(self._flow), number, PAGE)
        # an envelope that is in archived files only is empty
        events = [(decode_event(whole), whole) for _, whole in found if whole]
        return _Page(events, found[-1][0] if len(found) == PAGE else None)


@dataclass(frozen=True, slots=True)
class _Page:
    """Some events; `last` is the oldest one's number, where there may be older ones."""

    events: list[tuple[Event, bytes]]
    last: int | None


def awaited_by(flow: Flow) -> tuple[str, ...]:
    """The kinds of all events that the flow's steps wait for."""
    found: set[str] = set()
    for step in walk_steps(flow.steps):
        if isinstance(step, WaitStep):
            found.update(step.kinds)
        elif isinstance(step, CallStep):
            found.add(Kind.FLOW_ENDED)
    return tuple(sorted(found))
