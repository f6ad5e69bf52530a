"""Turns under way in this process: so many at a time for each target.

A turn is mostly waiting for another system's answer. Slots are counted by target, so that a slow
system fills its own and holds up nobody else's work.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from tillbridge.runs.lanes import Lane

PENDING_MAX = 10_000


class Turns:
    """Begins a turn for each lane it is given, at once or when its target has a slot.

    What waits for a slot is only remembered here: should the process die, a sweep of another
    worker finds it. Beyond `PENDING_MAX` for one target nothing more is remembered.
    """

    def __init__(self, take: Callable[[Lane], Awaitable[None]], slots_by_target: int) -> None:
        """`take` takes the turn and never raises."""
        self._take = take
        self._slots = slots_by_target
        self._under_way: dict[str, int] = {}
        self._known: set[Lane] = set()
        self._pending: dict[str, deque[Lane]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def begin(self, lane: Lane) -> None:
        """A turn for the lane, unless one waits for a slot already."""
        if self._stopped or lane in self._known:
            return
        if self._under_way.get(lane.target, 0) < self._slots:
            self._start(lane)
            return
        waiting = self._pending.setdefault(lane.target, deque())
        if len(waiting) < PENDING_MAX:
            self._known.add(lane)
            waiting.append(lane)

    async def finish(self) -> None:
        """Begins nothing more and waits for what is under way."""
        self._stopped = True
        self._pending.clear()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _start(self, lane: Lane) -> None:
        self._under_way[lane.target] = self._under_way.get(lane.target, 0) + 1
        task = asyncio.ensure_future(self._run(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: Lane) -> None:
        try:
            await self._take(lane)
        finally:
            self._under_way[lane.target] -= 1
            waiting = self._pending.get(lane.target)
            if waiting and not self._stopped:
                following = waiting.popleft()
                self._known.discard(following)
                self._start(following)
