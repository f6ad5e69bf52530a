"""The doorbell: it rings with the commit that makes a lane due, and says no more than that."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.lanes import claim
from tests.runtime.mill import Mill, open_mill

from tillbridge.runs.lanes import Lane, release, start_held, wake
from tillbridge.runs.run import Change
from tillbridge.runtime.doorbell import Doorbell

LANE = Lane("1042", "dynamics")
DEAF_S = 0.3
"""Long enough for a bell that is coming."""


@dataclass
class Ear:
    """Somebody who listens."""

    bell: Doorbell
    task: "asyncio.Task[None]"

    async def hears(self, timeout_s: float = 5.0) -> bool:
        """Whether it rings within that time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.bell.rung()
        except TimeoutError:
            return False
        return True


@contextlib.asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[Ear]:
    """An ear that is on; what rang before it was is heard at once, and no more of it after."""
    bell = Doorbell()
    ear = Ear(bell, asyncio.create_task(bell.listen(dsn)))
    try:
        assert await ear.hears()
        yield ear
    finally:
        ear.task.cancel()
        await asyncio.gather(ear.task, return_exceptions=True)


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn) as opened:
        yield opened


@pytest.fixture
async def ear(mill: Mill) -> AsyncIterator[Ear]:
    async with listening(mill.dsn) as opened:
        yield opened


async def test_what_rang_before_somebody_listened_is_made_up_for(dsn: str) -> None:
    async with listening(dsn) as ear:
        assert not await ear.hears(DEAF_S)


async def test_a_bell_rings_with_its_commit_and_not_before(mill: Mill, ear: Ear) -> None:
    async with mill.house.database.transaction() as tx:
        await tx.execute("SELECT ring()")
        assert not await ear.hears(DEAF_S)

    assert await ear.hears()


async def test_what_is_rolled_back_rings_for_nobody(mill: Mill, ear: Ear) -> None:
    with pytest.raises(ZeroDivisionError):
        async with mill.house.database.transaction() as tx:
            await tx.execute("SELECT ring()")
            raise ZeroDivisionError

    assert not await ear.hears(DEAF_S)


async def test_all_bells_since_it_was_last_heard_are_one(mill: Mill, ear: Ear) -> None:
    for number in range(5):
        await mill.bring(str(number), "order")
    await asyncio.sleep(DEAF_S)

    assert await ear.hears()
    assert not await ear.hears(DEAF_S)


async def test_everybody_who_listens_hears_it(mill: Mill) -> None:
    async with listening(mill.dsn) as one, listening(mill.dsn) as other:
        await mill.bring("1042", "order")

        assert await one.hears()
        assert await other.hears()


async def test_an_ear_whose_connection_is_lost_says_so(mill: Mill, ear: Ear) -> None:
    await mill.cut_every_connection()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(ear.task, 5)


async def starts_a_run(mill: Mill) -> None:
    await mill.bring("1042", "order")


async def offers_an_event(mill: Mill) -> None:
    await mill.house.database.execute("UPDATE lanes SET waits = '{payment.authorized}'")
    await mill.bring("1042", number="2")


async def wakes_a_lane(mill: Mill) -> None:
    async with mill.house.database.transaction() as tx:
        await wake(tx, LANE)


async def releases_what_is_due_again(mill: Mill) -> None:
    turn = await claim(mill.house.database, LANE, "a test", 30.0)
    assert turn is not None
    turn.change(Change(turn.runs[0].id, "waiting", 0.0, "goes on at once"))
    assert await release(mill.house.database, turn)


async def ends_a_turn_before_the_turn_of_others(mill: Mill) -> None:
    database = mill.house.database
    async with database.transaction() as tx:
        turn = await start_held(tx, LANE, "a test", 30.0, journey="deliver", content=b"{}")
    assert turn is not None
    lease, run = turn.lease, turn.runs[0]
    nothing: list[str] = []
    done = (LANE.subject, LANE.target, lease.number, lease.arrivals, run.id, "done")
    ended = (*done, *[nothing] * 4)
    await database.fetch_row("SELECT end_turn($1, 0)", ended)


@pytest.mark.parametrize(
    "make_due",
    [
        starts_a_run,
        offers_an_event,
        wakes_a_lane,
        releases_what_is_due_again,
        ends_a_turn_before_the_turn_of_others,
    ],
)
async def test_whatever_makes_a_lane_due_rings(
    mill: Mill, make_due: Callable[[Mill], Awaitable[None]]
) -> None:
    await mill.bring("1042", "order", number="0")
    async with listening(mill.dsn) as ear:
        await make_due(mill)

        assert await ear.hears()


async def brings_what_is_known(mill: Mill) -> None:
    await mill.bring("1042", "order", number="0")


async def brings_what_nobody_wants(mill: Mill) -> None:
    await mill.bring("1042", number="9")


async def releases_what_waits(mill: Mill) -> None:
    turn = await claim(mill.house.database, LANE, "a test", 30.0)
    assert turn is not None
    turn.change(Change(turn.runs[0].id, "waiting", 3600.0, "a long time"))
    assert not await release(mill.house.database, turn)


@pytest.mark.parametrize(
    "leave", [brings_what_is_known, brings_what_nobody_wants, releases_what_waits]
)
async def test_what_makes_no_lane_due_is_silent(
    mill: Mill, leave: Callable[[Mill], Awaitable[None]]
) -> None:
    await mill.bring("1042", "order", number="0")
    async with listening(mill.dsn) as ear:
        await leave(mill)

        assert not await ear.hears(DEAF_S)


async def test_a_lane_may_have_any_name(mill: Mill) -> None:
    subject = "Käse/§ 'x' \"y\" {};--"

    async with mill.working(sweep_s=60):
        await mill.bring(subject, "order")
        await mill.all_done(1, 8)

    assert mill.advanced == [(subject, "order")]


async def test_of_those_that_commit_at_the_same_time_one_rings_for_all(mill: Mill) -> None:
    """PostgreSQL would commit them one after the other if each of them rang."""
    async with listening(mill.dsn) as ear:
        async with mill.house.database.transaction() as ringer:
            await ringer.execute("SELECT ring()")
            await mill.bring("1042", "order")

            assert not await ear.hears(DEAF_S)
        assert await ear.hears()
