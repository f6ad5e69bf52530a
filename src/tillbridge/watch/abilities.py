"""Writes and reads that are watched: counted, timed, traced, and logged when they go wrong.

A connection's abilities are wrapped once, when it is opened; who watches is found in the task.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import TypeVar

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.connector.abilities import Call, Fenced, Finding, Read, Receipt, Write
from tillbridge.connector.correlation import current
from tillbridge.connector.documents import Fields
from tillbridge.watch.measures import LOOKS, WRITE_SECONDS, WRITES
from tillbridge.watch.watch import Watch

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


def watched_writes(connection: str, writes: Mapping[str, Write]) -> dict[str, Write]:
    """A connection's writes by document kind, watched."""
    return {kind: _watched_write(connection, kind, write) for kind, write in writes.items()}


def watched_reads(connection: str, reads: Mapping[str, Read]) -> dict[str, Read]:
    """A connection's reads by kind, watched."""
    return {kind: _watched_read(connection, kind, read) for kind, read in reads.items()}


def _watched_write(connection: str, kind: str, write: Write) -> Write:
    find, fence = write.find, write.fence

    async def send(call: Call, fields: Fields) -> Receipt:
        return await _watched("send", connection, kind, lambda: write.send(call, fields))

    async def look(call: Call, fields: Fields, sent_at: datetime) -> Finding:
        assert find is not None, "only what can be found is looked for"
        return await _watched("find", connection, kind, lambda: find(call, fields, sent_at))

    async def undo(call: Call, fields: Fields) -> Fenced:
        assert fence is not None, "only what has a fence is fenced"
        return await _watched("fence", connection, kind, lambda: fence(call, fields))

    return replace(
        write,
        send=send,
        find=look if find is not None else None,
        fence=undo if fence is not None else None,
    )


def _watched_read(connection: str, kind: str, read: Read) -> Read:
    async def call_it(call: Call, fields: Fields) -> Receipt:
        return await _watched("read", connection, kind, lambda: read.call(call, fields))

    return replace(read, call=call_it)


async def _watched(verb: str, connection: str, kind: str, ask: Callable[[], Awaitable[T]]) -> T:
    watch = current().watcher
    if not isinstance(watch, Watch):
        return await ask()
    outcome, began = "done", perf_counter()
    notes = {"tillbridge.connection": connection, "tillbridge.document": kind}
    try:
        with watch.span(f"{verb} {kind}", "client", notes):
            return await ask()
    except BaseException as error:
        outcome = _outcome_of(error)
        raise
    finally:
        seconds = perf_counter() - began
        if verb == "send":
            watch.meter.count(WRITES, connection, kind, outcome)
            watch.meter.time(WRITE_SECONDS, seconds, connection, kind)
        else:
            watch.meter.count(LOOKS, connection, kind, verb, outcome)
        level = logging.DEBUG if outcome == "done" else logging.WARNING
        if _LOG.isEnabledFor(level):
            _LOG.log(
                level,
                "%s %s at %s: %s in %.3f s",
                verb,
                kind,
                connection,
                outcome,
                seconds,
                extra={
                    "connection": connection,
                    "document": kind,
                    "outcome": outcome,
                    "duration_s": round(seconds, 6),
                },
            )


def _outcome_of(error: BaseException) -> str:
    match error:
        case Rejected():
            return "refused"
        case Misconfigured():
            return "misconfigured"
        case Transient(sent="no"):
            return "not_sent"
        case Transient():
            return "unknown"
        case _:
            return "broken"
