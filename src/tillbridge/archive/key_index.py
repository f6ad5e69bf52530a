"""An index beside the lines: in which blocks a business key stands.

Sixteen bytes an entry, sorted: the first eight of the key's SHA-256, then where the block begins.
It is searched where it lies: twenty short reads among a million entries. It can be made anew from
the lines, which hold the keys themselves.
"""

import hashlib
import heapq
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_ENTRY = struct.Struct(">8sQ")
SORTED_AT_ONCE = 500_000
"""Entries held in memory; what is more is sorted in pieces on disk and merged."""
_READ = 4096


class IndexWriter:
    """Gathers entries in any order; writes them sorted, each once."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._pieces: list[IO[bytes]] = []

    def add(self, key: str, offset: int) -> None:
        """The key stands in the block that begins there."""
        self._held.append(_ENTRY.pack(_hash(key), offset))
        if len(self._held) >= SORTED_AT_ONCE:
            self._put_aside()

    def write(self, path: Path) -> int:
        """Writes the index to disk; answers how many entries it has."""
        count, last = 0, b""
        with path.open("xb") as file:
            for entry in heapq.merge(sorted(self._held), *map(_entries, self._pieces)):
                if entry != last:
                    file.write(entry)
                    count, last = count + 1, entry
            file.flush()
            os.fsync(file.fileno())
        self._held.clear()
        while self._pieces:
            self._pieces.pop().close()
        return count

    def _put_aside(self) -> None:
        piece = tempfile.TemporaryFile()  # noqa: SIM115 (read and closed by `write`)
        piece.write(b"".join(sorted(self._held)))
        piece.seek(0)
        self._held.clear()
        self._pieces.append(piece)


def blocks_with(path: Path, key: str) -> list[int]:
    """Where the blocks begin in which a key stands; seldom one more (hashes that are equal)."""
    wanted = _hash(key)
    with path.open("rb", buffering=_READ) as file:
        low, high = 0, path.stat().st_size // _ENTRY.size
        while low < high:
            middle = (low + high) // 2
            if _at(file, middle)[0] < wanted:
                low = middle + 1
            else:
                high = middle
        found = []
        file.seek(low * _ENTRY.size)
        for entry in _entries(file):
            own, offset = _ENTRY.unpack(entry)
            if own != wanted:
                break
            found.append(offset)
    return found


def _at(file: IO[bytes], number: int) -> tuple[bytes, int]:
    file.seek(number * _ENTRY.size)
    own, offset = _ENTRY.unpack(file.read(_ENTRY.size))
    return own, offset


def _entries(file: IO[bytes]) -> Iterator[bytes]:
    while entry := file.read(_ENTRY.size):
        yield entry


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:8]
