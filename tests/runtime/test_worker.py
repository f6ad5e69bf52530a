"""A worker: hears bells, finds what no bell rang for, and outlives its database's troubles."""

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.runtime.mill import Mill, open_mill

from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.house import House
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.run import Parked, Run


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn) as opened:
        yield opened


async def test_a_bell_is_answered_at_once(mill: Mill) -> None:
    async with mill.working(sweep_s=60):
        await asyncio.sleep(0.5)
        await mill.bring("1042", "order")
        await mill.all_done(1, 3)


async def test_a_bell_that_is_lost_costs_no_more_than_a_sweep(mill: Mill) -> None:
    async with mill.working(sweep_s=1.5, hears=False):
        await asyncio.sleep(0.2)
        await mill.bring("1042", "order")
        await asyncio.sleep(0.5)
        assert mill.advanced == []
        await mill.all_done(1, 2)


async def test_who_was_silent_for_anothers_bell_is_found_a_pulse_later(mill: Mill) -> None:
    """It commits after the bell of the one it was silent for, and nobody rings again."""
    database = mill.house.database
    async with mill.working(sweep_s=60):
        await mill.bring("1041", "order")
        await mill.all_done(1)
        await asyncio.sleep(0.5)
        async with database.transaction() as silent:
            async with database.transaction() as ringer:
                await ringer.execute("SELECT ring()")
                await silent.execute("UPDATE lanes SET wake_at = now() WHERE subject = '1041'")
                await silent.execute(
                    "INSERT INTO runs (subject, target, sequence, journey, flow, input, state)"
                    " VALUES ('1041', 'dynamics', 2, 'deliver', 'order', '', 'ready')"
                )
                await silent.execute("SELECT ring()")
            await asyncio.sleep(0.03)
        await mill.all_done(2, 5)


async def test_a_wait_that_is_over_needs_no_bell(mill: Mill) -> None:
    """Nothing is committed when a time comes: only the sweep finds it."""
    woken: list[float] = []

    async def wait_once(_run: Run) -> None:
        woken.append(time.monotonic())
        if len(woken) == 1:
            raise Parked(0.5, "a while")

    mill.work["patient"] = wait_once
    async with mill.working(sweep_s=0.1):
        await mill.bring("1042", "patient")
        await mill.all_done(1, 3)

    first, second = woken
    assert 0.45 <= second - first < 1.5


async def test_a_target_that_a_worker_has_never_heard_of_is_found_by_the_sweep(
    mill: Mill,
) -> None:
    async with mill.working(sweep_s=0.2):
        await mill.bring("1042", "order", target="newly-connected")
        await mill.all_done(1, 3)


async def test_what_waited_before_the_worker_began_is_done_at_once(mill: Mill) -> None:
    for number in range(20):
        await mill.bring(str(number), "order")

    async with mill.working(sweep_s=60):
        await mill.all_done(20)


async def test_more_than_there_are_slots_for_is_done_without_another_bell(mill: Mill) -> None:
    """What was left in the database is looked for when a slot is free again."""
    for number in range(25):
        await mill.bring(str(number), "order")

    async with mill.working(turns_by_target=3, sweep_s=60):
        await mill.all_done(25)


async def test_every_run_is_advanced_once_by_however_many_workers(mill: Mill) -> None:
    async with mill.working(), mill.working(), mill.working():
        for number in range(30):
            await mill.bring(str(number), "order")
        await mill.all_done(30)

    assert sorted(mill.advanced) == sorted((str(number), "order") for number in range(30))


async def test_a_slow_target_holds_up_no_other(mill: Mill) -> None:
    ended = asyncio.Event()

    async def wait(_run: Run) -> None:
        await ended.wait()

    mill.work["slow"] = wait
    async with mill.working(turns_by_target=2):
        for number in range(6):
            await mill.bring(f"s{number}", "slow", target="sage")
        for number in range(6):
            await mill.bring(f"q{number}", "quick", target="dynamics")

        await mill.all_done(6)
        assert sum(flow == "slow" for _, flow in mill.advanced) == 2
        ended.set()
        await mill.all_done(12)


async def test_the_runs_of_one_lane_go_one_after_the_other_in_their_order(mill: Mill) -> None:
    under_way: list[str] = []
    together: list[int] = []

    async def watch(run: Run) -> None:
        under_way.append(run.flow)
        together.append(len(under_way))
        await asyncio.sleep(0.02)
        under_way.remove(run.flow)

    mill.work |= dict.fromkeys("abc", watch)
    async with mill.working(), mill.working():
        for number in range(4):
            await mill.bring("1042", "a", "b", "c", number=str(number))
        await mill.all_done(12)

    assert max(together) == 1


async def test_a_worker_outlives_the_loss_of_every_connection(mill: Mill) -> None:
    async with mill.working():
        await mill.bring("1", "order")
        await mill.all_done(1)
        for number in (2, 3):
            await mill.cut_every_connection()
            await asyncio.sleep(0.3)
            await mill.bring(str(number), "order")
            await mill.all_done(number, 15)


