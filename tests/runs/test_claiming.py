"""Claiming: due lanes of all targets in one statement, each by one claimer, the oldest first."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from tests.lanes import due
from tests.runs.follows import Follows
from tests.runs.ledger import Ledger

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.database.database import Database
from tillbridge.runs.journal import Journal, Patience
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Lane, Start, Turn, accept, claim_due, due_targets, release
from tillbridge.runs.run import Change


async def bring(database: Database, subject: str, *targets: str) -> None:
    """An event that starts a run at each target."""
    event = Event(
        id=f"e-{subject}",
        source="webshop",
        kind=Kind.PAYMENT_AUTHORIZED,
        subject=subject,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        data=EventData(),
    )
    starts = [Start("order", "v1", target) for target in targets]
    async with database.transaction() as tx:
        await accept(tx, event, starts)


def names(turns: list[Turn]) -> list[Lane]:
    return [Lane(turn.lease.subject, turn.lease.target) for turn in turns]


async def test_each_due_lane_is_claimed_once_however_many_claim(database: Database) -> None:
    for number in range(60):
        await bring(database, str(number), "dynamics", "sage")
    claimed: list[Lane] = []

    async def worker(holder: str) -> None:
        while turns := await claim_due(database, holder, 30.0, {"dynamics": 4, "sage": 3}):
            claimed.extend(names(turns))

    await asyncio.gather(*(worker(f"worker {number}") for number in range(8)))

    assert len(claimed) == 120
    assert set(Counter(claimed).values()) == {1}
    assert await due(database) == []


async def test_no_more_are_claimed_of_a_target_than_it_has_slots(database: Database) -> None:
    for number in range(5):
        await bring(database, str(number), "dynamics", "sage", "shop")

    turns = await claim_due(database, "a test", 30.0, {"dynamics": 2, "sage": 9})

    assert Counter(lane.target for lane in names(turns)) == {"dynamics": 2, "sage": 5}


async def test_what_has_waited_longest_is_claimed_first(database: Database) -> None:
    for subject in ("3", "1", "2"):
        await bring(database, subject, "sage")

    claimed = [
        lane.subject
        for _ in range(3)
        for lane in names(await claim_due(database, "a test", 30.0, {"sage": 1}))
    ]

    assert claimed == ["3", "1", "2"]


async def test_a_lane_that_somebody_is_just_changing_holds_up_no_other(database: Database) -> None:
    for subject in ("1", "2"):
        await bring(database, subject, "sage")
    async with database.transaction() as tx:
        await tx.execute("SELECT 1 FROM lanes WHERE subject = '1' FOR UPDATE")

        async with asyncio.timeout(2):
            turns = await claim_due(database, "a test", 30.0, {"sage": 5})

    assert names(turns) == [Lane("2", "sage")]
    assert await due(database) == [Lane("1", "sage")]


async def test_a_turn_has_the_ready_runs_of_its_lane_in_their_order(database: Database) -> None:
    for number in range(3):
        event = Event(
            f"e{number}", "webshop", Kind.ORDER_FULFILLED, "1042", datetime.now(UTC), EventData()
        )
        async with database.transaction() as tx:
            await accept(tx, event, [Start(f"flow {number}", "v1", "sage")])

    (turn,) = await claim_due(database, "a test", 30.0, {"sage": 5})

    assert [run.flow for run in turn.runs] == ["flow 0", "flow 1", "flow 2"]
    assert turn.claims == 1


async def test_a_run_that_comes_back_brings_its_steps_and_what_it_has_begun(
    database: Database,
) -> None:
    await bring(database, "1042", "ledger")
    (turn,) = await claim_due(database, "a test", 30.0, {"ledger": 1})
    (run,) = turn.runs
    assert (run.steps, run.begun) == ({}, frozenset())
    effect = Effect("ledger", "1042", "note")
    journal = _journal(database, turn)
    await journal.keep("looked", "read", b"seen")
    await journal.write("noted", effect, Ledger().write("find"), {}, 1.0)
    turn.change(Change(run.id, "waiting", 0.0, "goes on at once"))
    await release(database, turn)

    (turn,) = await claim_due(database, "a test", 30.0, {"ledger": 1})

    (run,) = turn.runs
    assert (run.steps, run.begun) == ({"looked": b"seen"}, frozenset({effect.key}))


async def test_a_run_whose_holder_died_brings_them_too(database: Database) -> None:
    await bring(database, "1042", "ledger")
    (turn,) = await claim_due(database, "a test", 0.05, {"ledger": 1})
    await _journal(database, turn).keep("looked", "read", b"seen")
    await asyncio.sleep(0.1)

    (turn,) = await claim_due(database, "another", 30.0, {"ledger": 1})

    assert turn.claims == 2
    assert turn.runs[0].steps == {"looked": b"seen"}


@pytest.mark.parametrize("wait_s", [0.0, 3600.0])
async def test_every_target_that_wants_a_turn_now_or_later_is_named(
    database: Database, wait_s: float
) -> None:
    for subject in ("1", "2"):
        await bring(database, subject, "sage", "dynamics")
    await database.execute("UPDATE lanes SET wake_at = now() + make_interval(secs => $1)", wait_s)
    await database.execute("INSERT INTO lanes (subject, target) VALUES ('1', 'idle')")

    assert await due_targets(database) == ["dynamics", "sage"]


async def test_a_claim_that_finds_nothing_changes_nothing(database: Database) -> None:
    await bring(database, "1", "sage")
    await claim_due(database, "a test", 30.0, {"sage": 1})
    before = await database.fetch("SELECT *, xmin::text FROM lanes")

    assert await claim_due(database, "another", 30.0, {"sage": 5, "dynamics": 5}) == []

    assert await database.fetch("SELECT *, xmin::text FROM lanes") == before


def _journal(database: Database, turn: Turn) -> Journal:
    return Journal(
        database,
        turn.lease,
        turn.runs[0],
        clock=lambda: datetime.now(UTC),
        patience=Patience(),
        settles=Follows(),
    )
