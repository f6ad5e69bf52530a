"""Sends card numbers by every way into the house and out of it: `python -m campaigns.card_data`.

A share of all payloads carries a number in a hostile form: split over fields, spaced, in digits of
other scripts, escaped, encoded, in names and notes, headers, queries and files. The rest is full of
ids that only look like card numbers. Afterwards everything at rest is searched for what was planted
by a finder of its own: every table, every file, the logs, what another system was sent, and what
was answered.

SCALE=short or full (1,000,000 payloads in two processes); SEED=7; PLANT=name takes one guard away
and must end with `ok` false, PLANT=all tries each one.
"""

import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop
from aiohttp import web

from campaigns.asked import asked, parser
from campaigns.card_finder import Finder
from campaigns.card_forms import card_number, forms
from campaigns.card_plants import PLANTS
from campaigns.card_ways import Ways, harmless, text_forms
from campaigns.site import secrets, write_site
from tillbridge.assembly import Site, close_house, open_house, prepare, worker
from tillbridge.cli.logs import write_logs
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.journeys.drop import Drops
from tillbridge.journeys.house import House
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.webhooks import Subscription

FACTOR: Final = 20.0
PAYLOADS: Final = {"short": 2_000, "full": 1_000_000}
PROCESSES: Final = {"short": 1, "full": 2}
PLANTED_SHARE: Final = {"short": 0.5, "full": 0.1}
FREE_TEXT_RATE_MAX: Final = 1e-5
QUIET_S: Final = 60.0
WORST: Final = 20
_WEIGHTS: Final = {
    **{"shop_body": 300, "checkout_body": 200, "shop_header": 60, "shop_query": 60},
    **{"payments_body": 120, "payments_header": 20, "payments_query": 20},
    **{"run_input": 40, "patch": 40, "reason": 40, "file": 4, "read": 20, "document": 4},
    **{"notice": 20, "question": 10, "log": 30, "error": 30},
}
"""How often each way is taken, beside the others."""
_TEXT_ONLY: Final = frozenset(
    {
        "shop_header",
        "shop_query",
        "payments_header",
        "payments_query",
        "reason",
        "run_input",
        "patch",
    }
    | {"document", "notice", "question", "log", "error"}
)
_CHAT: Final = """
  chat:
    connector: notify
    settings: {channel: webhook, url: chat}
"""
_FLOWS: Final = {
    "tell": """flow: tell
lane: chat
takes: {first: text, between: text, second: text}
steps:
  - notify: told
    to: chat
    title: "'A note'"
    text: concat(trigger.fields.first, trigger.fields.second)
""",
    "sold": """flow: sold
lane: chat
file: {folder: drop, pattern: "*.jsonl", format: jsonl, settled: 2s, row: {note: text}}
steps:
  - notify: sold
    to: chat
    title: trigger.name
""",
}


