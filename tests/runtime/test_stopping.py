"""Stopping: what a worker leaves is another one's at once, and nothing is stuck for ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.runtime.mill import PACE, Mill, open_mill

from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.run import Run

LONG = replace(PACE, lease_s=60.0)
"""Nobody waits for a lease to end here."""


@pytest.fixture
async def mill(dsn: str) -> AsyncIterator[Mill]:
    async with open_mill(dsn, LONG) as opened:
        yield opened


class Hanging:
    """Work that hangs the first so many times it is begun."""

    def __init__(self, times: int = 1) -> None:
        self.begun = asyncio.Event()
        self.steps: list[dict[str, bytes]] = []
        self._times = times

    async def __call__(self, run: Run) -> None:
        self.steps.append(run.steps)
        self.begun.set()
        if len(self.steps) <= self._times:
            await asyncio.Event().wait()


@pytest.mark.complaint("I31")
async def test_what_is_handed_back_is_taken_at_once(mill: Mill) -> None:
    work = mill.work["long"] = Hanging()
    async with mill.working(sweep_s=60) as going:
        await mill.bring("1042", "long")
        await work.begun.wait()
        async with mill.working(sweep_s=60):
            going.stop()
            await asyncio.sleep(0.2)
            assert len(work.steps) == 1
            began = time.monotonic()
            assert await going.hand_back() == 1
            await mill.all_done(1, 5)
            assert time.monotonic() - began < 2


async def test_what_had_begun_comes_back_with_its_steps(mill: Mill) -> None:
    work = mill.work["long"] = Hanging()
    async with mill.working() as going:
        await mill.bring("1042", "long")
        await work.begun.wait()
        await mill.house.database.execute(
            "INSERT INTO steps (run_id, name, kind, outcome)"
            " SELECT id, 'asked', 'read', 'answer' FROM runs"
        )
        await going.hand_back()
    async with mill.working():
        await mill.all_done(1)

    assert work.steps == [{}, {"asked": b"answer"}]


async def test_a_worker_that_stops_begins_nothing_more_of_its_turn(mill: Mill) -> None:
    """The run in progress is finished; the others of its lane are done by the other worker."""
    begun, end = asyncio.Event(), asyncio.Event()

    async def slow(_run: Run) -> None:
        begun.set()
        await end.wait()

    mill.work["slow"] = slow
    async with mill.working(sweep_s=60) as going:
        await mill.bring("1042", "slow", "after", "later")
        await begun.wait()
        going.stop()
        end.set()
        await mill.all_done(1)
        await asyncio.sleep(0.2)
        assert [flow for _, flow in mill.advanced] == ["slow"]
    async with mill.working(sweep_s=60):
        await mill.all_done(3)


async def test_being_handed_back_again_and_again_is_no_runs_fault(mill: Mill) -> None:
    times = LONG.claims_max + 2
    work = mill.work["long"] = Hanging(times)
    await mill.bring("1042", "long")
    for _ in range(times):
        work.begun.clear()
        async with mill.working() as going:
            await work.begun.wait()
            await going.hand_back()
    async with mill.working():
        await mill.all_done(1)

    assert await dead_letters(mill.house.database) == []


async def test_a_turn_that_does_not_get_on_is_left_to_others_and_ends_on_the_desk(
    dsn: str,
) -> None:
    """Complaint I36: nothing is "running" for days. Its worker lives, and renews other leases."""
    pace = replace(PACE, lease_s=0.3, silent_max_s=0.2)
    async with open_mill(dsn, pace) as mill:
        mill.work["stuck"] = Hanging(100)
        async with mill.working() as going:
            await mill.bring("1042", "stuck")
            await mill.until(lambda found: {run.state for run in found} == {"dead"}, 20)
            await mill.bring("1043", "order")
            await mill.until(lambda found: "done" in {run.state for run in found})
            await going.hand_back()

        (letter,) = await dead_letters(mill.house.database)
        assert letter.reason == "kills_its_worker"
