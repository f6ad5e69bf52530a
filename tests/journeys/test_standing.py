"""How the house stands: how much waits for each target, since when, and why."""

from datetime import timedelta

import pytest

from tillbridge.database.database import Database
from tillbridge.journeys.standing import (
    Queue,
    letters,
    queues,
    reasons,
    unanswered,
    waiting_runs,
)
from tillbridge.runs.dead_letters import bury_delivery
from tillbridge.runs.lanes import Lane

LANE = """
INSERT INTO lanes (subject, target, wake_at, lease_until)
VALUES ($1, 'books', now() + $2::interval, now() + $3::interval)
"""
RUN = """
INSERT INTO runs (subject, target, sequence, journey, input, state, waiting_for, waits, wake_at,
                  started_at)
VALUES ($1, 'books', 1, 'deliver', '', 'waiting', $2, $3, now(), now() - interval '1 hour')
RETURNING id
"""


async def test_lanes_are_due_held_or_later(database: Database) -> None:
    for number, (wake_s, lease_s) in enumerate([(-90, None), (-30, -60), (20, 20), (500, None)]):
        lease = timedelta(seconds=lease_s) if lease_s is not None else None
        await database.execute(LANE, str(number), timedelta(seconds=wake_s), lease)
    (books,) = await queues(database)
    assert books == Queue("books", due=2, held=1, later=1, overdue_s=books.overdue_s)
    assert books.overdue_s == pytest.approx(90, abs=5)


@pytest.mark.complaint("I29")
async def test_what_waits_for_an_event_is_open_and_not_late(database: Database) -> None:
    await database.fetch_value(RUN, "1", "shipped: order.fulfilled", ["order.fulfilled"])
    (books,) = await waiting_runs(database)
    assert (books.open, books.waiting, books.oldest_s) == (1, 0, 0)


async def test_work_is_as_old_as_its_last_progress(database: Database) -> None:
    first = await database.fetch_value(RUN, "1", "closed: too many failures", [])
    (books,) = await waiting_runs(database)
    assert books.oldest_s == pytest.approx(3600, abs=5)
    step = """
    INSERT INTO steps (run_id, name, kind, outcome, done_at)
    VALUES ($1, 'look', 'read', '', now() - interval '1 minute')
    """
    await database.execute(step, first)
    (books,) = await waiting_runs(database)
    assert books.oldest_s == pytest.approx(60, abs=5)


@pytest.mark.complaint("I5")
async def test_reasons_come_with_how_many_wait_for_them(database: Database) -> None:
    for number in range(3):
        await database.fetch_value(RUN, str(number), "closed: too many failures", [])
    await database.fetch_value(RUN, "9", "shipped: order.fulfilled", ["order.fulfilled"])
    found = [(one.waiting_for, one.count) for one in await reasons(database)]
    assert found == [("closed: too many failures", 3), ("shipped: order.fulfilled", 1)]


async def test_a_call_that_may_still_be_answered_is_not_unknown(database: Database) -> None:
    effect = """
    INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step, lease,
                         request, intended_at, resolve_after)
    VALUES ($1, 'till', '1', 'capture', $1, $2, 1, 'capture', 1, '',
            now() - interval '10 seconds', now() + $3::interval)
    """
    later = timedelta(minutes=1)
    await database.execute(effect, "under way", "intended", later)
    assert await unanswered(database) == []
    await database.execute(effect, "given up", "unknown", later)
    await database.execute(effect, "nobody came back", "intended", -later)
    (till,) = await unanswered(database)
    assert (till.name, till.count) == ("till", 2)
    assert till.oldest_s == pytest.approx(10, abs=5)


async def test_dead_letters_are_counted_by_class(database: Database) -> None:
    async with database.transaction() as tx:
        for number in ("1", "2"):
            lane = Lane(number, "webshop")
            await bury_delivery(tx, lane, b"", reason="r", message="m", whose_turn="sender")
    (one,) = await letters(database)
    assert (one.name, one.count) == ("invalid_data", 2)
