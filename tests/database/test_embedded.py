import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database import embedded
from tillbridge.database.cluster import Cluster
from tillbridge.database.database import BROKEN
from tillbridge.database.embedded import EmbeddedPostgres

ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from tillbridge.database.embedded import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as postgres:
        print(postgres.pid, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cluster that is copied for each test, instead of initdb each time."""
    folder = tmp_path_factory.mktemp("made")
    asyncio.run(_visit(folder))
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "f", ignore=shutil.ignore_patterns("socket"))
    return tmp_path / "f"


async def test_a_new_folder_gets_a_durable_server(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path) as postgres, opened(postgres.dsn) as connection:
        names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
        settings = [await connection.fetchval(f"SHOW {name}") for name in names]
        listening = await connection.fetchval("SHOW listen_addresses")
    assert settings == ["on"] * 4
    assert listening == ""


async def test_the_program_owns_its_database_and_is_no_superuser(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as postgres, opened(postgres.dsn) as connection:
        assert await connection.fetchval("SHOW is_superuser") == "off"
        await connection.execute("CREATE TABLE kept (number integer)")


async def test_a_setting_in_the_folder_cannot_turn_durability_off(folder: Path) -> None:
    with (Cluster(folder).files / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n")
    async with EmbeddedPostgres(folder) as postgres, opened(postgres.dsn) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval(f"SHOW {name}") == "on"


async def test_what_was_committed_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as postgres:
        await _write(postgres.dsn)
    async with EmbeddedPostgres(folder) as postgres:
        assert await _rows(postgres.dsn) == 1


async def test_a_killed_server_comes_back_with_what_was_committed(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as postgres, supervised(postgres):
        for kills in range(1, 4):
            await _write(postgres.dsn)
            os.kill(postgres.pid, signal.SIGKILL)
            assert await _rows(postgres.dsn) == kills


async def test_its_supervisor_outlives_a_client_library_that_trips_over_the_death(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = [asyncpg.InternalClientError("cannot switch to state 12"), asyncpg.InterfaceError("lost")]
    administer = EmbeddedPostgres._administer

    async def tripping(postgres: EmbeddedPostgres) -> "asyncpg.Connection[asyncpg.Record]":
        if met:
            raise met.pop()
        return await administer(postgres)

    async with EmbeddedPostgres(folder) as postgres, supervised(postgres):
        await _write(postgres.dsn)
        monkeypatch.setattr(EmbeddedPostgres, "_administer", tripping)
        os.kill(postgres.pid, signal.SIGKILL)
        assert await _rows(postgres.dsn) == 1
        os.kill(postgres.pid, signal.SIGKILL)
        assert await _rows(postgres.dsn) == 1
    assert not met


async def test_a_server_whose_starter_was_killed_is_found_again(folder: Path) -> None:
    starter, pid = _another_process(folder)
    starter.kill()
    starter.communicate()
    async with EmbeddedPostgres(folder) as postgres:
        assert postgres.pid == pid
    assert Cluster(folder).running() is None


async def test_two_who_start_at_once_share_one_server(folder: Path) -> None:
    several = [EmbeddedPostgres(folder) for _ in range(4)]
    await asyncio.gather(*(one.start() for one in several))
    assert len({one.pid for one in several}) == 1
    await asyncio.gather(*(one.stop() for one in several))


async def test_the_last_to_leave_stops_the_server(folder: Path) -> None:
    other, pid = _another_process(folder)
    async with EmbeddedPostgres(folder) as postgres:
        assert postgres.pid == pid
        other.communicate("")
        assert Cluster(folder).running() is not None
    assert Cluster(folder).running() is None


async def test_a_first_start_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    half = Cluster(tmp_path).home / "cluster.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(tmp_path) as postgres:
        assert await _answers(postgres.dsn)


async def test_a_stale_pid_of_another_program_is_no_obstacle(folder: Path) -> None:
    ours = os.getpid()
    lock = f"{ours}\n{Cluster(folder).files}\n0\n5432\n/nowhere\n\n\nready\n"
    (Cluster(folder).files / "postmaster.pid").write_text(lock)
    async with EmbeddedPostgres(folder) as postgres:
        assert postgres.pid != ours


async def test_a_server_that_cannot_be_seen_from_here_is_not_doubled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in two containers that share a folder: the other's processes are not in our /proc."""
    async with EmbeddedPostgres(folder):
        monkeypatch.setattr(Cluster, "running", lambda cluster: None)
        monkeypatch.setattr(embedded, "ORPHANS_TIMEOUT_S", 0.2)
        with pytest.raises(Misconfigured, match="not to be seen from here"):
            await EmbeddedPostgres(folder).start()
        monkeypatch.undo()


async def test_a_supervisor_ends_when_its_server_is_stopped(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    supervisor = asyncio.create_task(postgres.supervise())
    await asyncio.sleep(0)
    await postgres.stop()
    await asyncio.wait_for(supervisor, 5)
    assert Cluster(folder).running() is None


async def test_a_long_path_gets_a_private_socket_elsewhere(made: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 25)
    shutil.copytree(made, deep, ignore=shutil.ignore_patterns("socket"))
    async with EmbeddedPostgres(deep) as postgres:
        assert await _answers(postgres.dsn)
        socket_folder = Cluster(deep).socket_folder
        assert not socket_folder.is_relative_to(deep)
        assert socket_folder.stat().st_mode & 0o777 == 0o700
    socket_folder.rmdir()


async def test_a_socket_folder_open_to_others_is_refused(folder: Path) -> None:
    Cluster(folder).socket_folder.mkdir(mode=0o755)
    with pytest.raises(Misconfigured, match="not a private folder"):
        await EmbeddedPostgres(folder).start()


@pytest.mark.parametrize(("version", "step"), [("99", "Install the newer"), ("9", "pg_upgrade")])
async def test_a_folder_of_another_version_is_refused_by_name(
    folder: Path, version: str, step: str
) -> None:
    (Cluster(folder).files / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(Misconfigured, match=f"PostgreSQL {version}.*{step}"):
        await EmbeddedPostgres(folder).start()


async def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with (Cluster(folder).files / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(Misconfigured, match=r"did not start: .*FATAL"):
        await EmbeddedPostgres(folder).start()


async def test_stopping_what_never_started_stops_nobody(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as postgres:
        await EmbeddedPostgres(folder).stop()
        assert await _answers(postgres.dsn)


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def supervised(postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    supervisor = asyncio.create_task(postgres.supervise())
    try:
        yield
    finally:
        supervisor.cancel()


def _another_process(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(  # noqa: S603 - this Python, a fixed program
        [sys.executable, "-c", ANOTHER_PROCESS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


async def _visit(folder: Path) -> None:
    async with EmbeddedPostgres(folder):
        pass


async def _answers(dsn: str) -> bool:
    async with opened(dsn) as connection:
        return bool(await connection.fetchval("SELECT true"))


async def _write(dsn: str) -> None:
    async with opened(dsn) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        await connection.execute("INSERT INTO kept VALUES (1)")


async def _rows(dsn: str) -> int:
    """How many rows were kept; asks again while the server is away."""
    for _ in range(1800):  # its orphans are given 60 s to leave
        try:
            async with opened(dsn) as connection:
                return int(await connection.fetchval("SELECT count(*) FROM kept"))
        except BROKEN:
            await asyncio.sleep(0.05)
    raise AssertionError("the server did not come back")
