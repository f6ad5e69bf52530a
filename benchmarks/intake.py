"""What the doors take in: `python -m benchmarks.intake`.

A shop's signed deliveries arrive at a fixed rate, whatever the answers do: each is verified, kept
once and committed with the run it starts before it is answered; one in fifty is sent twice. Then
10,000 come within ten seconds, a thousand at once each time. `tillbridge api` and PostgreSQL are
processes of their own; nobody works on what is kept (intake is independent of that).

SCALE=short|full|long, SEED=7; `--per-s` and `--lasts-s` change the rate.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from campaigns.child import Child
from campaigns.ports import free_port
from campaigns.site import SHOP_SECRET, secrets, write_site

from benchmarks.commits import bare_commits_per_s
from benchmarks.meter import Meter, Spent
from benchmarks.report import end_with
from benchmarks.senders import Answers, send_all
from benchmarks.shipments import Shipment, shipments, shots
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres

HOST = "127.0.0.1"
NOWHERE = "http://127.0.0.1:9"
"""Nobody is called: what is kept is not worked on."""
OUTSIDE: Mapping[str, Mapping[str, str]] = {
    "shop": {"status_url": f"{NOWHERE}/status"},
    "cybersource": {
        "url": NOWHERE,
        "merchant_id": "none",
        "key_id": "none",
        "secret_key": "bm9uZSBub25lIG5vbmUgbm9uZSBub25lIG5vbmUgbm8=",
    },
    "dynamics365": {"url": NOWHERE},
}


@dataclass(frozen=True, slots=True)
class Load:
    """How many a second for how long; then a burst: salvos, and how many in each."""

    per_s: float
    lasts_s: float
    salvos: int
    salvo: int


SCALES = {
    "short": Load(200.0, 3.0, 3, 100),
    "full": Load(1020.0, 30.0, 10, 1000),
    "long": Load(1020.0, 300.0, 10, 1000),
}
WARM_UP = 200
ACCEPTED_LEAST_PER_S = 1000.0
LIMITS = {"p99_ms": 50.0}


@dataclass(frozen=True, slots=True)
class House:
    """What is measured."""

    server: EmbeddedPostgres
    api: Child
    port: int


@dataclass(frozen=True, slots=True)
class Result:
    """The last line."""

    offered_per_s: float
    accepted_per_s: float
    p50_ms: float
    p99_ms: float
    bare_commits_per_s: float
    burst_sent: int
    burst_kept: int
    cpu_ms_per_delivery: float
    fsync: bool
    factor: float
    ok: bool


async def measure(load: Load, seed: int, *, judges_rate: bool) -> Result:
    """Sets everything up, sends, counts what is kept."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-bench-") as folder:
        async with open_house(Path(folder)) as house:
            database = await Database.connect(house.server.dsn, size_max=1)
            try:
                return await _measure(house, database, load, seed, judges_rate=judges_rate)
            finally:
                await database.close()


