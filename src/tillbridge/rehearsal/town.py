"""The town tests are played in: a PostgreSQL of its own, a stage of simulators, one door.

Everything is thrown away afterwards. Each test gets a database, a world and a house of its own, so
that no test sees another; what is slow to start is started once.
"""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
import uvicorn
from starlette.applications import Starlette

from tillbridge.api.doors import doors
from tillbridge.assembly import (
    OWN_FOLDER,
    Site,
    Texts,
    close_house,
    now,
    open_house,
    prepare,
    shop_of,
    worker,
)
from tillbridge.connections.budget import PURPOSE
from tillbridge.connections.configuration import FILE, Configured
from tillbridge.connections.connections import Connection, Connections
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import set_secret
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.journeys.catalogue import Catalogue
from tillbridge.journeys.house import House
from tillbridge.outside.pointing import SHOP_SECRET, Pointed, connection_of, point, systems_of
from tillbridge.outside.stage import Scenery, Stage
from tillbridge.outside.texts import PARTS, Teaching
from tillbridge.rehearsal.standing_in import stand_in
from tillbridge.rehearsal.watching import Watch

TEMPLATE = "tillbridge"
FACTOR = 20.0
"""Divides every wait of ours and of the simulated world; a call still has a second to be answered
in on a busy machine."""
POOL = 12
PROGRAM = "tillbridge test"
CALL_TIMEOUT_S = 30.0
FIRST = asyncio.FIRST_COMPLETED


@dataclass(frozen=True, slots=True)
class Scene:
    """One test's part of the town.

    Attributes:
        systems: by connection, the simulated system behind it.
    """

    house: House
    world: Scenery
    systems: Mapping[str, str]
    factor: float


