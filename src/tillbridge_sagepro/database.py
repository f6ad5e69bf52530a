"""The company's database: threads for the blocking driver, a pool of connections, transactions.

Everything before COMMIT is undone by the server when the connection ends, so a break there is
certainly a "no"; only a COMMIT whose answer is missing leaves the outcome unknown.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import pytds  # type: ignore[import-untyped] # python-tds ships no types

from tillbridge.canonical.errors import Misconfigured, TillbridgeError, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Opening
from tillbridge_sagepro.errors import DUPLICATE, number_of, translated, unreachable
from tillbridge_sagepro.settings import SageProSettings
from tillbridge_sagepro.statements import statement
from tillbridge_sagepro.wire import Wire

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
"""One row as the driver gives it: text padded to its column's width, Decimals, instants."""
Values: TypeAlias = Mapping[str, str]
"""Parameters by name; everything crosses the wire as text, amounts digit for digit."""

CONNECT_MAX_S = 3.0
PACKET_BYTES = 16_000
"""The largest packet SQL Server takes on an encrypted connection is 16,383 bytes."""
_APPLICATION = "tillbridge"


class AlreadyClaimed(Exception):
    """The effect's key is in ix_xref; the transaction has been rolled back."""


class Line:
    """One open connection and the statements sent on it."""

    def __init__(self, wire: Wire, connection: Any) -> None:
        self._wire = wire
        self._connection = connection
        self._cursor = connection.cursor()
        self.used = False

    def execute(self, sql: str, values: Values | None = None) -> list[list[Row]]:
        """Runs a batch; the rows of each of its queries. Raises the driver's errors."""
        self._cursor.execute(sql, dict(values) if values else None)
        results: list[list[Row]] = []
        while True:
            if self._cursor.description is not None:
                results.append(self._cursor.fetchall())
            if not self._cursor.nextset():
                return results

    def until(self, deadline: float) -> None:
        """Nothing on this connection waits longer than this."""
        self._wire.deadline = deadline

    def close(self) -> None:
        """Also undoes a transaction that was not committed."""
        with contextlib.suppress(OSError, pytds.Error):
            self._connection.close()
        self._wire.close()


class Transaction:
    """One transaction; the guard is asked before every statement that writes."""

    def __init__(self, line: Line, call: Call) -> None:
        self._line = line
        self.call = call

    def read(self, sql: str, values: Values | None = None) -> list[list[Row]]:
        """Queries."""
        return self._line.execute(sql, values)

    def write(self, sql: str, values: Values | None = None) -> list[list[Row]]:
        """Statements that write."""
        self.call.guard()
        return self._line.execute(sql, values)

    def claim(self, sql: str, values: Values) -> list[list[Row]]:
        """The first statements of a write: they insert the effect's key, and may read.

        Raises AlreadyClaimed when the key is there.
        """
        try:
            return self.write(sql, values)
        except pytds.Error as error:
            if number_of(error) in DUPLICATE:
                raise AlreadyClaimed from error
            raise


