"""Child processes: started until they say they are ready, ended politely, then firmly."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

READY_TIMEOUT_S = 60.0
END_TIMEOUT_S = 20.0


class ChildEndedError(Exception):
    """A child ended before it was ready."""


class Child:
    """One Python module in a process of its own; what it says on stderr goes to a file."""

    def __init__(
        self, module: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str]
    ) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "start it first"
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> str:
        """Starts it; answers its first line, which says that it is ready.

        Raises:
            ChildEndedError: it ended first; the message carries its last words.
        """
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment,
            )
        assert self._process.stdout is not None, "its output is a pipe"
        line = await asyncio.wait_for(self._process.stdout.readline(), READY_TIMEOUT_S)
        if not line:
            await self._process.wait()
            raise ChildEndedError(f"{' '.join(self._command[2:4])}: {self.last_words()}")
        return line.decode().strip()

    async def ended(self) -> int:
        """Waits for its end; answers its status (negative: the signal's number)."""
        assert self._process is not None, "start it first"
        return await self._process.wait()

    async def stop(self) -> None:
        """Ends it: SIGTERM, and SIGKILL when that does not help. Stopping twice is harmless."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_TIMEOUT_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    def first_trouble(self) -> str:
        """Its first traceback on stderr; "" when there is none."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        _, found, trouble = text.partition("Traceback (most recent call last)")
        return f"{found}{trouble[:3000]}" if found else ""

    def last_words(self) -> str:
        """The end of what it said on stderr."""
        return self._log.read_text(errors="replace")[-2000:].strip() if self._log.exists() else ""
