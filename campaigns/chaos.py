"""Everything goes wrong at once: `python -m campaigns.chaos`.

20,000 orders, one in ten for Sage Pro and the rest for Dynamics 365, through one API and four
workers, while a seed decides what is killed, stalled, cut, delayed, down, late, lost or told twice,
and clerks edit and replay at random. When all is at rest, the simulators' own auditor judges every
order, to the cent.

SCALE=short (a few hundred orders), full or long; SEED=7; PLANT=name plants that defect in a short
town and must end with `ok` false, PLANT=all tries each one; with `--sound` the plant's town stays
without it, and must hold. `--orders` and `--at-most` change the crowd.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvloop

from campaigns.asked import asked, parser
from campaigns.chaos_plants import CHAOS_PLANTS, TOWNS
from campaigns.chaos_town import FACTOR, WORKERS, Ending, Plan, Town
from campaigns.house import prepare_nursery
from campaigns.misfortunes import ONE_OF_EACH, ROUND
from campaigns.site import secrets
from campaigns.two_books import PREFIXES
from tillbridge.database import cluster
from tillbridge_simulators.auditor import KEYS, judge
from tillbridge_simulators.auditor_evidence import Evidence, Testimony, evidence_of
from tillbridge_simulators.cybersource import Options

SCALES = {
    "short": Plan(240, 120, 13, 1.0, 45.0, ONE_OF_EACH, roughness=2.0),
    "full": Plan(20_000, 150, 60, 3.0, 120.0, ROUND),
    "long": Plan(200_000, 150, 60, 5.0, 300.0, ROUND),
}
CAPTURED_SHARE = 0.5
"""Of all orders; some are declined, cancelled, or turned away while Cybersource is down."""
SENTENCES_MAX = 60
STORIES_MAX = 3
CONNECTIONS_MAX = "200"


@dataclass
class Verdict:
    """What a town comes to; `sentences` say what must not be, `hurt` of which orders."""

    orders: int = 0
    captured: int = 0
    hurt: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(KEYS, 0)))
    sentences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.sentences and not any(self.counts.values())

    @property
    def was_trade(self) -> bool:
        """Whether it shows anything: who is turned away cannot be wronged."""
        return self.captured >= CAPTURED_SHARE * self.orders


def judged(ending: Ending) -> Verdict:
    """Every order by the auditor, each by the ERP it belongs to; nothing may be left open."""
    found = Verdict()
    whole = evidence_of(ending.world)
    for evidence in (_part(whole, prefix) for prefix in PREFIXES.values()):
        verdict = judge(evidence)
        found.orders += verdict.orders
        found.counts.update(verdict.counts)
        found.sentences += [str(finding) for finding in verdict.findings]
        found.hurt += dict.fromkeys(finding.order for finding in verdict.findings)
    holds = whole.cybersource.state["holds"].values()
    found.captured = sum(any(Decimal(row["captured"]) > 0 for row in rows) for rows in holds)
    found.counts["unknown_without_owner"] += ending.ownerless
    if not ending.calm and not found.counts["stuck"]:
        found.counts["stuck"] += max(1, len(ending.left))
    if not ending.calm:
        found.sentences += [
            "Not everything came to rest.",
            *(f"open: {one}" for one in ending.left),
        ]
    return found


def _part(whole: Evidence, prefix: str) -> Evidence:
    """The evidence about the orders of one ERP. What that ERP has is heard whole: an order that
    is not its own is then one without a shop and without a payment."""
    payments, shop = whole.cybersource, whole.shop
    holds = {
        number: rows
        for number, rows in payments.state["holds"].items()
        if number.startswith(prefix)
    }
    orders = {
        number: order for number, order in shop.state["orders"].items() if number.startswith(prefix)
    }
    return Evidence(
        cybersource=Testimony(
            tuple(
                entry
                for entry in payments.entries
                if str(entry.facts.get("order", "")).startswith(prefix)
            ),
            {**payments.state, "holds": holds},
        ),
        shop=Testimony(
            tuple(
                entry
                for entry in shop.of("delivery", "delivery_lost")
                if str(entry.facts["order_number"]).startswith(prefix)
            ),
            {**shop.state, "orders": orders},
        ),
        dynamics365=whole.dynamics365 if prefix == PREFIXES["dynamics"] else None,
        sagepro=whole.sagepro if prefix == PREFIXES["sage"] else None,
    )


async def play(plan: Plan) -> tuple[Ending, Verdict]:
    """One town from its foundation to the auditor."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-chaos-") as folder:
        async with Town(plan, Path(folder)) as town:
            ending = await town.play()
            verdict = judged(ending)
            for order in verdict.hurt[:STORIES_MAX]:
                print("\n".join(await town.story(order)), file=sys.stderr, flush=True)
            _keep_logs(Path(folder))
            return ending, verdict


