"""What a flow can use: the documents of each connection, the mappings and the lookups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.abilities import (
    PollsChanges,
    QuotesRates,
    ReadsDocuments,
    WritesDocuments,
)
from tillbridge.connector.documents import AUTHORIZATION, SAID_BY_CHECKOUT, DocumentShape
from tillbridge.flows.bundle import TextFile
from tillbridge.mapping.exchange_rules import RateTables
from tillbridge.mapping.lookup import Lookup, read_lookup
from tillbridge.mapping.mapping import DocumentMapping
from tillbridge.mapping.rate_table import RateTable, read_rates
from tillbridge.mapping.read import read_mapping
from tillbridge.mapping.text import unknown


@dataclass(frozen=True, slots=True)
class ConnectionShapes:
    """What one connection takes.

    Attributes:
        connector: the connector's name ("dynamics365"); mappings name it in their target.
        writes: the documents it writes, by kind.
        reads: what its reads take, by kind.
        polls: what its polls for changed records take, by kind.
        poll_fields: the names of a record's fields, by kind of poll, where they are known.
        quotes_rates: whether it publishes exchange rates.
    """

    connector: str
    writes: Mapping[str, DocumentShape] = field(default_factory=dict)
    reads: Mapping[str, DocumentShape] = field(default_factory=dict)
    polls: Mapping[str, DocumentShape] = field(default_factory=dict)
    poll_fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quotes_rates: bool = False


def shapes_of(connector: str, session: object) -> ConnectionShapes:
    """The shapes an open session declares."""
    writes = session.writes if isinstance(session, WritesDocuments) else {}
    reads = session.reads if isinstance(session, ReadsDocuments) else {}
    polls = session.polls if isinstance(session, PollsChanges) else {}
    return ConnectionShapes(
        connector,
        {kind: write.shape for kind, write in writes.items()},
        {kind: read.takes for kind, read in reads.items()},
        {kind: poll.takes for kind, poll in polls.items()},
        {kind: poll.gives for kind, poll in polls.items() if poll.gives},
        quotes_rates=isinstance(session, QuotesRates),
    )


@dataclass(frozen=True, slots=True)
class Library:
    """Connections, mappings and tables by name.

    Attributes:
        files: the text each was read from, by ("mapping", "lookup" or "rates", name).
        rates: tables of rates, and None for each connection that quotes them.
    """

    connections: Mapping[str, ConnectionShapes]
    mappings: Mapping[str, DocumentMapping]
    lookups: Mapping[str, Lookup]
    files: Mapping[tuple[str, str], TextFile]
    rates: RateTables = field(default_factory=dict)

    def connection(self, name: str, place: Place) -> ConnectionShapes:
        """Raises Misconfigured for an unknown name."""
        if name not in self.connections:
            raise unknown("connection", name, self.connections, place)
        return self.connections[name]

    def mapping(self, name: str, place: Place) -> DocumentMapping:
        """Raises Misconfigured for an unknown name."""
        if name not in self.mappings:
            raise unknown("mapping", name, self.mappings, place)
        return self.mappings[name]

    def files_of(self, sort: str, names: Iterable[str]) -> tuple[TextFile, ...]:
        """The texts of some mappings, lookups or tables of rates, by path."""
        files = (self.files[sort, name] for name in names)
        return tuple(sorted(files, key=lambda file: file.path))

    def target(self, mapping: DocumentMapping) -> DocumentShape:
        """The shape a mapping fills, from any connection of its connector.

        Raises:
            Misconfigured: no connection uses that connector, or it takes no such document.
        """
        place = mapping.place
        fitting = [
            shapes for shapes in self.connections.values() if shapes.connector == mapping.connector
        ]
        if not fitting:
            known = {shapes.connector for shapes in self.connections.values()}
            raise unknown("connection of the connector", mapping.connector, known, place)
        kinds: dict[str, DocumentShape] = {}
        for shapes in fitting:
            kinds = {**shapes.reads, **shapes.writes, **kinds}
        if mapping.document not in kinds:
            raise unknown(f"document of {mapping.connector}", mapping.document, kinds, place)
        return _as_mapped(kinds[mapping.document])


def _as_mapped(shape: DocumentShape) -> DocumentShape:
    """A document as a mapping has to fill it: of an authorization, the checkout itself says for
    what order it is, how much, with which key and token."""
    if shape.kind != AUTHORIZATION:
        return shape
    fields = (
        replace(field, required=False) if field.name in SAID_BY_CHECKOUT else field
        for field in shape.fields
    )
    return replace(shape, fields=tuple(fields))


def read_library(
    connections: Mapping[str, ConnectionShapes],
    mappings: Iterable[TextFile],
    lookups: Iterable[TextFile],
    rates: Iterable[TextFile] = (),
) -> tuple[Library, list[Misconfigured]]:
    """A library from files, and what is wrong with them; a file that is wrong is left out."""
    problems: list[Misconfigured] = []
    files: dict[tuple[str, str], TextFile] = {}
    known_mappings: dict[str, DocumentMapping] = {}
    known_lookups: dict[str, Lookup] = {}
    for file in mappings:
        try:
            mapping = read_mapping(file.text, file.path)
            _keep(files, ("mapping", mapping.name), file)
            known_mappings[mapping.name] = mapping
        except Misconfigured as error:
            problems.append(error)
    for file in lookups:
        try:
            lookup = read_lookup(file.text, file.path, file.stem)
            _keep(files, ("lookup", lookup.name), file)
            known_lookups[lookup.name] = lookup
        except Misconfigured as error:
            problems.append(error)
    known_rates: dict[str, RateTable | None] = {
        name: None for name, shapes in connections.items() if shapes.quotes_rates
    }
    for file in rates:
        try:
            table = read_rates(file.text, file.path, file.stem)
            _keep(files, ("rates", table.name), file)
            _check_free(table.name, known_rates, file)
            known_rates[table.name] = table
        except Misconfigured as error:
            problems.append(error)
    return Library(connections, known_mappings, known_lookups, files, known_rates), problems


def _check_free(name: str, known: RateTables, file: TextFile) -> None:
    if name in known:
        raise Misconfigured(
            f"The connection {name} quotes rates, and this table has the same name.",
            reason="duplicate_name",
            place=Place(file.path, 1),
            next_step="Give the table another name.",
        )


def _keep(files: dict[tuple[str, str], TextFile], name: tuple[str, str], file: TextFile) -> None:
    before = files.setdefault(name, file)
    if before is not file:
        raise Misconfigured(
            f"Two files are the {name[0]} {name[1]!r}: {before.path} and this one.",
            reason="duplicate_name",
            place=Place(file.path, 1),
            next_step="Give one of them another name.",
        )
