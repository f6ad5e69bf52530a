"""A server that answers as it is told, and breaks where it is told."""

import asyncio
import gzip
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

_PHRASE: Final = "As It Is Told"
NO_BODY: Final = (204, 304)
_TRICKLE_S: Final = 0.01
_NOT_JSON: Final = b"<html><body>A page of somebody between us.</body></html>"


@dataclass(frozen=True, slots=True)
class Told:
    """One answer, and where it breaks.

    Attributes:
        point: "whole", "odd_type", "chunked", "gzipped", "not_json", "no_body", "wrong_shape",
            "cut_unread", "cut_read", "cut_in_head", "cut_in_body", "hangs", "late", "trickles".
        late_s: of "late", longer than whoever asks waits.
    """

    http: int
    body: Mapping[str, Any]
    point: str = "whole"
    retry_after: str = ""
    late_s: float = 0.0


NOTHING: Final = Told(
    201, {"totalCount": 0, "count": 0, "submitTimeUtc": "2026-01-02T03:04:05Z", "_embedded": {}}
)
"""What is answered to searches after the first question: nothing shows."""
NOT_THERE: Final = Told(404, {"status": "NOT_FOUND", "submitTimeUtc": "2026-01-02T03:04:05Z"})
"""What is answered to everything else after the first question."""


class Wire:
    """One port on 127.0.0.1; the first request after `tell` gets what was told.

    Attributes:
        asked: how many requests came since.
        heard: the last one.
    """

    def __init__(self) -> None:
        self.port = 0
        self.asked = 0
        self.heard = b""
        self._told: Told | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None, "started"
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    def tell(self, told: Told) -> None:
        self._told, self.asked = told, 0
        if told.point == "cut_unread":  # a connection that is kept open has been read already
            for writer in tuple(self._open):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._told is not None and self._told.point == "cut_unread":
                self.asked += 1
                return
            while heard := await _request(reader):
                self.asked, self.heard = self.asked + 1, heard
                later = NOTHING if b"/searches" in heard.partition(b"\r\n")[0] else NOT_THERE
                told, self._told = self._told or later, None
                if not await _answer(writer, told):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self._open.discard(writer)
            writer.transport.abort()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Reads one request whole; nothing when there is none any more."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        if not line:
            return b""
        head += line
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.partition(b":")[2]))
    return head


async def _answer(writer: asyncio.StreamWriter, told: Told) -> bool:
    """Whether the connection may be used again."""
    if told.point == "cut_read":
        return False
    if told.point == "hangs":
        await asyncio.sleep(told.late_s * 2)
        return False
    if told.point == "late":
        await asyncio.sleep(told.late_s)
        if writer.transport.is_closing():
            return False
    answer, head_length = _bytes(told)
    if told.point == "cut_in_head":
        writer.write(answer[: head_length // 2])
        await writer.drain()
        return False
    if told.point == "cut_in_body":
        writer.write(answer[: head_length + (len(answer) - head_length) // 2])
        await writer.drain()
        return False
    if told.point == "trickles":
        for at in range(len(answer)):
            if writer.transport.is_closing():
                return False
            writer.write(answer[at : at + 1])
            await writer.drain()
            await asyncio.sleep(_TRICKLE_S)
        return False
    writer.write(answer)
    await writer.drain()
    return told.http not in NO_BODY


def _bytes(told: Told) -> tuple[bytes, int]:
    """The answer, and how long its head is."""
    content, headers = json.dumps(told.body).encode(), {"Content-Type": "application/hal+json"}
    if told.point == "odd_type":
        headers["Content-Type"] = "text/html; charset=iso-8859-1"
    if told.point == "not_json":
        content = _NOT_JSON
    if told.point == "wrong_shape":
        content = json.dumps([told.body]).encode()
    if told.point == "no_body":
        content = b""
    if told.point == "gzipped":
        content, headers["Content-Encoding"] = gzip.compress(content, 1), "gzip"
    now = datetime.now(UTC)
    headers["Date"] = format_datetime(now, usegmt=True)
    if told.retry_after == "DATE":
        headers["Retry-After"] = format_datetime(now + timedelta(seconds=120), usegmt=True)
    elif told.retry_after:
        headers["Retry-After"] = told.retry_after
    if 300 <= told.http < 400:
        headers["Location"] = "https://elsewhere.invalid/pts/v2/payments"
    if told.http in NO_BODY:
        headers["Connection"] = "close"
    if told.point == "chunked" and told.http not in NO_BODY:
        headers["Transfer-Encoding"] = "chunked"
        content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if content else b"0\r\n\r\n"
    elif told.http not in NO_BODY:
        headers["Content-Length"] = str(len(content))
    if told.http in NO_BODY:
        content = b""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {told.http} {_PHRASE}\r\n{lines}\r\n".encode()
    return head + content, len(head)


class Deaf:
    """A port that takes no connection any more: who connects waits until he gives up."""

    def __init__(self) -> None:
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(0)
        self.port = self._listening.getsockname()[1]
        self._waiting = [socket.socket() for _ in range(4)]
        for one in self._waiting:  # they fill what the system accepts on its own
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))

    def close(self) -> None:
        for one in (*self._waiting, self._listening):
            one.close()


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
