"""The ferry: what is ready together is committed together, and nobody pays for another's fault."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from tillbridge.database.database import Database
from tillbridge.database.ferry import LOAD_MAX_BYTES, SEATS

LOAD = "SELECT load($1, $2, $3) AS commit"
NAMES = tuple(f"name-{number}" for number in range(6))


@pytest.fixture
async def hold(database: Database) -> Database:
    """A table, and a function that adds a row and answers its commit, or raises."""
    await database.execute(
        "CREATE TABLE hold (name text PRIMARY KEY, place bigserial, filler bytea NOT NULL)"
    )
    await database.execute(
        """
        CREATE FUNCTION load(name text, code text, filler bytea) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO hold (name, filler) VALUES (name, filler);
            IF code <> '' THEN
                RAISE EXCEPTION 'refused' USING ERRCODE = code;
            END IF;
            RETURN pg_current_xact_id()::text;
        END $$
        """
    )
    return database


async def load(hold: Database, name: str, code: str = "", filler: bytes = b"") -> str:
    row = await hold.together(LOAD, name, code, filler, by=name)
    assert row is not None
    commit: str = row["commit"]
    return commit


async def held(hold: Database) -> list[str]:
    return [row["name"] for row in await hold.fetch("SELECT name FROM hold ORDER BY place")]


async def all_of(hold: Database, names: Sequence[str], filler: bytes = b"") -> list[str]:
    return await asyncio.gather(*(load(hold, name, filler=filler) for name in names))


async def test_what_is_ready_together_is_one_commit(hold: Database) -> None:
    commits = await all_of(hold, NAMES)

    assert len(set(commits)) == 1
    assert await held(hold) == list(NAMES)


async def test_rows_are_locked_in_the_order_of_subjects(hold: Database) -> None:
    await all_of(hold, tuple(reversed(NAMES)))

    assert await held(hold) == list(NAMES)


async def test_what_comes_within_a_pulse_waits_for_the_next_crossing(hold: Database) -> None:
    first = await load(hold, "first")

    commits = await all_of(hold, NAMES)

    assert len({first, *commits}) == 2


async def test_only_the_refused_one_hears_that_it_was_refused(hold: Database) -> None:
    answers = await asyncio.gather(
        *(load(hold, name, "TB001" if name == NAMES[2] else "") for name in NAMES),
        return_exceptions=True,
    )

    assert [
        name for name, answer in zip(NAMES, answers, strict=True) if isinstance(answer, str)
    ] == [name for name in NAMES if name != NAMES[2]]
    assert isinstance(answers[2], asyncpg.PostgresError)
    assert answers[2].sqlstate == "TB001"
    assert sorted(await held(hold)) == [name for name in NAMES if name != NAMES[2]]


async def test_a_moved_one_goes_the_long_way_alone(hold: Database) -> None:
    ways = await asyncio.gather(
        *(
            hold.at_once(LOAD, name, code, b"", by=name)
            for name, code in (("a", ""), ("b", "TB001"))
        )
    )

    assert [row is None for row in ways] == [False, True]
    assert await held(hold) == ["a"]


async def test_values_that_cannot_be_sent_are_the_fault_of_one(hold: Database) -> None:
    wrong = hold.together(LOAD, "wrong", "", "no bytes", by="wrong")

    answers = await asyncio.gather(load(hold, "right"), wrong, return_exceptions=True)

    assert isinstance(answers[0], str)
    assert isinstance(answers[1], asyncpg.DataError)
    assert await held(hold) == ["right"]


async def test_who_gave_up_before_the_departure_is_not_carried(hold: Database) -> None:
    await load(hold, "first")
    gone = asyncio.create_task(load(hold, "gone"))
    await asyncio.sleep(0)

    gone.cancel()
    await load(hold, "next")

    assert await held(hold) == ["first", "next"]


async def test_a_heavy_load_takes_several_crossings(hold: Database) -> None:
    commits = await all_of(hold, NAMES, b"x" * (LOAD_MAX_BYTES // 2 - 100))

    assert len(set(commits)) == len(NAMES) // 2
    assert len(await held(hold)) == len(NAMES)


async def test_many_take_several_crossings_side_by_side(hold: Database) -> None:
    names = [f"name-{number:03}" for number in range(3 * SEATS)]

    commits = await all_of(hold, names)

    assert len(set(commits)) == 3
    assert sorted(await held(hold)) == names


async def test_all_aboard_hear_that_the_database_was_lost(hold: Database) -> None:
    await hold.execute(
        "CREATE FUNCTION end_me() RETURNS text LANGUAGE sql AS"
        " 'SELECT pg_terminate_backend(pg_backend_pid())::text'"
    )

    answers = await asyncio.gather(
        *(hold.together("SELECT end_me() AS ended", by=name) for name in NAMES),
        return_exceptions=True,
    )

    assert all(isinstance(answer, asyncpg.PostgresError | OSError) for answer in answers)
    assert await load(hold, "afterwards")
