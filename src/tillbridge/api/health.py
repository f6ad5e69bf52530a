"""Health, in two questions with two answers: do we accept, and do we process?

A house that accepts and does not process loses nothing: what it accepts is kept. So the one that
decides whether senders are let in (`accepting`) does not ask about the other.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, AHouse, Looking
from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import GONE, Database
from tillbridge.database.migrate import check_schema
from tillbridge.database.statements import load_statements
from tillbridge.journeys.standing import Queue, Reason, Waiting, queues, reasons, waiting_runs
from tillbridge.journeys.watch_flows import silent_flows
from tillbridge.runs.history import Backlog, backlog
from tillbridge.runs.watchdogs import Watchdog

SQL = load_statements("tillbridge.api", "health.sql")
ANSWER_S = 5.0
OVERDUE_MAX_S = 60.0
"""Work that is due and taken up by nobody for longer: no worker is alive, or too few are."""
WORKER = "tillbridge worker"
"""How the pools of workers name themselves to PostgreSQL (assembly.open_house)."""

router = APIRouter(prefix="/health", tags=["health"])


@dataclass(frozen=True, slots=True)
class Accepting:
    """Whether deliveries and checkouts are taken in; `reason` is "" when they are."""

    accepting: bool
    reason: str


@dataclass(frozen=True, slots=True)
class OpenCount:
    """How many are open, and since when the oldest is."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Down:
    """A connection that takes no work: why, and since when."""

    connection: str
    state: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Processing:
    """Whether work is taken up.

    Attributes:
        worker_sessions: database sessions of workers that are connected now; 0 means none runs.
        overdue_s: seconds the longest waiting lane has been due and held by nobody.
        reason: "" while work is taken up; "no_worker": none is connected; "overdue": too few are,
            or they do not come forward.
        silent: flows through which no watchdog has come for too long; then the reason is "silent",
            where nothing else is.
        down: connections that take no work now: theirs waits, and all other work goes on.
        queues: how many lanes of each target are due, in hand, or due later.
        waiting: open runs of each target, and how long the oldest has made no progress.
        why: what runs wait for, most frequent first.
    """

    processing: bool
    reason: str
    worker_sessions: int
    overdue_s: float
    runs: Backlog
    unknowns: OpenCount
    dead_letters: OpenCount
    silent: list[Watchdog]
    down: list[Down]
    queues: list[Queue]
    waiting: list[Waiting]
    why: list[Reason]


@router.get("/accepting", response_model=Accepting)
async def accepting(database: ADatabase) -> Response:
    """Open to everybody, for load balancers: 200 or 503, and nothing about the content."""
    reason = ""
    try:
        await asyncio.wait_for(check_schema(database), ANSWER_S)
    except Misconfigured as error:
        reason = error.reason
    except GONE:
        reason = "database_down"
    return json_answer(503 if reason else 200, Accepting(not reason, reason))


@router.get("/processing", response_model=Processing)
async def processing(house: AHouse, database: ADatabase, _caller: Looking) -> Response:
    """200 while a worker is connected, nothing due lies about and watchdogs come through; else 503,
    with the figures."""
    sessions = await database.fetch_value(SQL["connected"], WORKER)
    since = await database.fetch_value(SQL["overdue"])
    overdue_s = max(0.0, (house.clock() - since).total_seconds()) if since is not None else 0.0
    silent = await silent_flows(house)
    reason = "no_worker" if sessions == 0 else "overdue" if overdue_s > OVERDUE_MAX_S else ""
    reason = reason or ("silent" if silent else "")
    answer = Processing(
        processing=not reason,
        reason=reason,
        worker_sessions=sessions,
        overdue_s=round(overdue_s, 3),
        runs=await backlog(database),
        unknowns=await _open_count(database, "open_unknowns"),
        dead_letters=await _open_count(database, "open_dead_letters"),
        silent=silent,
        down=[
            Down(gate.connection, gate.state, gate.reason, gate.changed_at)
            for gate in await house.gates.all()
            if gate.state != "open"
        ],
        queues=await queues(database),
        waiting=await waiting_runs(database),
        why=await reasons(database),
    )
    return json_answer(503 if reason else 200, answer)


async def _open_count(database: Database, statement: str) -> OpenCount:
    row = await database.fetch_row(SQL[statement])
    assert row is not None, "a count answers one row"
    return OpenCount(row["count"], row["oldest"])
