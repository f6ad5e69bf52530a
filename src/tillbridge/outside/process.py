"""A process beside ours: started until it says it is ready, ended politely, then firmly."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tillbridge.canonical.errors import Misconfigured

READY_TIMEOUT_S = 60.0
END_TIMEOUT_S = 15.0
LINE_BYTES_MAX = 1 << 20


class Process:
    """One Python module in a process of its own; what it says on its error stream is kept.

    Its standard input is a pipe that closes when we end, however we end: the processes of
    a program that was killed end by themselves.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = (sys.executable, "-m", module, *arguments)
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Starts it; answers the first line of its output, which says that it is ready.

        Raises:
            Misconfigured: it ended, or said nothing; the message carries its last words.
        """
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment,
                limit=LINE_BYTES_MAX,
                start_new_session=True,
            )
        assert self._process.stdout is not None, "its output is a pipe"
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_TIMEOUT_S)
        except TimeoutError:
            line = b""
        if not line:
            await self.stop()
            raise self._broke("did not start")
        return line.decode().strip()

    async def tell(self, line: str) -> None:
        """Writes one line to its standard input."""
        process = self._process
        assert process is not None and process.stdin is not None, "start it first"
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()

    async def hear(self) -> bytes:
        """The next line of its output; empty when it has ended."""
        assert self._process is not None and self._process.stdout is not None, "start it first"
        return await self._process.stdout.readline()

    async def run(self) -> bytes:
        """Runs it to its end; answers its output. Raises Misconfigured unless it went well."""
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=log, env=self._environment
            )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise self._broke(f"ended with {process.returncode}", output.decode(errors="replace"))
        return output

    def expect_alive(self) -> None:
        """Raises Misconfigured, with its last words, when it has ended by itself."""
        if self._process is not None and self._process.returncode is not None:
            raise self._broke(f"ended with {self._process.returncode}")

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

    def _broke(self, how: str, said: str = "") -> Misconfigured:
        told = self._log.read_text(errors="replace") if self._log.exists() else ""
        words = (told.strip() or said.strip())[-1500:]
        return Misconfigured(
            f"The {self.name} {how}: {words or 'it said nothing'}",
            reason="process_ended",
            next_step=f"Its whole log is {self._log}.",
        )
