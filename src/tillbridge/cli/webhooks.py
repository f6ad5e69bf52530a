"""`tillbridge webhooks`: who tells us what happens elsewhere, and the keys they sign with."""

import asyncio

import click

from tillbridge.access.audit import record
from tillbridge.cli.failures import FAILED, Commands
from tillbridge.cli.printing import moment, next_step, say, table
from tillbridge.cli.report import show_lines
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.connections.webhooks import WebhookRow, all_webhooks
from tillbridge.journeys.webhooks import keep_webhooks, sample_webhook

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def webhooks() -> None:
    """See whether other systems tell us what happens there, and replace their keys."""


@webhooks.command("list")
@pass_surroundings
def list_webhooks(surroundings: Surroundings) -> None:
    """List every connection whose webhooks are kept by us: what is subscribed, and its keys."""
    rows = asyncio.run(_list(surroundings))
    if not rows:
        say("No webhooks are kept: no connection has an address for them, or no worker ran yet.")
        next_step("Set webhook_url for one, then: tillbridge provision")
        return
    table(
        ("connection", "tells us", "since", "events", "to", "keys until", "looked", "trouble"),
        map(_row, rows),
    )
    if any(row.telling != "telling" for row in rows):
        next_step("See what to do about it: tillbridge check")


@webhooks.command("rotate")
@click.argument("connection")
@why_option
@click.pass_context
@pass_surroundings
def rotate(surroundings: Surroundings, ctx: click.Context, connection: str, why: str) -> None:
    """Replace the keys of CONNECTION's webhooks. The old ones are good for a week yet."""
    if asyncio.run(_rotate(surroundings, connection, why)):
        ctx.exit(FAILED)
    next_step("Nothing else is to do: running processes learn the new keys by themselves.")


@webhooks.command("test")
@click.argument("connection")
@pass_surroundings
def test(surroundings: Surroundings, connection: str) -> None:
    """Have a sample sent to CONNECTION's door. It means nothing, and is kept back."""
    event = asyncio.run(_sample(surroundings, connection))
    say(f"A sample of {event or 'an event'} is on its way to the door of {connection}.")
    next_step("See that it came, and was genuine: tillbridge inbox")


def _row(row: WebhookRow) -> tuple[object, ...]:
    tells = "yes" if row.telling == "telling" else f"{row.telling} ({row.status})"
    keys = row.keys_expire_at or ""
    if row.unknown_key_id:
        keys = f"unknown key {row.unknown_key_id}"
    looked = moment(row.looked_at) if row.looked_at else "never"
    since = moment(row.telling_since)
    return row.connection, tells, since, row.events, row.url, keys, looked, row.trouble


async def _list(surroundings: Surroundings) -> list[WebhookRow]:
    async with surroundings.database() as database:
        return await all_webhooks(database)


async def _rotate(surroundings: Surroundings, name: str, why: str) -> int:
    """How many lines failed."""
    async with surroundings.house(publishing=False) as house:
        at = house.connections[name]
        async with house.database.transaction() as tx:
            await record(tx, who(), "rotate webhook keys", name, why=why)
        found = await keep_webhooks(house, at, rotate=True)
        return show_lines(f"{name} ({at.configured.connector.title})", list(found.lines))


async def _sample(surroundings: Surroundings, name: str) -> str:
    async with surroundings.house(publishing=False) as house:
        return await sample_webhook(house, house.connections[name])
