"""History: what runs did, found by any business key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database
from tillbridge.runs.lanes import DESK, SQL

ID_MAX = 2**63 - 1
_LISTS = {
    "ready": "list_open_runs",
    "waiting": "list_open_runs",
    "dead": "list_runs_ended_otherwise",
    "cancelled": "list_runs_ended_otherwise",
}
"""States that few of many runs are in have statements with an index of their own."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as people see it; `waiting_for` says why it waits, `ending` how it ended."""

    id: int
    subject: str
    target: str
    journey: str
    flow: str
    state: str
    waiting_for: str
    wake_at: datetime | None
    tries: int
    replay_of: int | None
    started_at: datetime
    ended_at: datetime | None
    ending: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect in another system: intended, done, refused, unknown, fenced or planned again."""

    key: str
    connection: str
    effect: str
    ordinal: str
    state: str
    run_id: int
    step: str
    tries: int
    intended_at: datetime
    ended_at: datetime | None
    reason: str
    resolved_by: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One kept event of a subject."""

    number: int
    source: str
    kind: str
    occurred_at: datetime
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """An effect that was sent and not answered, with its age."""

    key: str
    connection: str
    subject: str
    effect: str
    ordinal: str
    state: str
    run_id: int
    step: str
    tries: int
    intended_at: datetime
    resolve_after: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is open, how much of it waits, and since when the oldest is open."""

    open: int
    waiting: int
    oldest: datetime | None


async def runs(
    database: Database, *, subject: str = "", state: str = "", before: int = 0, limit: int = 50
) -> list[RunRow]:
    """Runs, newest first; `before` is the last id of the page before."""
    below = before or ID_MAX
    if subject:
        rows = await database.fetch(SQL["list_runs_of_subject"], subject, state, below, limit)
    else:
        rows = await database.fetch(SQL[_LISTS.get(state, "list_runs")], state, below, limit)
    return [RunRow(**dict(row)) for row in rows]


async def run(database: Database, run_id: int) -> tuple[RunRow, list[EffectRow]]:
    """One run and its effects. Raises Rejected for an unknown number."""
    row = await database.fetch_row(SQL["show_run"], run_id)
    if row is None:
        raise Rejected(
            f"There is no run {run_id}.",
            reason="unknown_run",
            next_step=f"See tillbridge runs; or tillbridge history run:{run_id}, if it is old.",
        )
    names = RunRow.__dataclass_fields__
    effects = await database.fetch(SQL["effects_of_run"], run_id)
    return RunRow(**{name: row[name] for name in names}), _effects(effects, run_id)


async def effects_of(database: Database, subject: str) -> list[EffectRow]:
    """Every effect of a subject, in the order it was intended."""
    return _effects(await database.fetch(SQL["effects_of_subject"], subject), None)


async def events_of(database: Database, subject: str) -> list[EventRow]:
    """Every kept event of a subject, in the order it was kept."""
    rows = await database.fetch(SQL["events_of_subject"], subject)
    return [EventRow(**dict(row)) for row in rows]


async def unknowns(database: Database, limit: int = 100) -> list[UnknownRow]:
    """What was sent and not answered, oldest first."""
    rows = await database.fetch(SQL["open_effects"], limit)
    return [UnknownRow(**dict(row)) for row in rows]


async def open_effect(database: Database, key: str) -> UnknownRow:
    """One effect without an outcome. Raises Rejected for an unknown key."""
    row = await database.fetch_row(SQL["open_effect"], key)
    if row is None:
        raise Rejected(
            f"No effect {key!r} is open.", reason="no_unknown", next_step="See tillbridge unknowns."
        )
    return UnknownRow(**dict(row))


async def open_steps(database: Database, run_id: int) -> list[str]:
    """The steps of a run, and of those it replays, whose effects have no outcome yet."""
    return [row["step"] for row in await database.fetch(SQL["open_steps"], run_id)]


async def effects_begun(database: Database, run_id: int) -> frozenset[str]:
    """The keys of what a run, and those it replays, have done or begun themselves."""
    rows = await database.fetch(SQL["effects_of_chain"], run_id)
    return frozenset(row["key"] for row in rows)


async def failing_for_s(database: Database, run_id: int, now: datetime) -> float:
    """Seconds since the first of the failures in a row of a run; 0 when there was none."""
    seconds: float | None = await database.fetch_value(DESK["failing_for_s"], run_id, now)
    return seconds or 0.0


async def backlog(database: Database) -> Backlog:
    """What is open now."""
    row = await database.fetch_row(SQL["count_open"])
    assert row is not None, "count_open answers one row"
    return Backlog(row["open"], row["waiting"], row["oldest"])


def _effects(rows: Sequence[asyncpg.Record], run_id: int | None) -> list[EffectRow]:
    return [
        EffectRow(
            key=row["key"],
            connection=row["connection"],
            effect=row["effect"],
            ordinal=row["ordinal"],
            state=row["state"],
            run_id=run_id if run_id is not None else row["run_id"],
            step=row["step"],
            tries=row["tries"],
            intended_at=row["intended_at"],
            ended_at=row["ended_at"],
            reason=row["reason"],
            resolved_by=row["resolved_by"],
        )
        for row in rows
    ]