async def _measure(
    house: House, database: Database, load: Load, seed: int, *, judges_rate: bool
) -> Result:
    durable = await database.durability()
    print("PostgreSQL:", ", ".join(f"{name} {value}" for name, value in durable.items()))
    warm_up = list(shipments(seed, WARM_UP, "warm"))
    await _send(house, warm_up, [number / 100 for number in range(WARM_UP)])
    meter = Meter({"postgres": house.server.pid, "api": house.api.pid, "(senders)": os.getpid()})
    before = meter.read()
    steady = list(shipments(seed, round(load.per_s * load.lasts_s), "steady"))
    _say(f"{len(steady)} deliveries, {load.per_s:g} a second")
    answers = await _send(house, steady, [number / load.per_s for number in range(len(steady))])
    spent = meter.read().since(before)
    burst = list(shipments(seed, load.salvos * load.salvo, "burst", repeated=0))
    _say(f"{load.salvos} salvos of {load.salvo}")
    at_once = await _send(
        house, burst, [float(number // load.salvo) for number in range(len(burst))]
    )
    kept = await _kept(database, "shipped-steady-%")
    burst_kept = await _kept(database, "shipped-burst-%")
    commits = await bare_commits_per_s(house.server.dsn)
    took_s = answers.ended_at - answers.began_at
    accepted_per_s = len(answers.waits_s) / took_s
    p99_ms = _share(answers.waits_s, 0.99) * 1000
    all_kept = kept == _different(steady) and burst_kept == _different(burst)
    _show(answers, at_once, spent, len(steady), took_s)
    return Result(
        offered_per_s=load.per_s,
        accepted_per_s=round(accepted_per_s, 1),
        p50_ms=round(_share(answers.waits_s, 0.5) * 1000, 2),
        p99_ms=round(p99_ms, 2),
        bare_commits_per_s=round(commits, 0),
        burst_sent=_different(burst),
        burst_kept=burst_kept,
        cpu_ms_per_delivery=round(
            (spent["postgres"].both_s + spent["api"].both_s) * 1000 / len(steady), 3
        ),
        fsync=all(value == "on" for value in durable.values()),
        factor=1.0,
        ok=all_kept
        and not answers.others
        and not at_once.others
        and (
            not judges_rate
            or (accepted_per_s >= ACCEPTED_LEAST_PER_S and p99_ms <= LIMITS["p99_ms"])
        ),
    )


async def _send(house: House, sent: Sequence[Shipment], due_s: Sequence[float]) -> Answers:
    return await send_all(HOST, house.port, shots(SHOP_SECRET, sent, due_s))


async def _kept(database: Database, like: str) -> int:
    """Deliveries of which the body, the event and the run it starts are all there."""
    return int(
        await database.fetch_value(
            "SELECT count(*) FROM deliveries AS d"
            " JOIN delivery_bodies AS b USING (source, delivery_id)"
            " JOIN events AS e ON e.source = d.source AND e.event_id = d.delivery_id"
            " JOIN runs AS r ON r.event_number = e.number"
            " WHERE d.delivery_id LIKE $1",
            like,
        )
    )


def _different(sent: Sequence[Shipment]) -> int:
    return sum(not one.is_repeat for one in sent)


@asynccontextmanager
async def open_house(folder: Path) -> AsyncIterator[House]:
    """PostgreSQL and the API over the template's folder, each a process of its own."""
    site = folder / "site"
    write_site(site, "dynamics", OUTSIDE)
    async with EmbeddedPostgres(folder) as server:
        environment = secrets(OUTSIDE) | {
            "TILLBRIDGE_FOLDER": str(site),
            "TILLBRIDGE_DATABASE_URL": server.dsn,
        }
        log, port = folder / "house.log", free_port()
        step = Child("tillbridge.cli.main", ["migrate"], log=log, environment=environment)
        await step.start()
        assert await step.ended() == 0, step.last_words()
        options = ["api", "--port", str(port)]
        api = Child("tillbridge.cli.main", options, log=log, environment=environment)
        await api.start()
        try:
            yield House(server, api, port)
        finally:
            await api.stop()


def _show(
    answers: Answers,
    burst: Answers,
    spent: Mapping[str, Spent],
    count: int,
    took_s: float,
) -> None:
    """CPU by process, answers by verdict, and how long the burst waited."""
    print(f"\n{'ms a delivery':<14}{'all':>8}{'user':>8}{'system':>8}{'of a core':>11}")
    for name, used in spent.items():
        parts = (used.both_s, used.user_s, used.system_s)
        row = "".join(f"{part_s * 1000 / count:>8.3f}" for part_s in parts)
        print(f"{name:<14}{row}{used.both_s / took_s:>11.0%}")
    for name, one in (("steady", answers), ("burst", burst)):
        verdicts = ", ".join(f"{count} {key.decode()}" for key, count in one.verdicts.items())
        others = ", ".join(f"{count} with status {key}" for key, count in one.others.items())
        print(
            f"{name}: {verdicts}{', ' if others else ''}{others};"
            f" p50 {_share(one.waits_s, 0.5) * 1000:.1f} ms,"
            f" p95 {_share(one.waits_s, 0.95) * 1000:.1f} ms,"
            f" most {max(one.waits_s) * 1000:.0f} ms"
        )


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Measures, prints a table and one line of JSON."""
    scale = os.environ.get("SCALE", "full")
    usual = SCALES[scale]
    reader = argparse.ArgumentParser(prog="python -m benchmarks.intake")
    reader.add_argument("--per-s", type=float, default=usual.per_s)
    reader.add_argument("--lasts-s", type=float, default=usual.lasts_s)
    asked = reader.parse_args()
    load = Load(asked.per_s, asked.lasts_s, usual.salvos, usual.salvo)
    seed = int(os.environ.get("SEED", "7"))
    end_with(uvloop.run(measure(load, seed, judges_rate=scale != "short")), LIMITS)


if __name__ == "__main__":
    main()
