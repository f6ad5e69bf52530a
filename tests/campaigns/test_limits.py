"""The limits campaign in its short form: the whole thing as people run it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


async def campaign(**wanted: str) -> tuple[int | None, dict[str, Any]]:
    """Runs it; answers the exit status and the last line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.limits"),
        cwd=ROOT,
        env=os.environ | {"SCALE": "short"} | wanted,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert said, complained.decode()[-2000:]
    return process.returncode, json.loads(said.splitlines()[-1])


async def test_everything_arrives_and_no_window_holds_more_than_it_takes() -> None:
    status, result = await campaign(SEED="7")
    assert (result["arrived"], result["doubled"], result["dead_letters"]) == (
        *(result["writes"], 0, 0),
    )
    over = ("over_limit", "at_once_over", "refused", "insisted")
    assert {key: result[key] for key in over} == dict.fromkeys(over, 0), result
    assert (status, result["ok"], result["fsync"]) == (0, True, True), result


async def test_a_budget_that_every_process_has_for_itself_is_seen() -> None:
    status, result = await campaign(PLANT="per_process")
    assert (status, result["ok"], result["plants_caught"]) == (1, False, 1)
    assert result["refused"] > 0


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.limits"),
        cwd=ROOT,
        env=os.environ | {"PLANT": "ivy"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complained = await process.communicate()
    assert b"There is no plant 'ivy'; there are per_process, " in complained
    assert process.returncode == 1
