"""The benchmark as people run it, with a handful of shoppers."""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.shoppers import LINES, purchases

ROOT = Path(__file__).parents[2]
KEYS = [
    *("orders", "cpu_ms_per_order", "runs_per_s", "bare_commits_per_s"),
    *("authorize_added_p50_ms", "authorize_added_p99_ms", "event_to_order_p95_ms"),
    *("peak_rss_mb", "fsync", "factor", "ok"),
]


async def test_the_last_line_has_every_key_and_every_order_is_settled() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.order_to_cash", "--orders", "20", "--lost", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    result = json.loads(said.splitlines()[-1])
    assert list(result) == KEYS
    assert result["orders"] == 20
    assert result["fsync"] is True
    assert result["cpu_ms_per_order"] > 0
    assert b"20 as they should be" in said


def test_shoppers_buy_three_lines_and_one_in_twenty_is_declined() -> None:
    wanted = purchases(7, 400)
    assert {len(one.document["lines"]) for one in wanted} == {LINES}
    assert 10 <= sum(one.cards == ("processor_declined",) for one in wanted) <= 30
