"""What every area's tests share: one PostgreSQL a session, a database of its own for each test."""

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from tests.memory import move_to_memory
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.database.migrate import migrate

TEMPLATE = "migrated"
IN_MEMORY: pytest.StashKey[Path] = pytest.StashKey()


hypothesis.settings.register_profile("tests", deadline=None)  # machines are busy now and then
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    if (folder := move_to_memory()) is not None:
        config.stash[IN_MEMORY] = folder


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What was kept in memory goes, unless somebody will want to look at it."""
    if exitstatus == 0 and IN_MEMORY in session.config.stash:
        shutil.rmtree(session.config.stash[IN_MEMORY], ignore_errors=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL for the whole session; all xdist workers share it, the last stops it."""
    postgres = EmbeddedPostgres(_session_folder(tmp_path_factory))
    asyncio.run(_start(postgres))
    yield postgres
    asyncio.run(postgres.stop())


@pytest.fixture
async def dsn(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The address of a fresh, migrated database that is dropped after the test."""
    name = f"test_{uuid.uuid4().hex}"
    await _administer(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield server.dsn_of(name)
    await _drop(server, name)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool of connections to a fresh, migrated database."""
    pool = await Database.connect(dsn)
    yield pool
    await pool.close()


def _session_folder(factory: pytest.TempPathFactory) -> Path:
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


async def _start(postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    connection = await asyncpg.connect(postgres.dsn_of("postgres"))
    try:
        await connection.execute("SELECT pg_advisory_lock(1)")
        made = "SELECT 1 FROM pg_database WHERE datname = $1 AND NOT datallowconn"
        if not await connection.fetchval(made, TEMPLATE):
            await connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
            await _migrate(postgres.dsn_of(TEMPLATE))
            await connection.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")
    finally:
        await connection.close()


async def _migrate(dsn: str) -> None:
    pool = await Database.connect(dsn, size_max=1)
    try:
        await migrate(pool)
    finally:
        await pool.close()


async def _drop(server: EmbeddedPostgres, name: str) -> None:
    """The server's own vacuum may be at work in it, and only the server may end that."""
    for _ in range(100):
        try:
            await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")
        except asyncpg.InsufficientPrivilegeError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError(f"{name} is still in use")


async def _administer(server: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(server.dsn_of("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
