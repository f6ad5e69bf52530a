"""Steering: every act stands in the audit with who and why, in the same commit as the act."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.journeys.room import PLANTED, Room, fulfilled, open_room
from tests.lanes import claim

from tillbridge.access.audit import entries
from tillbridge.canonical.errors import Rejected
from tillbridge.connections.gates import GateClosed
from tillbridge.journeys.clerking import correct
from tillbridge.journeys.steer import cancel, pause, replay, resume
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.lanes import Lane, release
from tillbridge.runs.run import Change, Letter

FIELD = "data.fulfilment.carrier"


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


async def a_letter(room: Room) -> int:
    """A shipment whose run is on the desk."""
    await room.hear_shop(fulfilled())
    return await bury(room)


async def bury(room: Room) -> int:
    """The one open run of the order goes onto the desk."""
    turn = await claim(room.house.database, Lane("1042", "cybersource"), "a test", 30.0)
    assert turn is not None
    (run,) = turn.runs
    turn.change(Change(run.id, "dead", ending="No."))
    turn.letters.append(Letter(run.id, "rejected_by_rule", "no", "No.", "shop"))
    await release(room.house.database, turn)
    return run.id


async def told(room: Room) -> list[tuple[str, str, str, str]]:
    async with room.house.database.transaction() as tx:
        found = await entries(tx)
    return sorted((one.action, one.who, one.subject, one.why) for one in found)


async def test_the_kill_switch_and_its_end_are_in_the_audit(room: Room) -> None:
    await pause(room.house.database, "cybersource", "ada", "fraud wave")
    with pytest.raises(GateClosed):
        await room.house.gates.enter("cybersource")
    await resume(room.house.database, "cybersource", "bob", "over")

    assert await told(room) == [
        ("pause", "ada", "cybersource", "fraud wave"),
        ("resume", "bob", "cybersource", "over"),
    ]


async def test_a_correction_a_replay_and_a_cancellation_are_in_the_audit(room: Room) -> None:
    run_id = await a_letter(room)
    await correct(
        room.house.database, run_id, FIELD, "DHL", operator="ada", why="the wrong carrier"
    )
    await replay(room.house, run_id, "bob", "mended")
    another = await bury(room)
    await cancel(room.house, another, "eve", "the customer left")

    assert await told(room) == [
        ("cancel", "eve", f"run {another}", "the customer left"),
        ("edit", "ada", f"run {run_id}", "the wrong carrier"),
        ("replay", "bob", f"run {run_id}", "mended"),
    ]
    assert await dead_letters(room.house.database) == []


ACTS: list[Callable[[Room, int, str], Awaitable[object]]] = [
    lambda room, _run, why: pause(room.house.database, "cybersource", "ada", why),
    lambda room, _run, why: resume(room.house.database, "cybersource", "ada", why),
    lambda room, run, why: correct(room.house.database, run, FIELD, "x", operator="ada", why=why),
    lambda room, run, why: replay(room.house, run, "ada", why),
    lambda room, run, why: cancel(room.house, run, "ada", why),
]


@pytest.mark.parametrize("why", ["", "   ", "x" * 1001, f"his card is {PLANTED}"])
async def test_nothing_is_done_without_a_reason_that_may_be_kept(room: Room, why: str) -> None:
    run_id = await a_letter(room)

    for act in ACTS:
        with pytest.raises(Rejected):
            await act(room, run_id, why)

    assert await told(room) == []
    assert len(await dead_letters(room.house.database)) == 1
    assert await room.holds(PLANTED) == []


async def test_card_data_is_not_written_into_a_document_by_hand(room: Room) -> None:
    run_id = await a_letter(room)

    with pytest.raises(Rejected) as refused:
        await correct(room.house.database, run_id, FIELD, PLANTED, operator="ada", why="a note")

    assert refused.value.reason == "card_data"
    assert await room.holds(PLANTED) == []


async def test_what_is_not_there_cannot_be_steered(room: Room) -> None:
    for name in ("nobody", ""):
        for act in (pause, resume):
            with pytest.raises(Rejected):
                await act(room.house.database, name, "ada", "why not")
    for steer in (replay, cancel):
        with pytest.raises(Rejected):
            await steer(room.house, 7, "ada", "why not")

    assert await told(room) == []
