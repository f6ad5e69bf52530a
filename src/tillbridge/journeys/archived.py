"""Archived months: verified, and read back into a file."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tillbridge.archive.blocks import read_lines
from tillbridge.archive.manifest import LINES, Manifest, check_files, damaged
from tillbridge.archive.month_files import lines_of_parts, parts_in, subjects_with
from tillbridge.archive.months import Month, months
from tillbridge.archive.parts import part_of_line
from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Rejected
from tillbridge.database.database import Database
from tillbridge.journeys.archive_month import compare


async def archived(database: Database, asked: str) -> Month:
    """The month somebody means by "2026-01". Raises Rejected unless its files are written."""
    known = await months(database)
    for month in known:
        if month.name == asked and month.state in ("archived", "dropped"):
            return month
    written = [month.name for month in known if month.folder]
    raise Rejected(
        f"There are no files of {asked!r}.",
        reason="unknown_month",
        next_step=f"There are files of {', '.join(written) or 'no month'}; see tillbridge archive.",
    )


async def verify(database: Database, root: Path, month: Month) -> Manifest:
    """Reads every byte of a month's files: hashes, each line, counts; and, while the month is in
    the database too, that both are equal.

    Raises:
        Unreconciled: something is missing or is not as it was written.
    """
    folder = root / month.folder
    if month.state == "archived":
        await compare(database, folder, month.month)
    return check_lines(folder, month.manifest_sha256)


def check_lines(folder: Path, sha256: str) -> Manifest:
    """Reads a month's files without a database; `sha256` is the manifest's, "" for any."""
    manifest = check_files(folder, sha256)
    content, kinds = hashlib.sha256(), Counter[str]()
    for line in read_lines(folder / LINES):
        content.update(line + b"\n")
    for line in lines_of_parts(folder):
        kinds[part_of_line(line, folder.name).kind] += 1
    if content.hexdigest() != manifest.content_sha256 or dict(kinds) != dict(manifest.kinds):
        raise damaged(folder, "its lines are not those that its manifest tells of.")
    return manifest


def read_back(folder: Path, target: Path, key: str = "") -> int:
    """Writes a month's lines into a new file, all or those of the subjects a key belongs to;
    answers how many.

    Raises:
        Rejected: the file is there already, or nothing in the month has that key.
    """
    lines = _lines_with(folder, key) if key else lines_of_parts(folder)
    count = 0
    try:
        with target.open("xb") as file:
            for line in lines:
                file.write(line + b"\n")
                count += 1
    except FileExistsError as error:
        raise Rejected(
            f"{target} is there already.", reason="file_exists", next_step="Give another name."
        ) from error
    return count


def _lines_with(folder: Path, key: str) -> Iterator[bytes]:
    subjects = subjects_with(folder, key)
    if not subjects:
        raise Rejected(
            f"Nothing in {folder.name} is known under that key.",
            reason="unknown_id",
            next_step="tillbridge history KEY looks through every month.",
        )
    return (encode(part) for subject in subjects for part in parts_in(folder, subject))
