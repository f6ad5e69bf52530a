"""A benchmark as people run it, in its short form."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def last_line(name: str, *options: str) -> tuple[dict[str, Any], str]:
    """Runs a benchmark; answers its last line, and everything it said before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{name}", *options),
        cwd=ROOT,
        env={**os.environ, "SCALE": "short"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert process.returncode == 0, f"{said.decode()}\n{complaints.decode()[-3000:]}"
    table, _, line = said.decode().strip().rpartition("\n")
    result: dict[str, Any] = json.loads(line)
    assert result["fsync"] is True
    return result, table
