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
from typing import Literal, TypeAlias, cast

import uvloop

Act: TypeAlias = Literal["cut", "delay", "close", "open", "count"]
"""cut: breaks open connections; delay: every chunk waits; close, open: the port itself."""
Address: TypeAlias = "tuple[str, int] | Path"
"""A host and port, or the path of a Unix socket."""

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


class _Wire:
    """One port and where it leads to."""

    def __init__(self, end: Address, port: int, draw: random.Random) -> None:
        self.port = port
        self.delay_s = 0.0
        self.open_ends: set[_Near] = set()
        self._end = end
        self._draw = draw
        self._server: asyncio.Server | None = None
        self._cut = 0

    async def open(self) -> int:
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: _Near(self), "127.0.0.1", self.port, backlog=_BACKLOG
            )
            self.port = self._server.sockets[0].getsockname()[1]
        return len(self.open_ends)

    async def act(self, order: Order) -> int:
        if order.act == "open":
            return await self.open()
        if order.act == "count":
            return self._cut
        if order.act == "delay":
            self.delay_s = order.seconds
            return len(self.open_ends)
        if order.act == "close" and self._server is not None:
            self._server.close()
            self._server = None
        return self._break(order.share)

    async def connect(self, far: "_Far") -> None:
        loop = asyncio.get_running_loop()
        if isinstance(self._end, Path):
            await loop.create_unix_connection(lambda: far, str(self._end))
        else:
            await loop.create_connection(lambda: far, *self._end)

    def _break(self, share: float) -> int:
        chosen = [near for near in self.open_ends if self._draw.random() < share]
        for near in chosen:
            near.abort()
        self._cut += len(chosen)
        return len(chosen)


class _Side(asyncio.Protocol):
    """One side of a connection; `other` is the opposite one."""

    def __init__(self, wire: _Wire) -> None:
        self.other: _Side
        self._wire = wire
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._free_at = 0.0
        self._is_cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name
        if self._is_cut:  # before it was there
            self._transport.abort()
        early, self._early = self._early, []
        for chunk in early:
            self._transport.write(chunk)

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = max(now + self._wire.delay_s, self._free_at)
        if at <= now:
            self.other.write(data)
            return
        self._free_at = at  # what comes later leaves later, also when the delay has ended
        loop.call_at(at, self.other.write, data)

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
        elif not self._is_cut:
            self._transport.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._is_cut = True  # what is delayed on its way here reaches nobody
        self.other.abort()

    def abort(self) -> None:
        self._is_cut = True
        if self._transport is not None:
            self._transport.abort()


class _Near(_Side):
    """Where one of our processes has connected."""

    def __init__(self, wire: _Wire) -> None:
        super().__init__(wire)
        self.other = _Far(wire, self)
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wire.open_ends.add(self)
        self._connecting = asyncio.create_task(self._connect())

    def connection_lost(self, error: Exception | None) -> None:
        self._wire.open_ends.discard(self)
        super().connection_lost(error)

    async def _connect(self) -> None:
        assert isinstance(self.other, _Far), "as it was made"
        try:
            await self._wire.connect(self.other)
        except OSError:
            self.abort()


class _Far(_Side):
    """Where the wire leads to."""

    def __init__(self, wire: _Wire, near: _Near) -> None:
        super().__init__(wire)
        self.other = near


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
