"""How long what has ended is kept: declared once, with what is wrong said by line."""

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.retention import Retention, read_retention

BOOKS = "connections:\n  books: {connector: notify}\n"


def test_what_is_not_written_has_its_default() -> None:
    assert read_retention(BOOKS) == Retention()


def test_every_period_is_days() -> None:
    text = f"""{BOOKS}history:
  runs: 10
  events: 20
  bodies: 5
  notices: 6
  database: 400
  memory: 3650
  flow_runs_max: 100000
  flows: {{stock-levels: 2}}
  archive: /mnt/books
"""
    assert read_retention(text) == Retention(
        runs=10,
        events=20,
        bodies=5,
        notices=6,
        database=400,
        memory=3650,
        flow_runs_max=100000,
        flows={"stock-levels": 2},
        archive="/mnt/books",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("memory: 179", "from 180"),
        ("runs: 0", "from 1"),
        ("run: 3", "Did you mean 'runs'"),
        ("flows: {a: 1.5}", "whole number"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, told: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        read_retention(f"{BOOKS}history:\n  {line}\n")
    assert told in str(caught.value)
    assert "line 4" in str(caught.value) or ":4" in str(caught.value)


def test_ids_are_known_longer_than_bodies() -> None:
    with pytest.raises(Misconfigured, match="taken for a new one"):
        read_retention(f"{BOOKS}history:\n  bodies: 500\n")
