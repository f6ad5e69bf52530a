"""A worker: answers bells, sweeps for what no bell rang for, probes gates, asks about reviews."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import asyncpg

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.database.database import BROKEN, SESSION
from tillbridge.journeys.house import House
from tillbridge.journeys.turn import Journey, take_turns
from tillbridge.runs.lanes import Lane, due
from tillbridge.runtime.doorbell import Doorbell
from tillbridge.runtime.leases import HeldLeases
from tillbridge.runtime.turns import Turns

_LOG = logging.getLogger(__name__)
_SWEEP_MAX = 500


class Worker:
    """One process's share of the work.

    Args:
        turns_by_target: turns at a time for each target.
        sweep_s: how often it sweeps, factor applied.
        chores: what else is done again and again, by name: seconds between, and the job.
    """

    def __init__(
        self,
        house: House,
        journeys: Mapping[str, Journey],
        *,
        turns_by_target: int = 100,
        sweep_s: float = 1.0,
        chores: Mapping[str, tuple[float, Callable[[House], Awaitable[None]]]],
    ) -> None:
        self._house = house
        self._journeys = journeys
        self._turns = Turns(self._turn, turns_by_target)
        self._sweep_s = sweep_s
        self._chores = chores
        self._leases = HeldLeases(house.database, house.pace.lease_s)
        self._stopped = False
        self._doorbell: Doorbell | None = None

    async def run(self, dsn: str) -> None:
        """Works until `stop`; a lost database is waited for."""
        keeping = asyncio.create_task(self._leases.keep())
        loops = [asyncio.create_task(self._again_and_again(self._sweep_s, self._sweep))]
        for wait_s, chore in self._chores.values():
            loops.append(asyncio.create_task(self._again_and_again(wait_s, self._bound(chore))))
        try:
            await self._listen(dsn)
        finally:
            await _end(*loops)
            await self._turns.finish()  # under leases that are still kept
            await _end(keeping)

    def stop(self) -> None:
        """Takes no more work; turns in progress are finished."""
        self._stopped = True
        if self._doorbell is not None:
            self._doorbell.stop()

    async def _listen(self, dsn: str) -> None:
        while not self._stopped:
            try:
                connection = await asyncpg.connect(dsn, server_settings=SESSION)
                try:
                    self._doorbell = Doorbell(connection, self._turns.begin)
                    if not self._stopped:  # asked to stop while it connected
                        await self._doorbell.listen()
                finally:
                    with suppress(*BROKEN):
                        await connection.close(timeout=1)
            except BROKEN as error:
                _LOG.warning("the doorbell lost its database: %s", error)
                await asyncio.sleep(min(1.0, self._sweep_s))

    async def _turn(self, lane: Lane) -> None:
        try:
            await take_turns(self._house, lane, self._journeys, self._leases)
        except BROKEN as error:
            _LOG.warning("a turn at %s lost its database: %s", lane, error)
        except Exception:
            _LOG.exception("a turn at %s broke; its lane is found again", lane)

    async def _sweep(self) -> None:
        for lane in await due(self._house.database, _SWEEP_MAX):
            self._turns.begin(lane)

    def _bound(self, chore: Callable[[House], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return lambda: chore(self._house)

    async def _again_and_again(self, wait_s: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(wait_s)
            try:
                await job()
            except BROKEN as error:
                _LOG.warning("waiting for the database: %s", error)
            except TillbridgeError as error:
                _LOG.warning("%s", error)
            except Exception:
                _LOG.exception("a chore broke; it is done again in %.1f s", wait_s)


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
