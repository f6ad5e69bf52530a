"""The gaps of the journey, watched from outside: the product has no hooks for this.

Points are passed before and after every commit of the process's own (the intent and the outcome
of each effect, the inbox, the claim and the release of a lane), before, during and after every
send, find and fence, and before and after every answer of the API.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

import tillbridge.api.app
from campaigns.points import Points
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Call, Write
from tillbridge.connector.documents import Fields
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

T = TypeVar("T")

HEAD_START_S = 0.001
"""Enough for bytes to leave, too little for an answer to be taken in."""

ROOT = Path(tillbridge.__file__).parent
_WRITES = re.compile(r"INSERT INTO|DELETE FROM|(?<!FOR )UPDATE ")
_FUNCTION = re.compile(r"FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", re.DOTALL)
_TOLD = frozenset(
    {
        *("authorization", "capture", "reversal", "void", "sales_order", "sales_order_release"),
        *("sales_order_cancellation", "payment_transaction", "payment_status"),
        *("intended", "done", "unknown", "planned", "refused", "fenced", "wait", "read"),
        *("cybersource", "dynamics", "sage", "webshop"),
    }
)
"""Values of a statement that tell one gap from another."""
_BESIDE_THE_JOURNEY = frozenset(
    {
        *("publish_flow", "ensure", "take_chore", "ask_about_reviews", "renew_leases"),
        *("take_probe", "probe_passed", "probe_failed", "succeeded", "failed"),
    }
)
"""Statements of a start, of timers and of the gates: when they come is a matter of luck."""
_CLAIM = "claim_lanes"
"""Timers claim, and so does every bell: a gap of the journey is a claim that found something."""

_writing: ContextVar[str] = ContextVar("writing", default="")
"""The document that this task is writing."""


_effects: dict[str, str] = {}
"""What each effect is that this process has begun, by its key."""


def watch(points: Points) -> None:
    """Watches this process from now on."""
    _watch_commits(points)
    _watch_calls(points)
    _watch_answers(points)


def close_the_short_way() -> None:
    """From now on nothing is committed in one statement, as if everything had always moved."""

    async def closed(_database: Database, _statement: str, *_values: Any, **_place: Any) -> None:
        return None

    _replace(Database, "at_once", closed)


def _statement_names() -> dict[str, str]:
    """Every statement of the journey that writes, by its text."""
    files = list(ROOT.rglob("*.sql"))
    rooms = [file for file in files if file.parent.name != "migrations"]
    functions = {
        name
        for file in files
        for name, body in _FUNCTION.findall(file.read_text())
        if _WRITES.search(body)
    }
    calls = re.compile(rf"(?:SELECT|FROM) (?:{'|'.join(sorted(functions))})\(")
    return {
        text: name
        for file in rooms
        for name, text in load_statements(_package(file.parent), file.name).items()
        if (_WRITES.search(text) or calls.search(text)) and name not in _BESIDE_THE_JOURNEY
    }


def _package(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT.parent).parts)


_NAMES = _statement_names()


def _gap(statement: str, values: tuple[Any, ...]) -> str:
    """What people call this statement: its name, and what it is about; "" when it only reads."""
    name = _NAMES.get(statement, "")
    if not name or (name == "settle_effect" and values[1] == "planned" and values[4] == "reply"):
        return ""  # nothing in the program keeps a call from being sent: only a busy machine does
    return " ".join(word for word in (name, *dict.fromkeys(_about(name, values))) if word)


def _about(name: str, values: tuple[Any, ...]) -> list[str]:
    """What a statement is about; the migration has the order of its parameters."""
    if name == "intend_effect":
        return _intended(values[0])
    if name == "begin_checkout":
        _effects[values[8]] = values[13]
    if name == "settle_effect":
        return [_effects.get(values[0], _writing.get()), *_told(values)]
    if name == "settle_answer":
        *_, turn, following = values
        answered = _effects.get(values[0], _writing.get())
        if following is not None:
            return [answered, "then", *_intended(following)]
        return [answered, "then the end"] if turn is not None else [answered]
    return _told(values)


def _intended(wish: tuple[Any, ...]) -> list[str]:
    """The composite type `intended`: its key and its effect are the fourth and the sixth."""
    _effects[wish[3]] = wish[5]
    return _told(wish)


def _told(values: tuple[Any, ...]) -> list[str]:
    return [value for value in values if isinstance(value, str) and value in _TOLD]


class _WatchedTransaction:
    """A transaction that knows what it is for: its first statement that writes."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.gap = ""

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._tx, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return method

        async def noted(statement: str, *values: Any) -> Any:
            self.gap = self.gap or _gap(statement, values)
            return await method(statement, *values)

        return noted


class _WatchedConnection:
    """A connection on which every statement commits by itself."""

    def __init__(self, tx: Tx, points: Points) -> None:
        self._tx = tx
        self._points = points

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._tx, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return method

        async def committed(statement: str, *values: Any) -> Any:
            return await _committed(self._points, method, statement, values)

        return committed


