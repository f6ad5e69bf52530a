"""A port of 127.0.0.1 that keeps its number while nobody listens on it."""

import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

Close: TypeAlias = Callable[[], Awaitable[None]]
Listen: TypeAlias = Callable[[socket.socket], Awaitable[Close]]
"""Begins to listen on a bound socket; answers how to end that."""


class Port:
    """Opens, refuses and opens again, always at one number.

    Attributes:
        number: 0 is any free one, until it is open.
    """

    def __init__(self, listen: Listen, number: int = 0) -> None:
        self.number = number
        self._listen = listen
        self._close: Close | None = None
        self._held: socket.socket | None = None

    async def open(self) -> None:
        """Listens."""
        await self._hear(_bound(self.number))

    async def refuse(self) -> None:
        """Nobody listens any more: callers are refused, nobody else gets the number."""
        if self._close is not None:
            await self._close()
            self._close, self._held = None, _bound(self.number)

    async def accept(self) -> None:
        """Listens again, after `refuse`."""
        if self._held is not None:
            held, self._held = self._held, None
            await self._hear(held)

    async def close(self) -> None:
        """Gives the number back."""
        if self._close is not None:
            await self._close()
        if self._held is not None:
            self._held.close()
        self._close = self._held = None

    async def _hear(self, held: socket.socket) -> None:
        self.number = held.getsockname()[1]
        self._close = await self._listen(held)


async def serve(
    runner: web.AppRunner, held: socket.socket, tls: ssl.SSLContext | None = None
) -> Close:
    """Listens for HTTP, with `tls` for HTTPS."""
    site = web.SockSite(runner, held, ssl_context=tls)
    await site.start()
    return site.stop


def _bound(number: int) -> socket.socket:
    """A socket at this port; until somebody listens, callers are refused."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", number))
    return held
