"""The benchmark as people run it, with few rows; its hand-written order is as strict as ours."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.mapping import order_filler
from benchmarks.sales_order import sales_order
from benchmarks.sales_order_ends import event

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import Card
from tillbridge.mapping.source import names_of

ROOT = Path(__file__).parents[2]
KEYS = [
    *("us_per_order", "python_us_per_order", "order_ratio"),
    *("us_per_condition", "python_us_per_condition", "condition_ratio"),
    *("jsonata_us_per_order", "rows_per_s", "peak_rss_mb", "fsync", "factor", "ok"),
]


async def test_the_last_line_has_every_key_and_rows_take_no_more_memory() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.mapping"),
        cwd=ROOT,
        env={**os.environ, "SCALE": "short"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    result = json.loads(said.splitlines()[-1])
    assert list(result) == KEYS
    assert result["jsonata_us_per_order"] is None
    assert result["us_per_order"] > 0
    assert result["us_per_condition"] > 0
    assert b"20,000 rows of 10 fields" in said


def context(**changes: Any) -> dict[str, object]:
    names = names_of(event())
    return {**names, "order": replace(event().data.order, **changes)}  # type: ignore[type-var]  # an order is there


@pytest.mark.parametrize(
    "changes",
    [
        {"number": ""},
        {"number": "9" * 41},
        {"lines": ()},
        {"total": None},
        {"tax": "6.51"},
        {"currency": "DOLLARS"},
    ],
)
def test_what_the_mapping_refuses_the_code_by_hand_refuses_too(changes: dict[str, Any]) -> None:
    for make in (order_filler().fill, sales_order):
        with pytest.raises(Rejected):
            make(context(**changes))


def test_both_refuse_a_card_without_a_row() -> None:
    names = names_of(event())
    payment = replace(event().data.payment, card=Card(brand="discover"))  # type: ignore[type-var]  # a payment is there
    for make in (order_filler().fill, sales_order):
        with pytest.raises(Rejected, match="discover"):
            make({**names, "payment": payment})