async def _committed(
    points: Points,
    method: Callable[..., Awaitable[T]],
    statement: str,
    values: tuple[Any, ...],
) -> T:
    gap = _gap(statement, values)
    if not gap:
        return await method(statement, *values)
    points.passed(f"before commit of {gap}")
    answer = await method(statement, *values)
    points.passed(f"after commit of {gap}")
    return answer


def _watch_commits(points: Points) -> None:
    transaction, connection = Database.transaction, Database.connection

    @asynccontextmanager
    async def watched_transaction(self: Database) -> AsyncIterator[Any]:
        async with transaction(self) as tx:
            watched = _WatchedTransaction(tx)
            yield watched
            if watched.gap:
                points.passed(f"before commit of {watched.gap}")
        if watched.gap:
            points.passed(f"after commit of {watched.gap}")

    @asynccontextmanager
    async def watched_connection(self: Database) -> AsyncIterator[Any]:
        async with connection(self) as tx:
            yield _WatchedConnection(tx, points)

    _replace(Database, "transaction", watched_transaction)
    _replace(Database, "connection", watched_connection)
    for name in ("fetch", "fetch_row", "fetch_value", "execute", "together"):
        _replace(Database, name, _alone(points, getattr(Database, name)))
    _replace(Database, "fetch", _claiming(points, transaction, Database.fetch))


def _claiming(
    points: Points,
    transaction: Callable[[Database], AbstractAsyncContextManager[Tx]],
    fetch: Callable[..., Awaitable[Any]],
) -> Callable[..., Awaitable[Any]]:
    """What is claimed is known before the commit only in a transaction of two steps."""

    async def claimed(self: Database, statement: str, *values: Any) -> Any:
        if _NAMES.get(statement) != _CLAIM:
            return await fetch(self, statement, *values)
        async with transaction(self) as tx:
            rows = await tx.fetch(statement, *values)
            targets = sorted({row["target"] for row in rows})
            for target in targets:
                points.passed(f"before commit of {_CLAIM} {target}")
        for target in targets:
            points.passed(f"after commit of {_CLAIM} {target}")
        return rows

    return claimed


def _alone(points: Points, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def committed(self: Database, statement: str, *values: Any, **place: Any) -> Any:
        async def send(statement: str, *values: Any) -> Any:
            return await method(self, statement, *values, **place)

        return await _committed(points, send, statement, values)

    return committed


def _watch_calls(points: Points) -> None:
    write = Connection.write

    def watched(self: Connection, kind: str) -> Write:
        _writing.set(kind)
        ability = write(self, kind)
        return replace(
            ability,
            send=_send(points, kind, ability.send),
            find=_around(points, f"find {kind}", ability.find),
            fence=_around(points, f"fence {kind}", ability.fence),
        )

    _replace(Connection, "write", watched)


def _send(
    points: Points, kind: str, send: Callable[[Call, Fields], Awaitable[Any]]
) -> Callable[[Call, Fields], Awaitable[Any]]:
    """Before, while the call is out (from the moment its guard was asked), and after."""

    async def watched(call: Call, fields: Fields) -> Any:
        points.passed(f"before send {kind}")
        on_its_way = _OnItsWay(points, f"during send {kind}")
        try:
            return await send(replace(call, guard=on_its_way.guarding(call.guard)), fields)
        finally:
            on_its_way.arrive()
            points.passed(f"after send {kind}")

    return watched


class _OnItsWay:
    """The point that lies between the first byte out and the answer."""

    def __init__(self, points: Points, name: str) -> None:
        self._points = points
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._arrived = False

    def guarding(self, guard: Callable[[], None]) -> Callable[[], None]:
        """The guard, which may be asked in a thread of a blocking driver."""

        def ask() -> None:
            guard()
            self._loop.call_soon_threadsafe(self._leave)

        return ask

    def arrive(self) -> None:
        self._arrived = True
        if self._timer is not None:
            self._timer.cancel()

    def _leave(self) -> None:
        if self._timer is None and not self._arrived:
            self._timer = self._loop.call_later(HEAD_START_S, self._points.passed, self._name)


def _around(
    points: Points, name: str, ask: Callable[..., Awaitable[Any]] | None
) -> Callable[..., Awaitable[Any]] | None:
    if ask is None:
        return None

    async def watched(*values: Any) -> Any:
        points.passed(f"before {name}")
        try:
            return await ask(*values)
        finally:
            points.passed(f"after {name}")

    return watched


def _watch_answers(points: Points) -> None:
    create_app = tillbridge.api.app.create_app

    def watched(*values: Any) -> Any:
        app = create_app(*values)
        app.front = _Answers(app.front, points)
        return app

    _replace(tillbridge.api.app, "create_app", watched)


class _Answers:
    """Passes points before the first and after the last byte of every answer to a POST."""

    def __init__(self, app: ASGIApp, points: Points) -> None:
        self._app = app
        self._points = points

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        door = scope["path"].strip("/").replace("/", " ")

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._points.passed(f"before answer of {door}")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._points.passed(f"after answer of {door}")

        await self._app(scope, receive, watched)


def _replace(owner: object, name: str, value: object) -> None:
    """From outside, at run time: the product's own code stays as it is."""
    setattr(owner, name, value)
