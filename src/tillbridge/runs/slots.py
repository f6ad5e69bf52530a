"""Slots: at most so many runs of a flow are advanced at once, over all workers.

A slot is worth as much as its lane's lease: when a worker dies, its slots end with its leases, and
nothing has to be tidied up. A run that waits holds none.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.runs.lease import Lease
from tillbridge.runs.run import Parked

SQL = load_statements("tillbridge.runs", "slots.sql")


@asynccontextmanager
async def slot(
    database: Database, lease: Lease, flow: str, limit: int | None, wait_s: float
) -> AsyncIterator[None]:
    """Holds one of a flow's slots for as long as the block runs; no limit, no slot.

    Raises:
        Parked: all are taken; the run looks again in `wait_s` seconds.
    """
    if limit is None:
        yield
        return
    if not await _take(database, lease, flow, limit):
        raise Parked(wait_s, f"{limit} runs of {flow} are under way, which is its limit")
    try:
        yield
    finally:
        await database.execute(SQL["free_slot"], flow, lease.subject, lease.target, lease.number)


async def _take(database: Database, lease: Lease, flow: str, limit: int) -> bool:
    async with database.transaction() as tx:
        await tx.execute(SQL["lock_slots"], flow)
        values = (flow, limit, lease.subject, lease.target, lease.number)
        return await tx.fetchval(SQL["take_slot"], *values) is not None
