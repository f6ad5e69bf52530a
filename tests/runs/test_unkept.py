"""Steps that are put off: kept with the next commit of their run, not lost by one that fails."""

import pytest
from tests.runs.follows import Follows
from tests.runs.test_journal import QUICK, Desk, open_desk

from tillbridge.connector.abilities import Receipt
from tillbridge.database.database import Database, Tx
from tillbridge.runs.journal import Journal
from tillbridge.runs.lease import LeaseLost


async def putting_off(database: Database) -> tuple[Desk, Journal]:
    """A journal that puts off, after a read."""
    desk = await open_desk(database)
    journal = Journal(
        database,
        desk.turn.lease,
        desk.run,
        clock=desk.journal._clock,
        patience=QUICK,
        settles=Follows(lambda *_: None),
        puts_off=True,
    )

    async def look(_call: object) -> Receipt:
        return Receipt(fields={"status": "open"})

    await journal.read("look", look, 1.0)
    return desk, journal


async def kept(database: Database) -> list[str]:
    return [row["name"] for row in await database.fetch("SELECT name FROM steps ORDER BY name")]


async def note(_tx: Tx) -> bytes:
    return b"noted"


async def break_down(_tx: Tx) -> bytes:
    raise ValueError("the effect failed")


async def test_a_read_is_kept_with_the_next_local_step(database: Database) -> None:
    _, journal = await putting_off(database)
    assert await kept(database) == []
    await journal.local("note", note)
    assert await kept(database) == ["look", "note"]


async def test_a_read_is_kept_when_the_run_goes_no_further(database: Database) -> None:
    _, journal = await putting_off(database)
    await journal.close()
    await journal.close()
    assert await kept(database) == ["look"]


async def test_a_local_step_that_fails_does_not_lose_the_read_before_it(database: Database) -> None:
    _, journal = await putting_off(database)
    with pytest.raises(ValueError, match="failed"):
        await journal.local("note", break_down)
    assert await kept(database) == []
    await journal.close()
    assert await kept(database) == ["look"]


async def test_who_has_lost_the_lane_keeps_nothing(database: Database) -> None:
    desk, journal = await putting_off(database)
    desk.turn.lease.number -= 1
    with pytest.raises(LeaseLost):
        await journal.close()
    assert await kept(database) == []
