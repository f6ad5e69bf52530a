"""Many workers as real processes over one PostgreSQL: each planned time once, and nobody stuck."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from tests.cli.test_processes import read_until, running, until
from tests.notify.channels import Hook, open_hook

from tillbridge.assembly import prepare
from tillbridge.database.database import Database

FACTOR = "20"
WORKERS = 4
STOPS = ("--stop-within", "0.3")
SETTINGS = """
connections:
  chat: {connector: notify, settings: {channel: webhook, url: hook}}
"""
OFTEN = """
flow: often
lane: chat
schedule: {cron: "*/5 * * * *", zone: Europe/Berlin, missed: all}
steps:
  - notify: told
    to: chat
    title: text(trigger.planned_at)
"""
CALLED = """
flow: called
lane: chat
takes: {name: text}
subject: trigger.fields.name
steps:
  - notify: told
    to: chat
    title: trigger.fields.name
"""


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with open_hook() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tillbridge.yaml").write_text(SETTINGS)
    (tmp_path / "flows" / "called.yaml").write_text(CALLED)
    monkeypatch.setenv("TILLBRIDGE_SECRET_HOOK", hook.url)
    monkeypatch.setenv("TILLBRIDGE_FACTOR", FACTOR)
    return tmp_path


@contextlib.asynccontextmanager
async def worker(
    folder: Path, dsn: str, *options: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """A worker that has begun to work."""
    async with running("worker", *options, folder=folder, dsn=dsn) as (process, lines):
        await read_until(lines, "Working")
        yield process, lines


async def ask(folder: Path, dsn: str, name: str) -> None:
    given = folder / "given.json"
    given.write_text(json.dumps({"name": name}))
    words = ("run", "called", "--input", str(given), "--why", "a test")
    async with running(*words, folder=folder, dsn=dsn) as (process, lines):
        told = (await lines.read()).decode()
        assert await process.wait() == 0, told


async def is_asked(hook: Hook) -> bool:
    return hook.busiest == 1


async def is_taken_over(database: Database, lease: int) -> bool:
    return int(await database.fetch_value("SELECT lease FROM lanes")) > lease


async def are_done(database: Database) -> bool:
    return bool(await database.fetch_value("SELECT bool_and(state = 'done') FROM runs"))


@pytest.mark.complaint("I9")
async def test_four_workers_start_each_planned_time_once(
    folder: Path, dsn: str, database: Database, hook: Hook
) -> None:
    (folder / "flows" / "often.yaml").write_text(OFTEN)
    await prepare(dsn)
    await database.execute(
        "INSERT INTO schedules VALUES ('often', now() - interval '10 hours 1 minute')"
    )
    async with contextlib.AsyncExitStack() as stack:
        started = [stack.enter_async_context(worker(folder, dsn)) for _ in range(WORKERS)]
        processes = [process for process, _ in await asyncio.gather(*started)]

        async def all_told() -> bool:
            return len(hook.told) >= 120

        await until(all_told)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [await process.wait() for process in processes] == [0] * WORKERS

    titles = Counter(each["title"] for each in hook.told.values())
    assert set(titles.values()) == {1}
    fired = await database.fetch_value("SELECT count(*) FROM firings WHERE fired")
    assert len(titles) == fired == await database.fetch_value("SELECT count(*) FROM runs")
    assert len(hook.heard) == fired


@pytest.mark.complaint("I31")
async def test_what_a_stopped_worker_was_in_is_another_ones_at_once(
    folder: Path, dsn: str, database: Database, hook: Hook
) -> None:
    """Its lease would last for five seconds more. The message is sent again under its key."""
    await prepare(dsn)
    async with worker(folder, dsn, *STOPS) as one, worker(folder, dsn, *STOPS) as other:
        hook.takes_s = 6.0
        await ask(folder, dsn, "Ada")
        await until(partial(is_asked, hook))
        hook.takes_s = 0.0
        held = await database.fetch_row("SELECT holder, lease FROM lanes")
        assert held is not None
        going, lines = one if held["holder"].endswith(f" {one[0].pid}") else other
        asked = time.monotonic()
        going.send_signal(signal.SIGTERM)
        assert "1 turns were cut off" in await read_until(lines, "handed back")
        assert await going.wait() == 0
        await until(partial(is_taken_over, database, held["lease"]))
        assert time.monotonic() - asked < 4.0
        await until(partial(are_done, database))

    assert [each["title"] for each in hook.told.values()] == ["Ada"]


async def test_a_worker_that_is_killed_leaves_nothing_running_for_ever(
    folder: Path, dsn: str, database: Database, hook: Hook
) -> None:
    """Complaint I36."""
    await prepare(dsn)
    hook.takes_s = 6.0
    async with worker(folder, dsn) as (dying, _):
        await ask(folder, dsn, "Ada")
        await until(partial(is_asked, hook))
        os.kill(dying.pid, signal.SIGKILL)
        hook.takes_s = 0.0
        async with worker(folder, dsn):
            await until(partial(are_done, database))
    assert [each["title"] for each in hook.told.values()] == ["Ada"]
