"""Every figure that is given to Prometheus, declared once; docs/reference/metrics.md is drawn
from here.

Names follow https://prometheus.io/docs/practices/naming/ (2026-03): base units, `_total` for what
only grows. No label holds an order number or anything else without bound.
"""

from dataclasses import dataclass
from typing import Final, Literal

FAST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds in seconds: a call is given up after 60 s by default at most."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure.

    Attributes:
        kind: "counter" and "histogram" are of this process since its start; "gauge" is read from
            the database when asked, and is the same in every process.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()


DELIVERIES: Final = Measure(
    "tillbridge_deliveries_total",
    "counter",
    "Deliveries answered, by how they ended: accepted, repeat, altered, kept_back, refused.",
    ("connection", "verdict"),
)
DELIVERY_SECONDS: Final = Measure(
    "tillbridge_delivery_duration_seconds",
    "histogram",
    "From a delivery's last byte to its answer.",
    ("connection",),
)
CHECKOUTS: Final = Measure(
    "tillbridge_checkouts_total",
    "counter",
    "Checkouts answered, by what the shop was told: authorized, declined, in_review, challenge,"
    " pending, abandoned, conflict, not_attempted, refused.",
    ("outcome",),
)
CHECKOUT_SECONDS: Final = Measure(
    "tillbridge_checkout_duration_seconds", "histogram", "How long the shop waited.", ("outcome",)
)
TURNS: Final = Measure(
    "tillbridge_turns_total", "counter", "Turns taken: one hold of one lane.", ("target",)
)
ADVANCES: Final = Measure(
    "tillbridge_run_advances_total",
    "counter",
    "Runs advanced, by how far: done, waiting, gate_closed, tries_again, dead, cancelled.",
    ("journey", "target", "outcome"),
)
ADVANCE_SECONDS: Final = Measure(
    "tillbridge_run_advance_duration_seconds",
    "histogram",
    "How long a run was advanced until it ended or waited.",
    ("journey", "target"),
)
WRITES: Final = Measure(
    "tillbridge_writes_total",
    "counter",
    "Documents sent, by outcome: done, refused, not_sent, unknown, misconfigured, broken.",
    ("connection", "document", "outcome"),
)
WRITE_SECONDS: Final = Measure(
    "tillbridge_write_duration_seconds",
    "histogram",
    "From sending a document to its answer.",
    ("connection", "document"),
)
LOOKS: Final = Measure(
    "tillbridge_looks_total",
    "counter",
    "Other systems asked: reads of flows, searches for lost answers (find), fences.",
    ("connection", "document", "kind", "outcome"),
)
CALLS: Final = Measure(
    "tillbridge_http_calls_total",
    "counter",
    "HTTP calls to other systems, tokens and retries included, by status class;"
    " none: no complete answer.",
    ("connection", "method", "status"),
)
CALL_SECONDS: Final = Measure(
    "tillbridge_http_call_duration_seconds",
    "histogram",
    "How long HTTP calls to other systems took.",
    ("connection",),
)
LANES: Final = Measure(
    "tillbridge_lanes",
    "gauge",
    "Lanes that want a turn: due now, held by a worker, later.",
    ("target", "state"),
)
OVERDUE: Final = Measure(
    "tillbridge_lanes_oldest_due_seconds",
    "gauge",
    "How long the longest due lane has been due and held by nobody.",
    ("target",),
)
OLDEST: Final = Measure(
    "tillbridge_oldest_waiting_seconds",
    "gauge",
    "Age of the oldest work that waits for us or for a system, not for an event or a person:"
    " seconds since its last progress.",
    ("target",),
)
OPEN_RUNS: Final = Measure(
    "tillbridge_open_runs", "gauge", "Runs that have not ended.", ("target",)
)
UNKNOWNS: Final = Measure(
    "tillbridge_unknowns", "gauge", "Effects sent and not answered.", ("connection",)
)
UNKNOWN_AGE: Final = Measure(
    "tillbridge_unknowns_oldest_seconds",
    "gauge",
    "Age of the oldest effect that was sent and not answered.",
    ("connection",),
)
DEAD_LETTERS: Final = Measure(
    "tillbridge_dead_letters", "gauge", "Open dead letters, by class.", ("class",)
)
DEAD_LETTER_AGE: Final = Measure(
    "tillbridge_dead_letters_oldest_seconds",
    "gauge",
    "Age of the oldest open dead letter.",
    ("class",),
)
GATES: Final = Measure(
    "tillbridge_gate_state",
    "gauge",
    "1 for the state a connection's gate is in (open, tripped, paused), 0 for the others.",
    ("connection", "state"),
)
BUDGET_SPENT: Final = Measure(
    "tillbridge_budget_spent",
    "gauge",
    "Requests asked of a connection, or handed out, within its window of so many seconds.",
    ("connection", "window"),
)
BUDGET_MAX: Final = Measure(
    "tillbridge_budget_max",
    "gauge",
    "Requests a connection takes within its window of so many seconds.",
    ("connection", "window"),
)
IN_FLIGHT: Final = Measure(
    "tillbridge_requests_in_flight",
    "gauge",
    "Requests to a connection that wait for their answer, of all processes.",
    ("connection",),
)
BACKLOG: Final = Measure(
    "tillbridge_backlog",
    "gauge",
    "Open runs by the one thing they wait for: turn, lane, before, tripped, paused, budget, order,"
    " slot, unknown, timer, event, person, paused_flow.",
    ("target", "why"),
)
DRAIN: Final = Measure(
    "tillbridge_backlog_drain_seconds",
    "gauge",
    "Until what waits at a target and goes on by itself is done, at the last pace, if nothing more"
    " comes; left out where nobody can tell.",
    ("target",),
)
PULL_BEHIND: Final = Measure(
    "tillbridge_pull_behind_seconds",
    "gauge",
    "Seconds since the moment up to which a payment system was asked for what webhooks lost.",
    ("connection",),
)
FINDS: Final = Measure(
    "tillbridge_finds",
    "gauge",
    "Operations found at a payment system that wait for a person: unplaced (they fit no payment of"
    " ours), unread.",
    ("connection", "meaning"),
)
WATCHDOG_SILENT: Final = Measure(
    "tillbridge_watchdog_silent_seconds",
    "gauge",
    "Seconds since the oldest watchdog was sent through a flow that has not come through; 0 when"
    " all have.",
    ("flow",),
)
ALERTS: Final = Measure("tillbridge_alerts", "gauge", "Alerts that have not ended.", ("condition",))

MEASURES: Final = (
    *(DELIVERIES, DELIVERY_SECONDS, CHECKOUTS, CHECKOUT_SECONDS),
    *(TURNS, ADVANCES, ADVANCE_SECONDS),
    *(WRITES, WRITE_SECONDS, LOOKS, CALLS, CALL_SECONDS),
    *(LANES, OVERDUE, OLDEST, OPEN_RUNS, UNKNOWNS, UNKNOWN_AGE),
    *(DEAD_LETTERS, DEAD_LETTER_AGE, GATES, ALERTS),
    *(BUDGET_SPENT, BUDGET_MAX, IN_FLIGHT, BACKLOG, DRAIN),
    *(PULL_BEHIND, FINDS, WATCHDOG_SILENT),
)
