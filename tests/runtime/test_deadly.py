"""A run that kills its worker: real processes, started again as `up` starts them."""

import asyncio
import sys

from tests.runtime.mill import PACE, Mill, open_mill

from tillbridge.runs.dead_letters import dead_letters


async def test_a_run_that_kills_every_worker_ends_on_the_desk_and_the_others_are_done(
    dsn: str,
) -> None:
    """Complaint I36: nothing keeps dying for ever."""
    async with open_mill(dsn) as mill:
        await mill.bring("1042", "before", "killer", "after")
        await mill.bring("1043", "order")
        deaths = 0
        async with asyncio.timeout(90):
            while not await _all_ended(mill):
                deaths += await _live_once(mill)

        states = {run.flow: run.state for run in await mill.runs()}
        assert states == {"before": "done", "killer": "dead", "after": "done", "order": "done"}
        (letter,) = await dead_letters(mill.house.database)
        assert (letter.flow, letter.reason) == ("killer", "kills_its_worker")
    assert 1 < deaths <= PACE.claims_max + 1


async def _live_once(mill: Mill) -> bool:
    """One worker's life; whether it was killed. It ends in order when there is nothing left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.runtime.deadly", mill.dsn), stdin=asyncio.subprocess.PIPE
    )
    ended = asyncio.create_task(process.wait())
    while not ended.done() and not await _all_ended(mill):
        await asyncio.wait({ended}, timeout=0.05)
    assert process.stdin is not None
    process.stdin.close()
    return await ended == 9


async def _all_ended(mill: Mill) -> bool:
    return all(run.ended_at for run in await mill.runs())
