"""A small listener beside a worker: GET /metrics, for Prometheus."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import BROKEN
from tillbridge.watch.meter import CONTENT_TYPE

HEAD_MAX_BYTES = 8_192
ASK_S = 5.0
"""A request's head is in by then, or its connection is closed."""
_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def metrics_at(
    host: str, port: int, figures: Callable[[], Awaitable[bytes]]
) -> AsyncIterator[int]:
    """Answers GET /metrics while the block runs; yields the port, of one's own when it is 0.

    Raises:
        Misconfigured: the address is taken or not ours.
    """

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ASK_S)
            writer.write(await _answer(head, figures))
            await asyncio.wait_for(writer.drain(), ASK_S)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # whoever asks badly, or goes away, asks again
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(take, host, port, limit=HEAD_MAX_BYTES)
    except OSError as error:
        raise Misconfigured(
            f"Nothing can listen on {host}:{port}: {error.strerror or error}.",
            reason="address_taken",
            next_step="Stop what listens there, or choose another port with --metrics.",
        ) from error
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _answer(head: bytes, figures: Callable[[], Awaitable[bytes]]) -> bytes:
    method, _, rest = head.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0]
    if path != b"/metrics":
        return _reply("404 Not Found", b"There is only /metrics.\n", "text/plain")
    if method != b"GET":
        return _reply("405 Method Not Allowed", b"Only GET.\n", "text/plain")
    try:
        return _reply("200 OK", await figures(), CONTENT_TYPE)
    except BROKEN as error:
        _LOG.warning("no figures without the database: %s", error)
        return _reply("503 Service Unavailable", b"The database does not answer.\n", "text/plain")


def _reply(status: str, body: bytes, content_type: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
