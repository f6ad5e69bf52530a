"""One client's connection: login, then one request after the other, in or out of a transaction."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults
from tillbridge_simulators.sagepro import packets, tokens, trail
from tillbridge_simulators.sagepro.login import prelogin_answer, read_login
from tillbridge_simulators.sagepro.requests import (
    Request,
    read_batch,
    read_procedure_call,
    read_transaction,
)
from tillbridge_simulators.sagepro.sql_errors import (
    SqlError,
    deadlock_victim,
    lock_timeout,
    login_failed,
    no_database,
)
from tillbridge_simulators.sagepro.store import Store
from tillbridge_simulators.sagepro.translation import Statement, translate
from tillbridge_simulators.under_way import UnderWay

_NUMBERS = count(1)
_DRAWN_FOR = {
    "sales_order",
    "sales_order_release",
    "sales_order_cancellation",
    "payment_transaction",
}
_AT_COMMIT = ("lose_answer", "late", "slow")


class CutError(Exception):
    """The connection is to be cut without an answer."""


@dataclass(frozen=True, slots=True)
class World:
    """What all connections share. `later` runs something after so many seconds; `under_way` counts
    requests by their text."""

    store: Store
    faults: Faults
    log: EffectLog
    user: str
    password: str
    factor: float
    later: Callable[[float, Callable[[], None]], None]
    under_way: UnderWay


@dataclass
class _Output:
    """An answer being put together; the last DONE says that nothing follows."""

    procedure: bool
    parts: list[bytes] = field(default_factory=list)

    def add(self, body: bytes, *, failed: bool = False, counted: int | None = None) -> None:
        token = tokens.DONE_IN_PROC if self.procedure else tokens.DONE
        self.parts.append(body + tokens.done(token, more=True, failed=failed, count=counted))

    def closed(self) -> bytes:
        failed = bool(self.parts) and bool(self.parts[-1][-12] & 2)
        end = tokens.procedure_done(failed=failed) if self.procedure else tokens.done(failed=failed)
        return b"".join(self.parts) + end


class ClientSession:
    """One connection. It owns locks as itself in the store."""

    def __init__(
        self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._world = world
        self._reader = reader
        self._writer = writer
        self._packet_size = 4096
        self._database = world.store.company
        self._transaction = 0
        self._options = {"XACT_ABORT": "OFF", "NOCOUNT": "OFF", "LOCK_TIMEOUT": "-1"}
        self._fault: Fault | None = None
        self._drawn = False
        self._detached = False

    async def serve(self) -> None:
        """Until the client leaves or a fault cuts the connection."""
        try:
            await self._log_in()
            await self._answer_requests()
        except (CutError, asyncio.IncompleteReadError, ConnectionError):
            self._writer.transport.abort()
        finally:
            if not self._detached:
                self._world.store.end(self, commit=False)
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _log_in(self) -> None:
        while True:
            message = await packets.read_message(self._reader)
            if message.kind != packets.PRELOGIN:
                break
            await self._send(prelogin_answer())
        if message.kind != packets.LOGIN7:  # it gives up what it has not begun
            raise CutError
        login = read_login(message.data)
        self._packet_size = max(512, min(login.packet_size, 32767))
        self._world.log.add("request", operation="login", user=login.user)
        try:
            await self._misbehave(self._world.faults.draw("login", login.user))
        except SqlError as failure:
            await self._send(tokens.error(failure) + tokens.done(failed=True))
            raise CutError from failure
        failures = self._refused(login.user, login.password, login.database)
        if failures:
            said = b"".join(tokens.error(failure) for failure in failures)
            await self._send(said + tokens.done(failed=True))
            raise CutError
        self._database = login.database or self._world.store.company
        await self._send(tokens.login_answer(self._database, self._packet_size))

    def _refused(self, user: str, password: str, database: str) -> list[SqlError]:
        if user != self._world.user or password != self._world.password:
            return [login_failed(user)]
        known = {name.lower() for name in self._world.store.databases()}
        if database and database.lower() not in known:
            return [no_database(database), login_failed(user)]
        return []

    async def _answer_requests(self) -> None:
        """Reads on while a request runs, so that ATTENTION and a lost client are seen."""
        coming = asyncio.ensure_future(packets.read_message(self._reader))
        running: asyncio.Future[bytes] | None = None
        try:
            while True:
                message = await coming
                coming = asyncio.ensure_future(packets.read_message(self._reader))
                if message.kind == packets.ATTENTION:
                    await self._send(tokens.attention_done())
                    continue
                running = asyncio.ensure_future(self._answer(message))
                await asyncio.wait({running, coming}, return_when=asyncio.FIRST_COMPLETED)
                if not running.done():
                    await self._abandon(running)
                    continue
                await self._send(running.result())
        finally:
            # A request may wait for a lock: it must not get it when nobody is there any more.
            left = [task for task in (running, coming) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _abandon(self, running: "asyncio.Future[bytes]") -> None:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, CutError):
            await running

    async def _send(self, data: bytes) -> None:
        self._writer.write(packets.framed(data, self._packet_size))
        await self._writer.drain()

    async def _answer(self, message: packets.Message) -> bytes:
        try:
            request = self._understood(message)
        except SqlError as failure:
            return tokens.error(failure) + tokens.done(failed=True)
        with self._world.under_way.one(request.text) as at_once:
            self._world.log.add("request", operation=request.text[:60], at_once=at_once)
            return await self._carry_out(request)

    async def _carry_out(self, request: Request) -> bytes:
        if self._world.faults.down:
            raise CutError
        if not self._transaction and not request.text.upper().startswith(("SET", "BEGIN")):
            await self._misbehave(self._world.faults.draw("read"))
        output = _Output(request.procedure)
        try:
            statements = translate(self._world.store.schema, request.text, self._database)
            await self._run(statements, request.values, output)
        except SqlError as failure:
            self._fail(failure, output)
        return output.closed()

    def _understood(self, message: packets.Message) -> Request:
        if message.kind == packets.SQL_BATCH:
            return read_batch(message.data)
        if message.kind == packets.RPC:
            return read_procedure_call(message.data)
        if message.kind == packets.TRANSACTION:
            return read_transaction(message.data)
        raise SqlError(4002, f"The message type {message.kind} is not supported.")

    async def _run(
        self, statements: tuple[Statement, ...], values: dict[str, object], output: _Output
    ) -> None:
        """With XACT_ABORT OFF a failed statement does not stop the next one, as on the real one."""
        for statement in statements:
            try:
                await self._one(statement, values, output)
            except SqlError as failure:
                if self._options["XACT_ABORT"] == "ON" or failure.number in (1205, 102, 207, 208):
                    raise
                output.add(tokens.error(failure), failed=True)
        await self._draw()

    def _fail(self, failure: SqlError, output: _Output) -> None:
        body = b""
        if self._transaction and (self._options["XACT_ABORT"] == "ON" or failure.number == 1205):
            body = tokens.ended(self._transaction, commit=False)
            self._forget(commit=False)
        output.add(tokens.error(failure) + body, failed=True)

    async def _one(self, statement: Statement, values: dict[str, object], output: _Output) -> None:
        match statement.kind:
            case "begin":
                self._transaction = self._transaction or next(_NUMBERS)
                output.add(tokens.began(self._transaction))
            case "commit" | "rollback":
                await self._end(statement.kind == "commit", output)
            case "set":
                self._options[statement.option[0]] = statement.option[1]
                output.add(b"")
            case "use":
                self._use(statement.option[0], output)
            case "query" | "write" | "create":
                await self._execute(statement, values, output)

    async def _execute(
        self, statement: Statement, values: dict[str, object], output: _Output
    ) -> None:
        store = self._world.store
        if not statement.dirty:
            limit = int(self._options["LOCK_TIMEOUT"])
            wait_s = None if limit < 0 else limit / 1000
            await store.acquire(self, keep=statement.locks, wait_s=wait_s)
        try:
            answer = store.run(statement, values)
        finally:
            if not self._transaction and statement.locks:
                self._publish_and_end()
        if statement.kind == "create" and statement.created is not None:
            self._created(statement.created.name)
        if statement.columns:
            output.add(tokens.result(statement.columns, answer.rows), counted=len(answer.rows))
        elif self._options["NOCOUNT"] != "ON":
            output.add(b"", counted=answer.count)

    def _created(self, name: str) -> None:
        self._world.log.add("table_created", table=name)
        if name == "ix_xref":
            trail.watch_cross_references(self._world.store)

    def _use(self, name: str, output: _Output) -> None:
        known = {database.lower(): database for database in self._world.store.databases()}
        if name.lower() not in known:
            raise SqlError(911, f"Database '{name}' does not exist.")
        output.add(tokens.changed(1, known[name.lower()], self._database))
        self._database = known[name.lower()]

    async def _draw(self) -> None:
        """Decides once a transaction, when it is clear what it does, whether it goes wrong."""
        if self._drawn or self._world.store.owner is not self:
            return
        changes = self._world.store.changes()
        leading = trail.leading(trail.effects(self._world.store, changes))
        if leading is None or leading.kind not in _DRAWN_FOR:
            return
        self._drawn = True
        fault = self._world.faults.draw(leading.kind, leading.subject)
        if fault is not None and fault.kind in _AT_COMMIT:
            self._fault = fault
        else:
            await self._misbehave(fault)

    async def _misbehave(self, fault: Fault | None) -> None:
        if fault is None or fault.kind in ("twice", "lost"):
            return
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds / self._world.factor)
            return
        if fault.kind == "hang":
            await asyncio.Event().wait()  # until the client leaves, which ends this
        if fault.kind != "refuse":
            raise CutError
        if fault.status == 1205:
            raise deadlock_victim()
        if fault.status == 1222:
            raise lock_timeout()
        raise SqlError(fault.status, "Refused by request of the campaign.")

    async def _end(self, commit: bool, output: _Output) -> None:
        if not self._transaction:
            word = "COMMIT" if commit else "ROLLBACK"
            number = 3902 if commit else 3903
            raise SqlError(
                number, f"The {word} TRANSACTION request has no corresponding BEGIN TRANSACTION."
            )
        fault = self._fault if commit else None
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds / self._world.factor)
        if fault is not None and fault.kind == "late":
            self._detached = True
            self._world.later(fault.seconds / self._world.factor, self._publish_and_end)
            raise CutError
        number = self._transaction
        if commit:
            self._publish_and_end()
        self._forget(commit=commit)
        if fault is not None and fault.kind == "lose_answer":
            raise CutError
        output.add(tokens.ended(number, commit=commit))

    def _publish_and_end(self) -> None:
        """Commits and writes every effect of the transaction to the log."""
        store = self._world.store
        if store.owner is not self:
            return
        found = trail.effects(store, store.take_changes())
        store.end(self, commit=True)
        for effect in found:
            self._world.log.add(effect.kind, order=effect.subject, **effect.facts)

    def _forget(self, *, commit: bool) -> None:
        self._world.store.end(self, commit=commit)
        self._transaction = 0
        self._fault = None
        self._drawn = False
