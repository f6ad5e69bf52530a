"""What has ended leaves the working tables; what is still needed stays, whatever its age."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.history import OPEN, ORDER, SOLD, bury, intend, whole_story

from benchmarks import past
from tillbridge.archive.keeper import alone
from tillbridge.archive.months import months
from tillbridge.archive.parts import Part, pages_of, part_of_line
from tillbridge.connections.retention import Retention
from tillbridge.database.database import Database
from tillbridge.journeys.keep import Kept, keep

NOW = datetime.now(UTC)
LONG_AFTER = NOW + timedelta(days=91)
STAYS = Retention(database=36_500)
"""Nothing goes to files."""


async def keep_all(database: Database, retention: Retention = STAYS, at: datetime = NOW) -> Kept:
    return await keep(database, retention, Path("unused"), at, budget_s=60)


async def count(database: Database, table: str) -> int:
    return int(await database.fetch_value(f"SELECT count(*) FROM {table}"))  # noqa: S608 (a test's own table names)


async def parts_of(database: Database, subject: str) -> list[Part]:
    """Everything of a subject that is past, whole."""
    found = []
    for month in await months(database):
        async for page in pages_of(database, month.month):
            found += [part_of_line(row["line"].encode(), "") for row in page]
    return [part for part in found if part.subject == subject]


async def end(database: Database, run_id: int) -> None:
    """Nothing of the whole story stands open any more."""
    await database.execute("UPDATE dead_letters SET resolved_at = now() WHERE run_id = $1", run_id)
    await database.execute("UPDATE effects SET state = 'done' WHERE state = 'unknown'")


async def test_old_runs_move_with_all_they_did_and_young_ones_stay(
    dsn: str, database: Database
) -> None:
    await past.store(dsn, 60)
    kept = await keep_all(database)
    assert kept.is_done
    assert kept.moved["runs"] == 60 - await count(database, "runs") > 40
    (run,) = [part for part in await parts_of(database, past.subject(1)) if part.kind == "run"]
    assert len(run.content["steps"]) == 4
    assert [effect["key"] for effect in run.content["effects"]] == [
        past.effect_key(1, "sales_order"),
        past.effect_key(1, "payment"),
    ]
    assert run.content["effects"][0]["request"].startswith("asked asked")


async def test_each_part_stands_in_the_month_in_which_it_ended(
    dsn: str, database: Database
) -> None:
    await past.store(dsn, 60)
    await keep_all(database)
    assert [month.state for month in await months(database)] == ["open"] * len(
        await months(database)
    )
    assert len(await months(database)) >= 9
    wrong = "SELECT count(*) FROM past WHERE month <> date_trunc('month', at AT TIME ZONE 'UTC')"
    assert await database.fetch_value(wrong) == 0


async def test_what_was_done_is_still_known_when_its_content_has_left(
    dsn: str, database: Database
) -> None:
    await past.store(dsn, 60)
    await keep_all(database)
    for table in ("effects", "events", "attempts", "observations", "external_references"):
        assert await count(database, table) >= 60, table
    known = await database.fetch_row("SELECT * FROM effects WHERE key = $1", past.effect_key(1))
    assert known is not None
    assert (known["state"], known["request"]) == ("done", b"")
    assert known["outcome"].startswith(b"answered")


async def test_what_is_open_unknown_or_on_the_desk_stays(database: Database) -> None:
    run_id = await whole_story(database)
    await bury(database, "1043")
    kept = await keep_all(database, at=LONG_AFTER)
    assert kept.moved["runs"] == 0

    await end(database, run_id)
    kept = await keep_all(database, at=LONG_AFTER + timedelta(days=91))
    assert kept.moved["runs"] == 1, "the other letter is still open"
    assert await database.fetch_value("SELECT subject FROM runs") == "1043"


async def test_an_effect_without_an_outcome_keeps_its_run_and_its_request(
    database: Database,
) -> None:
    run_id = await whole_story(database)
    await database.execute("UPDATE dead_letters SET resolved_at = now() WHERE run_id = $1", run_id)
    kept = await keep_all(database, at=LONG_AFTER + timedelta(days=91))
    assert kept.moved["runs"] == 0
    requests = await database.fetch("SELECT request FROM effects WHERE key = $1", OPEN.key)
    assert requests[0]["request"] == b"{}"


async def test_a_run_leaves_after_the_runs_that_replay_it(database: Database) -> None:
    run_id = await whole_story(database)
    await end(database, run_id)
    await database.execute(
        "INSERT INTO runs (subject, target, sequence, journey, input, state, replay_of)"
        " VALUES ($1, 'till', 2, 'deliver', '', 'ready', $2)",
        ORDER,
        run_id,
    )
    far = LONG_AFTER + timedelta(days=91)
    assert (await keep_all(database, at=far)).moved["runs"] == 0
    await database.execute(
        "UPDATE runs SET state = 'done', ended_at = now() WHERE ended_at IS NULL"
    )
    assert (await keep_all(database, at=far)).moved["runs"] == 1
    assert (await keep_all(database, at=far)).moved["runs"] == 1
    assert await count(database, "runs") == 0


async def test_an_events_content_stays_while_anything_is_open_at_its_subject(
    database: Database,
) -> None:
    await whole_story(database)
    await database.execute(
        "INSERT INTO runs (subject, target, sequence, journey, input, state)"
        " VALUES ($1, 'other', 1, 'deliver', '', 'waiting')",
        ORDER,
    )
    assert (await keep_all(database, at=LONG_AFTER)).moved["events"] == 0
    await database.execute(
        "UPDATE runs SET state = 'done', ended_at = now() WHERE ended_at IS NULL"
    )
    assert (await keep_all(database, at=LONG_AFTER)).moved["events"] == 1


async def test_a_delivery_on_the_desk_keeps_its_body(database: Database) -> None:
    for number in ("used", "unusable-1"):
        await database.execute(
            "INSERT INTO delivery_bodies (source, delivery_id, headers, body, received_at)"
            " VALUES ('webshop', $1, '{}', $2, now())",
            number,
            b"\xff\x00 no text",
        )
    await bury(database, "unusable-1")
    assert (await keep_all(database, at=LONG_AFTER)).moved["bodies"] == 1
    assert await database.fetch_value("SELECT delivery_id FROM delivery_bodies") == "unusable-1"
    (body,) = await parts_of(database, "used")
    assert body.content["body"] == {"base64": "/wAgbm8gdGV4dA=="}


async def test_a_flow_may_have_days_of_its_own(dsn: str, database: Database) -> None:
    await past.store(dsn, 60)
    kept = await keep_all(database, Retention(runs=36_500, flows={"six-steps": 30}))
    assert kept.moved["runs"] > 40


async def test_one_chatty_flow_does_not_fill_the_working_tables(
    dsn: str, database: Database
) -> None:
    """I81: a quota for each flow; the oldest leave first, in the walk after they were counted."""
    await past.store(dsn, 60)
    greedy = Retention(runs=36_500, flow_runs_max=7)
    await keep_all(database, greedy)
    await keep_all(database, greedy)
    ids = [row["id"] for row in await database.fetch("SELECT id FROM runs ORDER BY id")]
    assert ids == list(range(54, 61))


async def test_what_comes_too_late_for_its_month_goes_to_the_present_one(
    dsn: str, database: Database
) -> None:
    await past.store(dsn, 30)
    await database.execute(
        "INSERT INTO past_months (month, state)"
        " SELECT date_trunc('month', min(ended_at)), 'sealed' FROM runs"
    )
    await keep_all(database)
    parts = await parts_of(database, past.subject(1))
    assert parts
    present = datetime.now(UTC).date().replace(day=1)
    found = await database.fetch("SELECT month FROM past WHERE subject = $1", past.subject(1))
    assert {row["month"] for row in found} == {present}


async def test_the_keeper_passes_over_what_somebody_holds(dsn: str, database: Database) -> None:
    """I81: pruning waits for nobody, and nobody waits for it longer than a batch."""
    await past.store(dsn, 20)
    async with database.transaction() as tx:
        await tx.execute("SELECT 1 FROM runs WHERE id = 1 FOR UPDATE")
        async with asyncio.timeout(5):
            kept = await keep_all(database)
    assert kept.moved["runs"] > 10
    assert await database.fetch_value("SELECT min(id) FROM runs") == 1
    assert (await keep_all(database)).moved["runs"] == 1


async def test_of_two_keepers_one_works(database: Database) -> None:
    async with alone(database) as tx:
        assert tx is not None
        kept = await keep_all(database)
    assert not kept.is_alone
    assert (await keep_all(database)).is_alone


@pytest.mark.parametrize("budget_s", [0.0])
async def test_a_keeper_whose_time_is_over_says_that_there_is_more(
    database: Database, budget_s: float
) -> None:
    await whole_story(database)
    kept = await keep(database, STAYS, Path("unused"), LONG_AFTER, budget_s)
    assert not kept.is_done


async def test_an_effect_done_and_moved_is_not_done_again(database: Database) -> None:
    """The key outlives the archive: the same business effect meets its own outcome."""
    run_id = await whole_story(database)
    await end(database, run_id)
    await keep_all(database, at=LONG_AFTER + timedelta(days=91))
    await intend(database, SOLD, 99)
    known = await database.fetch_row("SELECT * FROM effects WHERE key = $1", SOLD.key)
    assert known is not None
    assert (known["state"], known["run_id"], known["tries"]) == ("done", run_id, 1)
