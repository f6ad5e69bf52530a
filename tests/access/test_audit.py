from decimal import Decimal

import asyncpg
import pytest

from tillbridge.access.audit import entries, record
from tillbridge.canonical.money import Money
from tillbridge.database.database import Database


async def test_an_entry_says_who_did_what_and_why_before_and_after(database: Database) -> None:
    async with database.transaction() as tx:
        await record(
            tx,
            "ada",
            "edit run",
            "1042",
            why="typo",
            before={"city": "Lodnon"},
            after={"city": "London"},
        )
        (entry,) = await entries(tx)
    assert (entry.who, entry.action, entry.subject, entry.why) == (
        "ada",
        "edit run",
        "1042",
        "typo",
    )
    assert (entry.before, entry.after) == ({"city": "Lodnon"}, {"city": "London"})
    assert entry.at.utcoffset() is not None


async def test_amounts_stay_exact_to_the_last_digit(database: Database) -> None:
    before = {"amount": Money.of("0.10", "USD"), "rate": Decimal("0.12345678901234567890")}
    async with database.transaction() as tx:
        await record(tx, "ada", "edit run", "1042", before=before)
        (entry,) = await entries(tx)
    assert entry.before == {
        "amount": {"amount": "0.10", "currency": "USD"},
        "rate": "0.12345678901234567890",
    }
    assert entry.after is None


async def test_an_entry_goes_with_the_transaction_it_records(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as tx:
            await record(tx, "ada", "replay run", "1042")
            raise RuntimeError
    async with database.transaction() as tx:
        assert await entries(tx) == ()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET why = ''", "DELETE FROM audit", "TRUNCATE audit"]
)
async def test_the_database_refuses_to_change_the_audit(database: Database, statement: str) -> None:
    async with database.transaction() as tx:
        await record(tx, "ada", "replay run", "1042")
    with pytest.raises(asyncpg.RestrictViolationError, match="the audit only grows"):
        await database.execute(statement)
    async with database.transaction() as tx:
        assert len(await entries(tx)) == 1


async def test_entries_are_found_by_subject_page_by_page(database: Database) -> None:
    async with database.transaction() as tx:
        for subject in ("1", "2", "1", "1"):
            await record(tx, "ada", "replay run", subject)
        first = await entries(tx, subject="1", limit=2)
        second = await entries(tx, subject="1", limit=2, before_number=first[-1].number)
    assert [entry.number for entry in (*first, *second)] == [4, 3, 1]


async def test_an_entry_without_a_name_is_refused(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(AssertionError, match="who did what"):
            await record(tx, "", "replay run", "1042")
