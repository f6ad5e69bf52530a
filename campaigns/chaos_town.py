"""The town of the chaos campaign: everything runs, things go wrong, and at last it is quiet.

The house on one side, the world on the other, wires between; a crowd, clerks, misfortunes by seed.
"""

import asyncio
import contextlib
import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from campaigns import weather
from campaigns.chaos_plants import LEASE_S, play
from campaigns.clerks import Clerks
from campaigns.crowd import Crowd
from campaigns.house import Kept
from campaigns.house_process import Part
from campaigns.misfortunes import POSTGRES, SYSTEMS, Misfortunes
from campaigns.ports import free_port
from campaigns.site import SHOP_SECRET, Addresses
from campaigns.story import story
from campaigns.two_books import write_two_books
from campaigns.wires import Address, Wires
from tillbridge.access.operators import add_first_operator
from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.database.cluster import PORT as POSTGRES_PORT
from tillbridge.database.database import Database
from tillbridge.database.embedded import DATABASE, OWNER, EmbeddedPostgres
from tillbridge_simulators.world import World

WORKERS: Final = 4
FACTOR: Final = 30.0
SHOP_PATIENCE: Final = 10
"""The shop's waits are longer than ours by this: a process that starts takes real time."""
PATIENCE_S: Final = 20.0
"""Real seconds after which the crowd waits no more for an order to come to rest."""
CLERK_S: Final = 1.0
_LOOK_S: Final = 0.25
_REPORT_S: Final = 5.0
_CALM_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a town goes through.

    Attributes:
        orders, at_most: how many, and how many of them at a time.
        every: one misfortune for about so many orders.
        outage_s: at most so long a system is away.
        roughness: how much worse than usual the weather is.
        drain_s: real seconds, at most, until the last shoppers have gone, and then until everything
            has come to rest.
        fence: whether calls without an answer may be undone, or must be found.
        late: whether calls take effect after their deadlines.
        lost: the share of webhooks that never arrive; None as usual.
        settings: of the connection to Cybersource, where they are not the usual ones.
        plant: a defect planted in the house; "" for none.
    """

    orders: int
    at_most: int
    every: float
    outage_s: float
    drain_s: float
    per_round: Mapping[str, int]
    roughness: float = 1.0
    seed: int = 0
    fence: bool = True
    late: bool = True
    lost: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    plant: str = ""


@dataclass
class Ending:
    """How a town ended; `world` is what the auditor reads.

    Attributes:
        calm: whether everything came to rest in time.
        left: what had not, as sentences.
        letters: every dead letter there was, as a sentence.
        statuses: how processes ended otherwise than by SIGKILL.
    """

    world: World
    calm: bool
    left: list[str]
    letters: list[str]
    ownerless: int
    kills: int
    faults: int
    cut: int
    done: Mapping[str, int]
    clerks: Mapping[str, int]
    statuses: Mapping[int | None, int]
    trade_s: float
    drain_s: float
    durable: Mapping[str, str] = field(default_factory=dict)


class Town:
    """One town. `async with` opens and closes it; `play` lets a day pass."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._draw = random.Random(plan.seed)  # noqa: S311 (what happens, not a secret)
        self._stack = contextlib.AsyncExitStack()
        self._server = EmbeddedPostgres(folder)
        self._port = free_port()
        self._dynamics_port = free_port()
        self._world = World(_settings(plan.seed, self._port, self._dynamics_port))

    async def __aenter__(self) -> "Town":
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def play(self) -> Ending:
        """Trades, misfortunes included; then waits until all is at rest."""
        plan, began = self._plan, time.monotonic()
        weather.set_in(self._world, plan.roughness, late=plan.late, lost=plan.lost)
        reporting = asyncio.create_task(self._report(began))
        hurting = asyncio.create_task(
            self._misfortunes.come(lambda: self._crowd.passed, plan.every)
        )
        clerks = asyncio.create_task(self._clerks.work(CLERK_S))
        deciding = asyncio.create_task(self._decide())
        try:
            await self._crowd.come(plan.orders, plan.drain_s)
            trade_s = time.monotonic() - began
            await _end(hurting, clerks)
            await self._misfortunes.end()
            calm, left = await self._drain()
        finally:
            await _end(reporting, hurting, clerks, deciding)
            await self._crowd.stop()
        return await self._ending(calm, left, trade_s, time.monotonic() - began - trade_s)

    async def _open(self) -> None:
        stack = self._stack
        await stack.enter_async_context(self._server)
        await prepare(self._server.dsn)
        await self._world.start()
        stack.push_async_callback(self._world.stop)
        self._wires = Wires(
            _ends(self._server.dsn, self._world),
            {"dynamics365": self._dynamics_port},
            self._plan.seed,
        )
        await self._wires.start()
        stack.callback(self._wires.stop)
        await self._found()
        supervising = asyncio.create_task(self._server.supervise())
        stack.push_async_callback(_end, supervising)
        assert self._world.shop is not None, "this town has a shop"
        self._crowd = Crowd(self._world.shop, self._plan.seed, self._plan.at_most, PATIENCE_S)
        self._clerks = Clerks(
            f"http://127.0.0.1:{self._port}",
            await _first_token(self._server.dsn),
            self._world.shop.orders,
            random.Random(self._plan.seed + 1),  # noqa: S311 (what clerks do, not a secret)
        )
        stack.push_async_callback(self._clerks.close)
        api, *workers = await self._move_in()
        self._misfortunes = Misfortunes(
            self._world, self._wires, self._server, workers, api, self._clerks, self._draw,
            self._plan.per_round, LEASE_S, self._plan.outage_s,
        )  # fmt: skip

    async def _found(self) -> None:
        """The user's folder, and in the other systems what the connectors need there."""
        settings = {
            "fence": "yes" if self._plan.fence else "no",
            "partial_captures": "yes",
            "search_lag_s": "2",
            "absent_after_s": "300",
            **self._plan.settings,
        }
        site = self._folder / "site"
        write_two_books(site, self._outside(), settings)
        house = await open_house(Site(site, factor=FACTOR), self._server.dsn, role="set-up", pool=2)
        call = Call("", house.clock(), 30.0, "set-up", lambda: None)
        for connection in house.connections.all():
            if isinstance(connection.session, Provisions):
                for line in await connection.session.provision(call):
                    assert line.passed, line
        await close_house(house)

    def _outside(self) -> Addresses:
        """The simulators' addresses as the house knows them: by the wires."""
        found = {name: dict(values) for name, values in self._world.addresses().items()}
        for name, port in self._wires.ports.items():
            if name == "sagepro":
                found[name] |= {"host": "127.0.0.1", "port": port}
            elif name != POSTGRES:
                found[name]["url"] = f"http://127.0.0.1:{port}"
        # What is counted of its time is real, and a busy machine's: no factor divides that.
        found["dynamics365"]["limits"] = "{busy: 0}"
        found["shop"]["status_url"] = (
            found["shop"]["url"] + urlsplit(found["shop"]["status_url"]).path
        )
        return found

    async def _move_in(self) -> list[Kept]:
        """The API and the workers, as the product's own commands."""
        dsn = f"postgresql://{OWNER}@127.0.0.1:{self._wires.ports[POSTGRES]}/{DATABASE}"
        environment = {
            "TILLBRIDGE_FOLDER": str(self._folder / "site"),
            "TILLBRIDGE_DATABASE_URL": dsn,
            "TILLBRIDGE_FACTOR": str(FACTOR),
        }
        commands = [("api", ("--port", str(self._port))), *[("worker", ())] * WORKERS]
        house = []
        for role, options in commands:
            part = Part(role, options, self._folder, environment, False, self._plan.plant, None)
            house.append(Kept(part, play))
            await house[-1].start()
            self._stack.push_async_callback(house[-1].stop)
        self._house = house
        return house

    async def _decide(self) -> None:
        """Somebody at Cybersource decides about payments in review."""
        cybersource = self._world.cybersource
        assert cybersource is not None, "this town has payments"
        decided = 0
        while True:
            await asyncio.sleep(1.0)
            known = list(cybersource.state.authorizations.values())
            for authorization in known[decided:]:
                if authorization.review == "pending" and authorization.state == "held":
                    accept = self._draw.random() < 0.9
                    cybersource.decide_review(authorization.id, accept=accept)
            decided = len(known)

    async def _drain(self) -> tuple[bool, list[str]]:
        """Waits until nothing is under way anywhere, with the clerks clearing the desk."""
        assert self._world.cybersource is not None, "this town has payments"
        database = await asyncpg.connect(self._server.dsn)
        try:
            since: float | None = None
            until = time.monotonic() + self._plan.drain_s
            while time.monotonic() < until:
                await asyncio.sleep(_LOOK_S)
                open_letters = await self._clerks.look(careful=True)
                busy = open_letters or not self._crowd.is_over or await _open_runs(database)
                if busy:
                    since = None
                elif since is None:
                    since = time.monotonic()
                    await self._world.cybersource.settle()
                elif time.monotonic() - since > _CALM_S:
                    return True, []
            return False, await _left(database)
        finally:
            await database.close()

    async def _ending(self, calm: bool, left: list[str], trade_s: float, drain_s: float) -> Ending:
        database = await Database.connect(self._server.dsn, size_max=1)
        try:
            ownerless = await database.fetch_value(
                "SELECT count(*) FROM effects e JOIN runs r ON r.id = e.run_id"
                " WHERE e.state IN ('intended', 'unknown')"
                " AND r.state NOT IN ('ready', 'waiting', 'dead')"
            )
            durable = await database.durability()
        finally:
            await database.close()
        statuses: dict[int | None, int] = {}
        for status in (status for kept in self._house for status in kept.statuses):
            statuses[status] = statuses.get(status, 0) + 1
        return Ending(
            world=self._world,
            calm=calm,
            left=left,
            letters=list(self._clerks.letters.values()),
            ownerless=ownerless,
            kills=self._misfortunes.kills,
            faults=weather.faults_of(self._world),
            cut=await self._misfortunes.cut(),
            done=self._misfortunes.done,
            clerks=self._clerks.did,
            statuses=statuses,
            trade_s=trade_s,
            drain_s=drain_s,
            durable=durable,
        )

    async def story(self, order: str) -> list[str]:
        """What the house knows of an order, for people who look into a finding."""
        return await story(self._server.dsn, order)

    async def _report(self, began: float) -> None:
        while True:
            await asyncio.sleep(_REPORT_S)
            hurt = self._misfortunes
            print(
                f"{time.monotonic() - began:5.0f} s: {self._crowd.count} orders,"
                f" {self._crowd.under_way} under way, {sum(hurt.done.values())} misfortunes,"
                f" {hurt.kills} kills, {weather.faults_of(self._world)} faults,"
                f" {len(self._clerks.letters)} dead letters, load {os.getloadavg()[0]:.1f}",
                file=sys.stderr,
                flush=True,
            )


