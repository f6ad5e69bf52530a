"""Reports in XML, read as they come, with expat: nothing outside the file is ever fetched.

Source: Reporting User Guide, "XML Reports" and Appendices A and B: a document type is declared, a
Request is a row, its values are attributes and elements of it, and what a batch says stands
around its requests. A declared document type is read over; entities of its own are refused, so
that no text can grow beyond the file.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from tillbridge.canonical.errors import Place, Rejected
from tillbridge_cybersource.report_columns import MANIFOLD, meaning_of, rank_of
from tillbridge_cybersource.report_row import ROW_MAX_CHARACTERS, ReportRow

_ROW = "Request"
_SERVICES = {"ApplicationReply": "services"}
DEPTH_MAX = 50


@dataclass(slots=True)
class XmlReport:
    """Takes a file piece by piece, and gives the rows that are whole.

    Attributes:
        name: of the file, for messages.
        title: what it calls itself.
    """

    name: str
    title: str = ""
    _ready: list[ReportRow] = field(default_factory=list)
    _open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _values: dict[str, list[str]] = field(default_factory=dict)
    _other: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _depth: int = 0
    _size: int = 0
    _fed_bytes: int = 0
    _text: list[str] = field(default_factory=list)
    _parser: expat.XMLParserType = field(init=False)

    def __post_init__(self) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        self._parser = parser

    def feed(self, chunk: bytes) -> list[ReportRow]:
        """The rows that end in this piece. Raises Rejected with file and line."""
        return self._parse(chunk, final=False)

    def end(self) -> list[ReportRow]:
        """What is left; the document must be whole. Raises Rejected."""
        return self._parse(b"", final=True)

    def _parse(self, chunk: bytes, *, final: bool) -> list[ReportRow]:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise self._wrong(f"This is no XML: {error}") from error
        self._fed_bytes += len(chunk)
        if self._fed_bytes - max(self._parser.CurrentByteIndex, 0) > ROW_MAX_CHARACTERS:
            raise self._wrong("This row is too long")  # a tag that does not end is kept by expat
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise self._wrong("It is nested too deeply")
        if not self._open:
            self.title = attributes.get("Name", "")
        self._open.append((name, attributes))
        if name == _ROW and not self._depth:
            self._begin()
        elif self._depth:
            for key, value in attributes.items():
                self._add(_SERVICES.get(name, "") if key == "Name" else "", key, value)
        self._text.clear()

    def _begin(self) -> None:
        """A row: its own attributes, and those of what stands around it."""
        self._depth, self._size = len(self._open), 0
        self._values, self._other, self._names = {}, {}, {}
        for around in range(len(self._open) - 1, -1, -1):
            for key, value in self._open[around][1].items():
                word = meaning_of(key)
                if word not in self._values and (word or around):
                    self._add(word, key, value)

    def _end(self, name: str) -> None:
        self._open.pop()
        if self._depth and len(self._open) >= self._depth:
            if text := "".join(self._text).strip():
                self._add("", name, text)
        elif self._depth:
            self._ready.append(
                ReportRow(
                    self.name,
                    self._parser.CurrentLineNumber,
                    {word: ",".join(parts) for word, parts in self._values.items()},
                    {key: ",".join(parts) for key, parts in self._other.items()},
                )
            )
            self._depth = 0
        self._text.clear()

    def _characters(self, text: str) -> None:
        if self._depth:
            self._grow(len(text))
            self._text.append(text)

    def _add(self, word: str, name: str, value: str) -> None:
        self._grow(len(value))
        word = word or meaning_of(name)
        if word in MANIFOLD:
            self._values.setdefault(word, []).append(value)
        elif word and (word not in self._values or rank_of(name) < rank_of(self._names[word])):
            if word in self._values:
                self._other.setdefault(self._names[word], []).extend(self._values[word])
            self._values[word], self._names[word] = [value], name
        else:
            self._other.setdefault(name, []).append(value)

    def _grow(self, more: int) -> None:
        self._size += more
        if self._size > ROW_MAX_CHARACTERS:
            raise self._wrong("This row is too long")

    def _entity(self, *_: object) -> None:
        raise self._wrong("It declares entities of its own")

    def _wrong(self, message: str) -> Rejected:
        return Rejected(
            f"{message}.",
            reason="bad_report",
            place=Place(self.name, self._parser.CurrentLineNumber),
            next_step="Download the report by hand and look at it.",
        )
