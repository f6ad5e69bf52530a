"""`tillbridge audit`: who did what, to what, and why."""

import asyncio

import click

from tillbridge.access.audit import AuditEntry, entries
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings


@click.command()
@click.option("--subject", default="", help="Only what was done to this: till, run 17, ada.")
@click.option("--before", type=click.IntRange(min=0), default=0, help="Only older entries.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@pass_surroundings
def audit(surroundings: Surroundings, subject: str, before: int, limit: int) -> None:
    """List what people did, newest first. It only grows."""
    found = asyncio.run(_list(surroundings, subject, before, limit))
    if not found:
        say("Nothing like that." if subject or before else "Nobody has steered anything yet.")
        return
    table(
        ("number", "when", "who", "did", "to", "why"),
        [(one.number, one.at, one.who, one.action, one.subject, one.why) for one in found],
    )
    if len(found) == limit:
        next_step(f"Older ones: --before {found[-1].number}")


async def _list(
    surroundings: Surroundings, subject: str, before: int, limit: int
) -> tuple[AuditEntry, ...]:
    async with surroundings.database() as database, database.connection() as connection:
        return await entries(
            connection, subject=subject or None, before_number=before or None, limit=limit
        )
