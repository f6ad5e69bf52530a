"""Turns under way in this process: so many at a time for each target.

A turn is mostly waiting for another system's answer. Slots are counted by target, so that a slow
system fills its own and holds up nobody else's work. What has no slot is not claimed: it stays in
the database, where every worker sees it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from tillbridge.runs.lanes import Turn


class Turns:
    """Takes claimed turns, each in a task of its own."""

    def __init__(
        self,
        take: Callable[[Turn], Awaitable[None]],
        slots_by_target: int,
        freed: Callable[[], None],
    ) -> None:
        """`take` takes the turn and never raises; `freed` hears of a free slot at a target where
        more may be waiting."""
        self._take = take
        self._slots = slots_by_target
        self._freed = freed
        self._under_way: dict[str, int] = {}
        self._exhausted: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def free(
        self, targets: Iterable[str], borne: Callable[[str], int | None] = lambda _: None
    ) -> dict[str, int]:
        """How many more turns may begin at each target; those that are full are left out.

        `borne` says how many at once a target bears; None for as many as there are slots.
        """
        most = {
            target: self._slots if (some := borne(target)) is None else min(self._slots, some)
            for target in targets
        }
        left = {target: count - self._under_way.get(target, 0) for target, count in most.items()}
        self._exhausted |= {target for target, count in left.items() if count <= 0}
        return {target: count for target, count in left.items() if count > 0}

    def begin(self, turns: Sequence[Turn], free: Mapping[str, int]) -> set[str]:
        """Begins the turns that were claimed for `free` slots.

        Answers the targets where every slot that was offered is taken: more may be waiting there.
        """
        claimed = Counter(turn.lease.target for turn in turns)
        exhausted = {name for name, count in claimed.items() if count >= free[name]}
        self._exhausted |= exhausted
        for turn in turns:
            target = turn.lease.target
            self._under_way[target] = self._under_way.get(target, 0) + 1
            task = asyncio.ensure_future(self._run(turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return exhausted

    async def finish(self) -> None:
        """Waits for what is under way."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def cut_off(self, within_s: float) -> None:
        """Cuts off what is under way; each has so long to put its things in order."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)

    async def _run(self, turn: Turn) -> None:
        target = turn.lease.target
        try:
            await self._take(turn)
        finally:
            self._under_way[target] -= 1
            if target in self._exhausted:
                self._exhausted.discard(target)
                self._freed()
