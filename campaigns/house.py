"""The house of one town: its processes, started again whenever they die."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from campaigns.house_process import Part, play

_NURSERY = multiprocessing.get_context("forkserver")
_RESTART_S = 0.05
_LOOK_S = 0.02


def prepare_nursery() -> None:
    """Imports what the processes need once, in the process they are forked from.

    Environment variables they share must be set before.
    """
    _NURSERY.set_forkserver_preload(["campaigns.scenes", "tillbridge.api.app", "uvloop"])


class Kept:
    """One process that is kept running, as `tillbridge up` does.

    Attributes:
        statuses: how it ended each time it was not asked to; -9 is SIGKILL.
    """

    def __init__(self, part: Part, play: Callable[[Part], None] = play) -> None:
        """`play` is what the process does."""
        self._part = part
        self._play = play
        self._process: BaseProcess | None = None
        self._stopping = False
        self._keeping: asyncio.Task[None] | None = None
        self.statuses: list[int | None] = []

    async def start(self) -> None:
        """Starts it and keeps it running from then on."""
        self._spawn()
        self._keeping = asyncio.create_task(self._keep())

    @property
    def pid(self) -> int | None:
        """The process that runs now; None while none does."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    async def stop(self) -> None:
        """Ends it for good."""
        self._stopping = True
        process = self._process
        if process is not None and process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        if self._keeping is not None:
            await self._keeping

    def _spawn(self) -> None:
        self._process = _NURSERY.Process(target=self._play, args=(self._part,), daemon=True)
        self._process.start()

    async def _keep(self) -> None:
        while self._process is not None:
            process = self._process
            await _ended(process)
            status, self._process = process.exitcode, None
            process.close()
            if self._stopping:
                return
            self.statuses.append(status)
            await asyncio.sleep(_RESTART_S)
            if not self._stopping:
                self._spawn()


async def wake_the_stalled(folder: Path) -> None:
    """Waits for a process of the town that is told to stall, and wakes it when its time is up."""
    marker, told = folder / "died", ""
    while not told:
        await asyncio.sleep(_LOOK_S)
        told = marker.read_text() if marker.exists() else ""
    pid, stall_s = told.split()
    await asyncio.sleep(float(stall_s))
    os.kill(int(pid), signal.SIGCONT)


async def _ended(process: BaseProcess) -> None:
    """Returns when the process has ended; no polling."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
