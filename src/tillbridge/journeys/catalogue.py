"""The catalogue: which flow versions are active, and which version a run was pinned to."""

from collections.abc import Awaitable, Callable, Iterable
from difflib import get_close_matches
from typing import TypeAlias

from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.canonical.events import Event
from tillbridge.flows.flow import Flow
from tillbridge.flows.trigger import OnWindow
from tillbridge.runs.lanes import Start

LoadFlow: TypeAlias = Callable[[str, str], Awaitable[Flow]]
"""A published version by name and number. Raises Misconfigured when it is not known."""


class Catalogue:
    """Flows by name and by version. Built-in flows stand in it like any other.

    A version that this process has not read yet (an older one that a run is pinned to, or one that
    another process has just published) is loaded when a run needs it.
    """

    def __init__(self, active: Iterable[Flow], load: LoadFlow) -> None:
        self._active = tuple(active)
        self._load = load
        self._by_version = {(flow.name, flow.version): flow for flow in self._active}
        self._by_kind: dict[str, list[Flow]] = {}
        for flow in self._active:
            gathered = flow.trigger.of if isinstance(flow.trigger, OnWindow) else ()
            for kind in (*flow.starts_on, *gathered):
                self._by_kind.setdefault(kind, []).append(flow)

    @property
    def active(self) -> tuple[Flow, ...]:
        """The active version of each flow."""
        return self._active

    def starts(self, event: Event) -> tuple[Start, ...]:
        """The runs an event starts: one for each active flow that wants it.

        A condition that cannot be evaluated starts the run all the same, so that its error is
        seen on the desk instead of being swallowed here.
        """
        flows = self._by_kind.get(event.kind, ())
        return tuple(
            Start(flow.name, flow.version, flow.lane) for flow in flows if _wants(flow, event)
        )

    async def version(self, name: str, version: str) -> Flow:
        """The flow version a run is pinned to. Raises Misconfigured when it is not known."""
        flow = self._by_version.get((name, version))
        if flow is None:
            flow = await self._load(name, version)
            self._by_version[name, version] = flow
        return flow

    def newest(self, name: str) -> str:
        """The active version of a flow; "" when there is none."""
        return next((flow.version for flow in self._active if flow.name == name), "")

    def flow(self, name: str) -> Flow:
        """An active flow. Raises Rejected, with the nearest name, when there is none."""
        known = {flow.name: flow for flow in self._active}
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise Rejected(
                f"There is no active flow {name!r}.",
                reason="unknown_flow",
                next_step=f"Did you mean {near[0]!r}?" if near else "See tillbridge flows list.",
            )
        return known[name]


def _wants(flow: Flow, event: Event) -> bool:
    """Whether an event starts a run of a flow, or joins its window."""
    if isinstance(flow.trigger, OnWindow) and event.kind in flow.trigger.of:
        return True
    try:
        return flow.hears(event) and flow.starts(event, flow.names(event))
    except TillbridgeError:
        return True
