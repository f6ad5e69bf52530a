"""`tillbridge up`: everything on one machine, supervised.

PostgreSQL (embedded, brought back when it dies)
  |-- tillbridge api        started again when it dies
  `-- tillbridge worker x N started again when they die
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import click

from tillbridge.access.operators import FIRST_OPERATOR, add_first_operator
from tillbridge.assembly import close_house, connections_of, open_house, prepare
from tillbridge.cli.operators import show_token
from tillbridge.cli.printing import complain, next_step, say
from tillbridge.cli.stopping import STOP_WITHIN, TETHER, Stopping, stop_within_option
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connector.settings import Secret
from tillbridge.database.embedded import EmbeddedPostgres

WORKERS_MAX = 64
ENDING_S = 10.0
"""What an API or a worker takes to end besides the time that calls in flight get."""
RESTART_WAIT_MIN_S = 0.5
RESTART_WAIT_MAX_S = 30.0
SETTLED_S = 60.0
"""A process that lived so long was well: its next start waits the shortest time again."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that is kept running."""

    name: str
    arguments: tuple[str, ...]


@click.command()
@click.option("--workers", type=click.IntRange(0, WORKERS_MAX), default=2, show_default=True)
@click.option("--turns", type=click.IntRange(1, 500), default=100, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for every network.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option(
    "--metrics",
    type=click.IntRange(1, 65_000),
    default=None,
    help="Port at which the first worker answers GET /metrics; the others take those that follow.",
)
@stop_within_option
@pass_surroundings
def up(
    surroundings: Surroundings,
    workers: int,
    turns: int,
    *,
    host: str,
    port: int,
    metrics: int | None,
    stop_within: float,
) -> None:
    """Run everything here: database, API and workers; what dies is started again.

    Ctrl-C stops it gracefully: calls in flight get the stated time. Ctrl-C again stops it now.
    """
    surroundings.expect_folder()
    children = [Child("api", ("api", "--host", host, "--port", str(port)))]
    for at in range(workers):
        listens = () if metrics is None else ("--metrics", str(metrics + at))
        children.append(Child(f"worker {at + 1}", ("worker", "--turns", str(turns), *listens)))
    asyncio.run(_up(surroundings, children, stop_within))


async def _up(surroundings: Surroundings, children: list[Child], stop_s: float) -> None:
    stopping = Stopping()
    stopping.listen()
    async with _database(surroundings) as dsn:
        token = await _prepare(surroundings, dsn, connections_of(len(children) - 1))
        if token is not None:
            show_token(FIRST_OPERATOR, token)
        environment = _environment(surroundings, dsn) | {STOP_WITHIN: str(stop_s)}
        say(f"Up, with {len(children)} processes.")
        next_step("Look: tillbridge runs, tillbridge dead-letters. Stop: Ctrl-C.")
        keeping = [
            asyncio.create_task(keep(child, environment, stopping, stop_s + ENDING_S))
            for child in children
        ]
        await stopping.asked.wait()
        say("Stopping: calls in flight are read to their end. Ctrl-C again stops at once.")
        await asyncio.gather(*keeping)
    say("Stopped.")


@asynccontextmanager
async def _database(surroundings: Surroundings) -> AsyncIterator[str]:
    """The database's address; the embedded server is brought back whenever it dies."""
    if surroundings.database_url:
        yield surroundings.database_url
        return
    async with EmbeddedPostgres(surroundings.site.own) as postgres:
        supervising = asyncio.create_task(postgres.supervise())
        try:
            yield postgres.dsn
        finally:
            supervising.cancel()
            with suppress(asyncio.CancelledError):
                await supervising


async def _prepare(surroundings: Surroundings, dsn: str, connections: int) -> Secret | None:
    """Migrates, opens the house once so that what is wrong is said here, and answers the first
    operator's token, once."""
    await prepare(dsn)
    house = await open_house(surroundings.site, dsn, role="up", pool=2)
    try:
        await house.database.expect_room_for(connections)
        async with house.database.transaction() as tx:
            return await add_first_operator(tx)
    finally:
        await close_house(house)


async def keep(
    child: Child, environment: Mapping[str, str], stopping: Stopping, stop_s: float
) -> None:
    """Keeps a process running until asked to stop; then ends it gracefully, in `stop_s`."""
    wait_s = RESTART_WAIT_MIN_S
    asked = asyncio.create_task(stopping.asked.wait())
    while not asked.done():
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tillbridge.cli.main", *child.arguments),
            stdin=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            return await _end(process, ended, stopping, stop_s)
        if time.monotonic() - began > SETTLED_S:
            wait_s = RESTART_WAIT_MIN_S
        if not asked.done():
            complain(
                f"{child.name} ended with code {process.returncode};"
                f" it is started again in {wait_s:g} s."
            )
        await asyncio.wait({asked}, timeout=wait_s)
        wait_s = min(wait_s * 2, RESTART_WAIT_MAX_S)
    return None


async def _end(
    process: asyncio.subprocess.Process,
    ended: "asyncio.Task[int]",
    stopping: Stopping,
    stop_s: float,
) -> None:
    process.terminate()
    urged = asyncio.create_task(stopping.urged.wait())
    await asyncio.wait({ended, urged}, timeout=stop_s, return_when=asyncio.FIRST_COMPLETED)
    urged.cancel()
    if not ended.done():
        process.kill()
    await ended


def _environment(surroundings: Surroundings, dsn: str) -> dict[str, str]:
    """The address of the database stands in no command line: others could read it there."""
    site = surroundings.site
    return {
        **os.environ,
        "TILLBRIDGE_FOLDER": str(site.folder.resolve()),
        "TILLBRIDGE_ENVIRONMENT": site.environment,
        "TILLBRIDGE_FACTOR": str(site.factor),
        "TILLBRIDGE_DATABASE_URL": dsn,
        TETHER: "1",
    }
