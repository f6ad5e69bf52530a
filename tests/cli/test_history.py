"""What a person asks of the past: by any key, and month by month."""

import json
import re
from pathlib import Path

from tests.api.history import ORDER, SALES_ORDER, whole_story
from tests.cli.conftest import Tell

from benchmarks import past
from tillbridge.database.database import Database

SOON = "\nhistory:\n  runs: 30\n  events: 30\n  notices: 30\n  bodies: 30\n  database: 60\n"


def shorten(books: Path) -> None:
    """Two months after it ended, everything is in files."""
    text = (books / "tillbridge.yaml").read_text()
    (books / "tillbridge.yaml").write_text(text + SOON)


def squeezed(table: str) -> str:
    """A table with one blank between its columns."""
    return re.sub(" +", " ", table)


async def test_history_tells_runs_payments_and_the_next_step(
    tell: Tell, database: Database
) -> None:
    number = await whole_story(database)
    result = await tell("history", SALES_ORDER)
    assert result.exit_code == 0
    assert f"Order {ORDER}." in result.stdout
    assert "25.00 USD" in result.stdout
    assert "reverse-cancelled 000000000000" in squeezed(result.stdout)
    assert " UTC" in result.stdout
    assert result.stdout.rstrip().endswith(f"tillbridge dead-letters show {number}")


async def test_nothing_past_is_a_sentence(tell: Tell) -> None:
    assert (await tell("archive")).stdout.startswith("Nothing has left the working tables yet.")
    assert (await tell("archive", "verify")).stdout.startswith("No month is in files yet.")


async def test_months_are_archived_by_hand_listed_verified_and_read_back(
    tell: Tell, books: Path, dsn: str, tmp_path: Path
) -> None:
    shorten(books)
    await past.store(dsn, 24)
    result = await tell("archive", "run")
    assert "in files now, read back and compared." in result.stdout
    first = sorted(folder.name for folder in (books / ".tillbridge" / "archive").iterdir())[0]

    listed = await tell("archive")
    assert f"{first} files" in squeezed(listed.stdout)
    assert (await tell("archive", "verify", first)).stdout.startswith(f"{first}: ")
    target = tmp_path / "read.jsonl"
    read = await tell("archive", "read", first, "--key", past.subject(1), "--to", str(target))
    assert read.stdout == f"4 lines in {target}.\n"
    kinds = [json.loads(line)["kind"] for line in target.read_text().splitlines()]
    assert sorted(kinds) == ["event", "notice", "notice", "run"]

    found = await tell("history", past.effect_key(1))
    assert f"Order {past.subject(1)}." in found.stdout
    assert first in found.stdout
    assert found.stdout.rstrip().endswith("Nothing to do: all of it has ended.")


async def test_a_month_without_files_is_refused_with_those_there_are(tell: Tell) -> None:
    result = await tell("archive", "verify", "1999-01")
    assert result.exit_code != 0
    assert "There are no files of '1999-01'" in result.stderr