async def test_leases_are_kept_after_the_loss_of_every_connection(mill: Mill) -> None:
    """A turn longer than its lease is still this worker's: nobody else takes it over."""

    async def long(_run: Run) -> None:
        await asyncio.sleep(2.5)

    mill.work["long"] = long
    async with mill.working(), mill.working():
        await mill.bring("1", "order")
        await mill.all_done(1)
        await mill.cut_every_connection()
        await asyncio.sleep(1.5)
        await mill.bring("2", "long")
        await mill.all_done(2, 15)

    assert mill.advanced.count(("2", "long")) == 1


async def test_a_stopping_worker_keeps_its_leases_until_its_last_turn_ends(mill: Mill) -> None:
    begun = asyncio.Event()

    async def long(_run: Run) -> None:
        begun.set()
        await asyncio.sleep(2.0)

    mill.work["long"] = long
    async with mill.working():
        async with mill.working() as stopping:
            await mill.bring("1", "long")
            await begun.wait()
            stopping.stop()
        await mill.all_done(1)

    assert mill.advanced == [("1", "long")]


async def test_a_chore_that_breaks_is_done_again(mill: Mill) -> None:
    """Were its loop to end, gates would stay closed and timers unheard for good."""
    done: list[int] = []

    async def break_down(_house: House) -> None:
        done.append(1)
        raise [KeyError("a bug"), Rejected("no"), OSError("gone")][len(done) % 3]

    async with mill.working(chores={"broken": (0.02, break_down)}):
        async with asyncio.timeout(5):
            while len(done) < 7:  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)


async def test_a_bug_ends_its_own_run_and_no_other(mill: Mill) -> None:
    async def trip(_run: Run) -> None:
        raise KeyError("a bug")

    mill.work["bug"] = trip
    async with mill.working():
        await mill.bring("1042", "bug", "order")
        await mill.until(lambda found: {run.state for run in found} == {"dead", "done"})

    (letter,) = await dead_letters(mill.house.database)
    assert (letter.kind, letter.reason, letter.flow) == ("bug", "KeyError", "bug")


async def test_a_run_that_kills_its_worker_is_found_out_and_the_others_go_on(
    mill: Mill,
) -> None:
    """The killer is neither first nor last in its lane; what dies never releases the lane."""

    async def die(_run: Run) -> None:
        raise ConnectionResetError("as if the process had died")

    mill.work["killer"] = die
    async with mill.working():
        await mill.bring("1042", "before", "killer", "after")
        await mill.until(lambda found: all(run.ended_at for run in found), 25)

    states = {run.flow: run.state for run in await mill.runs()}
    assert states == {"before": "done", "killer": "dead", "after": "done"}
    (letter,) = await dead_letters(mill.house.database)
    assert (letter.reason, letter.flow) == ("kills_its_worker", "killer")


async def test_what_others_had_done_before_their_worker_died_is_not_forgotten(mill: Mill) -> None:
    """A run that has begun comes back with its steps, also after another one was found out."""
    database = mill.house.database
    known: list[dict[str, bytes]] = []

    async def die(_run: Run) -> None:
        await database.execute(
            "INSERT INTO steps (run_id, name, kind, outcome)"
            " SELECT id, 'asked', 'read', 'answer' FROM runs WHERE flow = 'after'"
            " ON CONFLICT DO NOTHING"
        )
        raise ConnectionResetError("as if the process had died")

    async def remember(run: Run) -> None:
        known.append(run.steps)

    mill.work |= {"killer": die, "after": remember}
    async with mill.working():
        await mill.bring("1042", "killer", "after")
        await mill.until(lambda found: all(run.ended_at for run in found), 25)

    assert known == [{"asked": b"answer"}]


async def test_a_connection_in_disorder_is_a_lost_database_and_no_bug_of_the_run(
    mill: Mill,
) -> None:
    """So asyncpg finds a connection whose server said goodbye while nobody asked it anything."""
    goodbyes = [asyncpg.InternalClientError("cannot switch to state 12")]

    async def meet(_run: Run) -> None:
        if goodbyes:
            raise goodbyes.pop()

    mill.work["unlucky"] = meet
    async with mill.working():
        await mill.bring("1042", "unlucky")
        await mill.all_done(1, 15)

    assert await dead_letters(mill.house.database) == []


async def test_a_run_without_its_own_fault_is_not_counted_out(mill: Mill) -> None:
    """Workers that die elsewhere cost a run nothing once it gets on."""
    deaths = 2

    async def die_twice(_run: Run) -> None:
        nonlocal deaths
        if deaths:
            deaths -= 1
            raise ConnectionResetError("as if the process had died")

    mill.work["unlucky"] = die_twice
    async with mill.working():
        await mill.bring("1042", "unlucky")
        await mill.all_done(1, 15)

    assert await dead_letters(mill.house.database) == []
