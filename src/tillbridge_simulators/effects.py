"""The append-only log by which campaigns judge: every request and every effect, in order."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Entry:
    """One request or effect.

    Attributes:
        number: 1, 2, 3 ... within one simulator.
        at: seconds since the epoch.
        kind: "request" or the effect's own word ("authorization", "sales_order", ...).
        facts: what happened; amounts as text.
    """

    number: int
    at: float
    kind: str
    facts: Mapping[str, object]


class EffectLog:
    """Entries are added and never changed; with a path they are also appended to a JSONL file."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def add(self, kind: str, **facts: object) -> Entry:
        """Adds one entry; `facts` must be plain JSON values."""
        entry = Entry(len(self._entries) + 1, time.time(), kind, facts)
        self._entries.append(entry)
        if self._file is not None:
            row = {"number": entry.number, "at": entry.at, "kind": kind, **facts}
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        return entry

    def entries(self, kind: str | None = None, after: int = 0) -> Iterator[Entry]:
        """Entries with a number above `after`, of one kind or of all."""
        for entry in self._entries[after:]:
            if kind is None or entry.kind == kind:
                yield entry

    def close(self) -> None:
        """Closes the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None
