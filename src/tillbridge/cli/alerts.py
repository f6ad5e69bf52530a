"""`tillbridge alerts`: what people have to know of."""

import asyncio

import click

from tillbridge.alerts.alerts import Alert
from tillbridge.alerts.alerts import alerts as newest
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.alert import acknowledge_alert


@click.group(cls=Commands, default="list")
def alerts() -> None:
    """See what people have to know of, and take it up."""


@alerts.command("list")
@click.option("--all", "also_ended", is_flag=True, help="Also what is over.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_alerts(surroundings: Surroundings, also_ended: bool, limit: int) -> None:
    """List what holds now, newest first."""
    found = asyncio.run(_list(surroundings, also_ended, limit))
    if not found:
        say("No alerts: nothing is over the thresholds in tillbridge.yaml.")
        return
    table(
        ("number", "since", "level", "what", "told through", "taken up by", "until"),
        [
            (
                one.id,
                one.began_at,
                one.level,
                one.title,
                ", ".join(one.told) or "nobody",
                one.acknowledged_by,
                one.ended_at,
            )
            for one in found
        ],
    )
    next_step("Take one up: tillbridge alerts acknowledge NUMBER --why ...")


@alerts.command("acknowledge")
@click.argument("number", type=int)
@click.option("--why", required=True, help="In a sentence; it stands in the audit.")
@pass_surroundings
def acknowledge(surroundings: Surroundings, number: int, why: str) -> None:
    """Take alert NUMBER up: nobody else is told of it."""
    taken = asyncio.run(_acknowledge(surroundings, number, why))
    say(f"Alert {number} is yours: {taken.title}.")
    say(taken.content)


async def _list(surroundings: Surroundings, also_ended: bool, limit: int) -> list[Alert]:
    async with surroundings.database() as database:
        return await newest(database, also_ended=also_ended, limit=limit)


async def _acknowledge(surroundings: Surroundings, number: int, why: str) -> Alert:
    async with surroundings.house(publishing=False) as house:
        return await acknowledge_alert(house, number, who(), why)
