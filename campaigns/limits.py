"""10,000 writes into an organization with Dataverse's limits: `python -m campaigns.limits`.

Four worker processes share what the simulated Dynamics 365 takes: 6,000 requests and 1,200 s of
working time in any 300 s (divided by the printed factor), 52 at once, each enforced with 429 and
Retry-After. Every write has to arrive, no window may hold more than it takes, and nine tenths of
the limit have to be used.

SCALE=short or full; SEED=7; PLANT=name plants that defect in the short form and must end with `ok`
false, PLANT=all tries each one.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop

from campaigns.asked import asked, parser
from campaigns.child import Child
from campaigns.limits_books import Load, booked, event, secrets, world_settings, write_folder
from campaigns.limits_plants import PLANTS, WORKERS
from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_events

SCALES: Final = {
    "short": Load(writes=150, factor=60.0, requests=100, at_once=12, takes_s=0.1),
    "full": Load(writes=10_000, factor=3.0, requests=6_000, at_once=52, takes_s=0.02),
    "long": Load(writes=60_000, factor=3.0, requests=6_000, at_once=52, takes_s=0.02),
}
PATIENCE_S: Final = {"short": 45.0, "full": 420.0, "long": 2_000.0}
SHARE_LEAST: Final = {"short": 0.3, "full": 0.9, "long": 0.9}
"""The short form has one full window and a part of the next: it shows that nothing stands still."""
ROUNDING: Final = 0.001
"""Of a window: what one millisecond between our clock and theirs may make of it."""
BRINGERS: Final = 4
_LOOK_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of the writes, by the organization's own log and counts.

    Attributes:
        arrived: rows that are there; `doubled`: written more than once.
        took_s: from the first row to the last.
    """

    load: Load
    arrived: int
    doubled: int
    took_s: float
    limit: Mapping[str, Any]
    dead_letters: int
    durable: bool
    share_least: float

    @property
    def share(self) -> float:
        """Of the limit, on average."""
        return self.arrived / max(self.took_s, 1e-9) / self.load.limit_per_s

    def line(self) -> dict[str, Any]:
        """The last line, but for the plants."""
        over = max(0, self.limit["requests_most"] - self.load.requests)
        at_once_over = max(0, self.limit["at_once_most"] - self.load.at_once)
        return {
            "writes": self.load.writes,
            "arrived": self.arrived,
            "doubled": self.doubled,
            "over_limit": over,
            "at_once_over": at_once_over,
            "refused": sum(self.limit["refused"].values()),
            "insisted": self.limit["insisted"],
            "share_of_limit": round(self.share, 3),
            "dead_letters": self.dead_letters,
            "workers": WORKERS,
            "fsync": self.durable,
            "factor": self.load.factor,
            "ok": (
                self.arrived == self.load.writes
                and not self.doubled
                and not self.dead_letters
                and over <= self.load.requests * ROUNDING
                and not at_once_over
                and not self.limit["insisted"]
                and self.share >= self.share_least
            ),
        }


@asynccontextmanager
async def open_books(load: Load, plant: str) -> AsyncIterator[tuple[House, str]]:
    """The organization, a database, and workers that work; the house brings what they write."""
    async with AsyncExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="tillbridge-limits-"))
        folder = Path(name)
        server = await stack.enter_async_context(EmbeddedPostgres(folder))
        world = Child(
            "tillbridge_simulators.world",
            [world_settings(load)],
            log=folder / "world.log",
            environment={},
        )
        address = json.loads(await world.start())["dynamics365"]
        stack.push_async_callback(world.stop)
        write_folder(folder / "site", address, load)
        await prepare(server.dsn)
        site = Site(folder / "site", factor=load.factor)
        house = await open_house(site, server.dsn, role="bringer", pool=BRINGERS)
        stack.push_async_callback(close_house, house)
        await _provision(house)
        environment = secrets() | {
            "TILLBRIDGE_FOLDER": str(site.folder),
            "TILLBRIDGE_DATABASE_URL": server.dsn,
            "TILLBRIDGE_FACTOR": str(load.factor),
        }
        module, first = ("campaigns.limits_process", [plant]) if plant else (_PRODUCT, [])
        log = folder / "workers.log"
        workers = [
            Child(module, [*first, "worker"], log=log, environment=environment)
            for _ in range(WORKERS)
        ]
        for worker in workers:
            stack.push_async_callback(worker.stop)
        await asyncio.gather(*(worker.start() for worker in workers))
        yield house, address["url"]


