"""One town: simulators, a database, a house of an API and a worker, and a program of shoppers.

The house's processes die where the town's `Death` says, and come back; the town waits until all is
quiet, and the simulators' auditor judges what is left.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from campaigns.house import Kept, wake_the_stalled
from campaigns.house_process import Part
from campaigns.points import Death, has_died, points_passed
from campaigns.ports import free_port
from campaigns.program import Program, Shopper, purchases, rules
from campaigns.site import SHOP_SECRET, SYSTEMS, Erp, write_site
from tillbridge.assembly import Site, close_house, open_house
from tillbridge.connector.abilities import Call, Provisions
from tillbridge_simulators.auditor import Verdict, judge
from tillbridge_simulators.auditor_evidence import evidence_of
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import Purchase
from tillbridge_simulators.world import World

_LOOK_S = 0.1
_CALM_S = 0.5
"""Nothing may be under way for so long before the day is over."""
_WORDS_MAX = 3000
_DROPS_MAX = 20
_SHOP_PATIENCE = 4
"""The shop's waits are longer than ours by this: a process that starts takes real time."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a town plays.

    Attributes:
        fence: the setting of the Cybersource connection.
        long_way: the house commits everything the long way.
        death: where a process dies; None for a dry run.
        plant: a defect planted in the house; "" for none.
        patience_s: real seconds until the day is over, come what may.
    """

    name: str
    erp: Erp
    fence: bool
    program: Program
    seed: int
    factor: float
    long_way: bool = False
    death: Death | None = None
    plant: str = ""
    patience_s: float = 45.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a town ended.

    Attributes:
        died: whether the process passed the point and died.
        calm: whether everything came to rest in time.
        points: how often each point was passed.
        dead_letters: what is on the desk, as sentences.
        troubles: processes that ended otherwise than by SIGKILL, as sentences.
        last_words: the ends of what the processes said.
    """

    scene: Scene
    orders: int
    paid: int
    died: bool
    calm: bool
    verdict: Verdict
    points: Mapping[str, int]
    dead_letters: tuple[str, ...]
    troubles: tuple[str, ...]
    last_words: str
    took_s: float

    @property
    def broken(self) -> int:
        """How many promises were broken."""
        return sum(self.verdict.counts.values())


async def play_town(scene: Scene, folder: Path, dsn: str) -> Outcome:
    """Plays one town over a prepared database of its own."""
    began = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        port = free_port()
        world = await _open_world(scene, port, stack)
        await _found(scene, world, folder, dsn)
        house = [Kept(_part(role, scene, folder, dsn, port)) for role in ("api", "worker")]
        for process in house:
            await process.start()
            stack.push_async_callback(process.stop)
        if scene.death is not None and scene.death.stall_s:
            waking = asyncio.create_task(wake_the_stalled(folder))
            stack.callback(waking.cancel)
        trade = _Trade(scene, world)
        stack.push_async_callback(trade.stop)
        trade.begin()
        database = await asyncpg.connect(dsn)
        stack.push_async_callback(database.close)
        calm = await _calm(scene, trade, world, database)
        took_s = time.monotonic() - began
        return await _judged(scene, folder, world, database, house, calm=calm, took_s=took_s)


