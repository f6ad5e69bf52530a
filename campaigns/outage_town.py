"""The town of an outage: a whole simulated world, one PostgreSQL, an API and two workers.

The API and the workers are the product's own commands in processes of their own. A planted defect
is put into them by `campaigns.outage_process`.
"""

import contextlib
import os
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiohttp import web

from campaigns.child import Child
from campaigns.manners import Outside
from campaigns.ports import free_port
from campaigns.sage_process import SageProcess
from campaigns.site import SHOP_SECRET, Addresses, secrets
from campaigns.two_books import write_two_books
from tillbridge.access.operators import Role, add_operator
from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.connector.abilities import Call, Provisions
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge_simulators.world import World

WORKERS: Final = 2
TURNS: Final = 20
"""Lanes at a time of each target and worker: what is under way at once when a gate opens."""
TIMEOUT_S: Final = 100
"""Of every call, before it is divided: our own processor is not sped up."""
HOLD_LIFE_S: Final = 7 * 86_400.0
_SHOP_PATIENCE: Final = 4
"""The shop's waits are longer than ours by this: a process that starts takes real time."""
_POSTS_MAX: Final = 3
_PENDING_S: Final = 60.0
_PATIENCE_S: Final = 15.0
"""Real seconds a shop waits for an answer: a busy machine is no error of the house."""
_SOON: Final = "  oldest_waiting: 3m\n  gate_closed: 2m\n"
"""People are told early enough for the short outages."""
CHAT: Final = "chat"
"""The connection that tells people of alerts, and the name of its secret address."""


@dataclass
class Listener:
    """Whoever is told of alerts: titles of what was told, by how often."""

    told: Counter[str] = field(default_factory=Counter)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """One notification."""
        body = await request.json()
        self.told[str(body.get("title") or body.get("text") or body)] += 1
        return web.json_response({})


@dataclass
class Town:
    """Everything that runs. `lag_s`: how late the machine let this process be, at most."""

    world: World
    outside: Outside
    database: "asyncpg.Pool[asyncpg.Record]"
    durable: dict[str, str]
    url: str
    viewer: str
    listener: Listener
    processes: dict[str, Child]
    factor: float
    lag_s: float = 0.0


@contextlib.asynccontextmanager
async def open_town(folder: Path, seed: int, factor: float, plant: str) -> AsyncIterator[Town]:
    """A town at rest, with nobody in the shop."""
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(EmbeddedPostgres(folder))
        await prepare(server.dsn)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        world = World(_settings(seed, factor, url))
        await world.start()
        stack.push_async_callback(world.stop)
        sage = SageProcess(factor, seed, folder / "sage.log")
        stack.push_async_callback(sage.stop)
        await sage.start()
        addresses = world.addresses() | {"sagepro": dict(sage.address)}
        listener = await stack.enter_async_context(_listening())
        site = folder / "site"
        _write(site, addresses)
        environment = secrets(addresses) | {
            f"TILLBRIDGE_SECRET_{CHAT.upper()}": listener.url,
            "TILLBRIDGE_FOLDER": str(site),
            "TILLBRIDGE_DATABASE_URL": server.dsn,
            "TILLBRIDGE_FACTOR": str(factor),
        }
        viewer, durable = await _found(site, server.dsn, factor, environment)
        processes = {}
        for name, command in _commands(port).items():
            module, given = ("campaigns.outage_process", [plant]) if plant else (_CLI, [])
            child = Child(
                module, [*given, *command], log=folder / f"{name}.log", environment=environment
            )
            await child.start()
            stack.push_async_callback(child.stop)
            processes[name] = child
        database = await asyncpg.create_pool(server.dsn, min_size=1, max_size=2)
        assert database is not None, "a pool was asked for"
        stack.push_async_callback(database.close)
        outside = _outside(world, sage)
        yield Town(world, outside, database, durable, url, viewer, listener, processes, factor)


_CLI: Final = "tillbridge.cli.main"


def _commands(port: int) -> dict[str, list[str]]:
    commands = {"api": ["api", "--port", str(port)]}
    for number in range(1, WORKERS + 1):
        commands[f"worker-{number}"] = ["worker", "--turns", str(TURNS), "--stop-within", "0"]
    return commands


def _settings(seed: int, factor: float, api: str) -> dict[str, Any]:
    return {
        "factor": factor,
        "seed": seed,
        "systems": ["cybersource", "dynamics365", "shop"],
        "cybersource": {
            "options": {"partial_captures": True, "search_lag_s": 2.0},
            "subscription": {"url": f"{api}/doors/cybersource", "retry_wait_s": 10.0},
        },
        "dynamics365": {"key_lag_s": 0.0},
        "shop": {
            "api_url": api,
            "secret": SHOP_SECRET,
            "options": {
                "currencies": ["USD"],
                "factor": factor / _SHOP_PATIENCE,
                "posts_max": _POSTS_MAX,
                "pending_s": _PENDING_S,
                "patience_min_s": _PATIENCE_S,
            },
        },
    }


def _outside(world: World, sage: SageProcess) -> Outside:
    assert world.cybersource is not None and world.dynamics365 is not None, "they were asked for"
    secret = world.dynamics365.sign_in.client_secret
    return Outside(world.cybersource, world.dynamics365, sage, secret)


def _write(site: Path, addresses: Addresses) -> None:
    settings = {
        "fence": "yes",
        "partial_captures": "yes",
        "search_lag_s": "2",
        "absent_after_s": "120",
    }
    write_two_books(site, addresses, settings)
    chat = f"  {CHAT}:\n    connector: notify\n    settings: {{channel: webhook, url: {CHAT}}}\n"
    told = f"alerts:\n  tell: [{CHAT}]\n  hold_life: {HOLD_LIFE_S / 86_400:.0f}d\n{_SOON}"
    path = site / "tillbridge.yaml"
    text = re.sub(r"^    timeout: \d+\n", "", path.read_text(), flags=re.MULTILINE)
    for connector in ("cybersource", "dynamics365", "sagepro"):
        line = f"    connector: {connector}\n"
        text = text.replace(line, f"{line}    timeout: {TIMEOUT_S}\n")
    path.write_text(f"{text}\n{chat}{told}")


async def _found(
    site: Path, dsn: str, factor: float, environment: dict[str, str]
) -> tuple[str, dict[str, str]]:
    """What `tillbridge provision` does, and somebody who may look; how durable the server is."""
    os.environ.update(environment)
    house = await open_house(Site(site, factor=factor), dsn, role="set-up", pool=2)
    try:
        call = Call("", house.clock(), 30.0, "set-up", lambda: None)
        for connection in house.connections.all():
            if isinstance(connection.session, Provisions):
                for line in await connection.session.provision(call):
                    assert line.passed, line
        async with house.database.transaction() as tx:
            token = await add_operator(tx, "campaign", Role.VIEWER)
        return token.value, dict(await house.database.durability())
    finally:
        await close_house(house)


@contextlib.asynccontextmanager
async def _listening() -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_post("/alerts", listener.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
        yield listener
    finally:
        await runner.cleanup()
