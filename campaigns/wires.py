"""Wires: what runs between our processes and the rest can be cut, delayed and closed.

A process of its own carries bytes from a port of ours to PostgreSQL or to a simulator and back. It
understands none of them: a cut may fall anywhere, also between a commit and its answer.
"""

import asyncio
import multiprocessing
import os
import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal, TypeAlias

import uvloop

Act: TypeAlias = Literal["cut", "delay", "close", "open", "count"]
"""cut: breaks open connections; delay: every chunk waits; close, open: the port itself."""
Address: TypeAlias = "tuple[str, int] | Path"
"""A host and port, or the path of a Unix socket."""

_CHUNK_BYTES = 1 << 16
_BACKLOG = 512
_SPAWNING = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Order:
    """What a wire is told: `share` of its connections, or `seconds` for each chunk."""

    wire: str
    act: Act
    share: float = 1.0
    seconds: float = 0.0


class Wires:
    """The wires of one town, in a process of their own."""

    def __init__(self, ends: Mapping[str, Address], ports: Mapping[str, int], seed: int) -> None:
        """`ends`: by wire, where it leads to; `ports`: where it begins, for those that are to begin
        at a port that is known already."""
        self._ours, theirs = _SPAWNING.Pipe()
        self._process = _SPAWNING.Process(
            target=_serve, args=(theirs, dict(ends), dict(ports), seed), daemon=True
        )
        self._one_at_a_time = asyncio.Lock()
        self.ports: dict[str, int] = {}

    async def start(self) -> None:
        """Starts the process; afterwards `ports` says where each wire begins, on 127.0.0.1."""
        self._process.start()
        self.ports = await asyncio.to_thread(self._ours.recv)

    async def tell(self, order: Order) -> int:
        """Answers how many connections it concerned; with "count", how many were ever cut."""
        async with self._one_at_a_time:
            self._ours.send(order)
            return int(await asyncio.to_thread(self._ours.recv))

    def stop(self) -> None:
        """Ends the process and everything that runs through it."""
        self._process.kill()
        self._process.join()
        self._ours.close()


@dataclass(slots=True)
class _Side:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Wire:
    def __init__(self, end: Address, port: int, draw: random.Random) -> None:
        self.port = port
        self._end = end
        self._draw = draw
        self._delay_s = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._cut = 0

    async def open(self) -> int:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._carry, "127.0.0.1", self.port, backlog=_BACKLOG
            )
            self.port = self._server.sockets[0].getsockname()[1]
        return len(self._open)

    async def act(self, order: Order) -> int:
        if order.act == "open":
            return await self.open()
        if order.act == "count":
            return self._cut
        if order.act == "delay":
            self._delay_s = order.seconds
            return len(self._open)
        if order.act == "close" and self._server is not None:
            self._server.close()
            self._server = None
        return self._break(order.share)

    def _break(self, share: float) -> int:
        chosen = [writer for writer in self._open if self._draw.random() < share]
        for writer in chosen:
            writer.transport.abort()
        self._cut += len(chosen)
        return len(chosen)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one of its sides has ended."""
        try:
            there = _Side(*await self._connect())
        except OSError:
            writer.transport.abort()
            return
        here = _Side(reader, writer)
        self._open.add(writer)
        ways = [
            asyncio.ensure_future(self._pump(here, there)),
            asyncio.ensure_future(self._pump(there, here)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open.discard(writer)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            writer.transport.abort()
            there.writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._end, Path):
            return await asyncio.open_unix_connection(self._end)
        return await asyncio.open_connection(*self._end)

    async def _pump(self, source: _Side, target: _Side) -> None:
        while chunk := await source.reader.read(_CHUNK_BYTES):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            target.writer.write(chunk)
            await target.writer.drain()


def _serve(
    orders: Connection, ends: Mapping[str, Address], ports: Mapping[str, int], seed: int
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    draw = random.Random(seed)  # noqa: S311 (whose connection is cut, not a secret)
    wires = {name: _Wire(end, ports.get(name, 0), draw) for name, end in ends.items()}
    uvloop.run(_take_orders(orders, wires))


async def _take_orders(orders: Connection, wires: Mapping[str, _Wire]) -> None:
    for wire in wires.values():
        await wire.open()
    orders.send({name: wire.port for name, wire in wires.items()})
    coming = asyncio.Event()
    asyncio.get_running_loop().add_reader(orders.fileno(), coming.set)
    while True:
        await coming.wait()
        coming.clear()
        while orders.poll():
            try:
                order: Order = orders.recv()
            except EOFError:  # whoever started us has gone
                os._exit(0)
            orders.send(await wires[order.wire].act(order))
