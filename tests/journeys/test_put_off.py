"""An answer may be put off until the next commit of its run, and is never lost or overtaken."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.journeys.room import Room, open_room
from tests.journeys.shipment import AMOUNT, Shipment, ship
from tests.lanes import claim, due
from tests.payments.book import now

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Database, Tx
from tillbridge.journeys.deliver import journal_of
from tillbridge.journeys.settle import Settling
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Lane, Start, accept, claim_due, release
from tillbridge.runs.lease import LeaseLost
from tillbridge.runs.run import Change

NEXT = Effect("dynamics", "1042", "status", "2")


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


@pytest.fixture
async def shipment(room: Room) -> Shipment:
    """Its answer has come and is not committed."""
    shipped = await ship(room, puts_off=True)
    await shipped.send(await shipped.intend())
    assert await shipped.states() == {"1": "intended"}
    return shipped


async def arrive(room: Room, number: int, subject: str = "1042", target: str = "") -> None:
    """An event of the order, which starts a run where a target is given."""
    event = Event(
        f"e{number}", "webshop", Kind.ORDER_FULFILLED, subject, datetime.now(UTC), EventData()
    )
    starts = [Start("order", "v1", target)] if target else []
    async with room.house.database.transaction() as tx:
        await accept(tx, event, starts)


async def lane_of(room: Room) -> tuple[bool, int]:
    """Whether the lane is free, and how many claims it counts."""
    row = await room.house.database.fetch_row(
        "SELECT lease_until IS NULL AS free, claims FROM lanes WHERE target = 'cybersource'"
    )
    assert row is not None
    return row["free"], row["claims"]


async def test_an_answer_is_committed_with_the_next_intent(shipment: Shipment) -> None:
    await shipment.intend(NEXT)

    assert await shipment.states() == {"1": "done", "2": "intended"}
    assert (await now(shipment.room.house.database, "wire of 1042")).captured == AMOUNT


async def test_a_run_that_dies_before_finds_a_write_that_was_sent_and_not_answered(
    shipment: Shipment,
) -> None:
    """As if it had died a moment earlier: nothing is sent again, and evidence ends it."""
    database = shipment.room.house.database
    await database.execute("UPDATE lanes SET lease_until = now(), wake_at = now()")
    (turn,) = await claim_due(database, "another", 30.0, {"cybersource": 1})
    settling = Settling(shipment.room.house)
    journal = journal_of(shipment.room.house, turn, turn.runs[0], settling)

    assert turn.runs[0].begun == {shipment.effect.key}
    assert await journal.unanswered(shipment.effect) == shipment.effect.key
    await journal.prove(shipment.effect, shipment.answer)
    await journal.close()

    assert await shipment.states() == {"1": "done"}
    assert (await now(database, "wire of 1042")).captured == AMOUNT


async def reads(shipment: Shipment) -> None:
    async def look(_call: object) -> Receipt:
        assert await shipment.states() == {"1": "done"}, "what another system is asked takes long"
        return Receipt()

    await shipment.journal.read("looked", look, 1.0)


async def does_something_of_its_own(shipment: Shipment) -> None:
    async def count(_tx: Tx) -> bytes:
        assert await shipment.states() == {"1": "done"}
        return b"1"

    await shipment.journal.local("counted", count)


async def keeps_a_step(shipment: Shipment) -> None:
    await shipment.journal.keep("kept", "wait", b"")


async def listens(shipment: Shipment) -> None:
    await shipment.journal.heard(["payment.captured"], 9, 9)


async def asks_how_it_stands(shipment: Shipment) -> None:
    assert await shipment.journal.done(shipment.effect) is not None


async def ends_for_now(shipment: Shipment) -> None:
    await shipment.journal.close()


Goes = Callable[[Shipment], Awaitable[None]]


@pytest.mark.parametrize(
    "goes",
    [reads, does_something_of_its_own, keeps_a_step, listens, asks_how_it_stands, ends_for_now],
)
async def test_whatever_a_run_does_next_its_answer_is_committed_before(
    shipment: Shipment, goes: Goes
) -> None:
    await goes(shipment)

    assert await shipment.states() == {"1": "done"}


async def test_an_attempt_that_moves_meanwhile_stops_neither_the_answer_nor_the_intent(
    shipment: Shipment,
) -> None:
    await shipment.hear()

    await shipment.intend(NEXT)

    assert await shipment.states() == {"1": "done", "2": "intended"}
    assert (await now(shipment.room.house.database, "wire of 1042")).captured == AMOUNT


async def test_a_holder_that_was_overtaken_commits_its_answer_and_no_intent(
    shipment: Shipment,
) -> None:
    database = shipment.room.house.database
    await database.execute("UPDATE lanes SET lease_until = now(), wake_at = now()")
    await claim(database, shipment.lane, "another", 30.0)

    with pytest.raises(LeaseLost):
        await shipment.journal.write("next", NEXT, shipment.ability, {}, 1.0)

    assert await shipment.states() == {"1": "done"}


async def test_the_intent_that_comes_along_keeps_the_steps_that_were_put_off(
    shipment: Shipment,
) -> None:
    shipment.journal.keep_soon("waited", "wait", b"heard")

    await shipment.intend(NEXT)
    await shipment.journal.close()

    rows = await shipment.room.house.database.fetch("SELECT name, outcome FROM steps")
    assert [tuple(row) for row in rows] == [("waited", b"heard")]


@pytest.mark.parametrize("then", ["intends", "does something of its own", "closes"])
async def test_what_was_read_is_kept_with_what_the_run_does_next(room: Room, then: str) -> None:
    shipment = await ship(room, puts_off=True)
    asked: list[object] = []

    async def look(call: object) -> Receipt:
        asked.append(call)
        return Receipt(fields={"status": "open"})

    receipt = await shipment.journal.read("looked", look, 1.0)
    assert await room.count("steps") == 0

    if then == "intends":
        await shipment.intend()
    elif then == "closes":
        await shipment.journal.close()
    else:
        await shipment.journal.local("counted", _count)
    assert await room.house.database.fetch_value("SELECT true FROM steps WHERE name = 'looked'")
    assert await shipment.journal.read("looked", look, 1.0) == receipt
    assert len(asked) == 1


async def _count(_tx: Tx) -> bytes:
    return b"1"


async def test_of_answers_side_by_side_none_is_forgotten(room: Room) -> None:
    shipment = await ship(room, puts_off=True)
    shipment.answer = replace(shipment.answer, observations=())
    effects = [replace(shipment.effect, ordinal=str(number)) for number in range(6)]
    intents = [await shipment.intend(effect) for effect in effects]

    await asyncio.gather(*map(shipment.send, intents))
    await shipment.journal.close()

    assert await shipment.states() == {str(number): "done" for number in range(6)}


async def test_an_answer_that_ends_its_turn_is_one_commit_with_the_end(shipment: Shipment) -> None:
    room = shipment.room

    assert await shipment.journal.end_turn("all is well")

    row = await room.house.database.fetch_row("SELECT state, ending FROM runs")
    assert row is not None
    assert tuple(row) == ("done", "all is well")
    assert await lane_of(room) == (True, 0)
    assert await due(room.house.database) == []


async def test_a_turn_without_an_answer_is_left_to_its_release(room: Room) -> None:
    shipment = await ship(room, puts_off=True)

    assert not await shipment.journal.end_turn("all is well")

    assert await lane_of(room) == (False, 1)


async def test_what_arrives_before_the_end_of_a_turn_makes_its_lane_due_again(
    shipment: Shipment,
) -> None:
    await arrive(shipment.room, 1)

    assert await shipment.journal.end_turn("all is well")

    assert await due(shipment.room.house.database) == [shipment.lane]


async def test_an_overtaken_holder_ends_neither_the_run_nor_the_other_ones_turn(
    shipment: Shipment,
) -> None:
    database = shipment.room.house.database
    await database.execute("UPDATE lanes SET lease_until = now(), wake_at = now()")
    await claim(database, shipment.lane, "another", 30.0)

    await shipment.journal.end_turn("all is well")

    assert await database.fetch_value("SELECT state FROM runs") == "waiting"
    assert await database.fetch_value("SELECT holder FROM lanes") == "another"
    assert await shipment.states() == {"1": "done"}


async def test_no_bell_is_lost_however_arrivals_and_ends_of_turns_meet(room: Room) -> None:
    """Forty events race with holders that write, end their turn with the answer, and go."""
    total = 40
    seen: set[int] = set()
    lane = Lane("race", "ledger")
    template = await ship(room)

    async def work() -> None:
        while len(seen) < total:
            turn = await claim(room.house.database, lane, "a worker", 30.0)
            if turn is None:
                await asyncio.sleep(0.001)
                continue
            for run in turn.runs:
                effect = Effect("ledger", "race", "note", str(run.event_number))
                journal = journal_of(room.house, turn, run, Settling(room.house))
                answer = replace(template.answer, observations=(), references=())
                writing = replace(template, journal=journal, answer=answer)
                await writing.send(await writing.intend(effect))
                turn.change(Change(run.id, "done"))
                if len(turn.runs) == 1:
                    turn.is_freed = await journal.end_turn("noted")
                await journal.close()
                seen.add(run.event_number)
            if not turn.is_freed:
                await release(room.house.database, turn)

    async def bring() -> None:
        for number in range(total):
            await arrive(room, number, "race", "ledger")

    await asyncio.wait_for(asyncio.gather(bring(), work(), work(), work()), 20)

    assert len(seen) == total
    assert await room.house.database.fetch_value(
        "SELECT count(*) = 0 FROM runs WHERE subject = 'race' AND ended_at IS NULL"
    )


async def test_a_run_does_not_go_on_after_an_answer_that_could_not_be_committed(
    shipment: Shipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of writes side by side one may still be under way when the commit of another's answer is
    lost: what it would do next must not rest on what the next holder may have to fence."""

    async def break_off(*_: object, **_place: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(Database, "at_once", break_off)
        with pytest.raises(ConnectionResetError):
            await shipment.journal.commit()

    with pytest.raises(LeaseLost):
        await shipment.intend(NEXT)
    await shipment.journal.close()
    assert await shipment.states() == {"1": "intended"}


async def test_an_answer_that_comes_after_another_was_lost_is_committed_at_once(
    shipment: Shipment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_off(*_: object, **_place: object) -> None:
        raise ConnectionResetError

    intent = await shipment.intend(NEXT)
    shipment.answer = Receipt()
    await shipment.send(intent)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "at_once", break_off)
        with pytest.raises(ConnectionResetError):
            await shipment.journal.commit()
    await shipment.send(intent)

    assert await shipment.states() == {"1": "done", "2": "done"}
