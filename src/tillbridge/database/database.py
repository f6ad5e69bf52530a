"""One PostgreSQL for everything that must be remembered."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar

import asyncpg

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.database.ferry import LOST, PULSE_S, Ferry

T = TypeVar("T")


class Tx(Protocol):
    """An open transaction (or a plain connection where one statement is the whole of it)."""

    async def execute(self, query: str, *args: Any) -> str: ...

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]: ...

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None: ...

    async def fetchval(self, query: str, *args: Any) -> Any: ...

    def transaction(self) -> AbstractAsyncContextManager[object]: ...


BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a lost database looks like: nothing is known to be wrong with the work itself. The last is
how asyncpg meets a connection whose server said goodbye while nobody had asked it anything."""
GONE = (OSError, *LOST, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Of those, what a server that is away, or takes no statements yet, looks like."""
UNFIT = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)
"""Of those, what PostgreSQL says to a value that it cannot keep (a zero byte, a key of kilobytes),
now and ever. Its words may hold the value, and are shown to nobody."""
VICTIM = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Of those, what a transaction meets that PostgreSQL chose to undo: the same again is likely to go
through."""
_MOVED = "TB001"
VICTIM_TRIES = 3
SESSION = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "idle_in_transaction_session_timeout": "10s",
}
"""Our statements are small and always the same: planning them anew costs more than running them.
No transaction of ours waits for another system: one that idles so long has lost its process, and
the rows it locks would keep everybody waiting."""
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


async def _nothing(_connection: object) -> None:
    """What a connection needs before it goes back: no session state is ever left on one."""


def unfit(error: Exception) -> Rejected:
    """What one of UNFIT means to whoever brought the value."""
    return Rejected(
        f"A text or number of it cannot be kept in PostgreSQL: {type(error).__name__}.",
        reason="unkeepable",
        next_step="Take out what no database keeps, such as a zero byte or a key of kilobytes.",
    )


def keepable(text: str) -> str:
    """A message without what no text of PostgreSQL may hold: it may quote a value that does."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


class Database:
    """A pool of connections to one PostgreSQL.

    Surfaces that may not starve each other (checkout, workers, operators) each get one of their
    own over the same server.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", pulse_s: float = PULSE_S) -> None:
        self._pool = pool
        self._ferry = Ferry(pool, pulse_s=pulse_s)

    @classmethod
    async def connect(
        cls,
        dsn: str,
        *,
        size_max: int = 10,
        name: str = "tillbridge",
        pulse_s: float = PULSE_S,
    ) -> "Database":
        """Connects, and refuses a server that may forget what it has acknowledged.

        `pulse_s`: how long statements that may share a commit wait for each other (ferry.py).

        Raises:
            Transient: no server answers at that address.
            Misconfigured: fsync, full_page_writes or synchronous_commit is off.
        """
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size_max,
                max_inactive_connection_lifetime=0,
                statement_cache_size=512,
                reset=_nothing,
                server_settings=SESSION | {"application_name": name},
            )
        except (OSError, asyncpg.CannotConnectNowError) as error:
            raise Transient(
                f"No PostgreSQL answers: {error}.",
                gate=True,
                reason="database_down",
                next_step="Start it, or correct TILLBRIDGE_DATABASE_URL.",
            ) from error
        except asyncpg.TooManyConnectionsError as error:
            raise Transient(
                "PostgreSQL has no connection left for us.",
                gate=True,
                reason="database_full",
                next_step="Run fewer processes, or raise its max_connections and restart it.",
            ) from error
        database = cls(pool, pulse_s)
        try:
            await database._check_durability()
        except BaseException:
            await pool.close()
            raise
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """One transaction; committed when the block ends, rolled back when it raises."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield connection

    async def commit(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Does work in one transaction, again when PostgreSQL chose it to end a deadlock.

        For what may not fail for a lock's sake: an answer that was heard, a delivery at the door.
        """
        for _ in range(VICTIM_TRIES - 1):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except VICTIM:
                continue
        async with self.transaction() as tx:
            return await work(tx)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """One connection without a transaction: every statement commits by itself."""
        async with self._pool.acquire() as connection:
            yield connection

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        return await self._pool.fetch(statement, *values)

    async def fetch_row(self, statement: str, *values: Any) -> asyncpg.Record | None:
        return await self._pool.fetchrow(statement, *values)

    async def fetch_value(self, statement: str, *values: Any) -> Any:
        return await self._pool.fetchval(statement, *values)

    async def together(self, statement: str, *values: Any, by: str) -> asyncpg.Record | None:
        """One statement that is a whole transaction and answers one row, and may share its commit
        with others of its kind (ferry.py). `by` is the subject whose rows it locks."""
        return await self._ferry.cross(statement, values, by)

    async def at_once(
        self, statement: str, *values: Any, by: str | None = None
    ) -> asyncpg.Record | None:
        """One statement that is a whole transaction and does not wait for a judge.

        With `by` it may share its commit, as in `together`. None, and nothing done, when what it
        was prepared on has moved (TB001), or PostgreSQL chose it to end a deadlock: the caller goes
        the long way, with locks.
        """
        try:
            if by is not None:
                return await self.together(statement, *values, by=by)
            return await self.fetch_row(statement, *values)
        except VICTIM:
            return None
        except asyncpg.PostgresError as error:
            if error.sqlstate != _MOVED:
                raise
            return None

    async def expect_room_for(self, connections: int) -> None:
        """Raises Misconfigured when the server takes fewer connections than that in all."""
        taken = await self._pool.fetchval(
            "SELECT current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int"
        )
        if taken < connections:
            raise Misconfigured(
                f"PostgreSQL takes {taken} connections; {connections} are needed.",
                reason="too_few_connections",
                next_step="Run fewer workers, or raise its max_connections and restart it.",
            )

    async def execute(self, statement: str, *values: Any) -> str:
        return await self._pool.execute(statement, *values)

    async def durability(self) -> dict[str, str]:
        """The server settings that every benchmark prints, by name."""
        rows = await self._pool.fetch(
            "SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name",
            list(DURABLE),
        )
        return {row["name"]: row["setting"] for row in rows}

    async def close(self) -> None:
        await self._pool.close()

    async def _check_durability(self) -> None:
        for name, value in (await self.durability()).items():
            if value in ("off", "local", "remote_write") and not (
                name == "synchronous_commit" and value == "local"
            ):
                raise Misconfigured(
                    f"PostgreSQL runs with {name} = {value}: what it acknowledges may be lost.",
                    reason="not_durable",
                    next_step=f"Set {name} = on and restart.",
                )
