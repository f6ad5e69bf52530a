"""Traces over OTLP/HTTP: loaded only where they are asked for (`pip install tillbridge[traces]`).

Nothing of a payment is in them but order number, run, connection, document and outcome.
Source: https://opentelemetry.io/docs/specs/otlp/ (1.9, 2026-02).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind as Kind
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tillbridge import VERSION
from tillbridge.watch.watch import TRACEPARENT, SpanKind

PATH = "/v1/traces"
CLOSE_MS = 5_000
_KINDS = {"server": Kind.SERVER, "consumer": Kind.CONSUMER, "client": Kind.CLIENT}
_CONTEXT = TraceContextTextMapPropagator()


class OtlpTracer:
    """Spans of one process, sent in batches by a thread of their own."""

    def __init__(self, collector: str, role: str) -> None:
        """`collector` is an address such as http://127.0.0.1:4318."""
        resource = Resource(
            {
                "service.name": f"tillbridge-{role}",
                "service.version": VERSION,
            }
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=collector.rstrip("/") + PATH)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tillbridge", VERSION)

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, notes: Mapping[str, str | int], parent: str
    ) -> Iterator[None]:
        context = _CONTEXT.extract({TRACEPARENT: parent}) if parent else None
        with self._tracer.start_as_current_span(
            name,
            context,
            _KINDS[kind],
            notes,
            record_exception=False,  # a message may hold what no trace may hold
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def here(self) -> str:
        if not trace.get_current_span().get_span_context().is_valid:
            return ""
        carrier: dict[str, str] = {}
        _CONTEXT.inject(carrier)
        return carrier.get(TRACEPARENT, "")

    def close(self) -> None:
        self._provider.force_flush(CLOSE_MS)
        self._provider.shutdown()


def open_tracer(collector: str, role: str) -> OtlpTracer:
    """A tracer of one process."""
    return OtlpTracer(collector, role)
