"""The files of one month: written once, beside their final name, and searched where they lie."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tillbridge.archive.blocks import BlockWriter, read_block, read_lines
from tillbridge.archive.key_index import IndexWriter, blocks_with
from tillbridge.archive.manifest import INDEX, LINES, Manifest, note_file, write_manifest
from tillbridge.archive.parts import Part, part_of_line
from tillbridge.canonical.codec import decode, encode

RUN_PREFIX = "run:"
_NAMES_OF = b'{"names_of":'


@dataclass(frozen=True, slots=True)
class _Names:
    """The line before a subject's parts: what else it is known by."""

    names_of: str
    names: tuple[str, ...]


class MonthWriter:
    """Writes a month's lines and index into an empty folder, in bounded memory.

    Subjects come one after the other, each with its names before its parts. A block ends between
    two subjects where it can; a subject that is longer than a block stands in several, and so do
    its keys.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blocks = BlockWriter(folder / LINES)
        self._index = IndexWriter()
        self._kinds: Counter[str] = Counter()
        self._subject: str | None = None
        self._names: Sequence[str] = ()

    def __enter__(self) -> "MonthWriter":
        self._blocks.__enter__()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._blocks.__exit__(None, None, None)

    def begin(self, subject: str, names: Sequence[str]) -> None:
        """What follows is about this subject, which is also known by those names."""
        if self._blocks.is_full:
            self._blocks.end_block()
        self._subject, self._names = subject, names
        self._blocks.add(encode(_Names(subject, tuple(names))))
        self._add_keys()

    def add(self, kind: str, part_id: str, line: bytes) -> None:
        """A part of the subject."""
        if self._blocks.is_full:
            self._blocks.end_block()
            self._add_keys()
        self._blocks.add(line)
        self._kinds[kind] += 1
        if kind == "run":
            self._index.add(f"{RUN_PREFIX}{part_id}", self._blocks.offset)

    def finish(self, month: date, made_at: str, made_by: str) -> Manifest:
        """Ends the files and writes the manifest; all of it is on disk then."""
        self._blocks.finish()
        keys = self._index.write(self._folder / INDEX)
        manifest = Manifest(
            month=month.isoformat(),
            made_at=made_at,
            made_by=made_by,
            parts=self._kinds.total(),
            kinds=dict(sorted(self._kinds.items())),
            keys=keys,
            content_sha256=self._blocks.content.hexdigest(),
            files=(note_file(self._folder / LINES), note_file(self._folder / INDEX)),
        )
        write_manifest(self._folder, manifest)
        return manifest

    def _add_keys(self) -> None:
        assert self._subject is not None, "a subject has begun"
        for key in (self._subject, *self._names):
            self._index.add(key, self._blocks.offset)


def lines_of_parts(folder: Path) -> Iterator[bytes]:
    """The lines of all parts in their order, without those that tell names."""
    return (line for line in read_lines(folder / LINES) if not line.startswith(_NAMES_OF))


def subjects_with(folder: Path, key: str) -> list[str]:
    """The subjects of a month that a key belongs to; that of this very name alone, if there is."""
    found: dict[str, None] = {}
    run = key.removeprefix(RUN_PREFIX)
    told = encode({"id": run})[1:-1].replace(b":", b": ", 1)
    for offset in blocks_with(folder / INDEX, key):
        for line in read_block(folder / LINES, offset):
            if line.startswith(_NAMES_OF):
                names = decode(line, _Names)
                if names.names_of == key:
                    return [key]
                if key in names.names:
                    found[names.names_of] = None
            elif run != key and told in line:
                part = part_of_line(line, folder.name)
                if (part.kind, part.id) == ("run", run):
                    found[part.subject] = None
    return list(found)


def parts_in(folder: Path, subject: str) -> Iterator[Part]:
    """All parts of a subject in a month, a block at a time."""
    for offset in blocks_with(folder / INDEX, subject):
        for line in read_block(folder / LINES, offset):
            if not line.startswith(_NAMES_OF):
                part = part_of_line(line, folder.name)
                if part.subject == subject:
                    yield part
