"""What became of the transactions of an uploaded file, read as it comes.

Source: Business Center Batch Submission User Guide, "Viewing the Results of Your Batch File
Requests": a header such as merchantID=infodev,batchID=12345, an empty line, then a line of
comma-separated name-value pairs for each transaction, in the names of the Simple Order API. The
official client asks for that (text/vnd.cybersource.map-csv) or for CSV; whichever comes is read.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tillbridge.canonical.errors import Place, Rejected
from tillbridge_cybersource.report_columns import Columns
from tillbridge_cybersource.report_csv import CsvReport
from tillbridge_cybersource.report_row import ROW_MAX_CHARACTERS, ReportRow

ACCEPT: Final = "text/csv, text/vnd.cybersource.map-csv"
_OF_A_TRANSACTION: Final = ("request_id", "order_number")
"""A line without either is the header."""
_NAMED: Final = re.compile(r"\w+=")


@dataclass(slots=True)
class BatchFile:
    """Takes a file piece by piece, and gives the rows that are whole. Raises Rejected with file,
    line and column."""

    name: str
    _text: str = ""
    _line: int = 0
    _as_csv: CsvReport | None = None
    _is_paired: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8-sig")
    )

    def feed(self, chunk: bytes) -> list[ReportRow]:
        """The rows that end in this piece."""
        if self._as_csv is not None:
            return self._as_csv.feed(chunk)
        whole, _, self._text = (self._text + self._decoded(chunk)).rpartition("\n")
        if len(self._text) > ROW_MAX_CHARACTERS:
            raise self._wrong("This row is too long")
        return self._rows(f"{whole}\n") if whole else []

    def end(self) -> list[ReportRow]:
        """The last row, where no line end follows it."""
        text, self._text = self._text, ""
        rows = self._rows(text) if text else []
        return rows + self._as_csv.end() if self._as_csv is not None else rows

    def _rows(self, text: str) -> list[ReportRow]:
        lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
        first = next(filter(str.strip, lines), "")
        if not self._is_paired and first and not _NAMED.match(first.lstrip('"')):
            self._as_csv = CsvReport(self.name)
            rest, self._text = self._text, ""
            return self._as_csv.feed((text + rest).encode())
        self._is_paired = self._is_paired or bool(first)
        return list(self._paired(lines))

    def _paired(self, lines: Sequence[str]) -> Iterator[ReportRow]:
        for line in lines:
            self._line += 1
            if not line.strip():
                continue
            pairs = [cell.split("=", 1) for cell in self._cells(line)]
            columns = Columns([name for name, _ in pairs], Place(self.name, self._line))
            values = {word: pairs[at][1] for word, at in columns.known.items()}
            other = {name: pairs[at][1] for name, at in columns.others}
            if any(word in values for word in _OF_A_TRANSACTION):
                yield ReportRow(self.name, self._line, values, other)

    def _cells(self, line: str) -> list[str]:
        """Each with a name; what has none is the rest of a value with a comma."""
        cells: list[str] = []
        for part in next(csv.reader([line])):
            if _NAMED.match(part):
                cells.append(part)
            elif cells:
                cells[-1] += f",{part}"
            else:
                raise self._wrong(f"{part[:80]!r} is no name with a value")
        return cells

    def _decoded(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk)
        except UnicodeDecodeError:
            raise self._wrong("It is not UTF-8 text") from None

    def _wrong(self, message: str) -> Rejected:
        return Rejected(
            f"{message}.",
            reason="bad_report",
            place=Place(self.name, self._line or 1),
            next_step="Download the file in the Business Center and look at it.",
        )
