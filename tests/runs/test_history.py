"""History: found by order, by state, page by page, and quickly however much there is."""

from datetime import UTC, datetime

import pytest
from tests.lanes import claim

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.database.database import Database
from tillbridge.runs.history import backlog, events_of, runs
from tillbridge.runs.lanes import SQL, Lane, Start, accept, release
from tillbridge.runs.run import Change


async def bring(database: Database, subject: str, number: int, *, done: bool) -> None:
    event = Event(
        id=f"{subject}-{number}",
        source="webshop",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject=subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(),
    )
    async with database.transaction() as tx:
        await accept(tx, event, [Start("order", "v1", "dynamics")])
    if done:
        turn = await claim(database, Lane(subject, "dynamics"), "a test", 30.0)
        assert turn is not None
        turn.change(Change(turn.runs[0].id, "done"))
        await release(database, turn)


async def test_runs_are_listed_newest_first_by_order_and_state(database: Database) -> None:
    for number in range(4):
        await bring(database, "1042", number, done=True)
    await bring(database, "1043", 1, done=False)

    assert [run.subject for run in await runs(database, state="ready")] == ["1043"]
    assert len(await runs(database, subject="1042", state="done")) == 4
    assert await runs(database, subject="1042", state="ready") == []
    ids = [run.id for run in await runs(database)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 5


@pytest.mark.complaint("I28")
async def test_pages_follow_each_other_without_a_gap(database: Database) -> None:
    for number in range(5):
        await bring(database, "1042", number, done=True)
    first = await runs(database, subject="1042", limit=3)

    second = await runs(database, subject="1042", before=first[-1].id, limit=3)

    found = [run.id for run in first + second]
    assert found == [run.id for run in await runs(database)]


async def test_the_backlog_counts_what_is_open(database: Database) -> None:
    await bring(database, "1042", 1, done=True)
    await bring(database, "1043", 1, done=False)

    open_now = await backlog(database)

    assert (open_now.open, open_now.waiting) == (1, 0)
    assert open_now.oldest is not None


async def test_an_orders_events_are_told_in_their_order(database: Database) -> None:
    for number in range(3):
        await bring(database, "1042", number, done=True)

    numbers = [event.number for event in await events_of(database, "1042")]

    assert numbers == sorted(numbers)
    assert len(numbers) == 3


async def test_one_orders_runs_are_found_by_its_own_index(database: Database) -> None:
    """Not by walking back through everybody's."""
    async with database.connection() as connection:
        await connection.execute(f"PREPARE listed AS {SQL['list_runs_of_subject']}")
        rows = await connection.fetch("EXPLAIN EXECUTE listed('1042', '', 1, 1)")
        await connection.execute("DEALLOCATE listed")

    assert "runs_by_subject" in "\n".join(row[0] for row in rows)
