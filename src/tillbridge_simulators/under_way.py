"""Requests under way in a simulator: how many of a kind there are at once, for its log."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

LOOK_S = 0.002


class UnderWay:
    """Counts by kind; a kind is what the simulator calls a request."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    @contextmanager
    def one(self, kind: str) -> Iterator[int]:
        """One more while it lasts; yields how many there are with it."""
        self._counts[kind] += 1
        try:
            yield self._counts[kind]
        finally:
            self._counts[kind] -= 1


async def left_alone(request: web.Request) -> None:
    """Never answers: waits until the caller has hung up."""
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110 (aiohttp has no event for it)
        await asyncio.sleep(LOOK_S)
