"""A closed month goes to files; whenever it is cut off, nothing is lost and nothing is doubled."""

import asyncio
import json
import random
import signal
import sys
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.api.history import bury

from benchmarks import past
from tillbridge.archive.manifest import LINES, read_manifest
from tillbridge.archive.months import months
from tillbridge.canonical.errors import Unreconciled
from tillbridge.connections.retention import Retention
from tillbridge.database.database import Database
from tillbridge.journeys import archive_month
from tillbridge.journeys.archived import archived, check_lines, read_back, verify
from tillbridge.journeys.history import history
from tillbridge.journeys.keep import Kept, keep

NOW = datetime.now(UTC)
SOON = Retention(runs=30, events=30, notices=30, bodies=30, database=60)
RUNS = 40


async def keep_all(database: Database, root: Path) -> Kept:
    return await keep(database, SOON, root, NOW, budget_s=60)


async def whole_past(database: Database, root: Path) -> dict[str, int]:
    """How often each run is kept anywhere: working tables, history, files of months that left."""
    found: dict[str, int] = {}
    rows = await database.fetch(
        "SELECT id::text FROM runs UNION ALL SELECT id FROM past WHERE kind = 'run'"
    )
    ids = [row["id"] for row in rows]
    for month in await months(database):
        if month.state == "dropped":
            target = root / f"{month.folder}.read"
            target.unlink(missing_ok=True)
            read_back(root / month.folder, target)
            parts = [json.loads(line) for line in target.read_text().splitlines()]
            ids += [part["id"] for part in parts if part["kind"] == "run"]
    for number in ids:
        found[number] = found.get(number, 0) + 1
    return found


ALL_ONCE = {str(number): 1 for number in range(1, RUNS + 1)}


