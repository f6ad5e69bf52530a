"""One statement that is a whole transaction: it is done, or it is left to the long way."""

import asyncio

import asyncpg
import pytest

from tillbridge.database.database import Database

MOVED = "SELECT move($1) AS sum"


@pytest.fixture
async def purse(database: Database) -> Database:
    """A purse, and a function that puts something in, or raises what it is told to."""
    await database.execute("CREATE TABLE purse (name text PRIMARY KEY, sum integer NOT NULL)")
    await database.execute("INSERT INTO purse VALUES ('a', 0), ('b', 0)")
    await database.execute(
        """
        CREATE FUNCTION move(code text) RETURNS integer LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE purse SET sum = sum + 1 WHERE name = 'a';
            IF code <> '' THEN
                RAISE EXCEPTION 'moved' USING ERRCODE = code;
            END IF;
            RETURN (SELECT sum FROM purse WHERE name = 'a');
        END $$
        """
    )
    return database


async def sums(database: Database) -> list[int]:
    return [row["sum"] for row in await database.fetch("SELECT sum FROM purse ORDER BY name")]


async def test_what_is_done_at_once_is_committed(purse: Database) -> None:
    row = await purse.at_once(MOVED, "")

    assert row is not None
    assert row["sum"] == 1
    assert await sums(purse) == [1, 0]


async def test_what_has_moved_is_said_and_nothing_is_done(purse: Database) -> None:
    assert await purse.at_once(MOVED, "TB001") is None

    assert await sums(purse) == [0, 0]


async def test_a_broken_statement_is_not_taken_for_something_that_moved(purse: Database) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await purse.at_once(MOVED, "23505")

    assert await sums(purse) == [0, 0]


async def test_the_victim_of_a_deadlock_is_left_to_the_long_way(purse: Database) -> None:
    """PostgreSQL ends a deadlock after one second, by whoever began to wait first."""
    both = "SELECT sum(sum) FROM (SELECT sum FROM purse ORDER BY name FOR UPDATE) AS locked"
    async with purse.transaction() as other:
        await other.execute("SELECT 1 FROM purse WHERE name = 'b' FOR UPDATE")
        waiting = asyncio.create_task(purse.at_once(both))
        await asyncio.sleep(0.3)
        await other.execute("UPDATE purse SET sum = 7 WHERE name = 'a'")

    assert await waiting is None
    assert await sums(purse) == [7, 0]
