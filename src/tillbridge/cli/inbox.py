"""`tillbridge inbox`: what was delivered, and what nothing could be made of."""

import asyncio

import click

from tillbridge.cli.printing import heading, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.inbox.inbox import Counts, KeptBack, counts, kept_back
from tillbridge.inbox.sightings import Sighting, sightings


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@pass_surroundings
def inbox(surroundings: Surroundings, limit: int) -> None:
    """Count deliveries and repeats; list what nothing could be made of."""
    count, back, seen = asyncio.run(_look(surroundings, limit))
    _show_sightings(seen)
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


def _show_sightings(seen: list[Sighting]) -> None:
    if not seen:
        return
    heading("Card data that was kept out: where, never what")
    table(
        ("day", "way", "field", "ending", "times"),
        [(item.seen_on, item.way, item.place, item.ending, item.times) for item in seen],
    )


async def _look(
    surroundings: Surroundings, limit: int
) -> tuple[Counts, list[KeptBack], list[Sighting]]:
    async with surroundings.database() as database:
        back = await kept_back(database, limit)
        return await counts(database), back, await sightings(database, limit)