def _settings(seed: int, port: int, dynamics_port: int) -> dict[str, Any]:
    api = f"http://127.0.0.1:{port}"
    return {
        "factor": FACTOR,
        "seed": seed,
        "cybersource": {
            "options": {"partial_captures": True, "search_lag_s": 2.0},
            "subscription": {"url": f"{api}/doors/cybersource", "retry_wait_s": 60.0},
        },
        "dynamics365": {"key_lag_s": 0.0, "public_url": f"http://127.0.0.1:{dynamics_port}"},
        "shop": {
            "api_url": api,
            "secret": SHOP_SECRET,
            "options": {"currencies": ["USD"], "factor": FACTOR / SHOP_PATIENCE},
        },
    }


def _ends(dsn: str, world: World) -> dict[str, Address]:
    """Where each wire leads to."""
    [folder] = parse_qs(urlsplit(dsn).query)["host"]
    ends: dict[str, Address] = {POSTGRES: Path(folder) / f".s.PGSQL.{POSTGRES_PORT}"}
    for name in SYSTEMS:
        system = getattr(world, name)
        ends[name] = ("127.0.0.1", int(system.port))
    return ends


async def _first_token(dsn: str) -> str:
    database = await Database.connect(dsn, size_max=1)
    try:
        async with database.transaction() as tx:
            token = await add_first_operator(tx)
    finally:
        await database.close()
    assert token is not None, "a new database has no operator"
    return token.value


async def _open_runs(database: "asyncpg.Connection[asyncpg.Record]") -> int:
    count = await database.fetchval("SELECT count(*) FROM runs WHERE state IN ('ready', 'waiting')")
    return int(count)


async def _left(database: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    rows = await database.fetch(
        "SELECT subject, target, flow, journey, state, waiting_for, tries, wake_at - now() AS due"
        " FROM runs WHERE state IN ('ready', 'waiting') ORDER BY id LIMIT 20"
    )
    return [" ".join(str(value) for value in row.values()) for row in rows]


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome
