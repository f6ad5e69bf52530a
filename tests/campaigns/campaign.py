"""A campaign as people run it: a process of its own, judged by its last line."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def run(name: str, **wanted: str) -> tuple[int | None, dict[str, Any]]:
    """Runs it; answers the exit status and the last line."""
    status, said, complained = await _run(name, wanted)
    assert said, complained.decode()[-2000:]
    return status, json.loads(said.splitlines()[-1])


async def refusal(name: str, plant: str) -> str:
    """What it says to a plant that it does not know."""
    status, _, complained = await _run(name, {"PLANT": plant})
    assert status == 1
    return complained.decode()


async def _run(name: str, wanted: dict[str, str]) -> tuple[int | None, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"campaigns.{name}"),
        cwd=ROOT,
        env=os.environ | wanted,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    return process.returncode, said, complained
