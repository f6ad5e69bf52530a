"""Counts and times what one process does, and writes it as Prometheus reads it.

Counting costs about a microsecond: the child of each set of labels is kept.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from tillbridge.watch.measures import FAST_S, MEASURES, Measure

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The text format: https://prometheus.io/docs/instrumenting/exposition_formats/ (2026-03)."""


class Meter:
    """The figures of one process, in a registry of its own."""

    def __init__(self) -> None:
        # A second series for each figure, of when it began, tells nobody anything.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it untyped
        self._registry = CollectorRegistry()
        self._counters: dict[Measure, Counter] = {}
        self._gauges: dict[Measure, Gauge] = {}
        self._histograms: dict[Measure, Histogram] = {}
        self._counted: dict[tuple[Measure, tuple[str, ...]], Counter] = {}
        self._timed: dict[tuple[Measure, tuple[str, ...]], Histogram] = {}
        for measure in MEASURES:
            self._declare(measure)

    def count(self, measure: Measure, *labels: str) -> None:
        """One more; labels in the order in which the measure names them."""
        child = self._counted.get((measure, labels))
        if child is None:
            child = self._counted[measure, labels] = self._counters[measure].labels(*labels)
        child.inc()

    def time(self, measure: Measure, seconds: float, *labels: str) -> None:
        """One more that took so long."""
        child = self._timed.get((measure, labels))
        if child is None:
            child = self._timed[measure, labels] = self._histograms[measure].labels(*labels)
        child.observe(seconds)

    def stand(self, figures: Mapping[Measure, Iterable[tuple[tuple[str, ...], float]]]) -> None:
        """Replaces what gauges show: each measure with its labels and values."""
        for measure, rows in figures.items():
            gauge = self._gauges[measure]
            gauge.clear()
            for labels, value in rows:
                gauge.labels(*labels).set(value)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _declare(self, measure: Measure) -> None:
        name, about, labels = measure.name, measure.about, measure.labels
        if measure.kind == "counter":
            self._counters[measure] = Counter(name, about, labels, registry=self._registry)
        elif measure.kind == "gauge":
            self._gauges[measure] = Gauge(name, about, labels, registry=self._registry)
        else:
            self._histograms[measure] = Histogram(
                name, about, labels, registry=self._registry, buckets=FAST_S
            )
