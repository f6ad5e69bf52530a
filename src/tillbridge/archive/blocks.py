"""Lines in blocks: one gzip file of many members, each of which can be read alone.

`zcat` reads the whole; whoever knows where a block begins reads that block only.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

BLOCK_BYTES = 128 * 1024
"""Lines are gathered up to so much before they are packed: a look-up unpacks that much."""
_CHUNK = 64 * 1024
_GZIP = 31
"""zlib's window bits for a gzip member."""


class BlockWriter:
    """Writes lines; they are on disk when it has been closed.

    Attributes:
        offset: where the present block begins.
        content: the hash of all lines so far, not packed.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._lines: list[bytes] = []
        self._size = 0
        self.offset = 0
        self.content = hashlib.sha256()

    def __enter__(self) -> "BlockWriter":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def is_full(self) -> bool:
        return self._size >= BLOCK_BYTES

    def add(self, line: bytes) -> None:
        """A line, without its end."""
        self._lines.append(line)
        self._size += len(line)

    def end_block(self) -> None:
        """Packs what was added since the last block; the next one begins behind it."""
        if not self._lines:
            return
        text = b"".join(line + b"\n" for line in self._lines)
        self.content.update(text)
        self._file.write(gzip.compress(text, 6, mtime=0))
        self._lines.clear()
        self._size, self.offset = 0, self._file.tell()

    def finish(self) -> None:
        """Ends the last block; everything is on disk then."""
        self.end_block()
        self._file.flush()
        os.fsync(self._file.fileno())


def read_block(path: Path, offset: int) -> list[bytes]:
    """The lines of one block. Raises zlib.error where no whole block begins there."""
    unpacker = zlib.decompressobj(_GZIP)
    parts = []
    with path.open("rb") as file:
        file.seek(offset)
        while not unpacker.eof:
            chunk = file.read(_CHUNK)
            if not chunk:
                raise zlib.error(f"the block at {offset} is cut off")
            parts.append(unpacker.decompress(chunk))
    return b"".join(parts).splitlines()


def read_lines(path: Path) -> Iterator[bytes]:
    """All lines in their order, a piece at a time. Raises OSError, EOFError, zlib.error."""
    with gzip.open(path, "rb") as file:
        for line in file:
            yield line.rstrip(b"\n")
