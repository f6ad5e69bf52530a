"""The rows of a dropped file, one at a time: csv, jsonl, json and xml.

Every value is text, exactly as it stands in the file; a nested value's name is its path, with
points between ("buyer.name", "lines.0.sku"). However large a file is, only one row of it is in
memory; json alone is read whole, and may therefore not be as large.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal
from xml.parsers import expat

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Place, Rejected

Row = dict[str, str]
JSON_MAX_BYTES: Final = 16_000_000
ROW_MAX_CHARACTERS: Final = 1_000_000
_CHUNK: Final = 64 * 1024


def read_rows(
    path: Path,
    sort: Literal["csv", "json", "jsonl", "xml"],
    *,
    rows: str,
    separator: str,
    encoding: str,
) -> Iterator[Row]:
    """The rows of a file, in order.

    Args:
        rows: for json and xml: the path to the records; "" for the whole document.

    Raises:
        Rejected: the file is not what it is said to be; the place names the row or line.
    """
    encoding = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        match sort:
            case "csv":
                yield from _csv(path, separator, encoding)
            case "jsonl":
                yield from _jsonl(path, encoding)
            case "json":
                yield from _json(path, rows)
            case _:
                yield from _xml(path, rows)
    except UnicodeDecodeError as error:
        raise _wrong(
            path, 0, f"It is not {encoding} text", "Save it so, or say encoding:."
        ) from error


def _csv(path: Path, separator: str, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        try:
            names = [name.strip() for name in next(reader, [])]
            if not names or len(set(names)) != len(names) or "" in names:
                raise _wrong(
                    path,
                    1,
                    "The first row does not name every column once",
                    "Give each column a name of its own.",
                )
            for values in reader:
                if not values:
                    continue
                if len(values) != len(names):
                    raise _wrong(
                        path,
                        reader.line_num,
                        f"This row has {len(values)} values for {len(names)} columns",
                        "Mend the row: a value with the separator in it stands in quotes.",
                    )
                yield dict(zip(names, values, strict=True))
        except csv.Error as error:
            raise _wrong(path, reader.line_num, f"This is no csv: {error}", "Mend it.") from error


def _jsonl(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="\n") as file:
        number = 0
        while line := file.readline(ROW_MAX_CHARACTERS + 1):
            number += 1
            if len(line) > ROW_MAX_CHARACTERS:
                raise _wrong(path, number, "This line is too long", "Split the record.")
            if line.strip():
                yield _record(_parsed(path, line, number), path, number)


def _json(path: Path, rows: str) -> Iterator[Row]:
    if path.stat().st_size > JSON_MAX_BYTES:
        limit = f"{JSON_MAX_BYTES:,} bytes"
        raise _wrong(path, 0, f"A json file has at most {limit}", "Use jsonl for more.")
    found = _parsed(path, path.read_bytes(), 0)
    for name in rows.split(".") if rows else ():
        if not isinstance(found, dict) or name not in found:
            raise _wrong(path, 0, f"There is nothing at {rows!r}", "Mend rows: in the flow.")
        found = found[name]
    if not isinstance(found, list):
        raise _wrong(path, 0, "The records are not a list", "Mend rows: in the flow.")
    for number, each in enumerate(found, 1):
        yield _record(each, path, number)


def _parsed(path: Path, text: str | bytes, number: int) -> Any:
    try:
        return read_json(text)
    except Rejected as error:
        raise _wrong(path, number, error.message.rstrip("."), "Mend the file.") from error


def _record(value: Any, path: Path, number: int) -> Row:
    if not isinstance(value, dict):
        raise _wrong(path, number, "This record is no object", "Write {...} for each record.")
    return dict(_flat("", value))


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested values by their paths. Null has no text: its field is empty."""
    if isinstance(value, dict):
        inner: Any = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        text = {None: "", True: "true", False: "false"}.get(value) if _plain(value) else None
        yield name, str(value) if text is None else text
        return
    for key, each in inner:
        yield from _flat(f"{name}.{key}" if name else str(key), each)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, bool)


class _XmlRows:
    """Collects records while a document is parsed. A record's values are its attributes, the text
    of what stands in it, and its own text under the name "text"."""

    def __init__(self, path: Path, rows: str) -> None:
        self.ready: list[Row] = []
        self._path = path
        self._wanted = rows.split(".") if rows else None
        self._open: list[str] = []
        self._row: Row | None = None
        self._depth = 0
        self._text = ""
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype  # without it no entity can expand

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append(name.rpartition(" ")[2])
        self._text = ""
        if self._row is None and self._is_record():
            self._row, self._depth = {}, len(self._open)
        if self._row is not None:
            for key, value in attributes.items():
                self._add((*self._open[self._depth :], key.rpartition(" ")[2]), value)

    def _end(self, _name: str) -> None:
        if self._row is not None:
            inner = self._open[self._depth :]
            if self._text.strip():
                self._add(tuple(inner) or ("text",), self._text.strip())
            if not inner:
                self.ready.append(self._row)
                self._row = None
        self._open.pop()
        self._text = ""

    def _characters(self, text: str) -> None:
        if self._row is not None:
            self._text += text
            if len(self._text) > ROW_MAX_CHARACTERS:
                line = self.parser.CurrentLineNumber
                raise _wrong(self._path, line, "This text is too long", "Split it.")

    def _doctype(self, *_: object) -> None:
        raise _wrong(
            self._path, self.parser.CurrentLineNumber, "It declares a document type", "Remove it."
        )

    def _is_record(self) -> bool:
        if self._wanted is None:
            return len(self._open) == 2
        return self._open[1:] == self._wanted

    def _add(self, path: tuple[str, ...], value: str) -> None:
        """Under its path; what stands there more than once is numbered from 0."""
        assert self._row is not None, "values stand in records"
        name = ".".join(path)
        again = sum(1 for _ in islice((key for key in self._row if _same(key, name)), 10_000))
        self._row[f"{name}.{again}" if again else name] = value


def _same(key: str, name: str) -> bool:
    return key == name or (key.startswith(f"{name}.") and key.removeprefix(f"{name}.").isdigit())


def _xml(path: Path, rows: str) -> Iterator[Row]:
    found = _XmlRows(path, rows)
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                found.parser.Parse(chunk, False)
                yield from found.ready
                found.ready.clear()
            found.parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _wrong(path, error.lineno, f"This is no XML: {error}", "Mend it.") from error
    yield from found.ready


def _wrong(path: Path, number: int, message: str, next_step: str) -> Rejected:
    return Rejected(
        f"{message}.",
        reason="bad_file",
        place=Place(path.name, number or None),
        next_step=next_step,
    )
