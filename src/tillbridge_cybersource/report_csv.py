"""Reports in CSV, read as they come: a descriptor line, a line of columns, a line for each row.

Source: Reporting User Guide, "CSV Reports": the first line tells the report's name, its version and
its days; values with a comma, a quotation mark or a line end are quoted.
"""

import codecs
import csv
import io
from dataclasses import dataclass, field

from tillbridge.canonical.errors import Place, Rejected
from tillbridge_cybersource.report_columns import Columns, is_heading
from tillbridge_cybersource.report_row import ROW_MAX_CHARACTERS, ReportRow


@dataclass(slots=True)
class CsvReport:
    """Takes a file piece by piece, and gives the rows that are whole.

    Attributes:
        name: of the file, for messages.
        title: what its descriptor calls the report; "" where it has none.
    """

    name: str
    title: str = ""
    _columns: Columns | None = None
    _text: str = ""
    _line: int = 0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8-sig")
    )

    def feed(self, chunk: bytes) -> list[ReportRow]:
        """The rows that end in this piece. Raises Rejected with file, line and column."""
        return self._take(self._decoded(chunk, final=False), final=False)

    def end(self) -> list[ReportRow]:
        """The last row, where no line end follows it. Raises Rejected."""
        rows = self._take(self._decoded(b"", final=True), final=True)
        if self._columns is None:
            raise self._wrong("It names no columns")
        return rows

    def _decoded(self, chunk: bytes, *, final: bool) -> str:
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise self._wrong("It is not UTF-8 text") from error

    def _take(self, text: str, *, final: bool) -> list[ReportRow]:
        self._text += text
        whole = len(self._text) if final else _end_of_rows(self._text)
        if not whole:
            if len(self._text) > ROW_MAX_CHARACTERS:
                raise self._wrong("This row is too long")
            return []
        block, self._text = self._text[:whole], self._text[whole:]
        return self._rows(block)

    def _rows(self, block: str) -> list[ReportRow]:
        rows: list[ReportRow] = []
        before = self._line
        reader = csv.reader(io.StringIO(block, newline=""), strict=True)
        try:
            for cells in reader:
                self._line = before + reader.line_num
                if cells:
                    self._row(cells, rows)
        except csv.Error as error:
            self._line = before + reader.line_num
            raise self._wrong(f"This is no CSV: {error}") from error
        self._line = before + reader.line_num
        return rows

    def _row(self, cells: list[str], rows: list[ReportRow]) -> None:
        columns = self._columns
        if columns is None:
            self._head(cells)
            return
        if len(cells) != len(columns.names):
            raise self._wrong(f"This row has {len(cells)} values for {len(columns.names)} columns")
        values = {word: cells[at] for word, at in columns.known.items()}
        other = {name: cells[at] for name, at in columns.others if cells[at]}
        rows.append(ReportRow(self.name, self._line, values, other))

    def _head(self, cells: list[str]) -> None:
        """The descriptor, then the columns; a file may begin with the columns."""
        if is_heading(cells):
            self._columns = Columns(cells, Place(self.name, self._line))
        elif self.title:
            raise self._wrong(f"{', '.join(cells)[:80]!r} does not name the columns")
        else:
            self.title = cells[0].strip() or "?"

    def _wrong(self, message: str) -> Rejected:
        return Rejected(
            f"{message}.",
            reason="bad_report",
            place=Place(self.name, self._line or 1),
            next_step="Download the report by hand and look at it.",
        )


def _end_of_rows(text: str) -> int:
    """Up to where whole rows stand: behind the last line end that no quotation mark is open at."""
    end, behind, quotes = text.rfind("\n"), len(text), text.count('"')
    while end >= 0:
        quotes -= text.count('"', end, behind)
        if quotes % 2 == 0:
            return end + 1
        end, behind = text.rfind("\n", 0, end), end
    return 0
