"""A text that PostgreSQL cannot keep is its own sender's trouble, and not a lost database."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.journeys.room import Room, capture_told, fulfilled, open_room
from tests.runtime.mill import Mill, open_mill

from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import UNFIT
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.run import Run

LONG = "".join(f"{number * 2654435761:x}" for number in range(2000))
"""Too long for a key, and it does not compress."""
UNKEEPABLE = ["10\x0042", LONG, "10\ud80042"]
SHOWN = ["a zero byte", "kilobytes", "half a letter"]


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


@pytest.mark.parametrize("text", UNKEEPABLE[:2], ids=SHOWN[:2])
@pytest.mark.parametrize("field", ["order_number", "id"])
async def test_a_delivery_is_kept_whatever_stands_in_it(room: Room, field: str, text: str) -> None:
    received = await room.hear_shop(fulfilled() | {field: text})

    assert received.verdict == "kept_back"
    (letter,) = await dead_letters(room.house.database)
    assert letter.reason == "unusable"
    assert (await room.hear_shop(fulfilled() | {field: text})).verdict == "repeat"


@pytest.mark.parametrize("text", UNKEEPABLE[:2], ids=SHOWN[:2])
async def test_a_notification_is_kept_whatever_stands_in_it(room: Room, text: str) -> None:
    told = capture_told(order=text)

    received = await room.hear_cybersource("payments.captures.accept", told)

    assert received.verdict == "kept_back"
    assert len(await dead_letters(room.house.database)) == 1


@pytest.mark.parametrize("text", UNKEEPABLE, ids=SHOWN)
@pytest.mark.complaint("I47")
async def test_a_run_ends_on_the_desk_at_once_and_the_others_go_on(mill: Mill, text: str) -> None:
    async def keep(_run: Run) -> None:
        await mill.house.database.execute("INSERT INTO subjects VALUES ($1, 1)", text)

    mill.work["odd"] = keep
    async with mill.working():
        await mill.bring("1042", "odd", "order")
        await mill.until(lambda found: {run.state for run in found} == {"dead", "done"}, 5)

    (letter,) = await dead_letters(mill.house.database)
    assert (letter.flow, letter.kind, letter.reason) == ("odd", "invalid_data", "unkeepable")
    assert text not in letter.message


@pytest.mark.complaint("I40")
async def test_a_message_with_such_a_text_is_kept_without_it(mill: Mill) -> None:
    async def refuse(_run: Run) -> None:
        raise Rejected("The name 'a\x00b\ud800' is refused.", reason="bad_name")

    mill.work["odd"] = refuse
    async with mill.working():
        await mill.bring("1042", "odd")
        await mill.until(lambda found: {run.state for run in found} == {"dead"}, 5)

    (letter,) = await dead_letters(mill.house.database)
    assert letter.message == "The name 'a�b?' is refused."


def test_a_lost_database_is_none_of_them() -> None:
    for lost in (asyncpg.CannotConnectNowError, asyncpg.DiskFullError, ConnectionResetError):
        assert not issubclass(lost, UNFIT)


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn) as opened:
        yield opened