class Database:
    """One SQL Server; a session has one."""

    def __init__(self, settings: SageProSettings, opening: Opening) -> None:
        self.name = opening.connection
        self._settings = settings
        self._idle: list[Line] = []
        self._mutex = threading.Lock()
        self._closed = False
        self._permits = opening.permits
        self._lock_timeout_ms = max(1, int(settings.lock_wait_s * 1000 / opening.factor))
        self._threads = ThreadPoolExecutor(
            max(1, opening.threads_max), thread_name_prefix=f"{opening.connection}-sql"
        )

    async def write(self, call: Call, work: Callable[[Transaction], T]) -> T:
        """Runs work in a transaction in a thread, then commits.

        Raises:
            AlreadyClaimed: from work; nothing was kept.
            TillbridgeError: Transient(sent="perhaps") only when COMMIT was sent and not answered.
        """
        return await self._in_thread(call, lambda given, end: self._write(given, end, work))

    async def read(self, call: Call, work: Callable[[Transaction], T]) -> T:
        """Runs queries in a thread, outside a transaction."""
        return await self._in_thread(call, lambda given, end: self._read(given, end, work))

    async def run(self, call: Call, sql: str) -> None:
        """Runs one statement that commits by itself, such as CREATE TABLE."""
        await self.read(call, lambda session: session.write(sql))

    def close(self) -> None:
        """Waits for what runs, then closes every connection."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        with self._mutex:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    async def _in_thread(self, call: Call, work: Callable[[Call, float], T]) -> T:
        """Takes a permit. Once the caller has given up, the guard lets nothing more leave."""
        await self._permits.take()
        deadline = time.monotonic() + call.timeout_s
        given_up = threading.Event()

        def guard() -> None:
            if given_up.is_set():
                raise Transient(f"{self.name}: the call was given up.", reason="not_allowed")
            call.guard()

        guarded = replace(call, guard=guard)
        loop, began = asyncio.get_running_loop(), time.monotonic()
        try:
            return await loop.run_in_executor(self._threads, work, guarded, deadline)
        except asyncio.CancelledError:
            given_up.set()
            raise
        finally:
            self._permits.ended(time.monotonic() - began)

    def _write(self, call: Call, deadline: float, work: Callable[[Transaction], T]) -> T:
        line = self._begun(deadline)
        committing = False
        try:
            result = work(Transaction(line, call))
            call.guard()
            committing = True
            line.execute("COMMIT TRANSACTION")
        except TillbridgeError:
            self._roll_back(line)
            raise
        except AlreadyClaimed:
            line.close()
            raise
        except Exception as error:
            line.close()
            raise translated(error, self.name, committing=committing) from error
        self._keep(line)
        return result

    def _read(self, call: Call, deadline: float, work: Callable[[Transaction], T]) -> T:
        line = self._borrowed(deadline)
        try:
            result = work(Transaction(line, call))
        except TillbridgeError:
            self._keep(line)
            raise
        except AlreadyClaimed:
            line.close()
            raise
        except Exception as error:
            was_used = line.used
            line.close()
            if was_used and not number_of(error):
                self._drop_idle()
                return self._read(call, deadline, work)
            raise translated(error, self.name, committing=False) from error
        self._keep(line)
        return result

    def _begun(self, deadline: float) -> Line:
        """A connection in a new transaction; one that died while idle is replaced."""
        while True:
            line = self._borrowed(deadline)
            try:
                line.execute("BEGIN TRANSACTION")
            except Exception as error:
                line.close()
                if line.used and not number_of(error):
                    self._drop_idle()
                    continue
                raise translated(error, self.name, committing=False) from error
            return line

    def _roll_back(self, line: Line) -> None:
        try:
            line.execute("ROLLBACK TRANSACTION")
        except (OSError, pytds.Error):
            line.close()
        else:
            self._keep(line)

    def _borrowed(self, deadline: float) -> Line:
        if time.monotonic() >= deadline:
            raise Transient(
                f"{self.name}: all {self._settings.host} connections were busy until the call's"
                " time was over.",
                reason="busy",
            )
        with self._mutex:
            line = self._idle.pop() if self._idle else None
        if line is None:
            return self._opened(deadline)
        line.used = True
        line.until(deadline)
        return line

    def _keep(self, line: Line) -> None:
        with self._mutex:
            if not self._closed:
                self._idle.append(line)
                return
        line.close()

    def _drop_idle(self) -> None:
        """When one idle connection has died, the server has most likely cut them all."""
        with self._mutex:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _opened(self, deadline: float) -> Line:
        settings = self._settings
        wire: Wire | None = None
        try:
            wire = Wire.open(settings.host, settings.port, deadline, CONNECT_MAX_S)
            wire.deadline = min(deadline, time.monotonic() + CONNECT_MAX_S)
            connection = pytds.connect(
                dsn=settings.host,
                port=settings.port,
                user=settings.user,
                password=settings.password.value,
                database=settings.company_database,
                appname=_APPLICATION,
                autocommit=True,
                blocksize=PACKET_BYTES,
                sock=wire,
                login_timeout=0,  # no tries of the driver's own; the wire keeps the time
                disable_connect_retry=True,
                cafile=settings.authority_file or None,
            )
            line = Line(wire, connection)
            line.execute(statement("session", lock_timeout_ms=str(self._lock_timeout_ms)))
        except ValueError as error:
            raise self._no_encryption(error) from error
        except (OSError, pytds.Error) as error:
            if wire is not None:
                wire.close()
            reason = (
                error.__cause__ if isinstance(error.__cause__, OSError | pytds.Error) else error
            )
            raise unreachable(reason, self.name) from error
        line.until(deadline)
        return line

    def _no_encryption(self, error: ValueError) -> Misconfigured:
        return Misconfigured(
            f"{self.name}: the connection cannot be encrypted: {error}.",
            reason="encryption",
            next_step="Install pyOpenSSL, or correct authority_file.",
        )
