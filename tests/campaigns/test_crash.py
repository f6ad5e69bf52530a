"""The crash campaign in its short form: the whole thing as people run it."""

import asyncio
import sys
from pathlib import Path

import pytest
from campaigns.points import Death, Points, has_died, points_passed
from campaigns.scenes import planted
from tests.campaigns.campaign import refusal, run

from tillbridge_simulators.auditor import KEYS

ROOT = Path(__file__).parents[2]


@pytest.mark.complaint("I30")
async def test_a_house_that_dies_at_seeded_gaps_breaks_no_promise() -> None:
    status, result = await run("crash", SCALE="short", SEED="7")
    assert {key: result[key] for key in KEYS} == dict.fromkeys(KEYS, 0), result
    assert result["gaps_killed"] == result["gaps"] > 0
    assert (status, result["ok"], result["fsync"], result["dead_letters"]) == (0, True, True, 0)


async def test_a_planted_defect_is_caught() -> None:
    status, result = await run("crash", PLANT="intent_after_send")
    assert status == 1
    assert not result["ok"]
    assert any(result[key] for key in KEYS)
    assert result["plants_caught"] == result["plants"] == 1


async def test_a_plant_nobody_knows_is_refused_by_name() -> None:
    assert "There is no plant 'ivy'; there are no_key, " in await refusal("crash", "ivy")


def test_there_are_towns_for_every_plant_of_the_issue() -> None:
    assert set(planted(7)) >= {
        "no_key",
        "intent_after_send",
        "ack_before_commit",
        "resolve_before_send_by",
        "resend_on_not_yet",
        "no_fence",
    }


def test_a_process_that_only_passes_points_lives_and_is_counted(tmp_path: Path) -> None:
    points = Points("worker", tmp_path, Death("api: before send capture"))
    for _ in range(2):
        points.passed("before send capture")
    assert points_passed(tmp_path) == {"worker: before send capture": 2}
    assert not has_died(tmp_path)


@pytest.mark.parametrize("passing", [1, 2])
async def test_a_process_dies_at_the_passing_it_was_told(tmp_path: Path, passing: int) -> None:
    code = (
        "import pathlib, sys\n"
        "from campaigns.points import Death, Points\n"
        f"points = Points('api', pathlib.Path(sys.argv[1]), Death('api: gap', {passing}))\n"
        "for _ in range(3): points.passed('gap')\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(tmp_path)), cwd=ROOT
    )
    assert await process.wait() == -9
    assert points_passed(tmp_path) == {"api: gap": passing}
    assert has_died(tmp_path)
