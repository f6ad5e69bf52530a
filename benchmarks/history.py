"""How fast the past is found: `python -m benchmarks.history`.

A million stored runs (ten million with SCALE=long), a year of them. The keeper puts them where they
are kept: the last 90 days stay in the working tables, what is older moves to the history by month,
and of that what is older than about half a year goes to files. It comes after each million, the
oldest first, as it would have over the year: ten million in the database take 80 GB.

Then an operator asks the API, one question after the other: for one order's whole history by any id
it has anywhere, wherever it is kept, and for pages of runs by state and order, the first and later
ones. The whole answer over HTTP is waited for.

SCALE=short|full|long, SEED=7; `--stored` and `--asked` change the scale.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import asyncpg
import uvloop
from campaigns.child import Child
from campaigns.ports import free_port

from benchmarks import past
from benchmarks.mill import Mill, mill_at
from benchmarks.report import end_with
from tillbridge.access.operators import Role, add_operator
from tillbridge.assembly import now
from tillbridge.connections.retention import Retention
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.journeys.keep import keep

LIMITS = {"search_p95_ms": 100.0, "list_p95_ms": 100.0}
WARM_UP = 20
KEPT = Retention(runs=90, events=90, notices=90, bodies=90)
IN_DATABASE_DAYS = 160
LIVE = 0.76
"""What is younger than that share of the year is still in the working tables."""
ROUND_S = 20.0
SLICE = 1_000_000
YEAR_DAYS = 365
MONTH_DAYS = 31
"""Runs that are stored before the keeper comes."""


@dataclass(frozen=True, slots=True)
class Size:
    """Runs stored, and how often each kind of question is asked."""

    stored: int
    asked: int


SCALES = {"short": Size(2000, 20), "full": Size(1_000_000, 200), "long": Size(10_000_000, 200)}
Ask = Callable[[random.Random, int], str]

SEARCHES: Mapping[str, Ask] = {
    "by order number": lambda draw, most: f"/history/{past.subject(draw.randint(1, most))}",
    "by another system's id": lambda draw, most: (
        f"/history/{past.reference(draw.randint(1, most))}"
    ),
    "by request id": lambda draw, most: f"/history/{past.request_id(draw.randint(1, most))}",
    "by the shop's key": lambda draw, most: f"/history/try-{draw.randint(1, most)}",
    "by event": lambda draw, most: f"/history/paid-past-{draw.randint(1, most)}",
    "by an effect's key": lambda draw, most: f"/history/{past.effect_key(draw.randint(1, most))}",
    "by run": lambda draw, most: f"/history/run:{draw.randint(1, most)}",
    "story without files": lambda draw, most: f"/trace/{past.subject(draw.randint(1, most))}",
}
LISTS: Mapping[str, Ask] = {
    "newest": lambda _draw, _most: "/runs?limit=50",
    "a later page": lambda draw, most: f"/runs?limit=50&before={_live(draw, most)}",
    "of an order": lambda draw, most: f"/runs?subject={past.subject(draw.randint(1, most))}",
    "done": lambda draw, most: f"/runs?limit=50&state=done&before={_live(draw, most)}",
    "dead": lambda draw, most: f"/runs?limit=50&state=dead&before={_live(draw, most)}",
    "cancelled": lambda _draw, _most: "/runs?limit=50&state=cancelled",
    "waiting": lambda _draw, _most: "/runs?limit=50&state=waiting",
    "dead letters": lambda _draw, _most: "/dead-letters?also_resolved=true&limit=50",
    "months": lambda _draw, _most: "/archive",
}


def _live(draw: random.Random, most: int) -> int:
    """The number of a run that is still in the working tables."""
    return draw.randint(int(most * LIVE) + 1, most)


@dataclass(frozen=True, slots=True)
class Tiers:
    """Where the runs are by now, and how fast they came there, each second."""

    live: int
    history: int
    files: int
    moved_per_s: float
    archived_per_s: float
    files_mb: float


@dataclass(frozen=True, slots=True)
class Result:
    """The last line; each p95 is that of the slowest kind of question."""

    runs_stored: int
    search_p95_ms: float
    list_p95_ms: float
    stored_gb: float
    runs_live: int
    runs_in_history: int
    runs_in_files: int
    moved_per_s: float
    archived_per_s: float
    files_mb: float
    fsync: bool
    factor: float
    ok: bool


async def measure(size: Size, seed: int) -> Result:
    """Stores the past, asks, and judges."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(EmbeddedPostgres(folder))
            mill = await stack.enter_async_context(mill_at(server, folder))
            tiers = await _settle(mill, size.stored)
            async with mill.house.database.connection() as tx:
                token = await add_operator(tx, "bench", Role.VIEWER)
            port = free_port()
            api = Child(
                "benchmarks.stub_worker",
                ["api", "--port", str(port)],
                log=folder / "api.log",
                environment=mill.environment,
            )
            await api.start()
            stack.push_async_callback(api.stop)
            slowest = await _ask_all(f"http://127.0.0.1:{port}", token.value, size, seed)
            durable = await mill.house.database.durability()
            stored_bytes = await mill.house.database.fetch_value(
                "SELECT pg_database_size(current_database())"
            )
    return Result(
        runs_stored=size.stored,
        search_p95_ms=round(slowest["search"], 2),
        list_p95_ms=round(slowest["list"], 2),
        stored_gb=round(stored_bytes / 1e9, 2),
        runs_live=tiers.live,
        runs_in_history=tiers.history,
        runs_in_files=tiers.files,
        moved_per_s=round(tiers.moved_per_s),
        archived_per_s=round(tiers.archived_per_s),
        files_mb=round(tiers.files_mb, 1),
        fsync=all(value == "on" for value in durable.values()),
        factor=1.0,
        ok=slowest["search"] <= LIMITS["search_p95_ms"]
        and slowest["list"] <= LIMITS["list_p95_ms"],
    )


