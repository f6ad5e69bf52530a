"""A lock on a file that ends with the process that holds it, however that process ends."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

POLL_S = 0.02


class FileLock:
    """One file, locked by this object either shared (with others) or exclusive (alone).

    The kernel gives the lock back when the process dies, so nothing stale is ever left behind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Alone with the file for the length of the block; waits for its turn.

        Each block opens the file anew: two tasks of one process exclude each other as well.
        """
        hold = FileLock(self._path)
        while not hold.try_exclusive():  # noqa: ASYNC110 - another process sends us no event
            await asyncio.sleep(POLL_S)
        try:
            yield
        finally:
            hold.release()

    @property
    def is_ours(self) -> bool:
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file. A child that inherits it holds the lock too, and longer than we do."""
        assert self._descriptor is not None, "hold it first"
        return self._descriptor

    def try_shared(self) -> bool:
        """True when it is now held together with any number of others."""
        return self._try(fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """True when nobody else holds it. When False, a shared hold of ours is lost."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self, kind: int) -> bool:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True
