"""Cybersource, then Dynamics, then Sage Pro down for two hours: `python -m campaigns.outage`.

Shoppers come at five times the normal load while a system is down, in several manners one after
another (campaigns/manners.py). Intake must go on answering, shoppers must be told "not attempted",
nobody may be charged after `valid_until`, no hold captured after its end, and everything else must
drain when the system is there again: the oldest first, in about the time that was predicted.

SCALE=short (ten minutes each), full (two hours each) or long (eight); SEED=7; PLANT=name plants
that defect and must end with `ok` false, PLANT=all tries each one; then Cybersource alone is down,
for ten minutes.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import uvloop

from campaigns.asked import asked, parser
from campaigns.manners import CYBERSOURCE
from campaigns.outage_day import AGED, Day, Plan, play
from campaigns.outage_plants import PLANTS

FACTOR: Final = 100.0
"""Divides every wait."""
NORMAL_PER_S: Final = 2.0
"""Orders a real second: the load of a normal day."""
TIMES: Final = 5.0
SCALES: Final = {
    "short": Plan(FACTOR, NORMAL_PER_S, TIMES, outage_s=600.0, before_s=200.0),
    "full": Plan(FACTOR, NORMAL_PER_S, TIMES, outage_s=7_200.0, before_s=1_000.0),
    "long": Plan(FACTOR, NORMAL_PER_S, TIMES, outage_s=28_800.0, before_s=3_600.0),
}
PLANTED: Final = replace(SCALES["short"], systems=(CYBERSOURCE,))
"""The day of a plant: each shows when Cybersource is down."""


@dataclass(frozen=True, slots=True)
class Result:
    """The last line of one day, and what must not be, in words."""

    line: dict[str, Any]
    sentences: Sequence[str]


async def measure(plan: Plan, seed: int, plant: str) -> Result:
    """Plays one day and counts."""
    with tempfile.TemporaryDirectory(prefix="tillbridge-outage-") as folder:
        day = await play(plan, seed, Path(folder), plant)
    verdict = day.verdict
    sentences = [*verdict.sentences, *day.troubles, *_unmet(day)]
    _show(day, sentences)
    line = {
        "intake_errors": verdict.intake_errors,
        "probes_at_once_max": verdict.probes_at_once_max,
        "sent_after_valid_until": verdict.sent_after_valid_until,
        "captured_after_expiry": verdict.captured_after_expiry,
        "drained": sum(one.drained for one in day.outages),
        "waited": sum(one.waited for one in day.outages),
        **verdict.counts,
        "orders": day.orders,
        "paid": day.paid,
        "not_attempted": verdict.not_attempted,
        "on_desk": len(verdict.expired),
        "fsync": all(value == "on" for value in day.durable.values()),
        "factor": plan.factor,
        "seed": seed,
        "ok": not sentences and not any(verdict.counts.values()),
    }
    return Result(line, sentences)


def _unmet(day: Day) -> Iterator[str]:
    """What has to come to pass in every day, and did not."""
    verdict = day.verdict
    if verdict.probes_at_once_max != 1:
        yield f"at most {verdict.probes_at_once_max} probes of one system at once"
    if not verdict.not_attempted:
        yield "no shopper was told 'not attempted'"
    for one in day.outages:
        if not one.drained == one.waited > 0:
            yield f"{one.system}: {one.drained} of {one.waited} runs drained"


def _show(day: Day, sentences: Sequence[str]) -> None:
    plan = day.plan
    print(
        f"\n{day.orders} orders, {day.paid} paid in full; normal load {plan.normal_per_s:g} orders"
        f" a second, {plan.times:g} times that while a system was down for {plan.outage_s:g} s;"
        f" every wait divided by {plan.factor:g}"
    )
    print(
        f"{'down':<12}{'waited':>8}{'drained':>9}{'in s':>8}{'predicted':>11}{'out of order':>14}"
    )
    for one in day.outages:
        predicted = "" if one.predicted_s is None else f"{one.predicted_s:.1f}"
        order = f"{one.off} of {len(one.places_off)}" if one.places_off else ""
        print(
            f"{one.system:<12}{one.waited:>8}{one.drained:>9}{one.took_s:>8.1f}{predicted:>11}"
            f"{order:>14}"
        )
    verdict = day.verdict
    print(
        f"told 'not attempted' {verdict.not_attempted} times; {verdict.probes} probes seen, at most"
        f" {verdict.probes_at_once_max} at once; {len(verdict.expired)} of {AGED} old holds on the"
        " desk"
    )
    print(f"the machine kept us waiting {day.lag_s:.2f} s at most")
    print("told to people: " + ("; ".join(day.told) or "nothing"))
    for key, count in verdict.counts.items():
        print(f"  {key:<24}{count:>5}")
    for sentence in sentences[:60]:
        print(f"  {sentence}")


async def every_plant(seed: int) -> dict[str, Any]:
    """Each plant in a short day of its own; the last line of a healthy one, with how many."""
    healthy = await measure(SCALES["short"], seed, "")
    caught = 0
    for name, plant in PLANTS.items():
        result = await measure(PLANTED, seed, name)
        is_caught = not result.line["ok"] and plant.shows(result.line, result.sentences)
        caught += is_caught
        why = "; ".join(result.sentences[:2]) or "no trace"
        print(f"{'caught' if is_caught else 'NOT CAUGHT':<11}{name:<24}{plant.title}: {why}")
    counted = {"plants": len(PLANTS), "plants_caught": caught}
    ok = healthy.line["ok"] and caught == len(PLANTS)
    return {**healthy.line, **counted, "ok": ok}


async def run(scale: str, seed: int, plant: str) -> dict[str, Any]:
    """The campaign; answers the last line."""
    if plant == "all":
        return await every_plant(seed)
    result = await measure(PLANTED if plant else SCALES[scale], seed, plant)
    caught = int(bool(plant) and not result.line["ok"])
    return {**result.line, "plants": int(bool(plant)), "plants_caught": caught}


def main() -> None:
    """Runs the campaign; prints a table and one line of JSON."""
    parser("outage", PLANTS).parse_args()
    want = asked(PLANTS)
    began = time.monotonic()
    result = uvloop.run(run(want.scale, want.seed, want.plant))
    print(f"{time.monotonic() - began:.0f} s")
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
