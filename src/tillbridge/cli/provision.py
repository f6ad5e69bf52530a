"""`tillbridge provision`: make in other systems what the connectors need there."""

import asyncio

import click

from tillbridge.access.audit import record
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.cli.check import plain_call
from tillbridge.cli.failures import FAILED
from tillbridge.cli.printing import next_step, say
from tillbridge.cli.report import failed_line, show_lines
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import CheckLine, Provisions


@click.command()
@click.argument("connection", required=False, default="")
@click.pass_context
@pass_surroundings
def provision(surroundings: Surroundings, ctx: click.Context, connection: str) -> None:
    """Make the tables, fields and keys that CONNECTION (or every one) needs on the other side.

    Running it again is harmless: what is there is left as it is.
    """
    asked, failed = asyncio.run(_provision(surroundings, connection))
    if not asked:
        say("Nothing to make: the connections need nothing of their own on the other side.")
    if failed:
        next_step("Mend what failed, then run it again.")
        ctx.exit(FAILED)
    next_step("See that it works: tillbridge check")


async def _provision(surroundings: Surroundings, name: str) -> tuple[int, int]:
    """How many connections were provisioned, and how many lines failed."""
    asked = failed = 0
    async with surroundings.house() as house:
        chosen = [house.connections[name]] if name else house.connections.all()
        for connection in chosen:
            session = connection.session
            if not isinstance(session, Provisions):
                continue
            asked += 1
            lines = await _make(connection, session)
            failed += show_lines(
                f"{connection.name} ({connection.configured.connector.title})", lines
            )
            made = {line.title: line.passed for line in lines}
            async with house.database.transaction() as tx:
                await record(tx, who(), "provision", connection.name, after=made)
    return asked, failed


async def _make(connection: Connection, session: Provisions) -> list[CheckLine]:
    try:
        return list(await session.provision(plain_call(connection)))
    except TillbridgeError as error:
        return [failed_line("Provisioning", error)]
