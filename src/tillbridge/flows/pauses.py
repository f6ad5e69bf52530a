"""Pauses: a flow that is paused by hand keeps its intake, and its runs wait."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.flows", "pauses.sql")


@dataclass(frozen=True, slots=True)
class Pause:
    """One paused flow, with who did it and why."""

    flow: str
    paused_at: datetime
    paused_by: str
    why: str


@dataclass(slots=True)
class Pauses:
    """The paused flows of one database as this process sees them.

    Attributes:
        seen_s: how long a worker may act on what it last read.
    """

    database: Database
    seen_s: float = 1.0
    _seen: dict[str, Pause] = field(default_factory=dict)
    _seen_at: float = float("-inf")

    async def of(self, flow: str) -> Pause | None:
        """The flow's pause; None while it runs."""
        if time.monotonic() - self._seen_at > self.seen_s:
            self._seen_at = time.monotonic()  # others need not ask as well meanwhile
            self._seen = {pause.flow: pause for pause in await paused_flows(self.database)}
        return self._seen.get(flow)


async def paused_flows(database: Database) -> list[Pause]:
    """Every paused flow, by name."""
    return [Pause(**dict(row)) for row in await database.fetch(SQL["paused_flows"])]


async def pause_flow(tx: Tx, flow: str, who: str, why: str) -> None:
    """Pauses a flow; one that is paused already gets the new reason."""
    await tx.execute(SQL["pause_flow"], flow, who, why)


async def resume_flow(tx: Tx, flow: str) -> bool:
    """Lets a flow go on; False when it was not paused."""
    return await tx.fetchval(SQL["resume_flow"], flow) is not None
