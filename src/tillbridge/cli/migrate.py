"""`tillbridge migrate`: bring the database up to this program."""

import asyncio

import click

from tillbridge.assembly import prepare
from tillbridge.cli.printing import next_step, say
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.database.database import Database
from tillbridge.database.embedded import EmbeddedPostgres
from tillbridge.database.migrate import Migration


@click.command()
@pass_surroundings
def migrate(surroundings: Surroundings) -> None:
    """Bring the database's tables up to this program. Running it again changes nothing."""
    applied, settings = asyncio.run(_migrate(surroundings))
    for migration in applied:
        say(f"Applied {migration.number:04} {migration.name}.")
    if not applied:
        say("The database is up to date.")
    say("Durable:", ", ".join(f"{name} = {value}" for name, value in settings.items()) + ".")
    next_step("Start it: tillbridge up, or tillbridge api and tillbridge worker.")


async def _migrate(
    surroundings: Surroundings,
) -> tuple[tuple[Migration, ...], dict[str, str]]:
    if surroundings.database_url:
        return await _prepare(surroundings.database_url)
    surroundings.expect_folder()
    async with EmbeddedPostgres(surroundings.site.own) as postgres:
        return await _prepare(postgres.dsn)


async def _prepare(dsn: str) -> tuple[tuple[Migration, ...], dict[str, str]]:
    applied = await prepare(dsn)
    database = await Database.connect(dsn, size_max=1, name="tillbridge command")
    try:
        return applied, await database.durability()
    finally:
        await database.close()
