"""The manifest of an archived month: what its files hold, and their hashes."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tillbridge.canonical.codec import decode
from tillbridge.canonical.errors import Unreconciled

FILE = "manifest.json"
LINES = "lines.jsonl.gz"
INDEX = "keys.index"
FORMAT = "tillbridge-archive-1"
ABOUT = (
    "lines.jsonl.gz: one JSON object a line. For each subject (an order number, mostly) first"
    " names_of with its names, then its parts: subject, kind, id, at (UTC), content. Kinds: run"
    " (with its steps, effects, letter, patches), event, delivery, notice, window, alert, firing."
    " Texts are byte for byte; what is no text is {base64}. zcat reads it; each gzip member also"
    " stands alone. keys.index: sorted entries of 16 bytes: the first 8 of SHA-256(key), then"
    " big-endian where the member begins that holds it. Keys: subject, its names, run:ID."
)


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file: its name, size and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archived month holds.

    Attributes:
        month: its first day, as in "2026-01-01".
        kinds: parts by kind; `parts` is their sum.
        content_sha256: of all lines, unpacked.
    """

    month: str
    made_at: str
    made_by: str
    parts: int
    kinds: Mapping[str, int]
    keys: int
    content_sha256: str
    files: tuple[FileNote, ...]
    format: str = FORMAT
    about: str = ABOUT


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes it to disk as JSON for people."""
    with (folder / FILE).open("xb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """A manifest and the SHA-256 of its own file. Raises OSError, Rejected."""
    text = (folder / FILE).read_bytes()
    return decode(text, Manifest), hashlib.sha256(text).hexdigest()


def note_file(path: Path) -> FileNote:
    """A file's size and hash, read from disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileNote(path.name, file.tell(), digest.hexdigest())


def check_files(folder: Path, sha256: str) -> Manifest:
    """Reads every file of a month, and compares it with its manifest, and that with what the
    database remembers of it ("" where nothing is).

    Raises:
        Unreconciled: a file is missing or is not what was written.
    """
    try:
        manifest, own = read_manifest(folder)
        found = tuple(note_file(folder / note.name) for note in manifest.files)
    except OSError as error:
        raise damaged(folder, f"{error.filename or folder}: {error.strerror}.") from error
    if sha256 and own != sha256:
        raise damaged(folder, f"{FILE} is not the one that was written.")
    for noted, there in zip(manifest.files, found, strict=True):
        if noted != there:
            raise damaged(folder, f"{noted.name} has other bytes than were written.")
    return manifest


def damaged(folder: Path, what: str) -> Unreconciled:
    """What is raised when files are not as they were written."""
    return Unreconciled(
        f"The archive in {folder} is damaged: {what}",
        reason="archive_damaged",
        next_step="Bring the folder back from a backup, then tillbridge archive verify.",
    )
