"""`tillbridge inbox`: what was delivered, and what nothing could be made of."""

import asyncio

import click

from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.inbox.inbox import Counts, KeptBack, counts, kept_back


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@pass_surroundings
def inbox(surroundings: Surroundings, limit: int) -> None:
    """Count deliveries and repeats; list what nothing could be made of."""
    count, back = asyncio.run(_look(surroundings, limit))
    if not count.deliveries:
        say("Nothing was delivered yet.")
        next_step("Senders deliver to /doors/CONNECTION: see tillbridge check.")
        return
    say(
        f"{count.deliveries} deliveries kept; {count.repeats} repeats caught,"
        f" {count.altered} of them with another body."
    )
    if not back:
        say("Something was made of every one of them.")
        return
    heading(f"Kept back: {count.kept_back}")
    table(
        ("received", "from", "delivery", "why"),
        [(item.received_at, item.source, item.delivery_id, item.why) for item in back],
    )
    next_step("Those with a dead letter stand in: tillbridge dead-letters list")


async def _look(surroundings: Surroundings, limit: int) -> tuple[Counts, list[KeptBack]]:
    async with surroundings.database() as database:
        return await counts(database), await kept_back(database, limit)
