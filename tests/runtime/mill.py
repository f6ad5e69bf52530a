"""A worker whose runs do what a test says: no flows, no other system, a real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg

from tillbridge.assembly import prepare
from tillbridge.canonical.errors import Place
from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.connections.configuration import Configured
from tillbridge.connections.connections import Connection, Connections
from tillbridge.connections.error_policies import STANDARD, ErrorPolicies
from tillbridge.connections.gates import Breaker, Gates
from tillbridge.connector.connector import Connector
from tillbridge.database.database import Database
from tillbridge.flows.flow import Flow
from tillbridge.journeys.catalogue import Catalogue
from tillbridge.journeys.house import House, Pace
from tillbridge.runs.history import RunRow, runs
from tillbridge.runs.journal import Patience
from tillbridge.runs.lanes import Start, Turn, accept
from tillbridge.runs.run import Change, Run
from tillbridge.runtime.worker import Worker

PACE = Pace(lease_s=1.5, claims_max=3)
TRIES = 3
POLICIES = ErrorPolicies(
    {
        name: replace(one, wait_s=0.05, longest_wait_s=0.2, tries=min(one.tries, TRIES))
        for name, one in STANDARD.items()
    }
)
Work = Callable[[Run], Awaitable[None]]


@dataclass
class Mill:
    """A house whose `deliver` runs call `work[flow]`, or are simply done.

    Attributes:
        advanced: (subject, flow) of every run that was advanced, in order.
    """

    house: House
    dsn: str
    work: dict[str, Work] = field(default_factory=dict)
    advanced: list[tuple[str, str]] = field(default_factory=list)

    async def deliver(self, _house: House, turn: Turn, run: Run) -> None:
        """The journey of every run here."""
        self.advanced.append((run.subject, run.flow))
        work = self.work.get(run.flow)
        if work is not None:
            await work(run)
        turn.change(Change(run.id, "done"))

    async def bring(
        self,
        subject: str,
        *flows: str,
        target: str = "dynamics",
        number: str = "1",
    ) -> None:
        """An event that starts a run of each flow in one lane."""
        event = Event(
            id=f"{subject}-{number}",
            source="webshop",
            kind=Kind.PAYMENT_AUTHORIZED,
            subject=subject,
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            data=EventData(),
        )
        starts = [Start(flow, "v1", target) for flow in flows]
        async with self.house.database.transaction() as tx:
            await accept(tx, event, starts)

    async def runs(self, state: str = "") -> list[RunRow]:
        return await runs(self.house.database, state=state, limit=500)

    async def until(self, fits: Callable[[list[RunRow]], bool], timeout_s: float = 10.0) -> None:
        """Waits until the runs are as they should be."""
        async with asyncio.timeout(timeout_s):
            while not fits(await self.runs()):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)

    async def all_done(self, count: int, timeout_s: float = 10.0) -> None:
        await self.until(lambda found: _done(found) == count, timeout_s)

    @contextlib.asynccontextmanager
    async def working(
        self,
        *,
        turns_by_target: int = 10,
        sweep_s: float = 0.1,
        hears: bool = True,
        chores: Mapping[str, tuple[float, Callable[[House], Awaitable[None]]]] | None = None,
    ) -> AsyncIterator[Worker]:
        """A running worker; one that hears nothing has its ear on another database."""
        worker = Worker(
            self.house,
            {"deliver": self.deliver, "checkout": self.deliver},
            turns_by_target=turns_by_target,
            sweep_s=sweep_s,
            chores=chores or {},
        )
        dsn = self.dsn if hears else urlsplit(self.dsn)._replace(path="/postgres").geturl()
        task = asyncio.create_task(worker.run(dsn))
        try:
            yield worker
        finally:
            worker.stop()
            await asyncio.wait_for(task, 10)

    async def cut_every_connection(self) -> None:
        """What a restart of the server does to everybody who is connected."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        finally:
            await connection.close()


def _done(found: list[RunRow]) -> int:
    return sum(run.state == "done" for run in found)


@contextlib.asynccontextmanager
async def open_mill(dsn: str, pace: Pace = PACE) -> AsyncIterator[Mill]:
    """A mill over a migrated database."""
    await prepare(dsn)
    database = await Database.connect(dsn, size_max=6)
    house = House(
        database=database,
        connections=Connections(map(_connection, ("dynamics", "sage"))),
        gates=Gates(database, Breaker()),
        catalogue=Catalogue([], _no_version),
        clock=lambda: datetime.now(UTC),
        holder="a mill",
        factor=1.0,
        pace=pace,
        patience=Patience(),
        policies=POLICIES,
    )
    try:
        yield Mill(house, dsn)
    finally:
        await database.close()


def _connection(name: str) -> Connection:
    """A connection to nobody: a lane's target."""
    nobody = Connector("nobody", "Nobody", object, lambda *_: None)
    return Connection(Configured(name, nobody, {}, "", 1.0, Place()), None, 1.0, {}, {})


async def _no_version(flow: str, version: str) -> Flow:
    raise AssertionError(f"no run here asks for {flow} {version}")
