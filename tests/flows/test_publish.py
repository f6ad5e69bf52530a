from datetime import UTC, datetime

import asyncpg
import pytest
from tests.flows.texts import CONNECTIONS, HEAD, flow

from tillbridge.canonical.errors import Misconfigured
from tillbridge.database.database import Database
from tillbridge.flows.publish import (
    activate,
    active_bundles,
    load_version,
    publish,
    retire,
    versions_of,
)
from tillbridge.flows.read import read_bundle

AT = datetime(2026, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
NAME = "order-to-dynamics"
FIRST = flow()
SECOND = flow("steps:\n  - stop: shorter\n")


async def test_a_published_flow_is_active_and_loads_as_it_was(database: Database) -> None:
    async with database.transaction() as tx:
        assert await publish(tx, FIRST, at=AT, by="ada")
    async with database.connection() as tx:
        bundles = await active_bundles(tx)
    assert bundles == {NAME: FIRST.bundle}
    assert read_bundle(bundles[NAME], CONNECTIONS).version == FIRST.version


async def test_publishing_the_same_again_changes_nothing(database: Database) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        assert not await publish(tx, FIRST, at=LATER, by="bob")
        [version] = await versions_of(tx, NAME)
    assert (version.published_at, version.published_by, version.active) == (AT, "ada", True)


async def test_a_new_version_takes_over_and_the_old_one_stays_loadable(database: Database) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        assert await publish(tx, SECOND, at=LATER, by="bob")
        assert await active_bundles(tx) == {NAME: SECOND.bundle}
        assert await load_version(tx, NAME, FIRST.version) == FIRST.bundle
        versions = await versions_of(tx, NAME)
    assert [(each.version, each.active) for each in versions] == [
        (SECOND.version, True),
        (FIRST.version, False),
    ]


async def test_an_earlier_version_can_be_made_active_again(database: Database) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        await publish(tx, SECOND, at=AT, by="ada")
        await activate(tx, NAME, FIRST.version, at=LATER, by="bob")
        assert await active_bundles(tx) == {NAME: FIRST.bundle}
        assert await publish(tx, SECOND, at=LATER, by="bob")
        assert await active_bundles(tx) == {NAME: SECOND.bundle}


async def test_a_retired_flow_is_not_active_until_it_is_published_again(
    database: Database,
) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        assert await retire(tx, NAME, at=LATER, by="bob")
        assert not await retire(tx, NAME, at=LATER, by="bob")
        assert await active_bundles(tx) == {}
        assert await load_version(tx, NAME, FIRST.version) == FIRST.bundle
        assert await publish(tx, FIRST, at=LATER, by="bob")
        assert await active_bundles(tx) == {NAME: FIRST.bundle}


async def test_a_version_nobody_published_is_not_known(database: Database) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        with pytest.raises(Misconfigured, match="has no version"):
            await activate(tx, NAME, SECOND.version, at=AT, by="ada")
        with pytest.raises(Misconfigured, match="has no version"):
            await load_version(tx, NAME, SECOND.version)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE flow_versions SET bundle = 'x'",
        "UPDATE flow_versions SET published_by = 'eve'",
        "DELETE FROM flow_versions",
        "UPDATE flows SET active_version = repeat('0', 64)",
        "DELETE FROM flows",
        "INSERT INTO flows VALUES ('order-to-dynamics', repeat('0', 64), now(), 'eve')",
        "INSERT INTO flows VALUES ('other', repeat('0', 64), now(), 'eve')",
        "INSERT INTO flow_versions VALUES ('other', encode(sha256('x'), 'hex'), 'x', now(), 'eve')",
        "INSERT INTO flow_versions VALUES"
        " ('order-to-dynamics', repeat('0', 64), 'x', now(), 'eve')",
    ],
)
@pytest.mark.complaint("I7")
async def test_the_database_keeps_versions_and_exactly_one_active(
    database: Database, statement: str
) -> None:
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
        with pytest.raises(asyncpg.PostgresError):
            await tx.execute(statement)
        assert await active_bundles(tx) == {NAME: FIRST.bundle}


@pytest.mark.complaint("I7")
async def test_two_who_publish_at_once_leave_one_active(database: Database) -> None:
    third = flow("steps:\n  - stop: other\n", HEAD)
    async with database.connection() as tx:
        await publish(tx, FIRST, at=AT, by="ada")
    async with database.transaction() as one:
        await publish(one, SECOND, at=AT, by="ada")
        with pytest.raises(asyncpg.LockNotAvailableError):
            async with database.transaction() as other:
                await other.execute("SET LOCAL lock_timeout = '50ms'")
                await publish(other, third, at=AT, by="bob")
    async with database.connection() as tx:
        assert await active_bundles(tx) == {NAME: SECOND.bundle}
