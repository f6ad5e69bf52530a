"""A watch over one process: its figures, and the spans of its traces where they are asked for."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from tillbridge.watch.measures import CALL_SECONDS, CALLS
from tillbridge.watch.meter import Meter

SpanKind: TypeAlias = Literal["server", "consumer", "client"]
TRACEPARENT = "traceparent"
"""W3C Trace Context, https://www.w3.org/TR/trace-context/ (2021-11): one header."""
_STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class Tracer(Protocol):
    """Records spans and sends them to a collector in its own time; never raises."""

    def span(
        self, name: str, kind: SpanKind, notes: Mapping[str, str | int], parent: str
    ) -> AbstractContextManager[None]:
        """A span while the block runs, below `parent` (a traceparent) or below the present one. An
        exception marks it as failed by its class; its message is not recorded."""
        ...

    def here(self) -> str:
        """The traceparent of the present span; "" outside of any."""
        ...

    def close(self) -> None:
        """Sends what is left."""
        ...


@dataclass(slots=True)
class Watch:
    """What a process shows of itself. Without a tracer, spans cost nothing.

    It is the `Watcher` of the HTTP seam.
    """

    meter: Meter = field(default_factory=Meter)
    tracer: Tracer | None = None

    def span(
        self, name: str, kind: SpanKind, notes: Mapping[str, str | int], parent: str = ""
    ) -> AbstractContextManager[None]:
        """A span while the block runs, where traces are on."""
        if self.tracer is None:
            return nullcontext()
        return self.tracer.span(name, kind, notes, parent)

    def here(self) -> str:
        """The traceparent of the present span; "" where there is none."""
        return self.tracer.here() if self.tracer is not None else ""

    def headers(self, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """`given`, and the present span's traceparent."""
        here = self.here()
        return {**(given or {}), TRACEPARENT: here} if here else given

    def answered(self, connection: str, method: str, status: int, seconds: float) -> None:
        """Counts an HTTP call to another system."""
        group = _STATUSES[status // 100] if status < 600 else "none"
        self.meter.count(CALLS, connection, method, group)
        self.meter.time(CALL_SECONDS, seconds, connection)

    def close(self) -> None:
        """Sends the traces that are left."""
        if self.tracer is not None:
            self.tracer.close()