@contextlib.asynccontextmanager
async def own_database(server_dsn: str, dsn: str, name: str, template: str) -> AsyncIterator[str]:
    """A copy of the migrated database, gone afterwards; answers its address."""
    await _administer(server_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield dsn
    finally:
        await _drop(server_dsn, name)


async def _drop(server_dsn: str, name: str) -> None:
    """The server's own vacuum may be at work in it, and only the server may end that."""
    for _ in range(_DROPS_MAX):
        try:
            return await _administer(server_dsn, f"DROP DATABASE {name} WITH (FORCE)")
        except asyncpg.InsufficientPrivilegeError:
            await asyncio.sleep(_CALM_S)


async def _administer(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _open_world(scene: Scene, port: int, stack: contextlib.AsyncExitStack) -> World:
    api = f"http://127.0.0.1:{port}"
    erp = SYSTEMS[scene.erp]
    account = {"partial_captures": True, "search_lag_s": 2.0, **scene.program.account}
    settings: dict[str, Any] = {
        "factor": scene.factor,
        "seed": scene.seed,
        "systems": ["cybersource", "shop", erp],
        "cybersource": {
            "options": account,
            "subscription": {"url": f"{api}/doors/cybersource", "retry_wait_s": 10.0},
        },
        "shop": {
            "api_url": api,
            "secret": SHOP_SECRET,
            "options": {"currencies": ["USD"], "factor": scene.factor / _SHOP_PATIENCE},
        },
    }
    if erp == "dynamics365":
        settings[erp] = {"key_lag_s": 0.0}
    world = World(settings)
    await world.start()
    stack.push_async_callback(world.stop)
    return world


async def _found(scene: Scene, world: World, folder: Path, dsn: str) -> None:
    """The user's folder, and in the other systems what the connectors need there."""
    settings = {
        "fence": "yes" if scene.fence else "no",
        "partial_captures": "yes",
        "search_lag_s": "2",
        "absent_after_s": "120",
        **scene.program.connection,
    }
    timeout_s = scene.program.timeout_s
    write_site(
        folder / "site",
        scene.erp,
        world.addresses(),
        settings,
        timeout_s,
        stores_cards=scene.program.stores_cards,
    )
    house = await open_house(Site(folder / "site", factor=scene.factor), dsn, role="set-up", pool=2)
    call = Call("", house.clock(), 30.0, "set-up", lambda: None)
    for connection in house.connections.all():
        if isinstance(connection.session, Provisions):
            for line in await connection.session.provision(call):
                assert line.passed, line
    await close_house(house)


def _part(role: str, scene: Scene, folder: Path, dsn: str, port: int) -> Part:
    return Part(
        role=role,
        options=("--port", str(port)) if role == "api" else ("--stop-within", "0"),
        folder=folder,
        environment={
            "TILLBRIDGE_FOLDER": str(folder / "site"),
            "TILLBRIDGE_DATABASE_URL": dsn,
            "TILLBRIDGE_FACTOR": str(scene.factor),
        },
        long_way=scene.long_way,
        plant=scene.plant,
        death=scene.death,
    )


class _Trade:
    """The shoppers, and a person who decides about payments in review."""

    def __init__(self, scene: Scene, world: World) -> None:
        self._scene = scene
        self._world = world
        self._tasks: list[asyncio.Task[None]] = []
        self._deciding: asyncio.Task[None] | None = None

    def begin(self) -> None:
        shoppers = self._scene.program.shoppers
        for shopper, wanted in zip(shoppers, purchases(self._scene.seed, shoppers), strict=True):
            self._tasks.append(asyncio.create_task(self._one(shopper, wanted)))
        self._deciding = asyncio.create_task(self._decide())

    @property
    def is_over(self) -> bool:
        """Whether every shopper has gone home and nothing is on its way."""
        assert self._world.shop is not None, "a town has a shop"
        return all(task.done() for task in self._tasks) and not self._world.shop.is_busy

    async def stop(self) -> None:
        tasks = [*self._tasks, *([self._deciding] if self._deciding else [])]
        for task in tasks:
            task.cancel()
        for failure in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(failure, Exception):
                raise failure

    async def _one(self, shopper: Shopper, wanted: Purchase) -> None:
        world, order = self._world, ShopOrder(wanted)
        assert world.shop is not None, "a town has a shop"
        systems = {name: getattr(world, name) for name in ("cybersource", "shop")}
        systems["erp"] = getattr(world, SYSTEMS[self._scene.erp])
        for system, own in rules(shopper, order.number, "erp").items():
            systems[system].faults.rules += own
        world.shop.orders[order.number] = order
        await world.shop.pay(order)
        await world.shop.settle(order)

    async def _decide(self) -> None:
        """Every case is accepted, when somebody finds the time."""
        cybersource = self._world.cybersource
        assert cybersource is not None, "a town has payments"
        while True:
            await asyncio.sleep(10.0 / self._scene.factor)
            for authorization in list(cybersource.state.authorizations.values()):
                if authorization.review == "pending" and authorization.state == "held":
                    cybersource.decide_review(authorization.id, accept=True)


async def _calm(
    scene: Scene, trade: _Trade, world: World, database: "asyncpg.Connection[asyncpg.Record]"
) -> bool:
    """Waits until nothing is under way anywhere; False when that takes too long."""
    assert world.cybersource is not None, "a town has payments"
    since: float | None = None
    until = time.monotonic() + scene.patience_s
    while time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)
        under_way = await database.fetchval("SELECT count(*) FROM runs WHERE ended_at IS NULL")
        if not trade.is_over or under_way:
            since = None
        elif since is None:
            since = time.monotonic()
            await world.cybersource.settle()
        elif time.monotonic() - since > _CALM_S:
            return True
    return False


async def _judged(
    scene: Scene,
    folder: Path,
    world: World,
    database: "asyncpg.Connection[asyncpg.Record]",
    house: list[Kept],
    *,
    calm: bool,
    took_s: float,
) -> Outcome:
    desk = await database.fetch(
        "SELECT subject, flow, target, class, reason, message FROM dead_letters"
        " JOIN runs ON id = run_id ORDER BY opened_at"
    )
    ownerless = await database.fetchval(
        "SELECT count(*) FROM effects e JOIN runs r ON r.id = e.run_id"
        " WHERE e.state IN ('intended', 'unknown') AND r.state NOT IN ('ready', 'waiting', 'dead')"
    )
    verdict = judge(evidence_of(world), unknown_without_owner=ownerless)
    assert world.shop is not None, "a town has a shop"
    statuses = Counter(status for process in house for status in process.statuses)
    del statuses[-9]
    return Outcome(
        scene=scene,
        orders=len(world.shop.orders),
        paid=sum(bool(order.paid) for order in world.shop.orders.values()),
        died=has_died(folder),
        calm=calm,
        verdict=verdict,
        points=points_passed(folder),
        dead_letters=tuple(" ".join(map(str, row.values())) for row in desk),
        troubles=tuple(f"{count} ended with {status}" for status, count in statuses.items()),
        last_words="\n".join(_last_words(folder / f"{role}.log") for role in ("api", "worker")),
        took_s=took_s,
    )


def _last_words(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return f"{log.stem}: {text[-_WORDS_MAX:].strip()}"
