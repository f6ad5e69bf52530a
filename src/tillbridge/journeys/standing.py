"""Standing: how much waits, where, since when and why; what is unknown, dead, or closed.

Read from the database, so that every process says the same; cheap enough for every few seconds.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tillbridge.alerts.alerts import open_counts
from tillbridge.connections.gates import Gate
from tillbridge.connections.headroom import Headroom, headrooms
from tillbridge.database.database import Database
from tillbridge.journeys.backlog import Backlog, backlogs
from tillbridge.journeys.following import SQL
from tillbridge.journeys.house import House
from tillbridge.journeys.watch_flows import watched_flows
from tillbridge.payments.finds import count_open_finds
from tillbridge.triggers.pulls import all_pulls
from tillbridge.watch.measures import (
    ALERTS,
    BACKLOG,
    BUDGET_MAX,
    BUDGET_SPENT,
    DEAD_LETTER_AGE,
    DEAD_LETTERS,
    DRAIN,
    FINDS,
    GATES,
    IN_FLIGHT,
    LANES,
    OLDEST,
    OPEN_RUNS,
    OVERDUE,
    PULL_BEHIND,
    UNKNOWN_AGE,
    UNKNOWNS,
    WATCHDOG_SILENT,
    Measure,
)

REASONS_MAX = 20
GATE_STATES = ("open", "tripped", "paused")
_Rows = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Queue:
    """The lanes of one target that want a turn.

    Attributes:
        due: wanted now and held by nobody, the longest for `overdue_s` seconds.
        held: in a worker's hands.
        later: looked at again at a time of their own.
    """

    target: str
    due: int
    held: int
    later: int
    overdue_s: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open runs of one target.

    Attributes:
        open: all that have not ended.
        waiting: of these, what waits for us or for a system, not for an event, a person or a time.
        oldest_s: seconds since the last progress of the oldest of those.
    """

    target: str
    open: int
    waiting: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why runs of a target wait, and how many do for that reason."""

    target: str
    waiting_for: str
    count: int


@dataclass(frozen=True, slots=True)
class Pending:
    """How many of a kind are open: `name` is a connection or a class of dead letters."""

    name: str
    count: int
    oldest_s: float


async def queues(database: Database) -> list[Queue]:
    """The lanes by target."""
    return [Queue(**dict(row)) for row in await database.fetch(SQL["lanes_by_target"])]


async def waiting_runs(database: Database) -> list[Waiting]:
    """The open runs by target."""
    return [Waiting(**dict(row)) for row in await database.fetch(SQL["runs_by_target"])]


async def reasons(database: Database) -> list[Reason]:
    """What runs wait for, most frequent first."""
    return [Reason(**dict(row)) for row in await database.fetch(SQL["why_waiting"], REASONS_MAX)]


async def unanswered(database: Database) -> list[Pending]:
    """Effects sent and not answered, by connection; what is still under way is not among them."""
    rows = await database.fetch(SQL["unknowns_by_connection"])
    return [Pending(row["connection"], row["count"], row["oldest_s"]) for row in rows]


async def letters(database: Database) -> list[Pending]:
    """Open dead letters by class."""
    rows = await database.fetch(SQL["dead_letters_by_class"])
    return [Pending(row["class"], row["count"], row["oldest_s"]) for row in rows]


async def figures(house: House) -> bytes:
    """Everything that is measured, as Prometheus reads it; gauges as they stand now.

    Raises:
        BROKEN: the database does not answer.
    """
    database = house.database
    lanes, runs = await queues(database), await waiting_runs(database)
    unknown, dead = await unanswered(database), await letters(database)
    rooms = await headrooms(database, house.gates.budgets)
    waiting = await backlogs(database, rooms)
    stands: dict[Measure, _Rows] = {
        LANES: [
            row
            for one in lanes
            for row in (
                ((one.target, "due"), one.due),
                ((one.target, "held"), one.held),
                ((one.target, "later"), one.later),
            )
        ],
        OVERDUE: [((one.target,), one.overdue_s) for one in lanes],
        OLDEST: [((one.target,), one.oldest_s) for one in runs],
        OPEN_RUNS: [((one.target,), one.open) for one in runs],
        UNKNOWNS: [((one.name,), one.count) for one in unknown],
        UNKNOWN_AGE: [((one.name,), one.oldest_s) for one in unknown],
        DEAD_LETTERS: [((one.name,), one.count) for one in dead],
        DEAD_LETTER_AGE: [((one.name,), one.oldest_s) for one in dead],
        GATES: [row for room in rooms for row in _states(room.gate)],
        BUDGET_SPENT: [row for room in rooms for row in _windows(room, "requests")],
        BUDGET_MAX: [row for room in rooms for row in _windows(room, "requests_max")],
        IN_FLIGHT: [((room.gate.connection,), room.in_flight) for room in rooms],
        BACKLOG: list(_reasons(waiting)),
        DRAIN: [((one.target,), one.drain_s) for one in waiting if one.drain_s is not None],
        PULL_BEHIND: [((row.connection,), row.behind_s) for row in await all_pulls(database)],
        FINDS: [
            ((one.connection, one.meaning), one.count) for one in await count_open_finds(database)
        ],
        WATCHDOG_SILENT: [((dog.flow,), dog.silent_s) for dog in await watched_flows(house)],
        ALERTS: [((name,), count) for name, count in (await open_counts(database)).items()],
    }
    house.watch.meter.stand(stands)
    return house.watch.meter.text()


def _windows(room: Headroom, name: Literal["requests", "requests_max"]) -> _Rows:
    return [
        ((room.gate.connection, f"{window.seconds:g}"), getattr(window, name))
        for window in room.windows
        if name == "requests" or window.requests_max
    ]


def _reasons(waiting: Sequence[Backlog]) -> _Rows:
    """One row for each thing that is waited for, whatever gate it is at."""
    counts: Counter[tuple[str, ...]] = Counter()
    for one in waiting:
        for reason in one.reasons:
            counts[one.target, reason.why] += reason.count
    return counts.items()


def _states(gate: Gate) -> list[tuple[tuple[str, ...], float]]:
    return [((gate.connection, state), float(gate.state == state)) for state in GATE_STATES]
