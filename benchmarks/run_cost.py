"""What a run of six durable steps costs, beside DBOS: `python -m benchmarks.run_cost`.

Two local steps (a notice each), two reads, two writes to a stub in the same process. Ours is a
flow's text (benchmarks/stub.py), brought as events and run by one `tillbridge worker`; DBOS runs
the same acts (benchmarks/acts.py) as steps of a workflow, with default settings, on the same
PostgreSQL. CPU of PostgreSQL and of every program that brings or runs is counted, in turns.

SCALE=short|full|long; `--runs` changes the scale. Short leaves DBOS out.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import dbos_peer
from benchmarks.meter import Meter, Spent
from benchmarks.mill import Mill, make_database, open_mill
from benchmarks.report import end_with
from tillbridge.database.embedded import EmbeddedPostgres

ROUNDS = 3
WARM_UP = 200
AT_ONCE = 100
"""Runs at a time: a worker's turns at one target, and DBOS's workflows."""
SCALES = {"short": 100, "full": 1500, "long": 10_000}
CPU_MOST_MS = 3.0
RATIO_LEAST = 8.0


@dataclass(frozen=True, slots=True)
class Result:
    """The last line; None where DBOS was left out or could not be installed."""

    runs: int
    cpu_ms_per_run: float
    dbos_cpu_ms_per_run: float | None
    ratio: float | None
    runs_per_s: float
    dbos_runs_per_s: float | None
    profile: str
    fsync: bool
    factor: float
    ok: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What some of our runs took."""

    runs: int
    done: int
    took_s: float
    spent: Mapping[str, Spent]

    @property
    def cpu_ms_per_run(self) -> float:
        return sum(used.both_s for used in self.spent.values()) * 1000 / self.runs


async def measure(runs: int, *, beside_dbos: bool) -> Result:
    """Rounds of ours and of DBOS in turn; of each the cheapest round counts."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as folder:
        async with open_mill(Path(folder)) as mill:
            await mill.work(1)
            await mill.bring("warm", WARM_UP)
            await mill.all_done()
            ours: list[Round] = []
            peers: list[dbos_peer.Peer] = []
            why_not = "" if beside_dbos else "left out (SCALE=short)"
            for number in range(ROUNDS if beside_dbos else 1):
                ours.append(await _round(mill, f"round{number}", runs))
                _say(f"ours: {ours[-1].cpu_ms_per_run:.2f} ms a run")
                if not why_not:
                    try:
                        peers.append(await _peer(mill.server, number, max(runs // 3, 100)))
                        _say(f"DBOS: {peers[-1].cpu_ms_per_run:.2f} ms a run")
                    except dbos_peer.NotInstalledError as error:
                        why_not = f"not installed: {error}"
            durable = await mill.house.database.durability()
    if why_not:
        print(f"DBOS {why_not}")
    best = min(ours, key=lambda one: one.cpu_ms_per_run)
    peer = min(peers, key=lambda one: one.cpu_ms_per_run) if peers else None
    _show(best, peer)
    ratio = peer.cpu_ms_per_run / best.cpu_ms_per_run if peer else None
    return Result(
        runs=sum(one.runs for one in ours),
        cpu_ms_per_run=round(best.cpu_ms_per_run, 3),
        dbos_cpu_ms_per_run=round(peer.cpu_ms_per_run, 2) if peer else None,
        ratio=round(ratio, 2) if ratio else None,
        runs_per_s=round(best.runs / best.took_s, 1),
        dbos_runs_per_s=round(peer.runs / peer.took_s, 1) if peer else None,
        profile=_profile(best),
        fsync=all(value == "on" for value in durable.values()),
        factor=1.0,
        ok=all(one.done == one.runs for one in ours)
        and (
            not beside_dbos
            or (ratio is not None and ratio >= RATIO_LEAST and best.cpu_ms_per_run <= CPU_MOST_MS)
        ),
    )


async def _round(mill: Mill, name: str, runs: int) -> Round:
    pids = {"postgres": mill.server.pid, "worker": mill.workers[0].pid, "bringer": os.getpid()}
    meter = Meter(pids)
    before, began = meter.read(), time.monotonic()
    await mill.bring(name, runs)
    await mill.all_done()
    took_s, spent = time.monotonic() - began, meter.read().since(before)
    done = await mill.done(name)
    return Round(runs, done, took_s, spent)


async def _peer(server: EmbeddedPostgres, number: int, runs: int) -> dbos_peer.Peer:
    name = f"dbos_{number}"
    await make_database(server, name)
    return await dbos_peer.run(server.dsn_of(name), server.pid, runs, AT_ONCE)


def _profile(best: Round) -> str:
    """Where the time goes, in a sentence."""
    parts = []
    for name, used in sorted(best.spent.items(), key=lambda item: -item[1].both_s):
        ms, kernel = used.both_s * 1000 / best.runs, used.system_s / max(used.both_s, 1e-9)
        parts.append(f"{name} {ms:.2f} ms ({kernel:.0%} of it in the kernel)")
    return ", ".join(parts)


def _show(best: Round, peer: dbos_peer.Peer | None) -> None:
    print(f"\n{'ms a run':<12}{'all':>8}{'user':>8}{'system':>8}")
    for name, used in best.spent.items():
        parts = (used.both_s, used.user_s, used.system_s)
        print(f"{name:<12}" + "".join(f"{part_s * 1000 / best.runs:>8.3f}" for part_s in parts))
    if peer is not None:
        for name, part_s in (("postgres", peer.postgres_s), ("program", peer.program_s)):
            print(f"DBOS: {name:<12}{part_s * 1000 / peer.runs:>8.2f}")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    scale = os.environ.get("SCALE", "full")
    reader = argparse.ArgumentParser(prog="python -m benchmarks.run_cost")
    reader.add_argument("--runs", type=int, default=SCALES[scale])
    asked = reader.parse_args()
    result = uvloop.run(measure(asked.runs, beside_dbos=scale != "short"))
    end_with(result, {"cpu_ms_per_run": CPU_MOST_MS})


if __name__ == "__main__":
    main()
