"""A worker: claims due lanes when a bell rings, sweeps for what no bell rang for, does chores."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connections.gates import Gates
from tillbridge.connector.correlation import follow
from tillbridge.database.database import BROKEN
from tillbridge.journeys.house import House
from tillbridge.journeys.turn import Journey, take_turn
from tillbridge.journeys.watch_flows import let_through
from tillbridge.runs.lanes import Turn, claim_due, due_targets, hand_back
from tillbridge.runs.watchdogs import flow_of
from tillbridge.runtime.doorbell import Doorbell
from tillbridge.runtime.leases import HeldLeases
from tillbridge.runtime.turns import Turns
from tillbridge.watch.measures import TURNS

_LOG = logging.getLogger(__name__)
PULSE_S = 0.1
"""Under load due lanes are claimed so often: what is begun together is done together, which costs
less than a wake-up for each. The first bell after a rest is answered at once."""
CUT_OFF_S = 2.0
"""What a turn that is cut off gets to commit an answer it has heard."""


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
        self._turns = Turns(self._turn, turns_by_target, self._look_again)
        house.gates.slots = turns_by_target
        self._sweep_s = sweep_s
        self._pulse_s = min(PULSE_S, sweep_s)
        self._chores = chores
        self._leases = HeldLeases(house.database, house.pace.lease_s, house.pace.silent_max_s)
        self._targets = {connection.name for connection in house.connections.all()}
        self._stopped = False
        self._looks_twice = False
        self._doorbell = Doorbell()

    async def run(self, dsn: str) -> None:
        """Works until `stop`; a lost database is waited for."""
        follow(self._house.watch)
        self._house.gates.hear(self._look_again)
        keeping = asyncio.create_task(self._leases.keep())
        loops = [
            asyncio.create_task(self._listen(dsn)),
            asyncio.create_task(self._again_and_again(self._sweep_s, self._sweep)),
        ]
        for wait_s, chore in self._chores.values():
            loops.append(asyncio.create_task(self._again_and_again(wait_s, self._bound(chore))))
        began = float("-inf")
        try:
            while not self._stopped:
                await self._doorbell.rung()
                await asyncio.sleep(began + self._pulse_s - time.monotonic())
                began = time.monotonic()
                await self._try(self._claim)
        finally:
            await _end(*loops)
            await self._turns.finish()  # under leases that are still kept
            await _end(keeping)

    def stop(self) -> None:
        """Takes no more work. The runs in progress are advanced as far as they go; the others of
        their turns are left to whoever is next."""
        self._stopped = self._leases.is_ending = True
        self._doorbell.ring()

    async def hand_back(self) -> int:
        """Cuts off what is still in progress and gives its lanes back: they are due at once, for
        any worker. Answers how many.

        A call that was cut off is unknown, as after a crash, and is looked into before anything is
        sent again.
        """
        self.stop()
        held = self._leases.end()
        await self._turns.cut_off(CUT_OFF_S)
        await hand_back(self._house.database, held)
        return len(held)

    async def _listen(self, dsn: str) -> None:
        while True:
            try:
                await self._doorbell.listen(dsn)
            except BROKEN as error:
                _LOG.warning("the doorbell lost its database: %s", error)
                await asyncio.sleep(min(1.0, self._sweep_s))

    async def _claim(self) -> None:
        """Begins turns for what is due and has a slot."""
        house = self._house
        free = _cut(self._turns.free(self._targets, house.gates.borne), house.gates)
        if free and not self._stopped:
            turns = await claim_due(house.database, house.holder, house.pace.lease_s, free)
            for target in self._turns.begin(turns, free):
                house.gates.want_more(target)
            self._look_twice(found=bool(turns))

    def _look_twice(self, *, found: bool) -> None:
        """One bell rings for all who commit while its ringer does (`ring()`): what they make due is
        looked for a pulse later, until nothing more is found."""
        self._looks_twice = found or not self._looks_twice
        if self._looks_twice:
            self._look_again()

    async def _sweep(self) -> None:
        """Finds lanes of targets that this process has not heard of, and rings for what is due."""
        self._targets.update(await due_targets(self._house.database))
        self._look_again()

    def _look_again(self) -> None:
        self._doorbell.ring()

    async def _turn(self, turn: Turn) -> None:
        lane = turn.lease
        follow(self._house.watch, lane.subject)
        watched = flow_of(lane.subject)
        if not watched:
            self._house.watch.meter.count(TURNS, lane.target)
        try:
            if watched:
                await let_through(self._house, watched)
            await take_turn(self._house, turn, self._journeys, self._leases)
        except BROKEN as error:
            _LOG.warning("a turn at %s lost its database: %s", lane.target, error)
        except Exception:
            _LOG.exception("a turn of %s at %s broke; it is found again", lane.subject, lane.target)

    def _bound(self, chore: Callable[[House], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        return lambda: chore(self._house)

    async def _again_and_again(self, wait_s: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(wait_s)
            await self._try(job)

    async def _try(self, job: Callable[[], Awaitable[None]]) -> None:
        """Does a job that is done again soon, whatever becomes of it now."""
        try:
            await job()
        except BROKEN as error:
            _LOG.warning("waiting for the database: %s", error)
        except TillbridgeError as error:
            _LOG.warning("%s", error)
        except Exception:
            _LOG.exception("a chore broke; it is done again")


def _cut(free: Mapping[str, int], gates: Gates) -> dict[str, int]:
    """No more turns than there is room for behind their target's gate: what has none stays in the
    database, in order, and costs nothing."""
    rooms = {target: gates.room(target) for target in free}
    cut = {
        target: count if (room := rooms[target]) is None else min(count, room)
        for target, count in free.items()
    }
    return {target: count for target, count in cut.items() if count > 0}


async def _end(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