class Town:
    """Use it with `async with`; `scene` is entered for each test, one after another."""

    def __init__(self, folder: Path, configured: Mapping[str, Configured]) -> None:
        self._folder = folder
        self._configured = configured
        self._home = Path(tempfile.mkdtemp(prefix="tillbridge-test-"))
        self._postgres = EmbeddedPostgres(self._home / OWN_FOLDER)
        self._stage = Stage(self._home / "stage.log")
        self._houses: list[House] = []
        self._texts: Texts | None = None
        self._count = 0
        self._url = ""
        self._running = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            async with contextlib.AsyncExitStack() as running:
                running.callback(shutil.rmtree, self._home, ignore_errors=True)
                running.push_async_callback(self._stage.stop)
                running.push_async_callback(self._postgres.stop)
                await asyncio.gather(self._stage.start(), self._prepare())
                self._url = await running.enter_async_context(self._door())
                self._running = running.pop_all()
        except BaseException:
            shutil.rmtree(self._home, ignore_errors=True)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._running.aclose()

    @contextlib.asynccontextmanager
    async def scene(
        self,
        teaching: Teaching,
        watch: Watch,
        changes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> AsyncIterator[Scene]:
        """A fresh world, database and house; a worker works in it until it is left.

        `changes` are settings by connection, for this one.
        """
        self._count += 1
        name = f"test_{self._count}"
        world = Scenery(self._stage, name)
        configured = _changed(self._configured, changes or {})
        addresses = await world.open(self._settings(teaching, configured))
        try:
            await self._administer(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            pointed = point(configured, addresses)
            async with self._house(name, pointed, watch, usual=not changes) as house:
                systems = {one.name: one.connector.name for one in configured.values()}
                yield Scene(house, world, systems, FACTOR)
        finally:
            await world.close()
            await self._administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextlib.asynccontextmanager
    async def _house(
        self, name: str, pointed: Pointed, watch: Watch, *, usual: bool
    ) -> AsyncIterator[House]:
        """`usual` connections need the folder's texts read once only."""
        site = Site(self._home / name, factor=FACTOR)
        dsn = self._postgres.dsn_of(name)
        await self._write_site(site, dsn, pointed)
        texts = self._texts if usual else None
        house = await open_house(site, dsn, role="test", pool=POOL, texts=texts)
        if usual:
            self._texts = Texts(house.catalogue.active, house.authorizations)
        house.alerting = replace(house.alerting, tell=())  # a test tells nobody of itself
        house.connections = Connections(
            stand_in(one) if one.name in pointed.stood_in else one
            for one in house.connections.all()
        )
        house.catalogue = Catalogue(
            [watch.over(flow) for flow in house.catalogue.active], house.catalogue.version
        )
        self._houses.append(house)
        try:
            await self._provision(house.connections.all())
            working = worker(house)
            task = asyncio.create_task(working.run(dsn))
            try:
                yield house
            finally:
                working.stop()
                await task
        finally:
            self._houses.remove(house)
            await close_house(house)

    async def _write_site(self, site: Site, dsn: str, pointed: Pointed) -> None:
        """The folder with its connections pointed."""
        for part in PARTS:
            if (self._folder / part).is_dir():
                shutil.copytree(self._folder / part, site.folder / part)
        site.folder.mkdir(exist_ok=True)
        (site.folder / FILE).write_text(pointed.text, encoding="utf-8")
        seal = open_seal(site.own, {})
        database = await Database.connect(dsn, size_max=1, name=PROGRAM)
        try:
            async with database.transaction() as tx:
                for secret, value in pointed.secrets.items():
                    await set_secret(tx, seal, secret, Secret(value), PROGRAM)
        finally:
            await database.close()

    async def _provision(self, connections: Sequence[Connection]) -> None:
        """Held up by no budget: nobody else asks anything of this world."""
        call = Call("", now(), CALL_TIMEOUT_S, PROGRAM, lambda: None)
        purpose = PURPOSE.set("probe")
        for connection in connections:
            if isinstance(connection.session, Provisions):
                for line in await connection.session.provision(call):
                    assert line.passed, line
        PURPOSE.reset(purpose)

    def _settings(self, teaching: Teaching, configured: Mapping[str, Configured]) -> dict[str, Any]:
        systems = systems_of(configured)
        door = connection_of(configured, "cybersource")
        shop = connection_of(configured, "shop")
        products = list(teaching.products)
        known: dict[str, dict[str, Any]] = {
            "cybersource": {
                "options": {
                    "partial_captures": _setting(configured, door, "partial_captures") == "yes"
                },
                "subscription": {"url": f"{self._url}/doors/{door}", "retries_max": 0},
            },
            "dynamics365": {
                "key_lag_s": 0.0,
                "products": products,
                "columns": list(teaching.columns),
            },
            "sagepro": {"products": products},
            "shop": {
                "api_url": self._url,
                "secret": SHOP_SECRET,
                "options": {"connection": shop, "ships": False},
            },
        }
        used = {name: settings for name, settings in known.items() if name in systems}
        return {"factor": FACTOR, "systems": systems, **used}

    @contextlib.asynccontextmanager
    async def _door(self) -> AsyncIterator[str]:
        """One server for all tests: it asks whoever's turn it is."""
        app = Starlette(routes=doors(lambda: self._houses[-1], shop_of))
        config = uvicorn.Config(
            app, port=0, log_config=None, lifespan="off", http="httptools", access_log=False
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve())
        try:
            await asyncio.wait({task, asyncio.create_task(server.up.wait())}, return_when=FIRST)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task

    async def _prepare(self) -> None:
        await self._postgres.start()
        await prepare(self._postgres.dsn)

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self._postgres.dsn_of("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _setting(configured: Mapping[str, Configured], connection: str, name: str) -> str:
    """What the user has set: where the simulated system should be as the real one is."""
    found = configured.get(connection)
    return found.settings.get(name, "") if found is not None else ""


def _changed(
    configured: Mapping[str, Configured], changes: Mapping[str, Mapping[str, str]]
) -> dict[str, Configured]:
    return {
        name: replace(one, settings={**one.settings, **changes.get(name, {})})
        for name, one in configured.items()
    }


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program, and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
