"""What one order costs from checkout to capture: `python -m benchmarks.order_to_cash`.

The mix: one ERP (Dynamics 365), three lines, 5 % declined, checkout + fulfilment + 2 webhooks an
order; a gateway with median 1.2 s, p99 8 s and 1 % of its answers lost; shoppers come at a fixed
rate, about 100 are in flight. The API, a worker and PostgreSQL are measured; the simulators and
the load run apart.

SCALE=short|full|long, SEED=7; `--orders`, `--per-s` and `--lost` change the scale.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from campaigns.child import Child
from campaigns.ports import free_port
from campaigns.site import SHOP_SECRET, secrets, write_site

from benchmarks.commits import bare_commits_per_s
from benchmarks.meter import Meter, Spent
from benchmarks.report import end_with
from benchmarks.shoppers import Bought, Crowd, purchases
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres


@dataclass(frozen=True, slots=True)
class Load:
    """How many come, how many a second, and which share of the gateway's answers is lost."""

    orders: int
    per_s: float
    lost: float = 0.01


SCALES = {"short": Load(150, 60.0), "full": Load(3000, 60.0), "long": Load(20_000, 60.0)}
"""A shopper is 1.7 s at the till on the average: at 60 a second a hundred are there at once."""
WARM_UP = 20
UNLIMITED = "{requests: 0, busy: 0, at_once: 0}"
"""What is measured is ours: a real organization takes 20 requests a second of one user."""
QUIET_TIMEOUT_S = 240.0
"""A lost answer is settled after about 70 s; some lose a second one."""
FACTOR = 1.0
TARGETS = {"cpu_ms_per_order": 10.0, "authorize_added_p99_ms": 50.0, "event_to_order_p95_ms": 2000}


@dataclass(frozen=True, slots=True)
class Town:
    """Everything that runs, and where its files are."""

    server: EmbeddedPostgres
    dsn: str
    gateway: Child
    api: Child
    worker: Child
    crowd: Crowd
    outside: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """The last line. Milliseconds and seconds of the real clock (`factor` 1)."""

    orders: int
    cpu_ms_per_order: float
    runs_per_s: float
    bare_commits_per_s: float
    authorize_added_p50_ms: float
    authorize_added_p99_ms: float
    event_to_order_p95_ms: float
    peak_rss_mb: float
    fsync: bool
    factor: float
    ok: bool


async def measure(load: Load, seed: int) -> Result:
    """Sets everything up, lets the crowd come, and judges; SIGTERM stops and clears up."""
    this = asyncio.current_task()
    assert this is not None, "it runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as folder:
        async with open_town(Path(folder), seed, load) as town:
            return await _measure(town, seed, load)


