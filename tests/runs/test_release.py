"""A lane is freed for what its runs wait for, whoever held it and however much of it they saw."""

import asyncio
from datetime import UTC, datetime

import pytest
from tests.lanes import claim, due

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.database.database import Database
from tillbridge.runs.lanes import (
    Lane,
    Start,
    accept,
    release,
    start_held,
    suspect,
)
from tillbridge.runs.lease import LeaseLost
from tillbridge.runs.run import Change, Letter

LANE = Lane("1042", "cybersource")
SHIPPED, ORDERED = Kind.ORDER_FULFILLED, Kind.DOCUMENT_WRITTEN


async def happen(database: Database, number: int, kind: Kind, *flows: str) -> tuple[Lane, ...]:
    event = Event(
        id=f"e{number}",
        source="webshop",
        kind=kind,
        subject=LANE.subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(),
    )
    async with database.transaction() as tx:
        arrival = await accept(tx, event, [Start(flow, "v1", LANE.target) for flow in flows])
    return arrival.lanes or ()


async def park(database: Database, wait_s: float | None, *kinds: Kind) -> None:
    """The one run of the lane waits for these kinds."""
    turn = await claim(database, LANE, "a worker", 30.0)
    assert turn is not None
    names = tuple(kind.value for kind in kinds)
    turn.change(Change(turn.runs[0].id, "waiting", wait_s, "waiting", names))
    await release(database, turn)


async def pass_by(database: Database) -> None:
    """A checkout holds the lane and knows only its own run."""
    async with database.transaction() as tx:
        turn = await start_held(tx, LANE, "an api", 30.0, journey="checkout", content=b"")
    assert turn is not None
    turn.change(Change(turn.runs[0].id, "done"))
    await release(database, turn)


async def test_a_holder_that_knows_one_run_leaves_the_waits_of_the_others_alone(
    database: Database,
) -> None:
    """A shipment that waits for its order is woken by it, although a checkout came between."""
    await happen(database, 1, SHIPPED, "capture")
    await park(database, 3600.0, ORDERED)

    await pass_by(database)

    assert await due(database) == []
    assert await happen(database, 2, ORDERED) == (LANE,)
    assert await due(database) == [LANE]


async def test_a_holder_that_knows_one_run_leaves_the_timers_of_the_others_alone(
    database: Database,
) -> None:
    await happen(database, 1, SHIPPED, "capture")
    await park(database, 0.2, ORDERED)

    await pass_by(database)

    assert await due(database) == []
    await asyncio.sleep(0.25)
    assert await due(database) == [LANE]


async def test_a_lane_in_which_nothing_waits_is_never_due(database: Database) -> None:
    await pass_by(database)

    assert await due(database) == []
    assert await database.fetch_value("SELECT wake_at FROM lanes") is None


async def test_the_earliest_timer_of_all_runs_wakes_the_lane(database: Database) -> None:
    await happen(database, 1, SHIPPED, "late", "early")
    turn = await claim(database, LANE, "a worker", 30.0)
    assert turn is not None
    for run, wait_s in zip(turn.runs, (3600.0, 0.1), strict=True):
        turn.change(Change(run.id, "waiting", wait_s, "waiting"))
    await release(database, turn)

    await asyncio.sleep(0.15)

    assert await due(database) == [LANE]


async def test_an_overtaken_holder_that_waited_for_the_lock_writes_nothing(
    database: Database,
) -> None:
    """While it waits for the subject's row its lease ends, and another takes the lane."""
    await happen(database, 1, SHIPPED, "capture")
    overtaken = await claim(database, LANE, "one", 0.1)
    assert overtaken is not None
    run_id = overtaken.runs[0].id
    overtaken.change(Change(run_id, "dead", ending="wrong"))
    overtaken.letters.append(Letter(run_id, "bug", "wrong", "wrong", "engineer"))
    async with database.transaction() as arriving:
        await arriving.execute("UPDATE subjects SET arrivals = arrivals + 1")
        releasing = asyncio.create_task(release(database, overtaken))
        await asyncio.sleep(0.2)
        later = await claim(database, LANE, "two", 30.0)
        assert later is not None
    await releasing

    row = await database.fetch_row("SELECT state FROM runs WHERE id = $1", run_id)
    assert row is not None
    assert row["state"] == "ready"
    assert await database.fetch_value("SELECT holder FROM lanes") == "two"
    assert await database.fetch_value("SELECT count(*) FROM dead_letters") == 0


async def test_who_was_advanced_when_a_holder_died_is_known_to_the_next(
    database: Database,
) -> None:
    await happen(database, 1, SHIPPED, "a", "b")
    dying = await claim(database, LANE, "one", 0.05)
    assert dying is not None
    await suspect(database, dying.lease, dying.runs[1].id)
    await asyncio.sleep(0.1)

    later = await claim(database, LANE, "two", 30.0)

    assert later is not None
    assert (later.claims, later.suspect) == (2, dying.runs[1].id)
    with pytest.raises(LeaseLost):
        await suspect(database, dying.lease, 1)


async def test_a_release_forgets_who_was_suspected(database: Database) -> None:
    await happen(database, 1, SHIPPED, "a")
    turn = await claim(database, LANE, "one", 30.0)
    assert turn is not None
    await suspect(database, turn.lease, turn.runs[0].id)
    await release(database, turn)
    await happen(database, 2, SHIPPED, "a")

    again = await claim(database, LANE, "two", 30.0)

    assert again is not None
    assert (again.claims, again.suspect) == (1, None)
