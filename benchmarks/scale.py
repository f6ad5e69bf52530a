"""Whether runs cost more when many are stored, and what a second worker adds.

`python -m benchmarks.scale`: the six-step run of benchmarks/stub.py over a database with ten
thousand stored runs, and over one with a million, in turns on one PostgreSQL; then a backlog is
worked off by one worker, and by two.

SCALE=short|full|long; `--stored` and `--runs` change the scale.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.meter import Meter, Spent
from benchmarks.mill import Mill, mill_at
from benchmarks.past import store
from benchmarks.report import end_with
from tillbridge.database.embedded import EmbeddedPostgres

ROUNDS = 4
WARM_UP = 300
GROWTH_MOST = 0.10
BACKLOG_SETTLES_S = 0.5


@dataclass(frozen=True, slots=True)
class Size:
    """Runs stored in the small and in the large database, and runs a round."""

    few: int
    many: int
    runs: int


SCALES = {
    "short": Size(100, 2000, 100),
    "full": Size(10_000, 1_000_000, 1500),
    "long": Size(10_000, 10_000_000, 5000),
}


@dataclass(frozen=True, slots=True)
class Result:
    """The last line; `many` is how many runs are stored where the key says 1m."""

    cpu_ms_per_run_10k: float
    cpu_ms_per_run_1m: float
    growth: float
    workers_1_per_s: float
    workers_2_per_s: float
    few: int
    many: int
    fsync: bool
    factor: float
    ok: bool


async def measure(size: Size, *, judges: bool) -> Result:
    """Fills both databases, then measures them in turns."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(EmbeddedPostgres(folder))
            few = await stack.enter_async_context(mill_at(server, folder, "few"))
            many = await stack.enter_async_context(mill_at(server, folder, "many"))
            for mill, stored in ((few, size.few), (many, size.many)):
                began = time.monotonic()
                await store(mill.dsn, stored)
                _say(f"{stored} runs stored in {time.monotonic() - began:.0f} s")
            costs = await _costs((few, many), size.runs)
            one = await _worked_off(many, "one", size.runs * 2, 1)
            two = await _worked_off(many, "two", size.runs * 2, 2)
            durable = await many.house.database.durability()
    cheapest = [min(found) for found in costs]
    growth = cheapest[1] / cheapest[0] - 1
    return Result(
        cpu_ms_per_run_10k=round(cheapest[0], 3),
        cpu_ms_per_run_1m=round(cheapest[1], 3),
        growth=round(growth, 3),
        workers_1_per_s=round(one, 1),
        workers_2_per_s=round(two, 1),
        few=size.few,
        many=size.many,
        fsync=all(value == "on" for value in durable.values()),
        factor=1.0,
        ok=not judges or growth <= GROWTH_MOST,
    )


async def _costs(mills: Sequence[Mill], runs: int) -> list[list[float]]:
    """Milliseconds of CPU a run, by database and round; the order changes from round to round."""
    for mill in mills:
        await mill.work(1)
        await mill.bring("warm", WARM_UP)
        await mill.all_done()
    costs: list[list[float]] = [[] for _ in mills]
    for number in range(ROUNDS):
        turns = list(enumerate(mills))
        for which, mill in turns if number % 2 else reversed(turns):
            spent = await _round(mill, f"round{number}", runs)
            costs[which].append(sum(used.both_s for used in spent.values()) * 1000 / runs)
            parts = ", ".join(f"{k} {v.both_s * 1000 / runs:.2f}" for k, v in spent.items())
            _say(f"{mill.site.name}: {costs[which][-1]:.2f} ms a run ({parts})")
    for mill in mills:
        await mill.rest()
    return costs


async def _round(mill: Mill, name: str, runs: int) -> Mapping[str, Spent]:
    pids = {"postgres": mill.server.pid, "worker": mill.workers[0].pid, "bringer": os.getpid()}
    meter = Meter(pids)
    before = meter.read()
    await mill.bring(name, runs)
    await mill.all_done()
    spent = meter.read().since(before)
    assert await mill.done(name) == runs, "every run is done with all its steps"
    return spent


async def _worked_off(mill: Mill, name: str, runs: int, workers: int) -> float:
    """Runs a second, from the first that ended to the last; all waited before anybody worked."""
    await mill.bring(name, runs)
    await asyncio.sleep(BACKLOG_SETTLES_S)
    await mill.work(workers)
    await mill.all_done()
    await mill.rest()
    took_s = await mill.house.database.fetch_value(
        "SELECT extract(epoch FROM max(ended_at) - min(ended_at))::float8 FROM runs"
        " WHERE subject LIKE $1",
        f"{name}-%",
    )
    per_s: float = (runs - 1) / took_s
    _say(f"{workers} working: {per_s:.0f} runs a second")
    return per_s


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    scale = os.environ.get("SCALE", "full")
    usual = SCALES[scale]
    reader = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    reader.add_argument("--stored", type=int, default=usual.many)
    reader.add_argument("--runs", type=int, default=usual.runs)
    asked = reader.parse_args()
    size = Size(usual.few, asked.stored, asked.runs)
    result = uvloop.run(measure(size, judges=scale != "short"))
    end_with(result, {"growth": GROWTH_MOST})


if __name__ == "__main__":
    main()
