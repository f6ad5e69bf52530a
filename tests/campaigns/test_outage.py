"""The outage campaign in its short form: the whole thing as people run it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from campaigns.manners import MANNERS
from campaigns.outage_plants import PLANTS

from tillbridge_simulators.auditor import KEYS

ROOT = Path(__file__).parents[2]
OWN_KEYS = ("intake_errors", "sent_after_valid_until", "captured_after_expiry")


async def campaign(**wanted: str) -> tuple[int | None, dict[str, Any]]:
    """Runs it; answers the exit status and the last line."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.outage"),
        cwd=ROOT,
        env=os.environ | wanted,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert said, complained.decode()[-2000:]
    return process.returncode, json.loads(said.splitlines()[-1])


async def test_each_system_down_in_turn_breaks_no_promise_and_everything_drains() -> None:
    status, result = await campaign(SCALE="short", SEED="7")
    assert {key: result[key] for key in (*KEYS, *OWN_KEYS)} == dict.fromkeys((*KEYS, *OWN_KEYS), 0)
    assert result["probes_at_once_max"] == 1
    assert result["drained"] == result["waited"] > 0
    assert result["not_attempted"] > 0
    assert (status, result["ok"], result["fsync"]) == (0, True, True), result


async def test_a_planted_defect_is_caught() -> None:
    status, result = await campaign(PLANT="intake_refuses")
    assert status == 1
    assert not result["ok"]
    assert result["intake_errors"] > 0
    assert result["plants_caught"] == result["plants"] == 1


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.outage"),
        cwd=ROOT,
        env=os.environ | {"PLANT": "ivy"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, complained = await process.communicate()
    assert b"There is no plant 'ivy'; there are " in complained
    assert process.returncode == 1


def test_there_is_a_plant_for_each_way_in_which_an_outage_could_do_harm() -> None:
    assert set(PLANTS) >= {
        "valid_until_ignored",
        "probe_not_shared",
        "outage_dead_letters",
        "intake_refuses",
        "capture_after_expiry",
    }


def test_every_outage_lasts_as_long_as_its_manners_together() -> None:
    for manners in MANNERS.values():
        assert abs(sum(manner.share for manner in manners) - 1) < 1e-9
        assert len(manners) >= 5
