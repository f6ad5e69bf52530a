"""Misfortunes: what is done to a town while it trades, one after the other, as a seed decides.

A round holds every kind of misfortune; rounds follow each other, each in an order of its own.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns import weather
from campaigns.clerks import Clerks
from campaigns.house import Kept
from campaigns.wires import Order, Wires
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge_simulators.world import World

POSTGRES: Final = "postgres"
SYSTEMS: Final = ("cybersource", "dynamics365", "sagepro", "shop")
CONNECTIONS: Final = ("cybersource", "dynamics", "sage", "webshop")

ROUND: Final[Mapping[str, int]] = {
    "a worker is killed": 6,
    "the API is killed": 2,
    "PostgreSQL is killed": 1,
    "a session of PostgreSQL is killed": 1,
    "a worker is stalled": 3,
    "the API is stalled": 1,
    "connections to PostgreSQL are cut": 2,
    "connections to a system are cut": 3,
    "a wire is slow": 2,
    "a system refuses connections": 1,
    "a system is down": 2,
    "a system is asked too much": 2,
    "a gate is paused by hand": 1,
}
"""How often a round has each."""
ONE_OF_EACH: Final[Mapping[str, int]] = dict.fromkeys(ROUND, 1) | {"a worker is killed": 3}
DELAY_MAX_S: Final = 0.03
STORM_REQUESTS_MAX: Final = 20
_LOOK_S: Final = 0.2


@dataclass
class Misfortunes:
    """Comes over one town.

    Attributes:
        per_round: how often a round has each misfortune.
        lease_s: how long the house keeps a lease: a stall lasts longer.
        outage_s: how long a system is away, at most.
        done: how often each happened.
        kills: processes that were ended by SIGKILL.
    """

    world: World
    wires: Wires
    server: EmbeddedPostgres
    workers: Sequence[Kept]
    api: Kept
    clerks: Clerks
    draw: random.Random
    per_round: Mapping[str, int]
    lease_s: float
    outage_s: float
    done: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    _begun: list[asyncio.Task[None]] = field(default_factory=list)
    _away: asyncio.Lock = field(default_factory=asyncio.Lock)
    _paused: set[str] = field(default_factory=set)
    """Gates that were told to pause, heard or not. No other is resumed: that wakes those there."""

    async def come(self, passed: Callable[[], int], every: float) -> None:
        """Until cancelled: one for about `every` orders that have come to rest (`passed`). What has
        begun by then is ended by `end`."""
        due = 0.0
        for name in self._rounds():
            due += self.draw.uniform(0.5, 1.5) * every
            while passed() < due:  # noqa: ASYNC110 (orders come to rest all the time)
                await asyncio.sleep(_LOOK_S)
            self._begun.append(asyncio.create_task(self._one(name)))
            await asyncio.sleep(_LOOK_S)

    async def end(self) -> None:
        """Waits for what has begun; afterwards everything outside is well again."""
        await asyncio.gather(*self._begun)
        weather.clear(self.world)
        for wire in self.wires.ports:
            await self.wires.tell(Order(wire, "open"))
            await self.wires.tell(Order(wire, "delay", seconds=0.0))
        for connection in sorted(self._paused):
            await self._resume(connection)

    async def cut(self) -> int:
        """How many connections were cut on all wires."""
        counts = [await self.wires.tell(Order(wire, "count")) for wire in self.wires.ports]
        return sum(counts)

    def _rounds(self) -> Iterator[str]:
        whole = [name for name, times in self.per_round.items() for _ in range(times)]
        while True:
            self.draw.shuffle(whole)
            yield from whole

    async def _one(self, name: str) -> None:
        self.done[name] += 1
        await _ACTS[name](self)

    async def kill_a_worker(self) -> None:
        self._kill(self.draw.choice(self.workers).pid)

    async def kill_the_api(self) -> None:
        self._kill(self.api.pid)

    async def kill_postgres(self) -> None:
        self._kill(self.server.pid)

    async def kill_a_session(self) -> None:
        """PostgreSQL then ends every session, and recovers as after a crash."""
        children = _children(self.server.pid)
        if children:
            self._kill(self.draw.choice(children))

    async def stall_a_worker(self) -> None:
        await self._stall(self.draw.choice(self.workers).pid)

    async def stall_the_api(self) -> None:
        await self._stall(self.api.pid)

    async def cut_postgres(self) -> None:
        await self.wires.tell(Order(POSTGRES, "cut", share=self.draw.uniform(0.2, 1.0)))

    async def cut_a_system(self) -> None:
        wire = self.draw.choice(SYSTEMS)
        await self.wires.tell(Order(wire, "cut", share=self.draw.uniform(0.2, 1.0)))

    async def slow_a_wire(self) -> None:
        wire = self.draw.choice([POSTGRES, *SYSTEMS])
        delay_s = self.draw.uniform(0.0, DELAY_MAX_S)
        await self.wires.tell(Order(wire, "delay", seconds=delay_s))
        await asyncio.sleep(self.draw.uniform(0.2, 1.0) * self.outage_s)
        await self.wires.tell(Order(wire, "delay", seconds=0.0))

    async def refuse_connections(self) -> None:
        async with self._away:
            wire = self.draw.choice(SYSTEMS)
            await self.wires.tell(Order(wire, "close"))
            await asyncio.sleep(self.draw.uniform(0.2, 1.0) * self.outage_s)
            await self.wires.tell(Order(wire, "open"))

    async def take_down(self) -> None:
        async with self._away:
            system = self.draw.choice(SYSTEMS)
            faults = getattr(self.world, system).faults
            faults.down = True
            if system == "sagepro":
                assert self.world.sagepro is not None, "this town has one"
                self.world.sagepro.cut_clients()
            await asyncio.sleep(self.draw.uniform(0.2, 1.0) * self.outage_s)
            faults.down = False

    async def ask_too_much(self) -> None:
        requests = self.draw.randint(1, STORM_REQUESTS_MAX)
        weather.storm(self.world, self.draw.choice(SYSTEMS[:3]), requests)

    async def pause_a_gate(self) -> None:
        connection = self.draw.choice(CONNECTIONS)
        self._paused.add(connection)
        if await self.clerks.switch(connection, paused=True):
            await asyncio.sleep(self.draw.uniform(0.2, 1.0) * self.outage_s)
            await self._resume(connection)

    async def _resume(self, connection: str) -> None:
        """Until it is heard."""
        while not await self.clerks.switch(connection, paused=False):  # noqa: ASYNC110 (the API may be away)
            await asyncio.sleep(_LOOK_S)

    def _kill(self, pid: int | None) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.kills += 1

    async def _stall(self, pid: int | None) -> None:
        """Stopped for longer than its lease lasts; then it wakes and knows nothing of it."""
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(self.draw.uniform(1.2, 2.5) * self.lease_s)
            finally:
                os.kill(pid, signal.SIGCONT)


_ACTS: Final[Mapping[str, Callable[[Misfortunes], Awaitable[None]]]] = {
    "a worker is killed": Misfortunes.kill_a_worker,
    "the API is killed": Misfortunes.kill_the_api,
    "PostgreSQL is killed": Misfortunes.kill_postgres,
    "a session of PostgreSQL is killed": Misfortunes.kill_a_session,
    "a worker is stalled": Misfortunes.stall_a_worker,
    "the API is stalled": Misfortunes.stall_the_api,
    "connections to PostgreSQL are cut": Misfortunes.cut_postgres,
    "connections to a system are cut": Misfortunes.cut_a_system,
    "a wire is slow": Misfortunes.slow_a_wire,
    "a system refuses connections": Misfortunes.refuse_connections,
    "a system is down": Misfortunes.take_down,
    "a system is asked too much": Misfortunes.ask_too_much,
    "a gate is paused by hand": Misfortunes.pause_a_gate,
}


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []
