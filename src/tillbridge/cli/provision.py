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
from tillbridge.journeys.house import House
from tillbridge.journeys.webhooks import keep_webhooks, keeping_of


@click.command()
@click.argument("connection", required=False, default="")
@click.pass_context
@pass_surroundings
def provision(surroundings: Surroundings, ctx: click.Context, connection: str) -> None:
    """Make what CONNECTION (or every one) needs on the other side: tables, fields, keys, webhooks.

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
            if not (isinstance(connection.session, Provisions) or keeping_of(connection)):
                continue
            asked += 1
            lines = await _make(house, connection)
            failed += show_lines(
                f"{connection.name} ({connection.configured.connector.title})", lines
            )
            made = {line.title: line.passed for line in lines}
            async with house.database.transaction() as tx:
                await record(tx, who(), "provision", connection.name, after=made)
    return asked, failed


async def _make(house: House, connection: Connection) -> list[CheckLine]:
    lines: list[CheckLine] = []
    try:
        if isinstance(connection.session, Provisions):
            lines += await connection.session.provision(plain_call(connection))
        if keeping_of(connection):
            lines += (await keep_webhooks(house, connection)).lines
    except TillbridgeError as error:
        lines.append(failed_line("Provisioning", error))
    return lines
