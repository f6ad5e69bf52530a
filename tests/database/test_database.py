from pathlib import Path

import pytest

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.database.database import Database


async def test_each_test_has_a_migrated_database_of_its_own(database: Database) -> None:
    assert await database.fetch_value("SELECT count(*) FROM schema_migrations") > 0
    assert await database.fetch_value("SELECT current_database()") != "migrated"


async def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    await database.execute("CREATE TABLE kept (number integer)")
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await tx.execute("INSERT INTO kept VALUES (1)")
            raise RuntimeError
    assert await database.fetch_value("SELECT count(*) FROM kept") == 0


async def test_a_server_that_may_forget_is_refused(database: Database, dsn: str) -> None:
    name = await database.fetch_value("SELECT current_database()")
    await database.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(Misconfigured, match="synchronous_commit = off"):
        await Database.connect(dsn)


async def test_the_durability_it_runs_with_can_be_printed(database: Database) -> None:
    assert await database.durability() == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }


async def test_a_server_without_room_is_said_so(database: Database) -> None:
    await database.expect_room_for(50)
    with pytest.raises(Misconfigured, match="100000 are needed"):
        await database.expect_room_for(100_000)


async def test_a_database_without_a_connection_left_is_said_so(
    database: Database, dsn: str
) -> None:
    name = await database.fetch_value("SELECT current_database()")
    await database.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 1")
    with pytest.raises(Transient, match="no connection left"):
        await Database.connect(dsn)


async def test_no_server_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="No PostgreSQL answers"):
        await Database.connect(f"postgresql://nobody@/none?host={tmp_path}")
