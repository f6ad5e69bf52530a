import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.database.migrate import check_schema, migrate, migrations


@pytest.fixture
async def empty(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database that no migration has touched."""
    name = f"empty_{uuid.uuid4().hex}"
    administrator = await asyncpg.connect(server.dsn_of("postgres"))
    await administrator.execute(f"CREATE DATABASE {name}")
    database = await Database.connect(server.dsn_of(name))
    yield database
    await database.close()
    await administrator.execute(f"DROP DATABASE {name}")
    await administrator.close()


async def test_an_empty_database_gets_every_migration_in_order(empty: Database) -> None:
    assert await migrate(empty) == migrations()
    await check_schema(empty)


async def test_migrating_again_changes_nothing(empty: Database) -> None:
    await migrate(empty)
    assert await migrate(empty) == ()


async def test_of_programs_that_migrate_at_once_one_does(empty: Database) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]


async def test_an_older_schema_is_named_with_the_next_step(empty: Database) -> None:
    with pytest.raises(Misconfigured, match=r"lacks \d+ migrations.*tillbridge migrate"):
        await check_schema(empty)


async def test_a_newer_schema_is_left_alone(database: Database) -> None:
    await database.execute("INSERT INTO schema_migrations (number, name) VALUES (9999, 'later')")
    with pytest.raises(Misconfigured, match="has schema 9999"):
        await migrate(database)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [item.number for item in migrations()] == list(range(1, len(migrations()) + 1))
