"""`tillbridge reports download`: a report as a file, whether anybody here reads it or not."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tillbridge.canonical.errors import Rejected
from tillbridge.cli.printing import say
from tillbridge.cli.report_orders import DAY, clerk_of
from tillbridge.cli.surroundings import Surroundings, pass_surroundings
from tillbridge.connector.report_orders import ReportFile
from tillbridge.journeys.card_mask import CardMask

_ANEW = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
_ONLY_MINE = 0o600


@click.command("download")
@click.argument("connection")
@click.argument("report")
@click.option("--day", type=DAY, help="REPORT is a name, and this the day that it ends on.")
@click.option(
    "--to", "target", type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; one of the report's name and day if not given.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@pass_surroundings
def download(
    surroundings: Surroundings,
    *,
    connection: str,
    report: str,
    day: datetime | None,
    target: Path | None,
    force: bool,
) -> None:
    """Keep the report with the id REPORT as a file.

    Card numbers are masked but for their last four digits. The audit notes who has downloaded it.
    """
    taking = _take(surroundings, connection, (report, day), target, force=force)
    path, size, masked = asyncio.run(taking)
    say(f"{path} has {size:,} bytes.")
    if masked:
        say(f"{masked} that look like card numbers are masked but for their last four digits.")


async def _take(
    surroundings: Surroundings,
    connection: str,
    wanted: tuple[str, datetime | None],
    target: Path | None,
    *,
    force: bool,
) -> tuple[Path, int, int]:
    report, day = wanted
    if target is not None and not force:
        _expect_free(target)
    async with (
        clerk_of(surroundings, connection) as clerk,
        clerk.download(report, day.date() if day else None) as file,
    ):
        path = target or Path(f"{_as_file_name(file.name)}.{file.format}")
        if not force:
            _expect_free(path)
        with _written(path) as out:
            masked = await _write(file, out)
        return path, path.stat().st_size, masked


async def _write(file: ReportFile, out: BinaryIO) -> int:
    """Piece by piece; answers how many card numbers were masked."""
    cards = CardMask()
    async for piece in _shown(file):
        out.write(cards.feed(piece))
    out.write(cards.end())
    return cards.masked


async def _shown(file: ReportFile) -> AsyncIterator[bytes]:
    """The pieces of a file, with what is there so far on the error stream."""
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(file.name, total=file.size)
        async for piece in file.chunks:
            progress.advance(bar, len(piece))
            yield piece


def _expect_free(path: Path) -> None:
    if path.exists():
        raise Rejected(
            f"{path} is there already.",
            reason="file_exists",
            next_step="Write to another file with --to, or over it with --force.",
        )


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """A file that is there when it is whole, for its owner's eyes."""
    half = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(half, _ANEW, _ONLY_MINE), "wb") as out:
            yield out
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _as_file_name(name: str) -> str:
    """A name that others gave, without what leads out of the folder."""
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".") or "report"
