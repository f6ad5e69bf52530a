"""Senders at a fixed rate: requests leave when they are due, whatever became of earlier ones.

One process, few instructions a request: HTTP/1.1 by hand over connections that are kept. What is
due while every connection waits for an answer queues here, and its wait counts.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

TICK_S = 0.001
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Shot:
    """A whole request as bytes, and when it is due, in seconds after the first."""

    due_s: float
    request: bytes


@dataclass
class Answers:
    """What came back.

    Attributes:
        waits_s: from the moment a request was due to its whole answer, for those with 202.
        others: answers by any other status; 0 for connections that broke.
        verdicts: the bodies that came with a 202, counted.
        began_at, ended_at: monotonic moments of the first request and the last answer.
    """

    waits_s: list[float] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)
    verdicts: dict[bytes, int] = field(default_factory=dict)
    began_at: float = 0.0
    ended_at: float = 0.0

    @property
    def count(self) -> int:
        return len(self.waits_s) + sum(self.others.values())

    def add(self, status: int, body: bytes, wait_s: float) -> None:
        """Takes one answer in."""
        if status == 202:
            self.waits_s.append(wait_s)
            verdict = body.partition(b'"verdict":"')[2].partition(b'"')[0]
            self.verdicts[verdict] = self.verdicts.get(verdict, 0) + 1
        else:
            self.others[status] = self.others.get(status, 0) + 1


def post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A POST with a JSON body, as bytes."""
    lines = [f"POST {path} HTTP/1.1", "host: tillbridge", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def send_all(host: str, port: int, shots: Sequence[Shot], connections: int = 64) -> Answers:
    """Sends every shot when it is due; returns when all are answered."""
    loop = asyncio.get_running_loop()
    volley = _Volley(len(shots))
    for _ in range(connections):
        await loop.create_connection(lambda: _Line(volley), host, port)
    volley.answers.began_at = began = time.monotonic()
    for shot in shots:
        ahead_s = began + shot.due_s - time.monotonic()
        if ahead_s > 0:
            await asyncio.sleep(max(ahead_s, TICK_S))
        volley.fire(began + shot.due_s, shot.request)
    await volley.all_answered.wait()
    volley.close()
    return volley.answers


class _Volley:
    """The shots under way: idle connections, and what waits for one."""

    def __init__(self, count: int) -> None:
        self.answers = Answers()
        self.all_answered = asyncio.Event()
        self.lines: list[_Line] = []
        self._count = count
        self._idle: deque[_Line] = deque()  # the longest idle is next: servers close idle ones
        self._waiting: deque[tuple[float, bytes]] = deque()

    def join(self, line: "_Line") -> None:
        self.lines.append(line)
        self._idle.append(line)

    def fire(self, due_at: float, request: bytes) -> None:
        if self._idle:
            self._idle.popleft().send(due_at, request)
        else:
            self._waiting.append((due_at, request))

    def answered(self, line: "_Line", status: int, body: bytes, due_at: float) -> None:
        now = time.monotonic()
        self.answers.add(status, body, now - due_at)
        if self.answers.count == self._count:
            self.answers.ended_at = now
            self.all_answered.set()
        if self._waiting:
            line.send(*self._waiting.popleft())
        elif status:
            self._idle.append(line)

    def close(self) -> None:
        for line in self.lines:
            line.close()


class _Line(asyncio.Protocol):
    """One kept connection: one request at a time."""

    def __init__(self, volley: _Volley) -> None:
        self._volley = volley
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._due_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._volley.join(self)

    def send(self, due_at: float, request: bytes) -> None:
        self._due_at = due_at
        if self._transport is None:
            self._done(0, b"")
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END_OF_HEAD)
        if not end:
            return
        length = head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]
        if len(body) >= int(length):
            self._received = b""
            self._done(int(head[9:12]), body)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self._due_at is not None:
            self._done(0, b"")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _done(self, status: int, body: bytes) -> None:
        due_at, self._due_at = self._due_at, None
        assert due_at is not None, "an answer to a request"
        self._volley.answered(self, status, body, due_at)
