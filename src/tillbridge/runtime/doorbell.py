"""The doorbell: PGQueuer wakes workers fast, on any number of machines.

It promises at least once and no more, so nothing true lives in it: what is waiting, until when,
and who may advance it stands in our own tables, and the sweeper finds what no bell rang for.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from tillbridge.database.database import Tx
from tillbridge.runs.lanes import Lane

ENTRYPOINT = "turn"
BATCH = 50
_ENQUEUE = QueryQueueBuilder().build_enqueue_query("skip")
_SEPARATOR = "\x1f"


async def install(connection: asyncpg.Connection) -> None:
    """Makes the doorbell's own tables, or brings them up to date; all of them logged."""
    queries = Queries.from_asyncpg_connection(connection)
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()


async def ring(tx: Tx, lanes: Sequence[Lane]) -> None:
    """Rings for lanes inside the caller's transaction; a bell that waits already is enough."""
    count = len(lanes)
    names = [f"{lane.target}{_SEPARATOR}{lane.subject}" for lane in lanes]
    await tx.fetch(
        _ENQUEUE,
        [0] * count,
        [ENTRYPOINT] * count,
        [name.encode() for name in names],
        [timedelta(0)] * count,
        names,
        ["{}"] * count,
    )


class Doorbell:
    """One worker's ear: calls `answer` for each lane that was rung for."""

    def __init__(self, connection: asyncpg.Connection, answer: Callable[[Lane], None]) -> None:
        self._queue = PgQueuer.from_asyncpg_connection(connection)

        @self._queue.entrypoint(ENTRYPOINT)
        async def on_ring(job: Job) -> None:
            assert job.payload is not None, "a bell names its lane"
            target, _, subject = job.payload.decode().partition(_SEPARATOR)
            answer(Lane(subject, target))

    async def listen(self) -> None:
        """Answers bells until `stop`; raises when the connection is lost."""
        await self._queue.run(
            dequeue_timeout=timedelta(seconds=5),
            batch_size=BATCH,
            max_concurrent_tasks=2 * BATCH,
            heartbeat_timeout=timedelta(seconds=60),
            shutdown_on_listener_failure=True,
        )

    def stop(self) -> None:
        """Takes no more bells; those in work are finished."""
        self._queue.shutdown.set()
