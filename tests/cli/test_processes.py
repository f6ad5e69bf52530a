"""The long-running commands as real processes: up, what it keeps alive, and how it all ends."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from tests.api.site import SIGNING

from tillbridge.assembly import OWN_FOLDER, connections_of, prepare
from tillbridge.cli.up import WORKERS_MAX
from tillbridge.connector.settings import Secret
from tillbridge.database import cluster
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge_shop.signature import sign

PATIENCE_S = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def running(
    *arguments: str, folder: Path, dsn: str = ""
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """A command as a process of its own; it is ended, whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tillbridge.cli.main", "--folder", str(folder)),
        *(("--database-url", dsn) if dsn else ()),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def read_until(lines: asyncio.StreamReader, sign_: str) -> str:
    """Everything up to the line that holds the sign."""
    told = ""
    async with asyncio.timeout(PATIENCE_S):
        while sign_ not in told:
            line = (await lines.readline()).decode()
            assert line, f"it ended before {sign_!r}: {told}"
            told += line
    return told


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in text.split()]


def named(pids: list[int], word: str) -> list[int]:
    return [
        pid
        for pid in pids
        if word in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    ]


def lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def have_ended(pids: list[int]) -> bool:
    return not any(lives(pid) for pid in pids)


async def deliver(url: str) -> int:
    document = {
        "id": "evt-1",
        "type": "order.cancelled",
        "order_number": "1042",
        "occurred_at": "2026-01-02T10:00:00Z",
    }
    body = json.dumps(document).encode()
    signed = sign(Secret(SIGNING), "POST", "/doors/webshop", body, datetime.now(UTC))
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/doors/webshop", data=body, headers=signed) as answer,
    ):
        return answer.status


async def is_done(database: Database) -> bool:
    return bool(await database.fetch_value("SELECT EXISTS (SELECT FROM runs WHERE state = 'done')"))


async def test_up_shows_the_first_token_works_restarts_what_dies_and_ends_in_order(
    dsn: str, database: Database, books: Path
) -> None:
    port = free_port()
    async with running(*("up", "--workers", "1", "--port", str(port)), folder=books, dsn=dsn) as (
        up,
        lines,
    ):
        told = await read_until(lines, "Listening on")
        assert len(re.findall(r"tillbridge_\S{20,}", told)) == 1
        [worker] = named(children(up.pid), "worker")
        os.kill(worker, signal.SIGKILL)
        await read_until(lines, "worker 1 ended with code -9; it is started again")
        assert await deliver(f"http://127.0.0.1:{port}") == 202
        await until(partial(is_done, database))
        kept = children(up.pid)
        up.send_signal(signal.SIGTERM)
        assert "Stopped." in await read_until(lines, "Stopped.")
        assert await up.wait() == 0
        assert not [pid for pid in kept if lives(pid)]


async def test_when_up_is_killed_what_it_started_ends_too(dsn: str, books: Path) -> None:
    async with running(
        *("up", "--workers", "1", "--port", str(free_port())), folder=books, dsn=dsn
    ) as (up, lines):
        told = await read_until(lines, "Listening on")
        if "Working" not in told:
            await read_until(lines, "Working")
        kept = children(up.pid)
        assert len(kept) == 2
        up.kill()
        await until(partial(have_ended, kept))


@pytest.mark.complaint("I14")
async def test_up_says_what_is_wrong_before_it_starts_anything(
    dsn: str, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILLBRIDGE_SECRET_TILL_KEY")
    async with running("up", folder=books, dsn=dsn) as (up, lines):
        told = (await lines.read()).decode()
        assert await up.wait() == 1
    assert "tillbridge secrets set till_key" in told
    assert "Traceback" not in told


async def test_more_workers_than_the_database_has_connections_for_are_refused(
    books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other would fail now and then, whoever comes last."""
    monkeypatch.setitem(cluster.SETTINGS, "max_connections", "30")
    async with (
        EmbeddedPostgres(books / OWN_FOLDER),
        running("up", "--workers", "7", folder=books) as (up, lines),
    ):
        told = (await lines.read()).decode()
        assert await up.wait() == 1
    assert f"PostgreSQL takes 27 connections; {connections_of(7)} are needed." in told
    assert "Listening" not in told


def test_the_embedded_server_has_connections_for_as_many_workers_as_up_starts() -> None:
    assert connections_of(WORKERS_MAX) < int(cluster.SETTINGS["max_connections"]) - 10


async def test_an_idle_worker_that_is_asked_to_stop_cuts_nothing_off(dsn: str, books: Path) -> None:
    await prepare(dsn)
    async with running("worker", "--stop-within", "5", folder=books, dsn=dsn) as (worker, lines):
        await read_until(lines, "Working")
        worker.send_signal(signal.SIGTERM)
        assert "cut off" not in (await lines.read()).decode()
        assert await worker.wait() == 0


async def test_a_port_that_is_taken_is_said_without_a_traceback(dsn: str, books: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with running("api", "--port", port, folder=books, dsn=dsn) as (api, lines):
            told = (await lines.read()).decode()
            assert await api.wait() == 1
    assert f"Nothing can listen on 127.0.0.1:{port}" in told
    assert "Traceback" not in told


async def test_without_an_address_the_folders_own_postgresql_is_started_and_left(
    books: Path,
) -> None:
    async with running("runs", folder=books) as (runs, lines):
        assert "No runs yet." in (await lines.read()).decode()
        assert await runs.wait() == 0
    assert not (books / ".tillbridge" / "postgres" / "cluster" / "postmaster.pid").exists()
