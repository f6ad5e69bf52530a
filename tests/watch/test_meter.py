"""Figures are what Prometheus reads, by its own reader."""

import time

from prometheus_client import parser

from tillbridge.watch.measures import (
    DELIVERIES,
    MEASURES,
    OPEN_RUNS,
    WRITE_SECONDS,
    WRITES,
)
from tillbridge.watch.meter import Meter


def read(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels, as Prometheus's own reader finds it."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_what_was_counted_and_timed_is_read_back() -> None:
    meter = Meter()
    for _ in range(3):
        meter.count(WRITES, "dynamics", "sales_order", "done")
    meter.count(WRITES, "dynamics", "sales_order", "unknown")
    meter.time(WRITE_SECONDS, 0.2, "dynamics", "sales_order")

    found = read(meter.text())
    order = (("connection", "dynamics"), ("document", "sales_order"))
    assert found["tillbridge_writes_total", (*order, ("outcome", "done"))] == 3
    assert found["tillbridge_writes_total", (*order, ("outcome", "unknown"))] == 1
    assert found["tillbridge_write_duration_seconds_count", order] == 1
    bound = "tillbridge_write_duration_seconds_bucket"
    assert found[bound, (*order, ("le", "0.1"))] == 0
    assert found[bound, (*order, ("le", "0.25"))] == 1


def test_a_gauge_forgets_what_is_not_there_any_more() -> None:
    meter = Meter()
    meter.stand({OPEN_RUNS: [(("dynamics",), 5), (("sage",), 2)]})
    meter.stand({OPEN_RUNS: [(("sage",), 1)]})
    found = {key: value for key, value in read(meter.text()).items() if "open_runs" in key[0]}
    assert found == {("tillbridge_open_runs", (("target", "sage"),)): 1}


def test_only_what_is_declared_is_given() -> None:
    meter = Meter()
    meter.count(WRITES, "dynamics", "sales_order", "done")
    families = parser.text_string_to_metric_families(meter.text().decode())
    declared = {measure.name.removesuffix("_total") for measure in MEASURES}
    assert {family.name for family in families} == declared


def test_two_meters_count_apart() -> None:
    first, second = Meter(), Meter()
    first.count(DELIVERIES, "webshop", "accepted")
    assert b'verdict="accepted"' in first.text()
    assert b'verdict="accepted"' not in second.text()


def test_names_are_as_prometheus_wants_them() -> None:
    endings = {"counter": ("_total",), "histogram": ("_seconds",)}
    for measure in MEASURES:
        assert measure.name.startswith("tillbridge_")
        assert measure.name.endswith(endings.get(measure.kind, ""))
        assert measure.kind != "gauge" or not measure.name.endswith("_total")
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)


def test_counting_is_cheap() -> None:
    """A run of six steps counts about twenty times; its CPU is counted in milliseconds."""
    meter, times = Meter(), 20_000
    meter.count(WRITES, "dynamics", "sales_order", "done")
    meter.time(WRITE_SECONDS, 0.2, "dynamics", "sales_order")
    began = time.process_time()
    for _ in range(times):
        meter.count(WRITES, "dynamics", "sales_order", "done")
        meter.time(WRITE_SECONDS, 0.2, "dynamics", "sales_order")
    assert (time.process_time() - began) / times < 100e-6