async def _measure(town: Town, seed: int, load: Load) -> Result:
    count = load.orders
    database = await Database.connect(town.dsn, size_max=1)
    durable = await database.durability()
    print("PostgreSQL:", ", ".join(f"{name} {value}" for name, value in durable.items()))
    wanted = purchases(seed, count + WARM_UP)
    await town.crowd.come(wanted[:WARM_UP], load.per_s)
    await _quiet(database, town)
    town.crowd.bought.clear()
    meter = Meter({"postgres": town.server.pid, "worker": town.worker.pid, "api": town.api.pid})
    others = Meter({"(simulators)": town.gateway.pid, "(crowd)": os.getpid()})
    began, before, others_before = time.monotonic(), meter.read(), others.read()
    watching = asyncio.create_task(_watch(town, meter, began))
    ended_before = await _ended_runs(database)
    arriving = asyncio.create_task(town.crowd.come(wanted[WARM_UP:], load.per_s))
    await asyncio.sleep(count / load.per_s)
    runs_ended, busy_s = await _ended_runs(database) - ended_before, time.monotonic() - began
    busy = meter.read().since(before) | others.read().since(others_before)
    await arriving
    await _quiet(database, town)
    spent, apart = meter.read().since(before), others.read().since(others_before)
    watching.cancel()
    commits = await bare_commits_per_s(town.dsn)
    added = await _added_ms(town)
    waits = await _event_to_order_ms(town)
    await database.close()
    _show_cpu(busy, spent | apart, count, busy_s)
    values = {
        "cpu_ms_per_order": sum(used.both_s for used in spent.values()) * 1000 / count,
        "authorize_added_p99_ms": _share(added, 0.99),
        "event_to_order_p95_ms": _share(waits, 0.95),
    }
    paid = sum(order.order.paid == order.order.total for order in town.crowd.bought)
    settled = _settled(town.crowd.bought)
    print(
        f"{count} orders, {paid} paid in full, {len(settled)} as they should be;"
        f" at most {town.crowd.in_flight_most} shoppers at once"
    )
    return Result(
        orders=count,
        cpu_ms_per_order=round(values["cpu_ms_per_order"], 2),
        runs_per_s=round(runs_ended / busy_s, 1),
        bare_commits_per_s=round(commits, 0),
        authorize_added_p50_ms=round(_share(added, 0.5), 2),
        authorize_added_p99_ms=round(values["authorize_added_p99_ms"], 2),
        event_to_order_p95_ms=round(values["event_to_order_p95_ms"], 1),
        peak_rss_mb=round(meter.rss_peak_bytes / 1e6, 1),
        fsync=all(value == "on" for value in durable.values()),
        factor=FACTOR,
        ok=len(settled) == count and all(values[name] <= most for name, most in TARGETS.items()),
    )


@contextlib.asynccontextmanager
async def open_town(folder: Path, seed: int, load: Load) -> AsyncIterator[Town]:
    """PostgreSQL, simulators, API and worker, each a process of its own."""
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(EmbeddedPostgres(folder))
        port = free_port()
        api_url = f"http://127.0.0.1:{port}"
        settings = {"webhooks": f"{api_url}/doors/cybersource", "lost": load.lost, "seed": seed}
        gateway = Child(
            "benchmarks.gateway", [json.dumps(settings)], log=folder / "gateway.log", environment={}
        )
        outside = json.loads(await gateway.start())
        stack.push_async_callback(gateway.stop)
        tokens = await _mint(outside["cybersource"]["url"], load.orders + WARM_UP)
        crowd = Crowd(api_url, SHOP_SECRET, tokens)
        await crowd.shop.start()
        stack.push_async_callback(crowd.shop.stop)
        outside["shop"] = {"status_url": crowd.shop.status_url}
        outside["dynamics365"]["limits"] = UNLIMITED
        site = folder / "site"
        write_site(site, "dynamics", outside)
        environment = secrets(outside) | {
            "TILLBRIDGE_FOLDER": str(site),
            "TILLBRIDGE_DATABASE_URL": server.dsn,
        }

        def command(name: str, *options: str) -> Child:
            log = folder / f"{name}.log"
            return Child("tillbridge.cli.main", [name, *options], log=log, environment=environment)

        for name in ("migrate", "provision"):
            step = command(name)
            await step.start()
            assert await step.ended() == 0, step.last_words()
        api, worker = command("api", "--port", str(port)), command("worker")
        for child in (api, worker):
            await child.start()
            stack.push_async_callback(child.stop)
        yield Town(server, server.dsn, gateway, api, worker, crowd, outside)


