"""The doorbell promises at least once and no more; what it costs and forgets is known."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.runtime.mill import Mill, open_mill

from tillbridge.runs.lanes import Lane
from tillbridge.runtime.doorbell import install, ring

LANE = Lane("1042", "dynamics")


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn) as opened:
        yield opened


async def bells(mill: Mill) -> int:
    return int(await mill.house.database.fetch_value("SELECT count(*) FROM pgqueuer"))


async def test_a_bell_that_waits_already_is_enough(mill: Mill) -> None:
    for _ in range(3):
        async with mill.house.database.transaction() as tx:
            await ring(tx, [LANE, Lane("1042", "sage")])

    assert await bells(mill) == 2


async def test_a_bell_rings_with_its_commit_or_not_at_all(mill: Mill) -> None:
    with pytest.raises(ZeroDivisionError):
        async with mill.house.database.transaction() as tx:
            await ring(tx, [LANE])
            raise ZeroDivisionError

    assert await bells(mill) == 0


async def test_bells_leave_nothing_behind(mill: Mill) -> None:
    async with mill.working():
        for number in range(10):
            await mill.bring(str(number), "order")
        await mill.all_done(10)
        await mill.until(lambda _: True)

    assert await bells(mill) == 0


async def test_its_tables_are_logged_like_ours_and_made_once(mill: Mill, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await install(connection)
        unlogged = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relpersistence <> 'p' AND relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()

    assert [row["relname"] for row in unlogged] == []


async def test_a_lane_may_have_any_name(mill: Mill) -> None:
    subject = "Käse/§ 'x' \"y\" {};--"

    async with mill.working(sweep_s=60):
        await mill.bring(subject, "order")
        await mill.all_done(1, 8)

    assert mill.advanced == [(subject, "order")]
