"""Mappings made ready and run: checked against both ends, compiled once, applied many times."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.connector.documents import DocumentShape, Field, Value
from tillbridge.mapping.exchange_rules import NO_RATES, RateTables
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import DocumentMapping, Rules
from tillbridge.mapping.note import Note
from tillbridge.mapping.program import Program
from tillbridge.mapping.recorder import Recorder
from tillbridge.mapping.rules import RuleWriter
from tillbridge.mapping.source import EVENT_NAMES, event_scope
from tillbridge.mapping.value_type import (
    BOOLEAN,
    DATE,
    DECIMAL,
    INSTANT,
    INTEGER,
    MONEY,
    TEXT,
    UNIT_AMOUNT,
    Scope,
    ValueType,
    dictionary_of,
    list_of,
    optional,
)
from tillbridge.mapping.writer import Bound, Writer, load

_TYPES = {
    "text": TEXT,
    "choice": TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "money": MONEY,
    "unit_amount": UNIT_AMOUNT,
    "boolean": BOOLEAN,
    "date": DATE,
    "instant": INSTANT,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a filler was made of: for those who look at its rules (`survey`, `explain`).

    Attributes:
        scope: what the rules can read.
        place: where the rules stand.
    """

    rules: Rules
    scope: Scope
    target: DocumentShape
    lookups: Mapping[str, Lookup]
    place: Place
    rates: RateTables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filler:
    """Rules ready to fill one kind of document.

    Attributes:
        kind: the type of what comes out, for expressions that read it.
        live: the connections whose rates the context has to have under `exchange.RATES`.
    """

    kind: ValueType
    program: Program
    origin: Origin
    live: frozenset[str] = frozenset()

    def fill(self, context: Mapping[str, object]) -> dict[str, Value]:
        """The document's fields, every one exactly of the type its shape declares.

        Raises:
            Rejected: the data does not allow it; the error has the field ("lines[2].tax"), the
                file and line of its rule, and the value.
        """
        filled = self.program.run(context)
        assert isinstance(filled, dict), "the compiled function fills a dict"
        return filled

    def fill_noting(
        self, context: Mapping[str, object]
    ) -> tuple[dict[str, Value], tuple[Note, ...]]:
        """The document's fields, and what was done on the way that they do not show.

        The same context gives the same notes again: a mapping reads nothing else. Raises Rejected.
        """
        notes: list[Note] = []
        filled = self.program.run(context, notes)
        assert isinstance(filled, dict), "the compiled function fills a dict"
        return filled, tuple(notes)


def prepare(
    rules: Rules,
    scope: Scope,
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
    place: Place,
    *,
    rates: RateTables = NO_RATES,
) -> Filler:
    """Rules checked against what they read and fill, and compiled.

    `scope` has at least the names of every event (`source.event_scope`).

    Raises:
        Misconfigured: the first of what `problems_of` finds.
    """
    filler, problems = _compile(rules, scope, target, lookups, place, rates=rates)
    if problems:
        raise problems[0]
    return filler


def prepare_telling(origin: Origin, recorder: Recorder) -> Filler:
    """The same filler once more, which tells a recorder what it sees; for one run."""
    filler, problems = _compile(
        origin.rules,
        origin.scope,
        origin.target,
        origin.lookups,
        origin.place,
        rates=origin.rates,
        recorder=recorder,
    )
    assert not problems, "it was made before"
    return filler


def prepare_mapping(
    mapping: DocumentMapping,
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
    scope: Scope | None = None,
    *,
    rates: RateTables = NO_RATES,
) -> Filler:
    """A mapping made ready. `scope` is what it can read; by default what every event has."""
    known = scope or event_scope()
    return prepare(mapping.fields, known, target, lookups, mapping.place, rates=rates)


def problems_of(
    mapping: DocumentMapping,
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
    scope: Scope | None = None,
    *,
    rates: RateTables = NO_RATES,
) -> Sequence[Misconfigured]:
    """Everything that is wrong with a mapping: unknown target fields and source names, required
    fields without a rule, types that clash, lookups that are missing or do not fit."""
    known = scope or event_scope()
    _, problems = _compile(mapping.fields, known, target, lookups, mapping.place, rates=rates)
    return problems


def apply(
    mapping: DocumentMapping,
    context: Mapping[str, object],
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
) -> dict[str, Value]:
    """One document, when it is the only one; else keep what `prepare_mapping` gives."""
    return prepare_mapping(mapping, target, lookups).fill(context)


def shape_type(fields: Sequence[Field]) -> ValueType:
    """The type of a filled document, for expressions that read it."""
    return ValueType(
        "record",
        fields={
            field.name: kind if field.required else optional(kind)
            for field in fields
            for kind in (_field_type(field),)
        },
        keyed=True,
    )


def _field_type(field: Field) -> ValueType:
    if field.type == "list":
        return list_of(shape_type(field.of))
    if field.type == "group":
        if field.custom and not field.of:
            return dictionary_of(TEXT, lenient=True)
        return shape_type(field.of)
    return _TYPES[field.type]


def _compile(
    rules: Rules,
    scope: Scope,
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
    place: Place,
    *,
    rates: RateTables,
    recorder: Recorder | None = None,
) -> tuple[Filler, list[Misconfigured]]:
    writer = Writer(recorder)
    names = {name: Bound(kind) for name, kind in scope.items()}
    body: list[ast.stmt] = []
    for name in EVENT_NAMES:
        variable = writer.variable("e")
        names[name] = Bound(scope[name], variable)
        value = ast.Call(
            ast.Attribute(load("context"), "get", ast.Load()), [ast.Constant(name)], []
        )
        body.append(ast.Assign([ast.Name(variable, ast.Store())], value))
    rule_writer = RuleWriter(writer, lookups, rates)
    out, filling = rule_writer.fill(rules, target.fields, names, place)
    body += [*filling, ast.Return(load(out))]
    kind = shape_type(target.fields)
    origin = Origin(rules, scope, target, lookups, place, rates)
    if rule_writer.problems:
        return Filler(kind, Program(lambda _, __: {}, ()), origin), rule_writer.problems
    program = Program(writer.function(body), tuple(writer.spots))
    return Filler(kind, program, origin, rule_writer.live), []
