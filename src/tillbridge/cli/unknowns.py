"""`tillbridge unknowns`: what was sent and not answered."""

import asyncio

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import age, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.witness import say_it_did_not, say_it_happened
from tillbridge.runs import history
from tillbridge.runs.history import UnknownRow
from tillbridge.runs.keys import Effect

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def unknowns() -> None:
    """See what may or may not have happened, and say what did."""


@unknowns.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_unknowns(surroundings: Surroundings, limit: int) -> None:
    """List what may or may not have happened, oldest first."""
    found = asyncio.run(_list(surroundings, limit))
    if not found:
        say("No unknowns: every call that was sent has its answer.")
        return
    table(
        ("key", "age", "at", "order", "effect", "state", "tries", "looked into from", "why", "run"),
        [
            (
                row.key,
                age(row.intended_at),
                row.connection,
                row.subject,
                row.effect,
                row.state,
                row.tries,
                row.resolve_after,
                row.reason,
                row.run_id,
            )
            for row in found
        ],
    )
    next_step(
        "Workers end them by evidence or by a fence. One that grows old: look in the other system,"
        " then tillbridge unknowns happened KEY ID --why ... (or did-not KEY --why ...)."
    )


@unknowns.command("happened")
@click.argument("key")
@click.argument("id")
@why_option
@pass_surroundings
def happened(surroundings: Surroundings, key: str, id: str, why: str) -> None:  # noqa: A002 (the word on the command line)
    """Say that effect KEY took place; ID is the other system's own id of it."""
    effect = asyncio.run(_happened(surroundings, key, id, why))
    say(f"The {effect.effect} of order {effect.subject} counts as done; its run goes on.")


@unknowns.command("did-not")
@click.argument("key")
@why_option
@pass_surroundings
def did_not(surroundings: Surroundings, key: str, why: str) -> None:
    """Say that effect KEY did not take place, and cannot any more."""
    effect = asyncio.run(_did_not(surroundings, key, why))
    say(f"The {effect.effect} of order {effect.subject} counts as never done.")


async def _happened(surroundings: Surroundings, key: str, reference: str, why: str) -> Effect:
    async with surroundings.house() as house:
        return await say_it_happened(house, key, reference, operator=who(), why=why)


async def _did_not(surroundings: Surroundings, key: str, why: str) -> Effect:
    async with surroundings.house() as house:
        return await say_it_did_not(house, key, operator=who(), why=why)


async def _list(surroundings: Surroundings, limit: int) -> list[UnknownRow]:
    async with surroundings.database() as database:
        return await history.unknowns(database, limit)