@dataclass
class Tally:
    """What was sent, and what came of it.

    Attributes:
        at_rest: planted numbers that were found, by where.
        unseen: planted numbers that were refused for another reason, by way and form.
        typed, free: false refusals where ids are declared, and in free text.
        free_sent: payloads with ids in free text.
    """

    payloads: int = 0
    planted: int = 0
    at_rest: Counter[str] = field(default_factory=Counter)
    facts_lost: int = 0
    typed: int = 0
    free: int = 0
    free_sent: int = 0
    by_way: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        for name in ("payloads", "planted", "facts_lost", "typed", "free", "free_sent"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.at_rest += other.at_rest
        self.by_way += other.by_way
        self.unseen += other.unseen

    @property
    def ok(self) -> bool:
        few = self.free <= FREE_TEXT_RATE_MAX * max(self.free_sent, 1)
        return (
            not self.at_rest and not self.unseen and not self.facts_lost and not self.typed and few
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One process's part of the campaign."""

    folder: Path
    dsn: str
    seed: int
    payloads: int
    share: float
    plant: str = ""


def play(part: Part) -> Tally:
    """One part, in a process of its own."""
    if part.plant:
        PLANTS[part.plant].put()
    return uvloop.run(_play(part))


async def _play(part: Part) -> Tally:
    log = part.folder / "house.log"
    write_logs("campaign")
    logging.getLogger().handlers[0].setStream(log.open("w"))  # type: ignore[attr-defined]  # a stream's handler
    tally, planted = Tally(payloads=part.payloads), dict[str, str]()
    async with _chat() as heard, _house(part) as house:
        ways = Ways(house, part.folder / "site", Subscription(url=""), random.Random(part.seed))  # noqa: S311 (payloads, not secrets)
        await _prepare(ways)
        await _send(ways, part, tally, planted)
        await _settle(ways)
        finder = Finder(planted)
        facts = await house.database.fetch_value("SELECT count(*) FROM observations")
        tally.unseen = ways.unseen
        tally.facts_lost = ways.facts - int(facts)
        await _search_tables(part.dsn, finder, tally)
        for where, text in (("answers", "\n".join(ways.answers)), ("chat", "\n".join(heard))):
            _search(where, text, finder, tally)
    for path in sorted(part.folder.rglob("*")):
        if path.is_file():
            where = "logs" if path == log else "files"
            _search(where, path.name + "\n" + path.read_text(errors="replace"), finder, tally)
    return tally


async def _send(ways: Ways, part: Part, tally: Tally, planted: dict[str, str]) -> None:
    names, weights = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
    draw = ways.draw
    for _ in range(part.payloads):
        if draw.random() >= part.share:
            where, body, headers, door = harmless(draw)
            refused = not ways.is_let_in(body, headers, door)
            tally.free_sent += where == "free"
            tally.free += refused and where == "free"
            tally.typed += refused and where == "typed"
            continue
        (way,) = draw.choices(names, weights)
        known = forms(draw)
        chosen = text_forms(known) if way in _TEXT_ONLY else list(known)
        form = draw.choice(chosen)
        number = card_number(draw)
        planted[number] = f"{way}, {form}"
        tally.planted += 1
        tally.by_way[way] += 1
        await ways.by(way, known[form](number), form)


async def _prepare(ways: Ways) -> None:
    """A run whose document is refused: its dead letter is what operators then patch."""
    (ways.folder / "drop").mkdir(exist_ok=True)
    await ways.by("document", {"note": "4111111111111111"})
    await _settle(ways)


async def _settle(ways: Ways) -> None:
    """Until every file is taken and every run has ended."""
    drops, until = Drops(), time.monotonic() + QUIET_S
    while time.monotonic() < until:
        await drops.take(ways.house)
        waiting = list((ways.folder / "drop").glob("*.jsonl"))
        open_runs = await ways.house.database.fetch_value(
            "SELECT count(*) FROM runs WHERE ended_at IS NULL AND flow = 'tell'"
        )
        if not waiting and not open_runs:
            return
        await asyncio.sleep(0.1)


async def _search_tables(dsn: str, finder: Finder, tally: Tally) -> None:
    """Every row of every table, as a dump would have it."""
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT schemaname || '.' || quote_ident(tablename) AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        async with connection.transaction():
            for table in tables:
                async for row in connection.cursor(f"SELECT * FROM {table['name']}"):  # noqa: S608 (names from the catalogue)
                    text = "\n".join(_shown(value) for value in row.values())
                    _search(str(table["name"]), text, finder, tally)
    finally:
        await connection.close()


def _shown(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _search(where: str, text: str, finder: Finder, tally: Tally) -> None:
    for number in finder.find(text):
        tally.at_rest[f"{where} ({finder.planted[number]})"] += 1


@asynccontextmanager
async def _chat() -> AsyncIterator[list[str]]:
    """Another system that keeps whatever it is sent."""
    heard: list[str] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(f"{dict(request.headers)} {await request.text()}")
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    os.environ["TILLBRIDGE_SECRET_CHAT"] = f"http://{host}:{port}/"
    try:
        yield heard
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _house(part: Part) -> AsyncIterator[House]:
    """A house at work, whose payments and ERP are not there."""
    nowhere = "http://127.0.0.1:9"
    outside = {
        "shop": {"status_url": nowhere},
        "cybersource": {"merchant_id": "m", "key_id": "k", "secret_key": "s", "url": nowhere},
        "dynamics365": {"url": nowhere},
    }
    os.environ.update(secrets({"cybersource": {"secret_key": Options().secret_key}}))
    folder = part.folder / "site"
    write_site(folder, "dynamics", outside)
    with (folder / "tillbridge.yaml").open("a") as settings:
        settings.write(_CHAT)
    for name, text in _FLOWS.items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    await prepare(part.dsn)
    house = await open_house(Site(folder, factor=FACTOR), part.dsn, role="campaign", pool=6)
    toil = worker(house)
    task = asyncio.create_task(toil.run(part.dsn))
    try:
        yield house
    finally:
        toil.stop()
        await asyncio.wait({task}, timeout=10)
        await close_house(house)


async def run(scale: str, seed: int, plant: str) -> dict[str, Any]:
    """The whole campaign; answers the last line."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tillbridge-cards-") as folder:
        async with EmbeddedPostgres(Path(folder) / "server") as server:
            plants = dict.fromkeys(PLANTS if plant == "all" else (), False)
            for name in plants:
                ill = await _parts(server, Path(folder) / name, "short", seed, name)
                plants[name] = not ill.ok
                word = "caught" if plants[name] else "NOT CAUGHT"
                print(f"{word:<11}{name:<16}{PLANTS[name].title}: {_told(ill)}", flush=True)
            one = plant if plant != "all" else ""
            tally = await _parts(
                server, Path(folder) / "whole", "short" if plant else scale, seed, one
            )
            durable = await _durability(server.dsn)
    _show(tally)
    return {
        "payloads": tally.payloads,
        "planted": tally.planted,
        "found_at_rest": sum(tally.at_rest.values()),
        "unnoticed": sum(tally.unseen.values()),
        "payment_facts_lost": tally.facts_lost,
        "false_refusals": tally.typed + tally.free,
        "false_refusals_typed": tally.typed,
        "false_refusals_free_text": tally.free,
        "free_text_payloads": tally.free_sent,
        "plants": len(plants) or int(bool(one)),
        "plants_caught": sum(plants.values()) or int(bool(one) and not tally.ok),
        "took_s": round(time.monotonic() - began),
        "fsync": all(value == "on" for value in durable.values()),
        "factor": FACTOR,
        "ok": tally.ok and all(plants.values()),
    }


async def _parts(
    server: EmbeddedPostgres, folder: Path, scale: str, seed: int, plant: str
) -> Tally:
    count = PROCESSES[scale]
    parts = []
    database = await Database.connect(server.dsn_of("postgres"), size_max=1)
    for at in range(count):
        name = f"cards_{plant}_{at}"
        await database.execute(f"CREATE DATABASE {name}")
        own = folder / str(at)
        own.mkdir(parents=True)
        payloads = PAYLOADS[scale] // count
        share = PLANTED_SHARE[scale]
        parts.append(Part(own, server.dsn_of(name), seed + at, payloads, share, plant))
    await database.close()
    tally, loop = Tally(), asyncio.get_running_loop()
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        for found in await asyncio.gather(*(loop.run_in_executor(pool, play, p) for p in parts)):
            tally.add(found)
    return tally


async def _durability(dsn: str) -> Mapping[str, str]:
    database = await Database.connect(dsn, size_max=1)
    try:
        return await database.durability()
    finally:
        await database.close()


def _told(tally: Tally) -> str:
    places: Counter[str] = Counter()
    for where, count in tally.at_rest.items():
        places[f"in {where.partition(' (')[0]}"] += count
    for where, count in tally.unseen.items():
        places[f"not noticed by {where.partition(',')[0]}"] += count
    parts = [f"{count} {place}" for place, count in places.most_common()]
    parts += [f"{tally.facts_lost} facts lost"] if tally.facts_lost else []
    refused = tally.typed + tally.free
    parts += [f"{refused} refused though harmless"] if refused else []
    return ", ".join(parts) or "no trace"


def _show(tally: Tally) -> None:
    print(f"\n{tally.payloads:,} payloads, {tally.planted:,} planted; {_told(tally)}")
    for where, count in (tally.at_rest + tally.unseen).most_common(WORST):
        print(f"  {count:>6}  {where}")
    for way, count in tally.by_way.most_common():
        print(f"  {way:<20}{count:>9,}")
    print(f"  ids in free text    {tally.free_sent:>9,}, {tally.free} refused")


def main() -> None:
    """Runs the campaign; prints a table and one line of JSON."""
    parser("card_data", PLANTS).parse_args()
    want = asked(PLANTS)
    result = uvloop.run(run(want.scale, want.seed, want.plant))
    print(json.dumps(result), flush=True)
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
