"""A ferry: statements that are ready at the same time cross to the database in one commit.

Each of them is a whole transaction by itself. What it costs is mostly the trip: two processes that
wake each other, a commit, a write to the disk. So those that come within a pulse go together, in
one message and one commit; the first after a rest leaves at once. All of them are committed or none
is; where one is refused, each goes alone, and only that one hears of it.

Rows are locked in the order of `by` (the subject), so that two ferries cannot wait for each other.
What somebody waits for, such as a shopper, does not take the ferry.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

PULSE_S = 0.01
SEATS = 32
LOAD_MAX_BYTES = 64_000
"""What the kernel takes from us in one piece: a process that is stopped while it sends keeps no
rows locked."""
BOATS = 4
"""Crossings under way at a time for one statement; each needs a connection."""
LOST = (asyncpg.PostgresConnectionError, asyncpg.exceptions.OperatorInterventionError)
"""What PostgreSQL says when its connection is gone: what became of the statement is not known."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass(slots=True)
class _Passenger:
    """One statement's values, and who waits for its row."""

    values: tuple[Any, ...]
    by: str
    bytes: int
    arrived: "asyncio.Future[asyncpg.Record | None]"

    def land(self, row: asyncpg.Record | None) -> None:
        if not self.arrived.done():
            self.arrived.set_result(row)

    def sink(self, error: BaseException) -> None:
        if not self.arrived.done():
            self.arrived.set_exception(error)


class Ferry:
    """Carries statements over one pool of connections."""

    def __init__(self, pool: Pool, *, pulse_s: float = PULSE_S) -> None:
        self._pool = pool
        self._pulse_s = pulse_s
        self._landings: dict[str, _Landing] = {}

    async def cross(
        self, statement: str, values: tuple[Any, ...], by: str
    ) -> asyncpg.Record | None:
        """The row of a statement that always answers one, once it is committed.

        Raises what it would have raised alone. A caller that is cancelled does not know whether it
        was committed.
        """
        landing = self._landings.get(statement)
        if landing is None:
            landing = self._landings[statement] = _Landing(self._pool, statement, self._pulse_s)
        return await landing.board(values, by)


class _Landing:
    """Where the passengers of one statement wait."""

    def __init__(self, pool: Pool, statement: str, pulse_s: float) -> None:
        self._pool = pool
        self._statement = statement
        self._pulse_s = pulse_s
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Passenger] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._left_at = float("-inf")
        self._departure: asyncio.TimerHandle | None = None

    def board(self, values: tuple[Any, ...], by: str) -> "asyncio.Future[asyncpg.Record | None]":
        passenger = _Passenger(values, by, _weight(values), self._loop.create_future())
        self._waiting.append(passenger)
        self._plan()
        return passenger.arrived

    def _plan(self) -> None:
        """Leaves a pulse after the last departure, as soon as there is a boat."""
        if self._waiting and self._departure is None and len(self._under_way) < BOATS:
            self._departure = self._loop.call_at(self._left_at + self._pulse_s, self._leave)

    def _leave(self) -> None:
        self._departure, self._left_at = None, self._loop.time()
        aboard = self._load()
        if aboard:
            crossing = self._loop.create_task(self._cross(aboard))
            self._under_way.add(crossing)
            crossing.add_done_callback(self._landed)
        self._plan()

    def _landed(self, crossing: "asyncio.Task[None]") -> None:
        self._under_way.discard(crossing)
        self._plan()

    def _load(self) -> list[_Passenger]:
        """Who goes, in the order in which rows are locked; whoever gave up stays behind."""
        present = [passenger for passenger in self._waiting if not passenger.arrived.done()]
        load, seats = 0, 0
        for passenger in present[:SEATS]:
            load += passenger.bytes
            if seats and load > LOAD_MAX_BYTES:
                break
            seats += 1
        self._waiting = present[seats:]
        return sorted(present[:seats], key=lambda passenger: passenger.by)

    async def _cross(self, aboard: Sequence[_Passenger]) -> None:
        if len(aboard) == 1:
            await self._alone(aboard[0])
            return
        try:
            async with self._pool.acquire() as connection:
                rows = await connection.fetchmany(
                    self._statement, [passenger.values for passenger in aboard]
                )
        except asyncpg.PostgresError as error:
            if isinstance(error, LOST):
                _sink(aboard, error)
                return
            # nothing of it was committed
            await asyncio.gather(*(self._alone(passenger) for passenger in aboard))
        except BaseException as error:
            _sink(aboard, error)
            if not isinstance(error, Exception):
                raise
        else:
            assert len(rows) == len(aboard), "each statement answers one row"
            for passenger, row in zip(aboard, rows, strict=True):
                passenger.land(row)

    async def _alone(self, passenger: _Passenger) -> None:
        try:
            passenger.land(await self._pool.fetchrow(self._statement, *passenger.values))
        except BaseException as error:
            passenger.sink(error)
            if not isinstance(error, Exception):
                raise


def _sink(aboard: Sequence[_Passenger], error: BaseException) -> None:
    for passenger in aboard:
        passenger.sink(error)


def _weight(values: Sequence[Any]) -> int:
    """About how many bytes these values are on the wire."""
    load = 0
    for value in values:
        if isinstance(value, str | bytes):
            load += len(value)
        elif isinstance(value, list | tuple):
            load += _weight(value)
    return load
