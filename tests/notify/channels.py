"""Channels that listen: a webhook address and a mail server, each on a port of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiohttp import web


@dataclass
class Hook:
    """A webhook address that keeps what it is told, once by the key.

    Attributes:
        says: the status it answers next, once each, before it goes on with 200; 0 for an answer
            that is lost after the message was taken.
        wait_s: what its Retry-After says; 0 for none.
        takes_s: how long an answer takes; `busiest` is how many were asked for at once.
    """

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    says: list[int] = field(default_factory=list)
    wait_s: float = 0.0
    takes_s: float = 0.0
    busiest: int = 0
    _under_way: int = 0

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """Messages by key: a second telling is the same message."""
        return {each["key"]: each for each in self.heard}

    async def take(self, request: web.Request) -> web.Response:
        self._under_way += 1
        self.busiest = max(self.busiest, self._under_way)
        try:
            await asyncio.sleep(self.takes_s)
            return await self._answer(request)
        finally:
            self._under_way -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        status = self.says.pop(0) if self.says else 200
        if status in (0, 200):
            body = await request.json()
            assert request.headers["idempotency-key"] == body["key"]
            self.heard.append(body | {"authorization": request.headers.get("authorization", "")})
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        headers = {"retry-after": f"{self.wait_s:g}"} if self.wait_s else {}
        return web.Response(status=status or 200, headers=headers)


@contextlib.asynccontextmanager
async def open_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hooks/secret-path", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    hook.url = f"http://{host}:{port}/hooks/secret-path"
    try:
        yield hook
    finally:
        await runner.cleanup()


@dataclass
class Post:
    """A mail server that keeps messages (RFC 5321, as much as smtplib needs).

    Attributes:
        refuses: answers by command, such as {"RCPT": "550 no such user"}.
        hangs_up: whether it closes instead of answering a message it has taken.
    """

    port: int = 0
    messages: list[Message] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post\r\n")
        while line := await reader.readline():
            command = line.split()[0].decode().upper()
            refusal = self.refuses.get(command)
            if refusal is not None:
                writer.write(refusal.encode() + b"\r\n")
            elif command == "DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(b"\r\n.\r\n")
                self.messages.append(message_from_bytes(content[:-5]))
                if self.hangs_up:
                    break
                writer.write(b"250 taken\r\n")
            elif command == "EHLO":
                writer.write(b"250-post\r\n250 AUTH PLAIN\r\n")
            elif command == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"235 ok\r\n" if command == "AUTH" else b"250 ok\r\n")
        writer.close()


@contextlib.asynccontextmanager
async def open_post() -> AsyncIterator[Post]:
    post = Post()
    server = await asyncio.start_server(post.talk, "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
