"""What the demo says at the end, and whether it calls a day good."""

import io
from dataclasses import replace
from typing import Any

from rich.console import Console

from tillbridge.demo.figures import Day
from tillbridge.demo.summary import show_summary, show_verdict

GOOD_DAY = Day(
    evidence=3, fence=2, key=1, repeats={"webshop": 4}, unowned=0, open_runs=[], letters=[]
)
FOUND: dict[str, Any] = {
    "verdict": {"orders": 2, "counts": {}, "findings": []},
    "summary": {
        "orders": 2,
        "shop": {"shipped": 1, "in review": 1},
        "sold": {"USD": "20.00"},
        "paid": {"USD": "20.0000"},
        "authorizations": {"AUTHORIZED": 2},
        "captures": 1,
        "reversals": 0,
        "money": {
            "USD": {
                "held": "1050.00",
                "captured": "20.00",
                "reversed": "0",
                "released": "0",
                "open": "1030.005",
            }
        },
        "books": {"Sage Pro": {"live": 2, "on_hold": 1, "cancelled": 0, "worth": {}}},
        "repeats": {"the shop": 1},
    },
}
FINDING = {"order": "W7", "key": "lost", "sentence": "shipped 2.00 and only 0 was captured"}


def shown(found: dict[str, Any], day: Day) -> tuple[bool, str]:
    console = Console(file=io.StringIO(), width=160)
    show_summary(console, found, day)
    good = show_verdict(console, found, day)
    assert isinstance(console.file, io.StringIO)
    return good, console.file.getvalue()


def test_a_good_day_is_said_to_be_good() -> None:
    good, text = shown(FOUND, GOOD_DAY)
    assert good
    assert "every promise was kept" in text
    assert "dead letters: what" not in text.lower()


def test_amounts_have_two_decimals_or_what_they_need() -> None:
    _, text = shown(FOUND, GOOD_DAY)
    assert "1,050.00" in text
    assert "20.00 USD" in text
    assert "1,030.005" in text


def test_a_finding_makes_a_bad_day_and_is_shown() -> None:
    found = FOUND | {"verdict": {"orders": 2, "counts": {"lost": 1}, "findings": [FINDING]}}
    good, text = shown(found, GOOD_DAY)
    assert not good
    assert "W7 shipped 2.00 and only 0 was captured (lost)" in text


def test_an_unknown_nobody_owns_makes_a_bad_day() -> None:
    good, text = shown(FOUND, replace(GOOD_DAY, unowned=2))
    assert not good
    assert "2 unknown effects have no owner" in text


def test_a_run_that_is_still_open_makes_a_bad_day() -> None:
    good, text = shown(FOUND, replace(GOOD_DAY, open_runs=["run 4 of W9 at sage: waits"]))
    assert not good
    assert "run 4 of W9 at sage: waits (still open)" in text
