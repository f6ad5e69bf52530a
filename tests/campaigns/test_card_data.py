"""The card data campaign in its short form: the whole thing as people run it."""

import asyncio
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from campaigns.card_finder import Finder
from campaigns.card_forms import card_number, forms

ROOT = Path(__file__).parents[2]


async def campaign(**wanted: str) -> tuple[int | None, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "campaigns.card_data"),
        cwd=ROOT,
        env=os.environ | {"SCALE": "short"} | wanted,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert said, complained.decode()[-2000:]
    return process.returncode, json.loads(said.splitlines()[-1])


@pytest.mark.complaint("I34b")
async def test_no_planted_number_is_at_rest_and_no_fact_is_lost() -> None:
    status, result = await campaign(SEED="7")
    broken = ("found_at_rest", "unnoticed", "payment_facts_lost", "false_refusals")
    assert {key: result[key] for key in broken} == dict.fromkeys(broken, 0), result
    assert (status, result["ok"], result["fsync"]) == (0, True, True)
    assert result["planted"] > 500


async def test_a_guard_that_is_taken_away_is_seen() -> None:
    status, result = await campaign(PLANT="open_door")
    assert (status, result["ok"], result["plants_caught"]) == (1, False, 1)
    assert result["found_at_rest"] > 0


@pytest.mark.parametrize("seed", range(5))
def test_the_finder_sees_every_form_it_has_to_find(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 (forms, not secrets)
    for name, form in forms(draw).items():
        number = card_number(draw)
        finder = Finder({number: name})
        assert finder.find(json.dumps(dict(form(number)))) == {number}, name
        assert finder.find(json.dumps({"note": number[:-4]})) == set()
