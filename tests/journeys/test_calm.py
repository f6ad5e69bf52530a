"""What users of other tools complain of most: flows that switch themselves off, events that start
two versions, secrets that lie about. Numbers are those of docs/reference/complaints.md."""

import asyncio
from pathlib import Path

from tests.journeys.test_giving_up import _shipped, _tells_twice
from tests.journeys.town import open_town, order_document, secrets, till
from tests.journeys.workshop import open_workshop

from tillbridge.assembly import close_house, open_house
from tillbridge.journeys.receive import receive
from tillbridge.journeys.steer import replay
from tillbridge.runs.history import runs

TOLD = """
flow: told
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - notify: told
    to: chat
    title: trigger.fields.name
"""
FAILURES = 25


async def test_however_many_runs_of_a_flow_fail_nobody_switches_it_off(
    tmp_path: Path, dsn: str
) -> None:
    """Complaints I4, I37: there, a flow is off after so many failures, and nobody is told."""
    async with open_workshop(tmp_path, dsn, TOLD) as shop:
        shop.hook.says = [400] * FAILURES
        for number in range(FAILURES):
            await shop.ask("told", name=f"Ada {number}")
        await shop.quiet(FAILURES)
        await shop.ask("told", name="Bob")
        await shop.quiet(FAILURES + 1)

        assert shop.told == ["Bob"]
        assert len(await shop.letters()) == FAILURES
        assert {letter.step for letter in await shop.letters()} == {"told"}
        assert await shop.column("SELECT flow FROM flow_pauses") == []


LIMITED = TOLD.replace("flow: told", "flow: limited\nconcurrency: 1")


async def test_what_is_replayed_by_hand_obeys_the_limit_of_its_flow(
    tmp_path: Path, dsn: str
) -> None:
    """Complaint I35."""
    async with open_workshop(tmp_path, dsn, LIMITED) as shop:
        shop.hook.says = [400] * 4
        for number in range(4):
            await shop.ask("limited", name=f"Ada {number}")
        await shop.quiet(4)
        shop.hook.busiest, shop.hook.takes_s = 0, 0.1
        letters = await shop.letters()
        await asyncio.gather(
            *(replay(shop.house, letter.run_id, "ada", "mended") for letter in letters)
        )
        await shop.quiet(8)

        assert shop.told == [f"Ada {number}" for number in range(4)]
        assert shop.hook.busiest == 1


async def test_an_event_that_an_old_and_a_new_version_hear_starts_one_run(
    tmp_path: Path, dsn: str
) -> None:
    """Complaint I7: while a deploy is under way, processes with either version take deliveries."""
    async with open_town(tmp_path, dsn) as town:
        _tells_twice(town.site.folder)
        newer = await open_house(town.site, dsn, role="newer", pool=3)
        try:
            for number in range(6):
                shipped = _shipped(newer.clock(), f"66{number}")
                first, second = (town.house, newer) if number % 2 else (newer, town.house)
                assert (await receive(first, shipped)).verdict == "accepted"
                assert (await receive(second, shipped)).verdict == "repeat"
        finally:
            await close_house(newer)

        started = [run for run in await runs(town.house.database) if run.subject[:2] == "66"]
        assert len({run.subject for run in started}) == len(started) == 6
        active = await town.house.database.fetch_value(
            "SELECT count(DISTINCT active_version) FROM flows WHERE name = 'capture-when-shipped'"
        )
        assert active == 1


async def test_no_secret_is_kept_with_a_run_or_anywhere_else_in_the_database(
    tmp_path: Path, dsn: str
) -> None:
    """Complaint I38: who may replay a run can read what it has kept, so it keeps no secret."""
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("6701"))
        await shop.ship("6701")
        await town.quiet()
        assert town.dynamics is not None
        hidden = secrets(town.cybersource, town.dynamics, None, town.subscription)

        database = town.house.database
        tables = await database.fetch(
            "SELECT quote_ident(table_name) AS name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        kept = ""
        for table in tables:
            rows = await database.fetch(f"SELECT * FROM {table['name']}")  # noqa: S608 (its own names)
            kept += " ".join(_shown(value) for row in rows for value in row.values())
        assert "6701" in kept
        assert [name for name, secret in hidden.items() if secret and secret in kept] == []


def _shown(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