async def _mint(url: str, count: int) -> dict[str, list[str]]:
    """Tokens in advance, so that no shopper is timed while he gets one; lost tries need more."""
    tokens: dict[str, list[str]] = {"authorized": [], "processor_declined": []}
    async with aiohttp.ClientSession() as session:
        for outcome, made in tokens.items():
            for _ in range(count + count // 10 + 10):
                async with session.post(
                    f"{url}/_simulator/tokens", json={"outcome": outcome}
                ) as answer:
                    made.append((await answer.json())["token"])
    return tokens


async def _quiet(database: Database, town: Town) -> None:
    """Waits until no run is open and every parcel is on its way, or nothing helps."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_TIMEOUT_S):
            open_runs = 1
            while town.crowd.shop.is_busy or open_runs:
                await asyncio.sleep(0.5)
                open_runs = await database.fetch_value(
                    "SELECT count(*) FROM runs WHERE ended_at IS NULL"
                )


async def _ended_runs(database: Database) -> int:
    return int(await database.fetch_value("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL"))


async def _watch(town: Town, meter: Meter, began: float) -> None:
    """Progress, and the peak of memory."""
    while True:
        await asyncio.sleep(2)
        meter.look_at_memory()
        crowd = town.crowd
        print(
            f"{time.monotonic() - began:5.0f} s: {len(crowd.bought)} answered,"
            f" {crowd.in_flight} in flight",
            file=sys.stderr,
        )


async def _added_ms(town: Town) -> list[float]:
    """What we added to the gateway's own time, for authorizations that were answered at once.

    Declined ones have no id by which the gateway's log could be asked for them.
    """
    took = {
        row["facts"]["about"]: row["facts"]["took_s"]
        for row in await _log(town.outside["cybersource"]["url"])
        if row["kind"] == "answered" and row["facts"]["operation"] == "authorization"
    }
    added = []
    for bought in town.crowd.bought:
        attempts = bought.order.attempts
        if len(attempts) == 1 and attempts[0].answers == [200]:
            own_s = took.get(attempts[0].transaction_id)
            if own_s is not None and attempts[0].transaction_id:
                added.append((bought.checkout_s - own_s) * 1000)
    return added


async def _event_to_order_ms(town: Town) -> list[float]:
    """From the moment the gateway held the money to the moment the ERP had the sales order."""
    held = {
        row["facts"]["order"]: row["at"]
        for row in await _log(town.outside["cybersource"]["url"])
        if row["kind"] == "authorization"
    }
    measured = {bought.order.number for bought in town.crowd.bought}
    return [
        (row["at"] - held[row["facts"]["order_number"]]) * 1000
        for row in await _log(town.outside["dynamics365"]["url"])
        if row["kind"] == "sales_order" and row["facts"]["order_number"] in measured
    ]


async def _log(url: str) -> list[dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/_simulator/log", timeout=aiohttp.ClientTimeout(120)) as answer,
    ):
        rows: list[dict[str, Any]] = await answer.json()
    return [row if "facts" in row else {**row, "facts": row} for row in rows]


def _settled(bought: list[Bought]) -> list[Bought]:
    """Paid in full where the card was good, not at all where it was declined."""
    return [
        one
        for one in bought
        if one.order.paid == (one.order.total if one.order.purchase.cards[0] == "authorized" else 0)
    ]


def _show_cpu(
    busy: Mapping[str, Spent], spent: Mapping[str, Spent], count: int, busy_s: float
) -> None:
    """By process, until the last order was settled; and the part of a core while orders came."""
    print(f"\n{'ms an order':<12}{'all':>8}{'user':>8}{'system':>8}{'of a core':>11}")
    for name, used in spent.items():
        parts = (used.both_s, used.user_s, used.system_s)
        row = "".join(f"{part_s * 1000 / count:>8.2f}" for part_s in parts)
        print(f"{name:<12}{row}{busy[name].both_s / busy_s:>11.0%}")


def _share(values: list[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    usual = SCALES[os.environ.get("SCALE", "full")]
    reader = argparse.ArgumentParser(prog="python -m benchmarks.order_to_cash")
    reader.add_argument("--orders", type=int, default=usual.orders)
    reader.add_argument("--per-s", type=float, default=usual.per_s)
    reader.add_argument("--lost", type=float, default=usual.lost)
    given = reader.parse_args()
    load = Load(given.orders, given.per_s, given.lost)
    result = uvloop.run(measure(load, int(os.environ.get("SEED", "7"))))
    end_with(result, TARGETS)


if __name__ == "__main__":
    main()
