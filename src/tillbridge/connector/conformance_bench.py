"""What a connector's author tells the conformance suite: a harness, and a bench for each check."""

import base64
import inspect
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NoReturn, TypeAlias, TypeVar

import pytest

from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.connector.abilities import Call, Write, WritesDocuments
from tillbridge.connector.connector import Connector
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import declared

T = TypeVar("T")
Soon: TypeAlias = T | Awaitable[T]
"""A hook may be a plain function or async."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One fresh world for one check: an open session and the other side's strings.

    A hook that is None makes the checks that need it "not applicable", with the reason.

    Attributes:
        session: what `Connector.open` returned.
        connection: the connection's name it was opened with.
        count_effects: how many effects of this kind stand at the other side now: written, and not
            undone since.
        lose_next_answer: the next write of this kind takes effect and its answer is lost.
        answer_late: the next write of this kind is cut off at once, without an answer, and takes
            effect so many seconds later.
        answer_status: the next write of this kind does nothing and is answered with this HTTP
            status; a number of seconds above zero goes into Retry-After.
        answer_oddly: the next write of this kind is answered with success in a form or with a
            status word the connector cannot know.
    """

    session: object
    connection: str
    count_effects: Callable[[str], Soon[int]] | None = None
    lose_next_answer: Callable[[str], Soon[None]] | None = None
    answer_late: Callable[[str, float], Soon[None]] | None = None
    answer_status: Callable[[str, int, float], Soon[None]] | None = None
    answer_oddly: Callable[[str], Soon[None]] | None = None


@dataclass(frozen=True, slots=True)
class Harness:
    """A connector, and how to try it.

    Attributes:
        connector: the value the entry point names.
        settings: good settings as a person would write them, every secret among them.
        open: a fresh bench for each check; closes everything at its end.
        documents: for each kind of document it writes, a function that makes one that the other
            side takes; it may first write what the document follows (an authorization before its
            capture).
        deliveries: genuine deliveries by name, made anew for each check. The name "checkout" is
            for one that asks for a checkout; every other one is translated.
        find_lag_s: for each kind with `find`, after how many seconds it may say Absent.
        find_patience_s: how long a check waits for Found.
        answer_s: how long an answer may take before a call counts as unanswered.
        late_s: how much later than that a late effect comes.
        undated: why a stale delivery cannot be told, where the vendor signs no time; else "".
    """

    connector: Connector
    settings: Mapping[str, object]
    open: Callable[[], AbstractAsyncContextManager[Bench]]
    documents: Mapping[str, Callable[[Bench], Soon[Fields]]] = field(default_factory=dict)
    deliveries: Mapping[str, Callable[[Bench], Soon[Delivery]]] = field(default_factory=dict)
    find_lag_s: Mapping[str, float] = field(default_factory=dict)
    find_patience_s: float = 5.0
    answer_s: float = 2.0
    late_s: float = 0.3
    undated: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values among the settings."""
        names = [item.name for item in declared(self.connector.settings) if item.secret]
        return tuple(str(self.settings[name]) for name in names if self.settings.get(name))


@dataclass(slots=True)
class Try:
    """One document of one kind, under one key, at one bench."""

    bench: Bench
    write: Write
    fields: Fields
    key: str
    answer_s: float
    before: int

    def call(self) -> Call:
        return new_call(self.key, self.answer_s)

    async def standing(self) -> int:
        """How many effects stand that did not before this try."""
        assert self.bench.count_effects is not None, "asked for when the try was made"
        return await settled(self.bench.count_effects(self.write.shape.kind)) - self.before


async def new_try(harness: Harness, bench: Bench, kind: str) -> Try:
    """A document of this kind, ready to be sent; not applicable where nothing can be counted."""
    session = bench.session
    if not kind or not isinstance(session, WritesDocuments):
        not_applicable("the connector writes no documents")
    make = harness.documents.get(kind)
    assert make is not None, f"the harness has no sample document of the kind {kind!r}"
    if bench.count_effects is None:
        not_applicable("the bench has no count_effects")
    fields = await settled(make(bench))
    before = await settled(bench.count_effects(kind))
    return Try(bench, session.writes[kind], fields, new_key(), harness.answer_s, before)


def new_key() -> str:
    """A key as the engine makes them: 26 characters of base32."""
    return base64.b32encode(secrets.token_bytes(17)).decode()[:26]


def new_call(key: str, timeout_s: float, guard: Callable[[], None] | None = None) -> Call:
    """What the engine hands to every call."""
    return Call(key, datetime.now(UTC), timeout_s, "conformance", guard or _allowed)


async def settled(value: Soon[T]) -> T:
    """What a hook answers, be it plain or async."""
    return await value if inspect.isawaitable(value) else value


def not_applicable(reason: str) -> NoReturn:
    """Ends the check: it does not fit this connector or this bench."""
    pytest.skip(f"not applicable: {reason}")


async def unanswered(attempt: Try) -> Transient:
    """Sends a document whose answer is going to be lost; the error that must say "perhaps"."""
    try:
        await attempt.write.send(attempt.call(), attempt.fields)
    except Transient as error:
        assert error.sent == "perhaps", f"a lost answer must say that it was sent: {error!r}"
        return error
    raise AssertionError("the answer was lost, yet the write says that it is done")


async def error_of(attempt: Try) -> TillbridgeError:
    """The error of a document that is not going to be taken."""
    try:
        receipt = await attempt.write.send(attempt.call(), attempt.fields)
    except TillbridgeError as error:
        return error
    raise AssertionError(f"the other side did not take it, yet the write says {receipt}")


def _allowed() -> None:
    """The guard of a call that may leave."""


async def standing(harness: Harness, bench: Bench) -> list[int]:
    """How many effects of each kind there are; empty where the bench cannot count."""
    if bench.count_effects is None:
        return []
    return [await settled(bench.count_effects(kind)) for kind in harness.documents]