async def _settle(mill: Mill, stored: int) -> Tiers:
    """The keeper does what it would have done over the year, without its rests."""
    root = mill.site / KEPT.archive
    moving_s = archiving_s = 0.0
    for first in range(1, stored + 1, SLICE):
        last = min(first + SLICE - 1, stored)
        began = time.monotonic()
        await past.store(mill.dsn, stored, first, last)
        _say(f"{last} of {stored} runs stored, the last in {time.monotonic() - began:.0f} s")
        moving_s += await _move(mill, root)
        archiving_s += await _archive(mill, root, (stored - last) * YEAR_DAYS // stored)
    live, left = await mill.house.database.fetch_row(
        "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM past WHERE kind = 'run')"
    ) or (0, 0)
    moved, archived = stored - live, stored - live - left
    _say(f"moved in {moving_s:.0f} s, archived in {archiving_s:.0f} s")
    connection = await asyncpg.connect(mill.dsn)
    await connection.execute("VACUUM ANALYZE", timeout=3600)
    await connection.close()
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    return Tiers(live, left, archived, moved / moving_s, archived / archiving_s, size / 1e6)


async def _move(mill: Mill, root: Path) -> float:
    """Seconds that the keeper took to move what is too old for the working tables."""
    began = time.monotonic()
    keeps_all = replace(KEPT, database=3650)
    while not (await keep(mill.house.database, keeps_all, root, now(), ROUND_S, rests=0)).is_done:
        _say(f"moving for {time.monotonic() - began:.0f} s")
    return time.monotonic() - began


async def _archive(mill: Mill, root: Path, youngest_days: int) -> float:
    """Seconds that the keeper took to archive the months that are old enough, of those to which
    nothing younger than this will be added."""
    began = time.monotonic()
    days = max(IN_DATABASE_DAYS, youngest_days + MONTH_DAYS)
    await keep(mill.house.database, replace(KEPT, database=days), root, now(), ROUND_S, rests=0)
    return time.monotonic() - began


async def _ask_all(url: str, token: str, size: Size, seed: int) -> dict[str, float]:
    """The largest p95 in milliseconds of searches and of lists, and a table of all of them."""
    draw = random.Random(seed)  # noqa: S311 (questions, not a secret)
    headers = {"authorization": f"Bearer {token}"}
    slowest = {"search": 0.0, "list": 0.0}
    print(f"\n{'ms':<32}{'p50':>8}{'p95':>8}{'most':>8}")
    async with aiohttp.ClientSession(url, headers=headers) as session:
        for group, questions in (("search", SEARCHES), ("list", LISTS)):
            for name, ask in questions.items():
                waits = [
                    await _ask(session, ask(draw, size.stored)) for _ in range(size.asked + WARM_UP)
                ][WARM_UP:]
                waits.sort()
                p95 = waits[int(len(waits) * 0.95)]
                slowest[group] = max(slowest[group], p95)
                row = "".join(f"{ms:>8.1f}" for ms in (waits[len(waits) // 2], p95, waits[-1]))
                print(f"{f'{group}: {name}':<32}{row}")
    return slowest


async def _ask(session: aiohttp.ClientSession, path: str) -> float:
    """Milliseconds until the whole answer is there."""
    began = time.perf_counter()
    async with session.get(path) as answer:
        body = await answer.read()
    assert answer.status == 200, f"{path}: {answer.status} {body[:300]!r}"
    return (time.perf_counter() - began) * 1000


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    usual = SCALES[os.environ.get("SCALE", "full")]
    reader = argparse.ArgumentParser(prog="python -m benchmarks.history")
    reader.add_argument("--stored", type=int, default=usual.stored)
    reader.add_argument("--asked", type=int, default=usual.asked)
    asked = reader.parse_args()
    size = Size(asked.stored, asked.asked)
    end_with(uvloop.run(measure(size, int(os.environ.get("SEED", "7")))), LIMITS)


if __name__ == "__main__":
    main()
