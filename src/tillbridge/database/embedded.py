"""A real PostgreSQL of our own: started, found again, brought back when it dies, stopped.

Any number of processes may use one folder at once. The first starts the server, the others find
it, and the last to leave stops it; who is there is told by locks that end with their process.
Access is by a Unix socket in a folder only its owner may enter; there is no TCP port.
"""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.database.cluster import PORT, SUPERUSER, Cluster, Postmaster
from tillbridge.database.database import BROKEN, GONE
from tillbridge.database.filelock import FileLock

DATABASE = "tillbridge"
OWNER = "tillbridge"
"""Who the program is to the server: the owner of its databases, not a superuser."""
READY_POLL_S = 0.03
READY_TIMEOUT_S = 300.0
"""After a crash the server first replays its log; that takes as long as it takes."""
STOP_TIMEOUT_S = 60.0
ORPHANS_TIMEOUT_S = 60.0
"""Processes of a killed server may finish their statement first; until then none may start."""
RESTART_WAIT_MIN_S = 0.1
RESTART_WAIT_MAX_S = 30.0

_LOG = logging.getLogger(__name__)


class EmbeddedPostgres:
    """The PostgreSQL in `<folder>/postgres`. Use it with `async with`, or `start` and `stop`."""

    def __init__(self, folder: Path) -> None:
        self._cluster = Cluster(folder)
        self._door = FileLock(self._cluster.home / "door.lock")
        self._presence = FileLock(self._cluster.home / "presence.lock")
        self._serving = FileLock(self._cluster.home / "serving.lock")
        self._postmaster: Postmaster | None = None

    @property
    def dsn(self) -> str:
        """The address of the database `tillbridge`; it stays the same over restarts."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """The address of another database on the same server."""
        assert self._postmaster is not None, "start it first"
        return _dsn(self._postmaster, database, OWNER)

    @property
    def pid(self) -> int:
        """The server's main process."""
        assert self._postmaster is not None, "start it first"
        return self._postmaster.pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> str:
        """Starts the server, or finds it running; answers its address when it takes statements.

        Raises:
            Misconfigured: it cannot start here; the message carries the server's own reason.
            Transient: it is not ready after READY_TIMEOUT_S.
        """
        async with self._door.held():
            self._presence.try_shared()
            try:
                await self._ensure_running()
            except BaseException:
                await self._leave()
                raise
        return self.dsn

    async def stop(self) -> None:
        """Leaves; the last to leave stops the server. Stopping twice is harmless."""
        if self._presence.is_ours:
            async with self._door.held():
                await self._leave()

    async def supervise(self) -> None:
        """Brings the server back whenever it dies, until cancelled or stopped. Start it first."""
        while self._presence.is_ours:
            await _gone(self.pid)
            wait_s = RESTART_WAIT_MIN_S
            while not await self._brought_back():
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RESTART_WAIT_MAX_S)

    async def _brought_back(self) -> bool:
        """Whether the server runs again, or was stopped on purpose and need not."""
        try:
            async with self._door.held():
                if self._presence.is_ours:
                    _LOG.warning("PostgreSQL (process %s) has died; starting it again.", self.pid)
                    await self._ensure_running()
        except (TillbridgeError, *BROKEN) as error:
            _LOG.error("PostgreSQL does not start: %s", error)
            return False
        else:
            return True

    async def _ensure_running(self) -> None:
        if self._postmaster is not None:
            _reap(self._postmaster.pid)
        await asyncio.to_thread(self._cluster.prepare)
        self._postmaster = self._cluster.running() or await self._spawn()
        await self._until_ready()
        await self._ensure_database()

    async def _spawn(self) -> Postmaster:
        """The only server of this cluster; two at once would destroy it."""
        await self._until_nobody_serves()
        try:
            postmaster = self._cluster.spawn(self._serving.descriptor)
        finally:
            self._serving.release()
        while self._cluster.running() is None:
            if _reap(postmaster.pid):
                raise self._not_started()
            await asyncio.sleep(READY_POLL_S)
        return postmaster

    async def _until_nobody_serves(self) -> None:
        """Holds `serving`: no process of any server has it, not even in another container."""
        deadline = _now_s() + ORPHANS_TIMEOUT_S
        while not self._serving.try_exclusive():
            if _now_s() > deadline:
                raise Misconfigured(
                    f"A PostgreSQL that is not to be seen from here serves {self._cluster.home}.",
                    reason="foreign_server",
                    next_step="Stop it (it may be in another container that has this folder).",
                )
            await asyncio.sleep(READY_POLL_S)

    async def _until_ready(self) -> None:
        deadline = _now_s() + READY_TIMEOUT_S
        while not await self._answers():
            if self._cluster.running() is None:
                raise self._not_started()
            if _now_s() > deadline:
                raise Transient(
                    f"PostgreSQL in {self._cluster.home} is not ready in {READY_TIMEOUT_S:.0f} s.",
                    next_step=f"See {self._cluster.log}.",
                )
            await asyncio.sleep(READY_POLL_S)

    def _not_started(self) -> Misconfigured:
        return Misconfigured(
            f"PostgreSQL in {self._cluster.home} did not start: {self._cluster.last_words()}",
            reason="postgres_start",
            next_step=f"Mend what it says; more in {self._cluster.log}.",
        )

    async def _answers(self) -> bool:
        """Whether the server takes statements; it must be the one of our folder."""
        try:
            connection = await self._administer()
        except GONE:
            return False
        try:
            served = Path(await connection.fetchval("SHOW data_directory"))
        finally:
            await connection.close()
        if served != self._cluster.files:
            raise Misconfigured(
                f"The server behind our socket serves {served}, not {self._cluster.files}.",
                reason="foreign_server",
                next_step="Stop that server, or choose another tillbridge folder.",
            )
        return True

    async def _administer(self) -> "asyncpg.Connection[asyncpg.Record]":
        assert self._postmaster is not None, "start it first"
        return await asyncpg.connect(_dsn(self._postmaster, "postgres", SUPERUSER))

    async def _ensure_database(self) -> None:
        connection = await self._administer()
        try:
            role = "SELECT 1 FROM pg_roles WHERE rolname = $1"
            if await connection.fetchval(role, OWNER) is None:
                await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            known = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(known, DATABASE) is None:
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        finally:
            await connection.close()

    async def _leave(self) -> None:
        alone = self._presence.try_exclusive()
        try:
            running = self._cluster.running() if alone else None
            if running is not None:
                await _end(running.pid)
        finally:
            self._presence.release()
            if self._postmaster is not None:
                _reap(self._postmaster.pid)
            self._postmaster = None


def _dsn(postmaster: Postmaster, database: str, user: str) -> str:
    host = quote(str(postmaster.socket_folder), safe="")
    return f"postgresql://{user}@/{database}?host={host}&port={PORT}"


async def _end(pid: int) -> None:
    """A fast shutdown (sessions are ended, everything is written); an immediate one if it hangs."""
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, kind)
            return await asyncio.wait_for(_gone(pid), STOP_TIMEOUT_S)
        except ProcessLookupError:
            return
        except TimeoutError:
            _LOG.warning("PostgreSQL (process %s) did not end on %s.", pid, kind.name)


async def _gone(pid: int) -> None:
    """Returns when the process has ended; no polling. It may be anyone's child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        loop.add_reader(descriptor, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    _reap(pid)


def _reap(pid: int) -> bool:
    """Takes a dead child's entry away. True when the process has ended."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _now_s() -> float:
    return asyncio.get_running_loop().time()
