"""`tillbridge unknowns`: what was sent and not answered."""

import asyncio

import click

from tillbridge.cli.printing import age, next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.runs import history
from tillbridge.runs.history import UnknownRow


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@pass_surroundings
def unknowns(surroundings: Surroundings, limit: int) -> None:
    """List what may or may not have happened, oldest first."""
    found = asyncio.run(_list(surroundings, limit))
    if not found:
        say("No unknowns: every call that was sent has its answer.")
        return
    table(
        ("age", "at", "order", "effect", "state", "tries", "looked into from", "why", "run"),
        [
            (
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
        "Workers end them by evidence or by a fence. One that grows old:"
        " tillbridge trace ORDER, then look in the other system."
    )


async def _list(surroundings: Surroundings, limit: int) -> list[UnknownRow]:
    async with surroundings.database() as database:
        return await history.unknowns(database, limit)
