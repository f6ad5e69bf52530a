"""DBOS in an environment of its own: neither sees what the other has installed."""

import asyncio
import fcntl
import json
import os
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

DBOS = "dbos==3.4.0"
DRIVER = "asyncpg==0.32.0"
"""For the local act alone: it is the same row, by the same driver as ours."""
_ROOT = Path(__file__).parents[1]
_HOME = _ROOT / ".tillbridge" / "bench-dbos-3.4.0"
_INSTALL_TIMEOUT_S = 300
_RUN_TIMEOUT_S = 300


class NotInstalledError(Exception):
    """DBOS cannot be installed here; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What the runs took: seconds of the clock, and CPU seconds by process."""

    runs: int
    took_s: float
    postgres_s: float
    program_s: float

    @property
    def cpu_ms_per_run(self) -> float:
        return (self.postgres_s + self.program_s) * 1000 / self.runs


def install() -> Path:
    """The Python of that environment; made once, then kept.

    Raises:
        NotInstalledError: no packages can be fetched here.
    """
    _HOME.mkdir(parents=True, exist_ok=True)
    done = _HOME / "installed"
    python = _HOME / "bin" / "python"
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(_HOME, with_pip=True)
            _pip(python)
            done.write_text(DBOS, encoding="utf-8")
    return python


async def run(dsn: str, postgres: int, runs: int, at_once: int) -> Peer:
    """The six steps so many times. Raises NotInstalledError."""
    python = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        *(str(python), "-m", "benchmarks.dbos_runs", dsn, str(postgres), str(runs), str(at_once)),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(_RUN_TIMEOUT_S):
        said, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()[-2000:]
    told = json.loads(said.splitlines()[-1])
    assert told["notices"] == 2 * runs, "every run keeps two notices"
    return Peer(told["runs"], told["took_s"], sum(told["postgres_s"]), sum(told["program_s"]))


def _pip(python: Path) -> None:
    command = [str(python), "-m", "pip", "install", "-q", DBOS, DRIVER]
    try:
        done = subprocess.run(  # noqa: S603 (fixed words)
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_TIMEOUT_S,
            env=dict(os.environ),
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"pip did not end in {_INSTALL_TIMEOUT_S} s") from error
    if done.returncode:
        raise NotInstalledError((done.stderr or done.stdout).strip()[-300:])
