"""Where a command works: the user's folder, the environment, and the database."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click

from tillbridge.assembly import COMMAND_POOL, Site, close_house, now, open_house, prepare
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.configuration import FILE
from tillbridge.connections.connections import Connections
from tillbridge.connections.keyrings import Keyrings
from tillbridge.connections.sealing import open_seal
from tillbridge.connections.secrets import Secrets
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.database.migrate import check_schema
from tillbridge.journeys.house import House


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the global options say.

    Attributes:
        database_url: "" for the PostgreSQL that comes with the folder.
    """

    site: Site
    database_url: str

    @asynccontextmanager
    async def address(self) -> AsyncIterator[str]:
        """The database's address; the embedded one is found running, or started for so long."""
        if self.database_url:
            yield self.database_url
            return
        self.expect_folder()
        async with EmbeddedPostgres(self.site.own) as postgres:
            if await _is_new(postgres.dsn):
                await prepare(postgres.dsn)
            yield postgres.dsn

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A database whose schema fits this program. Raises Misconfigured, Transient."""
        async with self.address() as dsn:
            database = await Database.connect(dsn, size_max=COMMAND_POOL, name="tillbridge command")
            try:
                await check_schema(database)
                yield database
            finally:
                await database.close()

    @asynccontextmanager
    async def house(self, *, publishing: bool = True) -> AsyncIterator[House]:
        """The whole house, for commands that start runs; without `publishing` for those that only
        look."""
        self.expect_folder()
        async with self.address() as dsn:
            house = await open_house(
                self.site, dsn, role="command", pool=COMMAND_POOL, publishing=publishing
            )
            try:
                yield house
            finally:
                await close_house(house)

    @asynccontextmanager
    async def connections(self) -> AsyncIterator[Connections]:
        """Every connection, opened; no call is made by that."""
        configured = self.site.configured()
        async with self.database() as database:
            seal = open_seal(self.site.own, os.environ)
            secrets = await Secrets.load(database, seal, os.environ)
            keyrings = Keyrings(database, seal, now)
            await keyrings.read()
        connections = Connections.open(
            configured, secrets, now, self.site.factor, keyring=keyrings.open
        )
        try:
            yield connections
        finally:
            await connections.close()

    def expect_folder(self) -> None:
        """Raises Misconfigured unless the folder is one of ours."""
        if not (self.site.folder / FILE).is_file():
            raise Misconfigured(
                f"There is no {FILE} in {self.site.folder.resolve()}.",
                reason="no_folder",
                next_step="Run tillbridge init FOLDER --template NAME, or give --folder.",
            )


async def _is_new(dsn: str) -> bool:
    database = await Database.connect(dsn, size_max=1, name="tillbridge command")
    try:
        found = await database.fetch_value("SELECT to_regclass('schema_migrations') IS NULL")
    finally:
        await database.close()
    return bool(found)


def who() -> str:
    """Whose name the audit shows for what is done by command."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        name = f"user {os.getuid()}"
    return f"{name} (command line)"


pass_surroundings = click.make_pass_decorator(Surroundings)
