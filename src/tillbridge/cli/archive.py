"""`tillbridge archive`: months of the past, in the database and in files."""

import asyncio
from pathlib import Path

import click

from tillbridge.archive.months import Month, months
from tillbridge.assembly import now
from tillbridge.cli.failures import Commands
from tillbridge.cli.printing import next_step, say, table
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.journeys.archived import archived, read_back, verify
from tillbridge.journeys.keep import Kept, keep

BUDGET_S = 30.0


@click.group(cls=Commands, default="list")
def archive() -> None:
    """Months of the past: what has ended, in the database and then in files."""


@archive.command("list")
@pass_surroundings
def list_months(surroundings: Surroundings) -> None:
    """List the months there is a past of, and where each is kept."""
    found = asyncio.run(_list(surroundings))
    if not found:
        say("Nothing has left the working tables yet.")
        next_step("When that happens is said in tillbridge.yaml: history.")
        return
    table(("month", "kept in", "parts", "folder", "by", "archived", "manifest"), map(_row, found))
    next_step("One order, wherever it is kept: tillbridge history ANYTHING")


@archive.command("run")
@pass_surroundings
def run_now(surroundings: Surroundings) -> None:
    """Move and archive now all that is old enough, instead of waiting for a worker."""
    asyncio.run(_run(surroundings))


@archive.command("verify")
@click.argument("month", required=False)
@pass_surroundings
def verify_months(surroundings: Surroundings, month: str | None) -> None:
    """Read the files of MONTH (such as 2026-01), or of all, and compare them with their hashes."""
    asyncio.run(_verify(surroundings, month))


@archive.command("read")
@click.argument("month")
@click.option("--key", default="", help="Only of the orders this key belongs to.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="A new file.")
@pass_surroundings
def read_month(surroundings: Surroundings, month: str, key: str, target: Path) -> None:
    """Write the lines of an archived MONTH into a file, one JSON object each."""
    count = asyncio.run(_read(surroundings, month, key, target))
    say(f"{count} lines in {target}.")


def _row(month: Month) -> tuple[object, ...]:
    kept = {"dropped": "files", "archived": "files and database"}.get(month.state, "database")
    return (
        month.name,
        kept,
        month.parts or "",
        month.folder,
        month.host,
        month.archived_at,
        month.manifest_sha256[:12],
    )


async def _list(surroundings: Surroundings) -> list[Month]:
    async with surroundings.database() as database:
        return await months(database)


async def _run(surroundings: Surroundings) -> None:
    site = surroundings.site
    async with surroundings.database() as database:
        while True:
            kept = await keep(database, site.retention(), site.archive, now(), BUDGET_S)
            if not kept.is_alone:
                say("A worker is at it just now; what it leaves is done in the next minute.")
                return
            _tell(kept)
            if kept.is_done:
                return


def _tell(kept: Kept) -> None:
    moved = ", ".join(f"{count} {kind}" for kind, count in kept.moved.items() if count)
    say(f"Moved to history: {moved or 'nothing was old enough'}.")
    for folder in kept.archived:
        say(f"{folder} is in files now, read back and compared.")


async def _verify(surroundings: Surroundings, asked: str | None) -> None:
    async with surroundings.database() as database:
        if asked:
            wanted = [await archived(database, asked)]
        else:
            wanted = [month for month in await months(database) if month.folder]
        for month in wanted:
            manifest = await verify(database, surroundings.site.archive, month)
            say(f"{month.folder}: {manifest.parts} parts, every byte as it was written.")
        if not wanted:
            say("No month is in files yet.")


async def _read(surroundings: Surroundings, asked: str, key: str, target: Path) -> int:
    async with surroundings.database() as database:
        month = await archived(database, asked)
    return read_back(surroundings.site.archive / month.folder, target, key)
