"""Everything one version of a flow consists of: its text, and the mappings and tables it uses."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from tillbridge.canonical.errors import Misconfigured

FORMAT = 1


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of the user's folder: its path within it, with /, and its text."""

    path: str
    text: str

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        return self.path.rpartition("/")[2].rpartition(".")[0]


@dataclass(frozen=True)
class Bundle:
    """The files of one version. The same files always have the same version."""

    flow: TextFile
    mappings: tuple[TextFile, ...]
    lookups: tuple[TextFile, ...]
    rates: tuple[TextFile, ...] = ()

    @cached_property
    def text(self) -> str:
        """One text that holds all files, always written the same way."""
        return json.dumps(
            {
                "format": FORMAT,
                "flow": _entry(self.flow),
                "mappings": _entries(self.mappings),
                "lookups": _entries(self.lookups),
                **({"rates": _entries(self.rates)} if self.rates else {}),
            },
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )

    @cached_property
    def version(self) -> str:
        """The SHA-256 of the text, in hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    @classmethod
    def from_text(cls, text: str) -> "Bundle":
        """A bundle from its own text. Raises Misconfigured for another format."""
        parts = json.loads(text)
        if parts.get("format") != FORMAT:
            raise Misconfigured(
                f"This flow was published in format {parts.get('format')!r};"
                f" this program reads {FORMAT}.",
                reason="bundle_format",
                next_step="Run the program version that published it, or a newer one.",
            )
        return cls(
            flow=_file(parts["flow"]),
            mappings=tuple(_file(part) for part in parts["mappings"]),
            lookups=tuple(_file(part) for part in parts["lookups"]),
            rates=tuple(_file(part) for part in parts.get("rates", ())),
        )


def _entry(file: TextFile) -> dict[str, str]:
    return {"path": file.path, "text": file.text}


def _entries(files: Iterable[TextFile]) -> list[dict[str, str]]:
    return [_entry(file) for file in sorted(files, key=lambda file: file.path)]


def _file(part: dict[str, Any]) -> TextFile:
    return TextFile(part["path"], part["text"])