async def run(plan: Plan, plant: str, *, sound: bool = False) -> dict[str, Any]:
    """The whole campaign; answers the last line. `sound`: the plant's town without the plant."""
    this = asyncio.current_task()
    assert this is not None, "it runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    plants = caught = 0
    town = plan if plant in ("", "all") else _planted(plan, plant)
    ending, verdict = await play(replace(town, plant="") if sound else town)
    _show(ending, verdict)
    if plant == "all":
        plants, caught = await _every_plant(plan)
    elif plant and not sound:
        plants, caught = 1, int(not verdict.ok)
    return {
        "orders": verdict.orders,
        "captured": verdict.captured,
        "workers": WORKERS,
        "kills": ending.kills,
        "faults": ending.faults + ending.cut,
        "dead_letters": len(ending.letters),
        **verdict.counts,
        "plants": plants,
        "plants_caught": caught,
        "fsync": all(value == "on" for value in ending.durable.values()),
        "factor": FACTOR,
        "seed": plan.seed,
        "ok": verdict.ok and plants == caught and (bool(plant) or verdict.was_trade),
    }


async def _every_plant(plan: Plan) -> tuple[int, int]:
    """How many plants there are, and how many break a promise."""
    caught = 0
    for name in CHAOS_PLANTS:
        _, verdict = await play(_planted(plan, name))
        broken = {key: count for key, count in verdict.counts.items() if count}
        caught += not verdict.ok
        word = "NOT CAUGHT" if verdict.ok else "caught"
        why = ", ".join(f"{key} {count}" for key, count in broken.items()) or "no trace"
        print(f"{word:<11}{name:<24}{CHAOS_PLANTS[name].title}: {why}", flush=True)
    return len(CHAOS_PLANTS), caught


def _planted(plan: Plan, plant: str) -> Plan:
    """The town that this plant must break."""
    return replace(plan, plant=plant, **TOWNS.get(plant, {}))


def _keep_logs(folder: Path) -> None:
    """What the processes said, where somebody wants to look into what went wrong."""
    kept = os.environ.get("CHAOS_LOGS", "")
    if not kept:
        return
    for name in ("api", "worker"):
        with contextlib.suppress(FileNotFoundError):
            Path(kept, f"{name}.log").write_bytes((folder / f"{name}.log").read_bytes())


def _show(ending: Ending, verdict: Verdict) -> None:
    """A table for people."""
    print(
        f"\n{verdict.orders} orders ({verdict.captured} captured) in {ending.trade_s:.0f} s,"
        f" at rest {ending.drain_s:.0f} s later; {ending.kills} processes killed,"
        f" {ending.cut} connections cut, {ending.faults} faults outside,"
        f" {len(ending.letters)} dead letters"
    )
    for name, count in sorted(ending.done.items()):
        print(f"  {name:<40}{count:>6}")
    did = ", ".join(f"{what} {count}" for what, count in sorted(ending.clerks.items()))
    print(f"  the clerks: {did}")
    ended = ", ".join(f"{status}: {count}" for status, count in ending.statuses.items())
    print(f"  processes ended by themselves or by force: {ended}")
    kinds = Counter(" ".join(letter.split()[1:4]) for letter in ending.letters)
    for letter, count in kinds.most_common(10):
        print(f"  dead letters: {letter:<50}{count:>6}")
    for key, count in verdict.counts.items():
        print(f"  {key:<24}{count:>6}")
    for sentence in verdict.sentences[:SENTENCES_MAX]:
        print(f"  {sentence}")


def main() -> None:
    """Runs the campaign; prints a table and one line of JSON."""
    want = asked(CHAOS_PLANTS, "short" if os.environ.get("PLANT") else "full")
    usual = SCALES[want.scale]
    reader = parser("chaos", CHAOS_PLANTS)
    reader.add_argument("--orders", type=int, default=usual.orders)
    reader.add_argument("--at-most", type=int, default=usual.at_most)
    reader.add_argument("--sound", action="store_true")
    given = reader.parse_args()
    plan = replace(
        usual,
        orders=given.orders,
        at_most=given.at_most,
        seed=want.seed,
        fence=bool(want.seed % 2),
    )
    cluster.SETTINGS["max_connections"] = CONNECTIONS_MAX
    os.environ.update(secrets({"cybersource": {"secret_key": Options().secret_key}}))
    prepare_nursery()
    began = time.monotonic()
    result = uvloop.run(run(plan, want.plant, sound=given.sound))
    print(f"{time.monotonic() - began:.0f} s; every wait was divided by {FACTOR:g}")
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
