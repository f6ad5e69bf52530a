"""Gates: may work go through to a connection now?

One row a connection, shared by all workers: a breaker that trips after failures in a row (or at
once when the other side says how long to wait), a probe that is a read and belongs to one worker
at a time, and pause and resume by hand. Work at a closed gate waits, holds no worker and uses no
attempt: an outage makes work wait, it never dead-letters it.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.database.database import Database
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
    """One gate as read: `closed_for_s` counts down while it is tripped."""

    connection: str
    state: GateState
    reason: str
    failures: int
    closed_for_s: float
    changed_at: datetime
    changed_by: str


class GateClosed(Exception):
    """Nothing was sent; look again in `wait_s` seconds. Attribute `reason` is for people."""

    def __init__(self, connection: str, wait_s: float, reason: str) -> None:
        super().__init__(f"{connection}: {reason}")
        self.connection = connection
        self.wait_s = wait_s
        self.reason = reason


@dataclass(slots=True)
class Gates:
    """The gates of one database as this process sees them."""

    database: Database
    breaker: Breaker
    _seen: dict[str, Gate] = field(default_factory=dict)
    _seen_at: float = float("-inf")
    _troubled: set[str] = field(default_factory=set)

    async def ensure(self, connections: list[str]) -> None:
        """Makes a gate for each connection that has none."""
        await self.database.execute(SQL["ensure"], connections)
        self._seen_at = float("-inf")

    async def all(self) -> list[Gate]:
        """Every gate, read now."""
        rows = await self.database.fetch(SQL["all_gates"])
        gates = [
            Gate(
                row["connection"],
                row["state"],
                row["reason"],
                row["failures"],
                row["closed_for_s"] or 0.0,
                row["changed_at"],
                row["changed_by"],
            )
            for row in rows
        ]
        self._seen = {gate.connection: gate for gate in gates}
        self._seen_at = time.monotonic()
        return gates

    async def enter(self, connection: str) -> None:
        """Raises GateClosed unless work may go through now."""
        if time.monotonic() - self._seen_at > self.breaker.seen_s:
            await self.all()
        gate = self._seen.get(connection)
        if gate is None or gate.state == "open":
            return
        if gate.state == "paused":
            raise GateClosed(connection, self.breaker.closed_max_s, f"paused: {gate.reason}")
        wait_s = max(gate.closed_for_s, self.breaker.closed_s)
        raise GateClosed(connection, wait_s, f"closed: {gate.reason}")

    async def failed(self, connection: str, error: TillbridgeError) -> None:
        """Counts a failure of the connection as a whole. Others are not the gate's business."""
        credentials = isinstance(error, Misconfigured) and error.reason == CREDENTIALS
        if not credentials and not (isinstance(error, Transient) and error.gate):
            return
        asked_s = error.wait_s if isinstance(error, Transient) else self.breaker.closed_max_s
        self._troubled.add(connection)
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
        """Forgets this process's failures; costs nothing where there were none."""
        if connection in self._troubled:
            self._troubled.discard(connection)
            await self.database.execute(SQL["succeeded"], connection)

    async def take_probe(self, connection: str, lease_s: float) -> bool:
        """Whether this worker alone may probe now."""
        return await self.database.fetch_value(SQL["take_probe"], connection, lease_s) is not None

    async def probe_passed(self, connection: str) -> None:
        """Opens the gate."""
        await self.database.execute(SQL["probe_passed"], connection)
        self._seen_at = float("-inf")

    async def probe_failed(self, connection: str, reason: str) -> None:
        """Keeps it closed, longer."""
        await self.database.execute(
            SQL["probe_failed"],
            connection,
            self.breaker.closed_s,
            self.breaker.closed_max_s,
            reason,
        )

    async def pause(self, connection: str, reason: str, operator: str) -> bool:
        """Closes a gate by hand (the kill switch); False when there is no such connection."""
        self._seen_at = float("-inf")
        found = await self.database.fetch_value(SQL["pause"], connection, reason, operator)
        return found is not None

    async def resume(self, connection: str, operator: str) -> bool:
        """Opens a gate by hand; False when there is no such connection."""
        self._seen_at = float("-inf")
        return await self.database.fetch_value(SQL["resume"], connection, operator) is not None
