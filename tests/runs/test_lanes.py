"""Lanes: one turn at a time, and no bell is ever lost."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
from tests.lanes import claim, due

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.database.database import Database
from tillbridge.runs.lanes import Lane, Start, accept, release, renew
from tillbridge.runs.run import Change, RunState

LANE = Lane("1042", "dynamics")
START = Start("order", "v1", "dynamics")


def event(number: int, kind: Kind = Kind.PAYMENT_AUTHORIZED, subject: str = "1042") -> Event:
    return Event(
        id=f"e{number}",
        source="cybersource",
        kind=kind,
        subject=subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(),
    )


async def take_in(database: Database, happened: Event, *starts: Start) -> tuple[Lane, ...] | None:
    async with database.transaction() as tx:
        return (await accept(tx, happened, starts)).lanes


async def test_an_event_starts_its_runs_and_names_the_lanes_to_ring(database: Database) -> None:
    assert await take_in(database, event(1), START) == (LANE,)

    turn = await claim(database, LANE, "a test", 30.0)

    assert turn is not None
    assert [run.flow for run in turn.runs] == ["order"]


async def test_the_same_event_twice_starts_nothing_new(database: Database) -> None:
    await take_in(database, event(1), START)

    assert await take_in(database, event(1), START) is None
    turn = await claim(database, LANE, "a test", 30.0)
    assert turn is not None
    assert len(turn.runs) == 1


async def test_a_held_lane_cannot_be_claimed(database: Database) -> None:
    await take_in(database, event(1), START)
    assert await claim(database, LANE, "one", 30.0) is not None

    assert await claim(database, LANE, "two", 30.0) is None


async def test_an_expired_lease_is_taken_over_with_a_higher_number(database: Database) -> None:
    await take_in(database, event(1), START)
    first = await claim(database, LANE, "one", 0.05)
    await asyncio.sleep(0.1)

    second = await claim(database, LANE, "two", 30.0)

    assert first is not None
    assert second is not None
    assert second.lease.number == first.lease.number + 1
    assert second.claims == 2
    assert await renew(database, [first.lease], 30.0) == [first.lease]


async def test_an_overtaken_holder_changes_nothing_at_release(database: Database) -> None:
    await take_in(database, event(1), START)
    first = await claim(database, LANE, "one", 0.05)
    await asyncio.sleep(0.1)
    second = await claim(database, LANE, "two", 30.0)
    assert first is not None
    assert second is not None
    first.change(Change(first.runs[0].id, "done"))

    assert not await release(database, first)

    state = await database.fetch_value("SELECT state FROM runs")
    assert state == "ready"


async def test_what_arrives_during_a_turn_makes_the_lane_due_again(database: Database) -> None:
    await take_in(database, event(1), START)
    turn = await claim(database, LANE, "a test", 30.0)
    assert turn is not None
    await take_in(database, event(2), START)
    turn.change(Change(turn.runs[0].id, "done"))

    assert await release(database, turn)

    assert await due(database) == [LANE]


async def test_an_event_wakes_the_lane_that_waits_for_its_kind(database: Database) -> None:
    await take_in(database, event(1), START)
    turn = await claim(database, LANE, "a test", 30.0)
    assert turn is not None
    kinds = (Kind.ORDER_FULFILLED.value,)
    turn.change(Change(turn.runs[0].id, "waiting", 3600.0, "shipping", kinds))
    await release(database, turn)
    assert await due(database) == []

    assert await take_in(database, event(2, Kind.PAYMENT_CAPTURED)) == ()
    assert await due(database) == []
    assert await take_in(database, event(3, Kind.ORDER_FULFILLED)) == (LANE,)
    assert await due(database) == [LANE]


@pytest.mark.parametrize("ending", ["done", "dead", "cancelled"])
@pytest.mark.parametrize(
    "change",
    ["state = 'ready', ended_at = NULL", "state = 'dead'", "ended_at = now()", "tries = 9"],
)
@pytest.mark.complaint("I2", "I34")
async def test_an_ending_is_final_even_for_the_database(
    database: Database, ending: RunState, change: str
) -> None:
    """Whoever sends it, and whatever it sets: another state, another time, another word."""
    await take_in(database, event(1), START)
    turn = await claim(database, LANE, "a test", 30.0)
    assert turn is not None
    turn.change(Change(turn.runs[0].id, ending))
    await release(database, turn)

    with pytest.raises(asyncpg.RestrictViolationError, match="an ending is final"):
        await database.execute(f"UPDATE runs SET {change}")  # noqa: S608 (a test's own words)
    assert await database.fetch_value("SELECT state FROM runs") == ending


async def test_no_bell_is_lost_however_arrivals_and_releases_meet(database: Database) -> None:
    """Forty events race with holders that claim, wait for the next one, and release."""
    total = 40
    seen: set[int] = set()

    async def arrive() -> None:
        for number in range(total):
            await take_in(database, event(number, subject="race"), START)

    async def work() -> None:
        while len(seen) < total:
            turn = await claim(database, Lane("race", "dynamics"), "a worker", 30.0)
            if turn is None:
                await asyncio.sleep(0.001)
                continue
            for run in turn.runs:
                seen.add(run.event_number)
                turn.change(Change(run.id, "done"))
            await release(database, turn)

    await asyncio.wait_for(asyncio.gather(arrive(), work(), work(), work()), 20)

    assert len(seen) == total
    open_runs = await database.fetch_value("SELECT count(*) FROM runs WHERE ended_at IS NULL")
    assert open_runs == 0
