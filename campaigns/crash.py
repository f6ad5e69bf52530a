"""Kills the house at every gap of the journey: `python -m campaigns.crash`.

Dry runs of an everyday town, for each ERP and with and without fences, show which gaps its
processes pass; commits that take the long way by luck alone take it always in half of these runs.
Then each gap has a town of its own, in which the process dies there (SIGKILL) and comes back, while
deliveries repeat and overtake each other and answers are lost and come late. At the end of each
town the simulators' own auditor counts broken promises, to the cent.

SCALE=short (a seeded few), full (every gap, and every plant) or long (every gap at other passings
too); SEED=7; PLANT=name plants that defect and must end with `ok` false, PLANT=all tries each one.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import uvloop

from campaigns.asked import asked, parser
from campaigns.house import prepare_nursery
from campaigns.plants import PLANTS
from campaigns.scenes import FACTOR, always_passed, deadly, planted, variants
from campaigns.site import secrets
from campaigns.town import Outcome, Scene, own_database, play_town
from tillbridge.assembly import prepare
from tillbridge.database import cluster
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge_simulators.auditor import KEYS
from tillbridge_simulators.cybersource import Options

AT_ONCE = 6
TRIES_MAX = 8
"""A gap that needs luck with timing is tried again, later with another seed."""
DRY_RUNS = 3
"""What only some of them pass was luck, and is no gap of the journey."""
SHORT_GAPS = 5
"""Gaps a variant in the short form."""
LONG_ROUNDS = 3
CONNECTIONS_MAX = "400"
"""Of the one PostgreSQL that all towns share; a house of its own needs fewer than a hundred."""


@dataclass
class Tally:
    """What the towns of a campaign come to.

    Attributes:
        sentences: everything that must not be, in words.
    """

    orders: int = 0
    paid: int = 0
    gaps: int = 0
    gaps_killed: int = 0
    dead_letters: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    sentences: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Adds one town."""
        self.orders += outcome.orders
        self.paid += outcome.paid
        self.dead_letters += len(outcome.dead_letters)
        for key, count in outcome.verdict.counts.items():
            self.counts[key] += count
        found = [str(finding) for finding in outcome.verdict.findings]
        if not outcome.calm and not outcome.verdict.counts["stuck"]:
            self.counts["stuck"] += 1
            found.append("work is still open (stuck)")
        found += [f"dead letter: {letter}" for letter in outcome.dead_letters]
        found += outcome.troubles
        self.sentences += [f"{outcome.scene.name}: {sentence}" for sentence in found]

    @property
    def ok(self) -> bool:
        return not self.sentences and self.gaps == self.gaps_killed


