"""`tillbridge pulls`: what payment systems were asked, and what was found that webhooks lost."""

import asyncio
from datetime import timedelta

import click

from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import moment, next_step, say, span, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings, who
from tillbridge.journeys.pull import set_find_aside
from tillbridge.payments.finds import Find, finds, open_finds
from tillbridge.triggers.pulls import PullRow, all_pulls

why_option = click.option("--why", required=True, help="In a sentence; it stands in the audit.")


@click.group(cls=Commands, default="list")
def pulls() -> None:
    """See what is looked for where webhooks may have been lost, and what was found."""


@pulls.command("list")
@pass_surroundings
def list_pulls(surroundings: Surroundings) -> None:
    """List every payment system that is asked: how far, what was found, when next."""
    rows, waiting = asyncio.run(_list(surroundings))
    if not rows:
        say(
            "Nothing was looked for yet: a worker does it, where a payment connection can be asked."
        )
        return
    table(
        (
            "at",
            "looked at until",
            "last window",
            "pages",
            "listed",
            "unheard of",
            "next",
            "trouble",
        ),
        map(_row, rows),
    )
    if waiting:
        next_step(f"{len(waiting)} finds wait for a person: tillbridge pulls finds")


@pulls.command("finds")
@click.option("--all", "everything", is_flag=True, help="Those that nobody has to look at as well.")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def list_finds(surroundings: Surroundings, everything: bool, limit: int) -> None:
    """List what was found that fits no payment of ours, or could not be read yet."""
    found = asyncio.run(_finds(surroundings, everything, limit))
    if not found:
        say("No finds." if everything else "No finds wait for a person.")
        return
    table(
        ("find", "at", "meaning", "operation", "verdict", "order", "amount", "when", "id", "why"),
        [
            (
                find.number,
                find.connection,
                find.meaning,
                find.operation,
                find.verdict,
                find.order_number,
                find.amount,
                find.occurred_at or find.found_at,
                find.request_id,
                find.why,
            )
            for find in found
        ],
    )
    if any(find.meaning == "unplaced" for find in found):
        next_step(
            "Unplaced: paid at the same account, and no checkout of ours. Look it up there, then"
            " tillbridge pulls set-aside FIND --why ..., or, if it pays an order that was paid"
            " elsewhere, tillbridge adopt ORDER ID --why ..."
        )


@pulls.command("set-aside")
@click.argument("find", type=int)
@why_option
@pass_surroundings
def set_aside(surroundings: Surroundings, find: int, why: str) -> None:
    """Say that you know what FIND is. Nothing is sent; nobody is told of it any more."""
    done = asyncio.run(_set_aside(surroundings, find, why))
    say(f"Find {done.number} ({done.request_id} at {done.connection}) is set aside.")


def _row(row: PullRow) -> tuple[object, ...]:
    window = ""
    if row.since is not None and row.until is not None:
        ending = "" if row.is_whole else ", under way"
        window = f"{moment(row.since)} + {span(row.until - row.since)}{ending}"
    settled = row.settled_until
    until = "" if settled is None else f"{span(timedelta(seconds=max(row.behind_s, 0)))} ago"
    coming = "now" if row.is_looking else moment(row.next_at)
    counts = (row.pages, row.listed, row.unheard)
    return (row.connection, until, window, *counts, coming, row.trouble)


async def _list(surroundings: Surroundings) -> tuple[list[PullRow], list[Find]]:
    async with surroundings.database() as database:
        return await all_pulls(database), await open_finds(database)


async def _finds(surroundings: Surroundings, everything: bool, limit: int) -> list[Find]:
    async with surroundings.database() as database:
        return await (finds if everything else open_finds)(database, limit=limit)


async def _set_aside(surroundings: Surroundings, number: int, why: str) -> Find:
    async with surroundings.database() as database:
        return await set_find_aside(database, number, who(), why)
