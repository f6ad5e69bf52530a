"""`tillbridge notices`: what flows tell people on our own desk."""

import asyncio

import click

from tillbridge.cli.printing import say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.desk.notices import Notice
from tillbridge.desk.notices import notices as newest


@click.command()
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@pass_surroundings
def notices(surroundings: Surroundings, limit: int) -> None:
    """See what flows have told, newest first."""
    found = asyncio.run(_newest(surroundings, limit))
    if not found:
        say("No notices: no flow has told anything.")
        return
    table(
        ("at", "level", "title", "text", "for", "flow"),
        [
            (one.noticed_at, one.level, one.title, one.content, one.subject, one.flow)
            for one in found
        ],
    )


async def _newest(surroundings: Surroundings, limit: int) -> list[Notice]:
    async with surroundings.database() as database:
        return await newest(database, limit=limit)