class Campaign:
    """Plays towns, a few at once, on one PostgreSQL."""

    def __init__(self, server: EmbeddedPostgres, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._count = 0

    async def play(self, scene: Scene) -> Outcome:
        """One town, when there is room for it."""
        async with self._slots:
            self._count += 1
            name = f"town_{self._count}"
            folder = self._folder / name
            folder.mkdir()
            server, dsn = self._server.dsn_of("postgres"), self._server.dsn_of(name)
            async with own_database(server, dsn, name, "tillbridge"):
                outcome = await play_town(scene, folder, dsn)
            _show(outcome)
            return outcome

    async def kill(self, scene: Scene) -> Outcome:
        """The town of one gap; again when the process did not come by."""
        outcome = await self.play(scene)
        for again in range(1, TRIES_MAX):
            if outcome.died:
                break
            assert scene.death is not None, "a deadly scene"
            death = replace(scene.death, passing=1)
            outcome = await self.play(replace(scene, seed=scene.seed + again // 2, death=death))
        return outcome


async def run(scale: str, seed: int, plant: str) -> dict[str, Any]:
    """The whole campaign; answers the last line."""
    cluster.SETTINGS["max_connections"] = CONNECTIONS_MAX
    with tempfile.TemporaryDirectory(prefix="tillbridge-crash-") as folder:
        async with EmbeddedPostgres(Path(folder)) as server:
            await prepare(server.dsn)
            durable = await _durability(server.dsn)
            campaign = Campaign(server, Path(folder))
            if plant and plant != "all":
                tally, caught, plants = await _one_plant(campaign, plant, seed)
            elif plant:
                tally, (plants, caught) = Tally(), await _every_plant(campaign, seed)
            else:
                tally = await _gaps(campaign, scale, seed)
                plants, caught = (0, 0) if scale == "short" else await _every_plant(campaign, seed)
    _show_tally(tally)
    return {
        "orders": tally.orders,
        "paid": tally.paid,
        "gaps": tally.gaps,
        "gaps_killed": tally.gaps_killed,
        "dead_letters": tally.dead_letters,
        **tally.counts,
        "plants": plants,
        "plants_caught": caught,
        "fsync": all(value == "on" for value in durable.values()),
        "factor": FACTOR,
        "ok": tally.ok and plants == caught,
    }


async def _gaps(campaign: Campaign, scale: str, seed: int) -> Tally:
    """A dry run of each variant, then a town for each gap it shows."""
    tally = Tally()
    draw = random.Random(seed)  # noqa: S311 (a choice of gaps, not a secret)
    scenes: list[Scene] = []
    days = variants(seed)
    if scale == "short":  # each ERP once, one without fences, one always the long way
        fenced, other = draw.choice([(days[0], days[3]), (days[2], days[1])])
        days = [
            tuple(scene for scene in fenced if not scene.long_way),
            tuple(scene for scene in other if scene.long_way),
        ]
    halves = [scene for day in days for scene in day]
    dry = await asyncio.gather(*(campaign.play(scene) for scene in halves * DRY_RUNS))
    for outcome in dry:
        tally.add(outcome)
    points = {
        half: always_passed([outcome.points for outcome in dry if outcome.scene is half])
        for half in halves
    }
    for day in days:
        for _ in range(LONG_ROUNDS if scale == "long" else 1):
            found = list(deadly({scene: points[scene] for scene in day}, draw))
            scenes += draw.sample(found, SHORT_GAPS) if scale == "short" else found
    tally.gaps = len(scenes)
    async with asyncio.TaskGroup() as towns:
        killing = [towns.create_task(campaign.kill(scene)) for scene in scenes]
    for ended in killing:
        tally.add(ended.result())
        tally.gaps_killed += ended.result().died
    return tally


async def _one_plant(campaign: Campaign, plant: str, seed: int) -> tuple[Tally, int, int]:
    """The planted town alone: its broken promises are the result."""
    tally = Tally()
    scene = replace(planted(seed)[plant], name=f"planted {plant}", plant=plant)
    outcome = await campaign.play(scene)
    tally.add(outcome)
    return tally, int(outcome.broken > 0), 1


async def _every_plant(campaign: Campaign, seed: int) -> tuple[int, int]:
    """How many plants there are, and how many break a promise in a town that holds without."""
    scenes = planted(seed)
    caught = await asyncio.gather(*(_is_caught(campaign, name, scenes[name]) for name in scenes))
    for name, (is_caught, why) in zip(scenes, caught, strict=True):
        word = "caught" if is_caught else "NOT CAUGHT"
        print(f"{word:<11}{name:<24}{PLANTS[name].title}: {why}")
    return len(scenes), sum(is_caught for is_caught, _ in caught)


async def _is_caught(campaign: Campaign, name: str, scene: Scene) -> tuple[bool, str]:
    healthy, ill = await asyncio.gather(
        campaign.play(replace(scene, name=f"without {name}")),
        campaign.play(replace(scene, name=f"planted {name}", plant=name)),
    )
    tally = Tally()
    tally.add(healthy)
    if tally.sentences:
        return False, f"its town breaks without it: {'; '.join(tally.sentences)}"
    broken = {key: count for key, count in ill.verdict.counts.items() if count}
    return bool(broken), ", ".join(f"{key} {count}" for key, count in broken.items()) or "no trace"


async def _durability(dsn: str) -> dict[str, str]:
    database = await Database.connect(dsn, size_max=1)
    try:
        return await database.durability()
    finally:
        await database.close()


def _show(outcome: Outcome) -> None:
    """Progress, one line a town, and what must not be."""
    ending = "" if outcome.scene.death is None or outcome.died else ", the process did not come by"
    print(f"{outcome.took_s:5.1f} s  {outcome.scene.name}{ending}", file=sys.stderr)
    tally = Tally()
    tally.add(outcome)
    for sentence in tally.sentences:
        print(f"         {sentence}", file=sys.stderr)
    if tally.sentences:
        print(outcome.last_words, file=sys.stderr)
    sys.stderr.flush()


def _show_tally(tally: Tally) -> None:
    print(
        f"\n{tally.orders} orders, {tally.paid} paid; {tally.gaps_killed} of {tally.gaps} gaps"
        f" killed; {tally.dead_letters} dead letters"
    )
    for key, count in tally.counts.items():
        print(f"  {key:<24}{count:>5}")
    for sentence in tally.sentences:
        print(f"  {sentence}")


def main() -> None:
    """Runs the campaign; prints a table and one line of JSON."""
    parser("crash", PLANTS).parse_args()
    want = asked(PLANTS)
    began = time.monotonic()
    os.environ.update(secrets({"cybersource": {"secret_key": Options().secret_key}}))
    prepare_nursery()
    result = uvloop.run(run(want.scale, want.seed, want.plant))
    print(f"{time.monotonic() - began:.0f} s")
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
