"""The day of an outage: a normal morning, then one system after another down, and the drain."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from campaigns.manners import CYBERSOURCE, DYNAMICS, SAGE, trouble
from campaigns.outage_judge import Verdict, judged, places_off
from campaigns.outage_town import CHAT, HOLD_LIFE_S, TURNS, WORKERS, Town, open_town
from campaigns.outage_trade import Trade
from campaigns.site import Erp

AGED: Final = 8
"""Orders whose holds end while Cybersource is down and whose parcels leave meanwhile."""
CONNECTIONS: Final[Mapping[str, str]] = {
    CYBERSOURCE: "cybersource",
    DYNAMICS: "dynamics",
    SAGE: "sage",
}
"""By simulator, the name of our connection to it."""
BOOKS: Final[Mapping[str, Erp]] = {DYNAMICS: "dynamics", SAGE: "sage"}
DRAIN_MIN_S: Final = 10.0
_CALM_S: Final = 0.5
_LOOK_S: Final = 0.1
_WAITING: Final = "SELECT id FROM runs WHERE state IN ('ready', 'waiting') AND waits = '{}'"


@dataclass(frozen=True, slots=True)
class Plan:
    """A day. `outage_s` and `before_s` are the world's seconds, divided by `factor`; `systems` are
    down one after the other."""

    factor: float
    normal_per_s: float
    times: float
    outage_s: float
    before_s: float
    systems: Sequence[str] = tuple(CONNECTIONS)

    @property
    def connections(self) -> list[str]:
        """Ours to what is down."""
        return [CONNECTIONS[system] for system in self.systems]

    @property
    def drain_max_s(self) -> float:
        """Real seconds; what has not drained by then does not drain by itself."""
        return DRAIN_MIN_S + self.outage_s / self.factor


@dataclass(slots=True)
class Outage:
    """How one outage went.

    Attributes:
        waited: runs that waited for a system or a worker when the system came back.
        drained: of these, what ended or went on to wait for something else, in `took_s`.
        predicted_s: what the house said it would take in all, when a third of it was done; None
            when it did not say.
        places_off: how far from its turn each order was written that waited, least first.
    """

    system: str
    waited: int = 0
    drained: int = 0
    took_s: float = 0.0
    predicted_s: float | None = None
    places_off: list[int] = field(default_factory=list)

    @property
    def off(self) -> int:
        """Nineteen of twenty orders were written at most so many places from their turn."""
        return self.places_off[int(len(self.places_off) * 0.95)] if self.places_off else 0


@dataclass(slots=True)
class Day:
    """What became of a day. `troubles` are sentences that no log of a simulator tells."""

    plan: Plan
    outages: list[Outage]
    verdict: Verdict
    orders: int
    paid: int
    durable: Mapping[str, str]
    told: list[str]
    lag_s: float = 0.0
    troubles: list[str] = field(default_factory=list)


async def play(plan: Plan, seed: int, folder: Path, plant: str) -> Day:
    """Plays a whole day and judges it."""
    async with open_town(folder, seed, plan.factor, plant) as town:
        trade = Trade(town.world, seed, plan.factor, plan.normal_per_s, plan.outage_s / 2)
        async with _asking(town, plan) as asked:
            trade.open()
            await asyncio.sleep(plan.before_s / plan.factor)
            outages = [await _outage(town, trade, plan, one, asked) for one in plan.systems]
            trade.close()
            calm = await _calm(town, trade, plan.drain_max_s)
        await trade.stop()
        verdict = await judged(town)
        shop = town.world.shop
        assert shop is not None, "a town has a shop"
        day = Day(
            plan=plan,
            outages=outages,
            verdict=verdict,
            orders=len(shop.orders),
            paid=sum(order.paid == order.total for order in shop.orders.values()),
            durable=town.durable,
            told=sorted(town.listener.told),
            lag_s=town.lag_s,
            troubles=[*asked.troubles, *await _untold(town, plan), *_ended(town)],
        )
        if not calm:
            day.troubles.append("work is still open (stuck)")
            day.troubles += [f"open: {line}" for line in await _open_work(town)]
        if len(verdict.expired) != AGED:
            day.troubles.append(f"{len(verdict.expired)} of {AGED} old holds are on the desk")
        if day.troubles or verdict.sentences:
            print(_last_words(town), file=sys.stderr)
        return day


@dataclass
class Asking:
    """What the house answers when it is asked how it is, all day long.

    Attributes:
        down: the connection that is down now; "" for none.
        named: connections that /health/processing named while they were down.
    """

    down: str = ""
    named: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def _asking(town: Town, plan: Plan) -> AsyncIterator[Asking]:
    asked = Asking()
    async with aiohttp.ClientSession() as http:
        task = asyncio.create_task(_ask(town, http, asked))
        try:
            yield asked
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    for connection in plan.connections:
        if connection not in asked.named:
            asked.troubles.append(f"/health/processing never said that {connection} is down")


async def _ask(town: Town, http: aiohttp.ClientSession, asked: Asking) -> None:
    while True:
        began = time.monotonic()
        await asyncio.sleep(_LOOK_S * 3)
        town.lag_s = max(town.lag_s, time.monotonic() - began - _LOOK_S * 3)
        async with http.get(f"{town.url}/health/accepting") as answer:
            if answer.status != 200:
                asked.troubles.append(f"/health/accepting answered {answer.status}")
        found = await _get(town, http, "/health/processing")
        down = {one["connection"] for one in found.get("down", ())}
        if asked.down in down:
            asked.named.add(asked.down)


async def _get(town: Town, http: aiohttp.ClientSession, path: str) -> Any:
    headers = {"authorization": f"Bearer {town.viewer}"}
    async with http.get(town.url + path, headers=headers) as answer:
        return await answer.json()


async def _outage(town: Town, trade: Trade, plan: Plan, system: str, asked: Asking) -> Outage:
    """Down at five times the load; then up, at the normal load, until what waited has drained."""
    outage = Outage(system)
    down_s = plan.outage_s / plan.factor
    trade.per_s = plan.normal_per_s * plan.times
    if system == CYBERSOURCE:  # their holds end in the middle, their parcels leave before
        old_s = HOLD_LIFE_S - (0.5 * down_s + 1.0) * plan.factor
        trade.sell_old(AGED, old_s, 1.0 + 0.3 * down_s)
        await asyncio.sleep(1.0)
    _say(f"{system} goes down for {down_s:.0f} s")
    asked.down = CONNECTIONS[system]
    await trouble(town.outside, system, down_s, lambda manner: _say(f"  it {manner}"))
    asked.down = ""
    trade.per_s = plan.normal_per_s
    waiting = [row["id"] for row in await town.database.fetch(_WAITING)]
    outage.waited, since, began = len(waiting), time.time(), time.monotonic()
    _say(f"{system} is there again; {outage.waited} runs wait")
    until = began + plan.drain_max_s
    while (left := await _left(town, waiting)) and time.monotonic() < until:
        if outage.predicted_s is None and left <= outage.waited * 2 / 3:
            drain_s = await _told(town, CONNECTIONS[system])
            outage.predicted_s = None if drain_s is None else time.monotonic() - began + drain_s
        await asyncio.sleep(_LOOK_S)
    outage.drained, outage.took_s = outage.waited - left, time.monotonic() - began
    if system in BOOKS:
        outage.places_off = await places_off(town, BOOKS[system], since)
    _say(f"{outage.drained} of them drained in {outage.took_s:.1f} s")
    return outage


async def _told(town: Town, target: str) -> float | None:
    """How long the house says that the backlog of this target will take."""
    async with aiohttp.ClientSession() as http:
        told = await _get(town, http, "/backlog")
    found = [one["drain_s"] for one in told["backlogs"] if one["target"] == target]
    return float(found[0]) if found and found[0] is not None else None


async def _left(town: Town, waiting: list[int]) -> int:
    return int(
        await town.database.fetchval(
            "SELECT count(*) FROM runs WHERE id = ANY ($1) AND state IN ('ready', 'waiting')"
            " AND waits = '{}'",
            waiting,
        )
    )


async def _calm(town: Town, trade: Trade, most_s: float) -> bool:
    """Waits until nothing is under way; what waits for an event or a time is at rest."""
    assert town.world.cybersource is not None, "a town has payments"
    since: float | None = None
    until = time.monotonic() + most_s
    while time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)
        if not trade.is_over or await town.database.fetch(_WAITING):
            since = None
        elif since is None:
            since = time.monotonic()
            await town.world.cybersource.settle()
        elif time.monotonic() - since > _CALM_S:
            return True
    return False


async def _open_work(town: Town) -> list[str]:
    rows = await town.database.fetch(
        "SELECT target, state, waiting_for, count(*) FROM runs WHERE ended_at IS NULL"
        " GROUP BY target, state, waiting_for ORDER BY count(*) DESC LIMIT 10"
    )
    return [" ".join(map(str, row.values())) for row in rows]


async def _untold(town: Town, plan: Plan) -> list[str]:
    """Alerts that had to begin, and did not; or that nobody was told of."""
    begun = await town.database.fetch("SELECT condition, about, title, told FROM alerts")
    found = {(row["condition"], row["about"]) for row in begun}
    wanted = [("gate_closed", name) for name in plan.connections]
    wanted += [("oldest_waiting", name) for name in plan.connections]
    wanted.append(("hold_expiry", "cybersource USD"))
    missing = [
        f"no alert {name} about {about}" for name, about in wanted if (name, about) not in found
    ]
    untold = [f"nobody was told: {row['title']}" for row in begun if CHAT not in row["told"]]
    if town.listener.told.total() < len(begun):
        untold.append(f"{len(begun)} alerts, and {town.listener.told.total()} were heard")
    return missing + untold


def _ended(town: Town) -> list[str]:
    return [f"{name} has ended" for name, child in town.processes.items() if not child.lives]


def _last_words(town: Town) -> str:
    return "\n".join(
        f"{name}: {child.first_trouble() or child.last_words()}"
        for name, child in town.processes.items()
    )


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


__all__ = ["AGED", "TURNS", "WORKERS", "Day", "Outage", "Plan", "play"]
