"""Archive: a closed month is written to files, read back, compared, and only then dropped.

    open -> sealed -> files beside their name -> renamed -> compared -> archived -> dropped

A death between any two of these loses nothing: the month is in the database until its files have
been compared with it, and every step finds out what was done before it.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from tillbridge import VERSION
from tillbridge.archive.key_index import blocks_with
from tillbridge.archive.manifest import INDEX, Manifest, check_files, damaged, read_manifest
from tillbridge.archive.month_files import MonthWriter, lines_of_parts
from tillbridge.archive.months import Month, drop, months, note_archived, seal
from tillbridge.archive.parts import pages_of
from tillbridge.canonical.errors import Unreconciled
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.journeys", "history.sql")
UNFINISHED = ".unfinished"


async def archive_months(
    database: Database, root: Path, host: str, until: date, now: datetime
) -> list[str]:
    """Archives and drops every month that ended before a day; answers their folders.

    Raises:
        Unreconciled: what stands in the files is not what the database holds; nothing was dropped.
        OSError: the folder cannot be written.
    """
    done = []
    for month in await months(database):
        if month.state == "dropped" or month.end > until:
            continue
        folder = root / month.name
        if month.state != "archived":
            await seal(database, month.month)
            await _write(database, folder, month, host, now)
        elif not folder.exists() and month.host != host:
            continue  # its files are on another machine, whose keeper drops it
        if await _drop(database, folder, month):
            done.append(folder.name)
    return done


async def compare(database: Database, folder: Path, month: date) -> Manifest:
    """Reads a month's files back, and compares them with the database: hashes, every line, and
    that the index leads to every subject.

    Raises:
        Unreconciled: they differ.
    """
    manifest = await asyncio.to_thread(check_files, folder, "")
    lines = lines_of_parts(folder)
    last = None
    async for page in pages_of(database, month):
        subjects = [row["subject"] for row in page if row["subject"] != last]
        expected = [row["line"].encode() for row in page]
        last = page[-1]["subject"]
        await asyncio.to_thread(_compare_page, folder, expected, lines, subjects)
    if await asyncio.to_thread(next, lines, None) is not None:
        raise damaged(folder, "it holds more than the database.")
    return manifest


def _compare_page(
    folder: Path, expected: Sequence[bytes], lines: Iterator[bytes], subjects: Sequence[str]
) -> None:
    if list(islice(lines, len(expected))) != expected:
        raise damaged(folder, "its lines are not those of the database.")
    for subject in dict.fromkeys(subjects):
        if not blocks_with(folder / INDEX, subject):
            raise damaged(folder, f"its index does not lead to {subject}.")


async def _write(database: Database, folder: Path, month: Month, host: str, now: datetime) -> None:
    """Writes, renames, compares and notes; files that are there already are only compared."""
    unfinished = _begin(folder)
    if unfinished is not None:
        await _fill(database, unfinished, month.month, now)
        await asyncio.to_thread(_end_writing, unfinished, folder)
    try:
        manifest = await compare(database, folder, month.month)
    except Unreconciled as error:
        raise Unreconciled(
            f"{folder} holds another past than the database: {error.message}",
            reason="archive_differs",
            next_step="Nothing was dropped. If the folder is not of this installation, give each"
            " its own (history: archive:); if it is, move it away: it is written anew.",
        ) from error
    _, sha256 = read_manifest(folder)
    await note_archived(database, manifest, host, sha256)


def _begin(folder: Path) -> Path | None:
    """An empty folder beside the final one; None when that is there already."""
    if folder.exists():
        return None
    unfinished = folder.with_name(folder.name + UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)  # of a keeper that died
    unfinished.mkdir(parents=True)
    return unfinished


def _end_writing(unfinished: Path, folder: Path) -> None:
    """The folder has its name, on disk: a folder of that name is always whole."""
    _settle(unfinished)
    unfinished.rename(folder)
    _settle(folder.parent)


async def _fill(database: Database, folder: Path, month: date, now: datetime) -> None:
    last: str | None = None
    with await asyncio.to_thread(MonthWriter, folder) as writer:
        async for page in pages_of(database, month):
            rows = [(row["subject"], row["kind"], row["id"], row["line"]) for row in page]
            names = await _names(database, sorted({row[0] for row in rows if row[0] != last}))
            last = await asyncio.to_thread(_add, writer, rows, names, last)
        await asyncio.to_thread(writer.finish, month, now.isoformat(), f"tillbridge {VERSION}")


def _add(
    writer: MonthWriter,
    rows: Sequence[tuple[str, str, str, str]],
    names: Mapping[str, Sequence[str]],
    last: str | None,
) -> str | None:
    for subject, kind, part_id, line in rows:
        if subject != last:
            writer.begin(subject, names.get(subject, ()))
            last = subject
        writer.add(kind, part_id, line.encode())
    return last


async def _names(database: Database, subjects: Sequence[str]) -> dict[str, Sequence[str]]:
    rows = await database.fetch(SQL["names_of_subjects"], subjects)
    return {row["subject"]: row["names"] for row in rows}


async def _drop(database: Database, folder: Path, month: Month) -> bool:
    """Drops an archived month whose files are whole."""
    known = next(item for item in await months(database) if item.month == month.month)
    if known.state != "archived":
        return False
    await asyncio.to_thread(check_files, folder, known.manifest_sha256)
    return await drop(database, month.month)


def _settle(folder: Path) -> None:
    """What a folder lists is on disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