_PRODUCT: Final = "tillbridge.cli.main"


async def _provision(house: House) -> None:
    for connection in house.connections.all():
        if isinstance(connection.session, Provisions):
            call = Call("", house.clock(), 30.0, "provision", lambda: None)
            await connection.session.provision(call)


async def play(load: Load, scale: str, plant: str = "") -> Ending:
    """Everything is brought at once, and written as fast as the limits allow."""
    patience_s, share_least = PATIENCE_S[scale], SHARE_LEAST[scale]
    async with open_books(load, plant) as (house, url):
        numbers = iter(range(load.writes))

        async def bring() -> None:
            for number in numbers:
                async with house.database.connection() as tx:
                    await take_events(house, tx, [event(number)])

        await asyncio.gather(*(bring() for _ in range(BRINGERS)))
        await _rest(house, load.writes, patience_s)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/_simulator/log") as answer:
                log = await answer.json()
            async with session.get(f"{url}/_simulator/state") as answer:
                state = await answer.json()
        letters = await house.database.fetch_value("SELECT count(*) FROM dead_letters")
        durable = await house.database.durability()
    rows = booked(log)
    written = Counter(row["request_id"] for row in rows)
    times = [row["at"] for row in rows]
    return Ending(
        load,
        arrived=len(written),
        doubled=sum(count - 1 for count in written.values()),
        took_s=max(times, default=0.0) - min(times, default=0.0),
        limit=state["limit"],
        dead_letters=letters,
        durable=all(value == "on" for value in durable.values()),
        share_least=share_least,
    )


async def _rest(house: House, writes: int, patience_s: float) -> None:
    """Waits until all is done, or patience ends; says how far it is."""
    until, said = time.monotonic() + patience_s, 0.0
    while time.monotonic() < until:
        done = await house.database.fetch_value("SELECT count(*) FROM runs WHERE state = 'done'")
        if done >= writes:
            return
        if time.monotonic() - said > 10:
            said = time.monotonic()
            print(f"{done} of {writes} written", file=sys.stderr, flush=True)
        await asyncio.sleep(_LOOK_S)


async def run(scale: str, seed: int, plant: str) -> dict[str, Any]:
    """The whole campaign; answers the last line."""
    this = asyncio.current_task()
    assert this is not None, "it runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    if plant and plant != "all":
        line = await _play(replace(SCALES["short"], seed=seed), "short", plant)
        return line | {"plants": 1, "plants_caught": int(_is_caught(line, plant)), "ok": False}
    line = await _play(replace(SCALES[scale], seed=seed), scale)
    plants = caught = 0
    if plant:
        for name in PLANTS:
            told = await _play(replace(SCALES["short"], seed=seed), "short", name)
            is_caught = _is_caught(told, name)
            plants, caught = plants + 1, caught + is_caught
            shown = ", ".join(f"{key} {told[key]}" for key in PLANTS[name].tells)
            word = "caught" if is_caught else "NOT CAUGHT"
            print(f"{word:<11}{name:<24}{PLANTS[name].title}: {shown}", flush=True)
    ok = line["ok"] and plants == caught
    return line | {"plants": plants, "plants_caught": caught, "ok": ok}


def _is_caught(line: Mapping[str, Any], plant: str) -> bool:
    """Not ok, and for its own reason."""
    return not line["ok"] and all(line[key] for key in PLANTS[plant].tells)


async def _play(load: Load, scale: str, plant: str = "") -> dict[str, Any]:
    ending = await play(load, scale, plant)
    line = ending.line()
    title = f"planted: {plant}" if plant else f"{load.writes} writes"
    print(
        f"\n{title}: {load.requests:,} requests in {load.window_s / load.factor:.0f} s,"
        f" {load.at_once} at once (300 s divided by {load.factor:g}); took {ending.took_s:.1f} s"
    )
    for key, value in line.items():
        print(f"  {key:<24}{value!s:>10}")
    sys.stdout.flush()
    return line


def main() -> None:
    """Runs the campaign; prints a table and one line of JSON."""
    parser("limits", PLANTS).parse_args()
    want = asked(PLANTS)
    os.environ.update(secrets())
    result = uvloop.run(run(want.scale, want.seed, want.plant))
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
