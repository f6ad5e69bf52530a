"""A mill: PostgreSQL, some workers in processes of their own, and runs of six steps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from campaigns.child import Child

from benchmarks.stub import event, install, write_site
from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.database.embedded import DATABASE, EmbeddedPostgres
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events

BRINGERS = 8
POLL_S = 0.1
TIMEOUT_S = 300.0


@dataclass
class Mill:
    """What runs; workers are started and stopped by whoever measures."""

    server: EmbeddedPostgres
    dsn: str
    site: Path
    house: House
    workers: list[Child] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What a process over this mill's folder and database needs to know."""
        return {"TILLBRIDGE_FOLDER": str(self.site), "TILLBRIDGE_DATABASE_URL": self.dsn}

    async def bring(self, name: str, count: int) -> None:
        """Events that each start a run: kept, and a bell rung, in one commit each."""
        numbers = iter(range(count))

        async def bring_some() -> None:
            for number in numbers:
                async with self.house.database.connection() as tx:
                    await take_events(self.house, tx, [event(f"{name}-{number:07}")])

        await asyncio.gather(*(bring_some() for _ in range(BRINGERS)))

    async def all_done(self) -> None:
        """Waits until no run is open."""
        async with asyncio.timeout(TIMEOUT_S):
            while await self.house.database.fetch_value(  # noqa: ASYNC110 (nothing rings here)
                "SELECT EXISTS (SELECT 1 FROM runs WHERE state IN ('ready', 'waiting'))"
            ):
                await asyncio.sleep(POLL_S)

    async def work(self, workers: int) -> Sequence[Child]:
        """Starts so many more workers."""
        log = self.site / "workers.log"
        started = [
            Child("benchmarks.stub_worker", ["worker"], log=log, environment=self.environment)
            for _ in range(workers)
        ]
        for worker in started:
            await worker.start()
        self.workers += started
        return started

    async def rest(self) -> None:
        """Stops every worker."""
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        self.workers.clear()

    async def done(self, name: str) -> int:
        """How many runs of this name are done with all six steps: four kept, two effects."""
        return int(
            await self.house.database.fetch_value(
                "SELECT count(*) FROM runs WHERE subject LIKE $1 AND state = 'done'"
                " AND (SELECT count(*) FROM steps WHERE run_id = runs.id) = 4"
                " AND (SELECT count(*) FROM effects WHERE run_id = runs.id AND state = 'done') = 2",
                f"{name}-%",
            )
        )


@asynccontextmanager
async def open_mill(folder: Path) -> AsyncIterator[Mill]:
    """A mill without workers over a fresh PostgreSQL."""
    async with EmbeddedPostgres(folder) as server, mill_at(server, folder) as mill:
        yield mill


@asynccontextmanager
async def mill_at(
    server: EmbeddedPostgres, folder: Path, database: str = DATABASE
) -> AsyncIterator[Mill]:
    """A mill without workers over one database of a server, which is made when there is none."""
    install()
    site, dsn = folder / f"site-{database}", server.dsn_of(database)
    write_site(site)
    if database != DATABASE:
        await make_database(server, database)
    await prepare(dsn)
    async with AsyncExitStack() as stack:
        house = await open_house(Site(site), dsn, role="bringer", pool=BRINGERS)
        stack.push_async_callback(close_house, house)
        mill = Mill(server, dsn, site, house)
        stack.push_async_callback(mill.rest)
        yield mill


async def make_database(server: EmbeddedPostgres, name: str) -> None:
    """An empty database beside the others."""
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
