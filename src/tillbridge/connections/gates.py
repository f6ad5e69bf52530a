"""Gates: may work go through to a connection now?

One row a connection, shared by all workers: a breaker that trips after failures in a row (or at
once when the other side says how long to wait), a probe that is a read and belongs to one worker
at a time, a budget of what the other side takes, and pause and resume by hand. Work at a closed
gate is parked: it holds no worker and uses no attempt, and is let in, oldest first, when the gate
opens. An outage makes work wait, it never dead-letters it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import asyncpg

from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.connections.budget import PURPOSE, Budget, Purpose
from tillbridge.connections.budgets import Budgets
from tillbridge.connections.concurrency import Concurrency
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.connections", "gates.sql")

CREDENTIALS = "credentials"
"""The reason of an error that says the whole connection is not let in."""
GateState: TypeAlias = Literal["open", "tripped", "paused"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a gate trips, in seconds already divided by the run's factor.

    Attributes:
        failures_max: failures in a row that trip it.
        closed_s: how long it stays closed the first time; doubled each time in a row.
        closed_max_s: at most so long.
        seen_s: how long a worker may act on what it last read of the gates.
    """

    failures_max: int = 5
    closed_s: float = 2.0
    closed_max_s: float = 60.0
    seen_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate as read.

    Attributes:
        failures: in a row, of all workers together.
        trips: how often in a row it has tripped.
        closed_for_s: counts down while it is tripped; then it is probed.
        unchanged_for_s: since it opened, tripped or was paused.
        let_in: while those are let in that waited, work started later waits behind them.
        pace: runs that ended there in a second, as counted last.
    """

    connection: str
    state: GateState
    reason: str
    failures: int
    closed_for_s: float
    changed_at: datetime
    changed_by: str
    trips: int = 0
    let_in: datetime | None = None
    pace: float = 0.0
    unchanged_for_s: float = 0.0


class GateClosed(Exception):
    """Nothing was sent.

    Attributes:
        wait_s: seconds after which it is worth looking again.
        reason: for people.
        at_most_s: whoever waits for the gate to open has to look after so long all the same; None
            when it has all the time in the world.
    """

    def __init__(
        self, connection: str, wait_s: float, reason: str, *, at_most_s: float | None = None
    ) -> None:
        super().__init__(f"{connection}: {reason}")
        self.connection = connection
        self.wait_s = wait_s
        self.reason = reason
        self.at_most_s = at_most_s


@dataclass(slots=True)
class Gates:
    """The gates of one database as this process sees them.

    Attributes:
        slots: turns at once that this process ever has at a target.
    """

    database: Database
    breaker: Breaker
    budgets: Budgets | None = None
    slots: int = 100
    _seen: dict[str, Gate] = field(default_factory=dict)
    _seen_at: float = float("-inf")
    _troubled: set[str] = field(default_factory=set)
    _concurrency: dict[str, Concurrency] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.budgets is not None:
            self.budgets.seen = self._see

    async def ensure(self, connections: list[str]) -> None:
        """Makes a gate for each connection that has none."""
        await self.database.execute(SQL["ensure"], connections)
        self._seen_at = float("-inf")

    async def all(self) -> list[Gate]:
        """Every gate, read now."""
        self._see(await self.database.fetch(SQL["all_gates"]))
        return list(self._seen.values())

    async def enter(
        self, connection: str, purpose: Purpose = "work", since: datetime | None = None
    ) -> None:
        """Raises GateClosed unless work may go through now, started at `since`.

        What this task asks of other systems from here on is asked for that purpose.
        """
        PURPOSE.set(purpose)
        began = time.monotonic()
        budget = self.budgets.of(connection) if self.budgets is not None else None
        if began - self._seen_at > self.breaker.seen_s:
            await self._look(budget)
        try:
            self._expect_open(connection, since)
        except GateClosed:
            if self._seen_at >= began:
                raise
            await self._look(budget)  # it may have opened since we looked
            self._expect_open(connection, since)
        if self.budgets is None or budget is None:
            return
        self.budgets.keep()
        if not await budget.expect(purpose):
            raise GateClosed(connection, budget.wait_s, f"over its limits: {budget.told_limits()}")

    def room(self, connection: str) -> int | None:
        """How many more turns may begin for its sake; None for any number."""
        budget = self.budgets.of(connection) if self.budgets is not None else None
        return budget.room() if budget is not None else None

    def borne(self, connection: str) -> int | None:
        """Turns at once that it bears, as this process has learned; None for any number."""
        concurrency = self._concurrency.get(connection)
        return concurrency.borne if concurrency is not None else None

    def want_more(self, connection: str) -> None:
        """All the room there was is taken, and more is waiting."""
        budget = self.budgets.of(connection) if self.budgets is not None else None
        if budget is not None:
            budget.want_more()

    def hear(self, heard: Callable[[], None]) -> None:
        """`heard` is called when there may be more room."""
        if self.budgets is not None:
            self.budgets.hear(heard)

    def count_ended(self, connection: str) -> None:
        """A run at this connection has ended: so the pace is known."""
        budget = self.budgets.of(connection) if self.budgets is not None else None
        if budget is not None:
            budget.count_ended()

    async def failed(self, connection: str, error: TillbridgeError) -> None:
        """Counts a failure of the connection as a whole. Others are not the gate's business."""
        credentials = isinstance(error, Misconfigured) and error.reason == CREDENTIALS
        if not credentials and not (isinstance(error, Transient) and error.gate):
            return
        asked_s = error.wait_s if isinstance(error, Transient) else self.breaker.closed_max_s
        self._troubled.add(connection)
        self._concurrency.setdefault(connection, Concurrency(self.slots)).failed()
        state = await self.database.fetch_value(
            SQL["failed"],
            connection,
            self.breaker.failures_max,
            asked_s,
            self.breaker.closed_s,
            self.breaker.closed_max_s,
            error.message,
        )
        if state == "tripped":
            self._seen_at = float("-inf")

    async def succeeded(self, connection: str) -> None:
        """Forgets the failures in a row, this process's own and those of others it has seen; costs
        nothing where there were none."""
        if connection in self._concurrency:
            self._concurrency[connection].answered()
        gate = self._seen.get(connection)
        others = gate is not None and gate.state == "open" and (gate.failures or gate.trips)
        if connection in self._troubled or others:
            self._troubled.discard(connection)
            if gate is not None:
                self._seen[connection] = replace(gate, failures=0, trips=0)
            await self.database.execute(SQL["succeeded"], connection)

    async def take_probe(self, connection: str, lease_s: float) -> int | None:
        """The number of the probe that this worker alone may make now; None when it may not."""
        number: int | None = await self.database.fetch_value(SQL["take_probe"], connection, lease_s)
        return number

    async def probe_passed(self, connection: str, probe: int) -> bool:
        """Opens the gate; False when the probe's right had expired, or a person paused it."""
        self._seen_at = float("-inf")
        opened = await self.database.fetch_value(SQL["probe_passed"], connection, probe)
        return opened is not None

    async def probe_failed(self, connection: str, probe: int, error: TillbridgeError) -> None:
        """Keeps it closed, longer, and as long as the other side asks."""
        await self.database.execute(
            SQL["probe_failed"],
            connection,
            probe,
            self.breaker.closed_s,
            self.breaker.closed_max_s,
            error.message,
            error.wait_s if isinstance(error, Transient) else None,
        )

    async def let_in(self, tx: Tx, connection: str, until: datetime | None) -> None:
        """Of those that wait, who was started until then may enter; None: nobody waits any more."""
        await tx.execute(SQL["let_in"], connection, until)

    async def pause(self, connection: str, reason: str, operator: str) -> bool:
        """Closes a gate by hand (the kill switch); False when there is no such connection."""
        self._seen_at = float("-inf")
        found = await self.database.fetch_value(SQL["pause"], connection, reason, operator)
        return found is not None

    async def resume(self, connection: str, operator: str) -> bool:
        """Opens a gate by hand; False when there is no such connection."""
        self._seen_at = float("-inf")
        return await self.database.fetch_value(SQL["resume"], connection, operator) is not None

    async def close(self) -> None:
        """Hands back what this process has taken."""
        if self.budgets is not None:
            await self.budgets.close()

    def _expect_open(self, connection: str, since: datetime | None) -> None:
        gate = self._seen.get(connection)
        if gate is None:
            return
        if gate.state == "paused":
            wait_s = self.breaker.closed_max_s
            raise GateClosed(gate.connection, wait_s, f"paused: {gate.reason}")
        if gate.state == "tripped":
            wait_s = max(gate.closed_for_s, self.breaker.closed_s)
            raise GateClosed(gate.connection, wait_s, f"closed: {gate.reason}")
        if since is not None and gate.let_in is not None and since > gate.let_in:
            wait_s = self.breaker.closed_s
            raise GateClosed(gate.connection, wait_s, "its turn comes after what waited longer")

    async def _look(self, budget: Budget | None) -> None:
        """Reads the gates; with the first slice of a budget in the same statement."""
        if self.budgets is None or budget is None or budget.has_slice:
            await self.all()
        else:
            await self.budgets.take()

    def _see(self, rows: Sequence[asyncpg.Record]) -> None:
        self._seen = {row["connection"]: _gate(row) for row in rows}
        self._seen_at = time.monotonic()


async def read_gates(database: Database) -> list[Gate]:
    """Every gate, by connection, for those who only look."""
    return [_gate(row) for row in await database.fetch(SQL["all_gates"])]


def _gate(row: asyncpg.Record) -> Gate:
    return Gate(
        connection=row["connection"],
        state=row["state"],
        reason=row["reason"],
        failures=row["failures"],
        closed_for_s=row["closed_for_s"] or 0.0,
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        trips=row["trips"],
        let_in=_instant(row["let_in"]),
        pace=row["pace"],
        unchanged_for_s=row["unchanged_for_s"],
    )


def _instant(moment: datetime | None) -> datetime | None:
    """asyncpg reads PostgreSQL's -infinity as a moment without a zone."""
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
