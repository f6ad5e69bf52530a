"""Lanes with very many runs, and lanes whose holder is gone."""

from datetime import UTC, datetime

import pytest
from tests.runs.follows import Follows

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.database.database import Database
from tillbridge.runs.journal import Journal, Patience
from tillbridge.runs.lanes import (
    Lane,
    Start,
    Turn,
    accept,
    claim_due,
    hand_back,
    release,
    start_held,
    suspect,
)
from tillbridge.runs.run import Change

LANE = Lane("1042", "sage")
MANY = 250
TURN = 100
"""So many ready or due runs at most are claimed with a lane."""


async def crowd(database: Database, count: int) -> None:
    """So many ready runs in one lane."""
    for number in range(count):
        await bring(database, f"flow {number}", number)


async def bring(database: Database, flow: str, number: int, kind: Kind = Kind.FILE_DROPPED) -> None:
    event = Event(
        id=f"{flow} {number}",
        source="tillbridge",
        kind=kind,
        subject=LANE.subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(),
    )
    starts = [Start(flow, "v1", LANE.target)] if flow else []
    async with database.transaction() as tx:
        await accept(tx, event, starts)


async def take(database: Database, lease_s: float = 30.0) -> Turn:
    (turn,) = await claim_due(database, "a test", lease_s, {LANE.target: 1})
    return turn


def flows(turn: Turn) -> list[str]:
    return [run.flow for run in turn.runs]


def journal(database: Database, turn: Turn, at: int = 0) -> Journal:
    return Journal(
        database,
        turn.lease,
        turn.runs[at],
        clock=lambda: datetime.now(UTC),
        patience=Patience(),
        settles=Follows(),
    )


async def turn_all(database: Database) -> list[list[str]]:
    """Turns until nothing is due; answers the runs of each."""
    seen = []
    while turns := await claim_due(database, "a test", 30.0, {LANE.target: 1}):
        (turn,) = turns
        for run in turn.runs:
            turn.change(Change(run.id, "done"))
        seen.append(flows(turn))
        await release(database, turn)
    return seen


async def test_a_crowded_lane_is_taken_in_several_turns_in_its_order(database: Database) -> None:
    await crowd(database, MANY)

    turns = await turn_all(database)

    assert [len(turn) for turn in turns] == [TURN, TURN, MANY - 2 * TURN]
    assert [flow for turn in turns for flow in turn] == [f"flow {n}" for n in range(MANY)]


async def test_what_waits_for_a_time_is_claimed_when_it_has_come(database: Database) -> None:
    await crowd(database, MANY)
    while (await database.fetch_value("SELECT min(wake_at) <= now() FROM lanes")) is True:
        turn = await take(database)
        for run in turn.runs:
            turn.change(Change(run.id, "waiting", 3600.0, "an hour"))
        await release(database, turn)
    await bring(database, "another", 1)

    turn = await take(database)

    assert flows(turn) == ["another"]
    await database.execute("UPDATE runs SET wake_at = now() WHERE flow <> 'another'")
    turn.change(Change(turn.runs[0].id, "done"))
    await release(database, turn)
    assert [len(each) for each in await turn_all(database)] == [TURN, TURN, MANY - 2 * TURN]


async def test_an_event_is_offered_to_all_that_wait_for_it(database: Database) -> None:
    await crowd(database, MANY)
    for _ in range(3):
        turn = await take(database)
        for run in turn.runs:
            kinds = (Kind.ORDER_FULFILLED.value,)
            turn.change(Change(run.id, "waiting", 3600.0, "a shipment", kinds))
        await release(database, turn)
    await bring(database, "", 1, Kind.ORDER_FULFILLED)

    turn = await take(database)

    assert len(turn.runs) == MANY


async def test_a_lane_that_was_handed_back_is_taken_at_once_and_remembers(
    database: Database,
) -> None:
    await crowd(database, 2)
    first = await take(database)
    await journal(database, first).keep("looked", "read", b"seen")

    await hand_back(database, [first.lease])

    second = await take(database)
    assert second.lease.number == first.lease.number + 1
    assert [run.steps for run in second.runs] == [{"looked": b"seen"}, {}]


async def test_going_is_counted_against_nobody_and_dying_is(database: Database) -> None:
    await crowd(database, 1)
    for _ in range(5):
        turn = await take(database)
        assert turn.claims <= 2
        await hand_back(database, [turn.lease])
    died = await take(database, lease_s=0.0)
    await suspect(database, died.lease, died.runs[0].id)
    assert died.claims == 2
    assert (await take(database)).claims == 3


@pytest.mark.complaint("I36")
async def test_a_death_counts_against_the_lane_that_was_being_advanced(database: Database) -> None:
    """A worker holds a hundred lanes when one of them kills it, and takes many of them again."""
    await crowd(database, 1)
    for claims in (1, 2, 2, 2):
        assert (await take(database, lease_s=0.0)).claims == claims
    turn = await take(database, lease_s=0.0)
    await suspect(database, turn.lease, turn.runs[0].id)
    turn = await take(database, lease_s=0.0)
    assert (turn.claims, turn.suspect) == (3, turn.runs[0].id)
    assert (await take(database, lease_s=0.0)).claims == 3


async def test_who_was_overtaken_hands_nothing_back(database: Database) -> None:
    await crowd(database, 1)
    overtaken = await take(database, lease_s=0.0)
    holder = await take(database)

    await hand_back(database, [overtaken.lease])

    assert await claim_due(database, "a third", 30.0, {LANE.target: 1}) == []
    assert holder.claims == 2


async def test_a_lane_that_was_freed_is_not_handed_back(database: Database) -> None:
    await crowd(database, 1)
    turn = await take(database)
    turn.change(Change(turn.runs[0].id, "done"))
    await release(database, turn)

    await hand_back(database, [turn.lease])

    assert await claim_due(database, "another", 30.0, {LANE.target: 1}) == []


async def test_what_had_begun_is_remembered_though_a_checkout_takes_the_lane_first(
    database: Database,
) -> None:
    """The checkout's turn knows its own run alone, and frees the lane as if nobody had died."""
    await crowd(database, 1)
    died = await take(database, lease_s=0.0)
    await journal(database, died).keep("looked", "read", b"seen")
    async with database.transaction() as tx:
        held = await start_held(tx, LANE, "an api", 30.0, journey="checkout", content=b"")
    assert held is not None
    held.change(Change(held.runs[0].id, "done"))
    assert await release(database, held)

    turn = await take(database)

    assert [run.steps for run in turn.runs] == [{"looked": b"seen"}]