async def test_months_that_are_old_enough_are_in_files_and_out_of_the_database(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    kept = await keep_all(database, tmp_path)
    assert kept.archived == tuple(sorted(kept.archived))
    assert len(kept.archived) >= 8
    first = kept.archived[0]
    assert sorted(file.name for file in (tmp_path / first).iterdir()) == [
        "keys.index",
        "lines.jsonl.gz",
        "manifest.json",
    ]
    manifest, sha256 = read_manifest(tmp_path / first)
    known = next(month for month in await months(database) if month.folder == first)
    assert (known.state, known.parts, known.manifest_sha256) == ("dropped", manifest.parts, sha256)
    assert set(manifest.kinds) == {"event", "notice", "run"}
    left = "SELECT to_regclass($1) IS NULL"
    assert await database.fetch_value(left, f"past_{first.replace('-', '_')}")
    assert await whole_past(database, tmp_path) == ALL_ONCE


async def test_any_key_leads_to_what_is_in_files_only(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    first, *_ = (await keep_all(database, tmp_path)).archived
    for key in (past.subject(1), past.reference(1), past.effect_key(1), "run:1", "W1", "try-1"):
        found = await history(database, tmp_path, key)
        assert found.subject == past.subject(1)
        assert [(run.id, run.stored, run.version) for run in found.runs] == [(1, first, "a" * 12)]


async def test_files_alone_tell_what_an_order_was_known_by(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    """The database may be lost: each month knows its own names."""
    await past.store(dsn, RUNS)
    first, *_ = (await keep_all(database, tmp_path)).archived
    for key in (past.subject(1), past.reference(1), past.effect_key(1), "run:1", "W1", "try-1"):
        assert read_back(tmp_path / first, tmp_path / key, key) >= 3


class Death(Exception):
    """The process is gone."""


POINTS = (
    *("seal", "_names", "_end_writing", "compare", "note_archived", "check_files", "drop"),
    *("after seal", "after _end_writing", "after compare", "after note_archived", "after drop"),
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_death_at_any_step_loses_and_doubles_nothing(
    dsn: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    await past.store(dsn, RUNS)
    name = point.removeprefix("after ")
    whole = getattr(archive_month, name)

    def dying(*values: object) -> object:
        if name == point:
            raise Death
        done = whole(*values)
        if asyncio.iscoroutine(done):
            return _then_die(done)
        raise Death

    monkeypatch.setattr(archive_month, name, dying)
    with pytest.raises((Death, ExceptionGroup)):
        await keep_all(database, tmp_path)
    monkeypatch.undo()
    assert await whole_past(database, tmp_path) == ALL_ONCE

    await keep_all(database, tmp_path)
    assert await whole_past(database, tmp_path) == ALL_ONCE
    for month in await months(database):
        if month.folder:
            check_lines(tmp_path / month.folder, month.manifest_sha256)
    assert not _unfinished(tmp_path)


def _unfinished(root: Path) -> list[Path]:
    return list(root.glob(f"*{archive_month.UNFINISHED}"))


async def _then_die(done: Awaitable[object]) -> None:
    await done
    raise Death


KEEPER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from tillbridge.connections.retention import Retention
from tillbridge.database.database import Database
from tillbridge.journeys.keep import keep

async def main():
    database = await Database.connect(sys.argv[1])
    retention = Retention(runs=30, events=30, notices=30, bodies=30, database=60)
    print("begun", flush=True)
    await keep(database, retention, Path(sys.argv[2]), datetime.now(UTC), 60.0)

asyncio.run(main())
"""


async def test_keepers_that_are_killed_again_and_again_lose_and_double_nothing(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    runs = 400
    await past.store(dsn, runs)
    luck = random.Random(7)  # noqa: S311 (moments of death, not a secret)
    for _ in range(6):
        keeper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KEEPER, dsn, str(tmp_path)), stdout=asyncio.subprocess.PIPE
        )
        assert keeper.stdout is not None
        await keeper.stdout.readline()
        await asyncio.sleep(luck.uniform(0.02, 0.5))
        if keeper.returncode is None:
            keeper.send_signal(signal.SIGKILL)
        await keeper.wait()
    assert (await keep_all(database, tmp_path)).is_done, "the dead hold no lock"
    found = await whole_past(database, tmp_path)
    assert found == {str(number): 1 for number in range(1, runs + 1)}


async def test_files_that_differ_from_the_database_keep_the_month_there(
    dsn: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something changes a byte between the writing and the reading back."""
    await past.store(dsn, RUNS)
    whole = archive_month._end_writing

    def spoiling(unfinished: Path, folder: Path) -> None:
        whole(unfinished, folder)
        content = bytearray((folder / LINES).read_bytes())
        content[200] ^= 1
        (folder / LINES).write_bytes(content)

    monkeypatch.setattr(archive_month, "_end_writing", spoiling)
    with pytest.raises(Unreconciled, match="holds another past"):
        await keep_all(database, tmp_path)
    states = {month.state for month in await months(database)}
    assert states == {"sealed", "open"}
    rows = "SELECT count(*) FROM past WHERE kind = 'run'"
    assert (
        await database.fetch_value(rows) + await database.fetch_value("SELECT count(*) FROM runs")
        == RUNS
    )


async def test_a_folder_of_another_installation_is_not_touched(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    month = await database.fetch_value("SELECT to_char(min(ended_at), 'YYYY-MM') FROM runs")
    (tmp_path / month).mkdir()
    (tmp_path / month / "manifest.json").write_text("{}")
    with pytest.raises(Exception, match=r"[Mm]issing|another past"):
        await keep_all(database, tmp_path)
    assert (tmp_path / month / "manifest.json").read_text() == "{}"


async def test_what_is_archived_is_verified_to_the_byte(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    first, *_ = (await keep_all(database, tmp_path)).archived
    month = await archived(database, first)
    assert (await verify(database, tmp_path, month)).parts == month.parts
    content = bytearray((tmp_path / first / LINES).read_bytes())
    content[-20] ^= 1
    (tmp_path / first / LINES).write_bytes(content)
    with pytest.raises(Unreconciled, match="other bytes"):
        await verify(database, tmp_path, month)


async def test_files_that_are_elsewhere_are_named_with_their_machine(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    first, *_ = (await keep_all(database, tmp_path)).archived
    found = await history(database, tmp_path / "elsewhere", past.subject(1))
    assert found.runs == ()
    assert any(first in sentence for sentence in found.missing)


async def test_an_open_letter_keeps_its_run_out_of_any_month(
    dsn: str, database: Database, tmp_path: Path
) -> None:
    await past.store(dsn, RUNS)
    run_id = await bury(database)
    await keep(database, SOON, tmp_path, NOW, budget_s=60)
    assert await database.fetch_value("SELECT state FROM runs WHERE id = $1", run_id) == "dead"
