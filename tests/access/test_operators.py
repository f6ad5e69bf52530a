import asyncio

import pytest

from tillbridge.access.operators import (
    Role,
    add_first_operator,
    add_operator,
    authenticate,
    close_operator,
    operators,
    renew_token,
)
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.settings import Secret
from tillbridge.database.database import Database


async def test_a_token_says_who_its_operator_is(database: Database) -> None:
    async with database.transaction() as tx:
        token = await add_operator(tx, "ada", Role.VIEWER)
        found = await authenticate(tx, token.value)
    assert found is not None
    assert (found.name, found.role, found.may_steer) == ("ada", Role.VIEWER, False)


@pytest.mark.parametrize("token", ["", "tillbridge_", "tillbridge_x", "owner"])
async def test_any_other_text_is_nobody(database: Database, token: str) -> None:
    async with database.transaction() as tx:
        await add_operator(tx, "ada", Role.OPERATOR)
        assert await authenticate(tx, token) is None


async def test_the_token_itself_is_not_kept(database: Database) -> None:
    async with database.transaction() as tx:
        token = await add_operator(tx, "ada", Role.OPERATOR)
        kept = await tx.fetchval("SELECT string_agg(o::text, ' ') FROM operators o")
    assert token.value not in kept
    assert token.value.encode().hex() not in kept


async def test_the_first_start_shows_one_token_and_later_ones_none(database: Database) -> None:
    async def start() -> Secret | None:
        async with database.transaction() as tx:
            return await add_first_operator(tx)

    shown = [token for token in await asyncio.gather(*(start() for _ in range(5))) if token]
    assert len(shown) == 1
    async with database.transaction() as tx:
        owner = await authenticate(tx, shown[0].value)
    assert owner is not None
    assert owner.may_steer


async def test_a_renewed_token_replaces_the_old_one(database: Database) -> None:
    async with database.transaction() as tx:
        old = await add_operator(tx, "ada", Role.OPERATOR)
        new = await renew_token(tx, "ada")
        assert await authenticate(tx, old.value) is None
        assert await authenticate(tx, new.value) is not None


async def test_a_closed_operator_may_do_nothing_and_stays_listed(database: Database) -> None:
    async with database.transaction() as tx:
        token = await add_operator(tx, "ada", Role.OPERATOR)
        await close_operator(tx, "ada")
        assert await authenticate(tx, token.value) is None
        assert [(one.name, one.closed_at is None) for one in await operators(tx)] == [
            ("ada", False)
        ]
        with pytest.raises(Rejected, match="no open operator 'ada'"):
            await renew_token(tx, "ada")


async def test_a_taken_name_is_refused_and_the_transaction_goes_on(database: Database) -> None:
    async with database.transaction() as tx:
        await add_operator(tx, "ada", Role.OPERATOR)
        with pytest.raises(Rejected, match="an operator 'ada' already"):
            await add_operator(tx, "ada", Role.VIEWER)
        assert len(await operators(tx)) == 1


@pytest.mark.parametrize("name", ["", " ada", "a" * 101])
async def test_a_name_that_cannot_be_shown_is_refused(database: Database, name: str) -> None:
    async with database.transaction() as tx:
        with pytest.raises(Rejected, match="not a name"):
            await add_operator(tx, name, Role.VIEWER)


async def test_a_token_is_never_shown_by_accident(database: Database) -> None:
    async with database.transaction() as tx:
        token = await add_operator(tx, "ada", Role.OPERATOR)
    assert token.value not in f"{token!r} {token}"
