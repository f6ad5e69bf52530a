"""One process of the house, as a campaign runs it: `python -m campaigns.house_process JSON`.

    {"role": "api" | "worker" | "setup", "folder": ..., "dsn": ..., "factor": 20, "port": 8080}

"setup" migrates the database and provisions the other systems. When a process is ready it writes
one line, "ready"; "setup" ends then, SIGTERM ends the others gracefully.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvicorn
import uvloop
from starlette.applications import Starlette

from tillbridge.api.doors import doors
from tillbridge.assembly import Site, close_house, open_house, prepare, shop_of, worker
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.journeys.house import House


@dataclass(frozen=True, slots=True)
class Part:
    """What this process is.

    Attributes:
        port: where the API listens.
        factor: every wait is divided by it.
        turns_max: turns at a time of a worker.
    """

    role: str
    folder: str
    dsn: str
    factor: float = 1.0
    port: int = 0
    pool: int = 10
    turns_max: int = 200


async def play(part: Part) -> None:
    """Plays the part until SIGTERM."""
    site = Site(Path(part.folder), factor=part.factor)
    if part.role == "setup":
        await set_up(site, part.dsn)
        _say_ready()
        return
    house = await open_house(site, part.dsn, role=part.role, pool=part.pool)
    try:
        if part.role == "api":
            await _serve(house, part.port)
        else:
            await _work(house, part)
    finally:
        await close_house(house)


async def set_up(site: Site, dsn: str) -> None:
    """What `tillbridge migrate` and `tillbridge provision` do."""
    await prepare(dsn)
    house = await open_house(site, dsn, role="setup", pool=2)
    try:
        await _provision(house)
    finally:
        await close_house(house)


async def _provision(house: House) -> None:
    call = Call("", house.clock(), 30.0, "set-up", lambda: None)
    for connection in house.connections.all():
        if isinstance(connection.session, Provisions):
            for line in await connection.session.provision(call):
                assert line.passed, line


async def _serve(house: House, port: int) -> None:
    app = Starlette(routes=doors(lambda: house, shop_of))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off"
    )
    server = _PoliteServer(config)
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    _on_end(lambda: setattr(server, "should_exit", True))
    _say_ready()
    await serving


class _PoliteServer(uvicorn.Server):
    """Leaves signals to us: uvicorn would pass them on and end the process too early."""

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


async def _work(house: House, part: Part) -> None:
    toil = worker(house, turns_by_target=part.turns_max)
    _on_end(toil.stop)
    _say_ready()
    await toil.run(part.dsn)


def _on_end(end: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """The command line: the part as JSON."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    part = msgspec.json.decode(sys.argv[1], type=Part)
    uvloop.run(play(part))


if __name__ == "__main__":
    main()
