"""The catalogue: which flow versions are active, and which version a run was pinned to."""

from collections.abc import Iterable, Mapping

from tillbridge.canonical.errors import Misconfigured, TillbridgeError
from tillbridge.canonical.events import Event, Kind
from tillbridge.flows.flow import Flow
from tillbridge.mapping.source import names_of
from tillbridge.runs.lanes import Start


class Catalogue:
    """Flows by name and by version. Built-in flows stand in it like any other."""

    def __init__(
        self, active: Iterable[Flow], pinned: Mapping[tuple[str, str], Flow] | None = None
    ) -> None:
        """`pinned` are versions that are no longer active but still have open runs."""
        self._active = tuple(active)
        self._by_version = {(flow.name, flow.version): flow for flow in self._active}
        self._by_version |= dict(pinned or {})
        self._by_kind: dict[str, list[Flow]] = {}
        for flow in self._active:
            for kind in flow.starts_on:
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

    def version(self, name: str, version: str) -> Flow:
        """The flow version a run is pinned to. Raises Misconfigured when it is not known."""
        flow = self._by_version.get((name, version))
        if flow is None:
            raise Misconfigured(
                f"Version {version[:12]} of the flow {name!r} is not known here.",
                reason="unknown_version",
                next_step="Start the worker with the folder that published it.",
            )
        return flow

    def newest(self, name: str) -> str:
        """The active version of a flow; "" when there is none."""
        return next((flow.version for flow in self._active if flow.name == name), "")

    def announces(self, kind: Kind) -> bool:
        """Whether any flow starts on a kind."""
        return kind in self._by_kind


def _wants(flow: Flow, event: Event) -> bool:
    try:
        return flow.starts(event, names_of(event))
    except TillbridgeError:
        return True
