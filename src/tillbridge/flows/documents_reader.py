"""The documents of a flow's steps, from text: what maps fill, and what writes and reads take."""

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.documents import DocumentShape
from tillbridge.flows.library import ConnectionShapes, Library
from tillbridge.flows.steps import FromMapping, MapStep, ReadStep, WriteStep
from tillbridge.mapping.apply import Filler, prepare
from tillbridge.mapping.expression import compile_expression, parse_expression
from tillbridge.mapping.form import Filled
from tillbridge.mapping.mapping import lookups_of
from tillbridge.mapping.read import read_rules
from tillbridge.mapping.text import Entries, Node, Scalar, scalar_of, unknown, walk
from tillbridge.mapping.value_type import Scope


class DocumentsReader:
    """Reads map, write and read steps; remembers the texts they use and what was mapped."""

    def __init__(self, library: Library, steps: Node) -> None:
        self.mappings: set[str] = set()
        self.lookups: set[str] = set()
        self._library = library
        self._mapped: dict[str, tuple[str, DocumentShape]] = {}
        self._users = _users_of_maps(steps)

    def map(self, name: str, form: Filled, scope: Scope) -> MapStep:
        """A map step. Raises Misconfigured."""
        wanted = scalar_of(form.node("mapping"))
        mapping = self._library.mapping(wanted.text, wanted.place)
        target = self._target(name, wanted)
        library, rules = self._library, mapping.fields
        filler = prepare(rules, scope, target, library.lookups, mapping.place, rates=library.rates)
        self.mappings.add(mapping.name)
        self.lookups |= mapping.lookups
        self._mapped[name] = (f"{mapping.connector}/{mapping.document}", target)
        return MapStep(name, mapping.name, filler, form.place)

    def write(self, name: str, form: Filled, scope: Scope) -> WriteStep:
        """A write step. Raises Misconfigured."""
        to, document = scalar_of(form.node("to")), scalar_of(form.node("document"))
        shapes = self._library.connection(to.text, to.place)
        if document.text not in shapes.writes:
            raise unknown(
                f"document that {to.text} writes", document.text, shapes.writes, document.place
            )
        ordinal = form.maybe("ordinal")
        return WriteStep(
            name=name,
            connection=to.text,
            document=document.text,
            fields=self._fields(form, scope, shapes, shapes.writes[document.text], document),
            ordinal=None
            if ordinal is None
            else compile_expression(parse_expression(ordinal), scope, wanted=("text", "integer")),
            announce=form.truth("announce"),
            place=form.place,
        )

    def read(self, name: str, form: Filled, scope: Scope) -> ReadStep:
        """A read step. Raises Misconfigured."""
        source, ask = scalar_of(form.node("from")), scalar_of(form.node("ask"))
        shapes = self._library.connection(source.text, source.place)
        if ask.text not in shapes.reads:
            raise unknown(f"read of {source.text}", ask.text, shapes.reads, ask.place)
        fields = self._fields(form, scope, shapes, shapes.reads[ask.text], ask)
        return ReadStep(name, source.text, ask.text, fields, form.place)

    def _target(self, name: str, wanted: Scalar) -> DocumentShape:
        """The shape to fill: that of the step that uses the result, if there is one."""
        mapping = self._library.mapping(wanted.text, wanted.place)
        for kind, connection, document in self._users.get(name, ()):
            shapes = self._library.connection(connection.text, connection.place)
            known = shapes.writes if kind == "write" else shapes.reads
            made = (shapes.connector, document.text) == (mapping.connector, mapping.document)
            if made and document.text in known:
                return known[document.text]
        return self._library.target(mapping)

    def _fields(
        self,
        form: Filled,
        scope: Scope,
        shapes: ConnectionShapes,
        target: DocumentShape,
        document: Scalar,
    ) -> Filler | FromMapping:
        node = form.node("fields")
        if not isinstance(node, Scalar):
            rules = read_rules(node)
            self.lookups |= lookups_of(rules)
            known = self._library
            return prepare(rules, scope, target, known.lookups, node.place, rates=known.rates)
        step = scalar_of(node).text
        if step not in self._mapped or step not in scope:
            before = self._mapped.keys() & scope.keys()
            raise unknown("map step before this one", step, before, node.place)
        made, shape = self._mapped[step]
        wanted = f"{shapes.connector}/{document.text}"
        if made != wanted:
            raise Misconfigured(
                f"{step} is filled as {made}; this takes {wanted}.",
                reason="bad_flow",
                place=node.place,
                next_step="Use a mapping with that target.",
            )
        if shape != target:
            raise Misconfigured(
                f"{step} is filled for another connection, whose {document.text} differs.",
                reason="bad_flow",
                place=node.place,
                next_step="Map once for each connection.",
            )
        return FromMapping(step)


def _users_of_maps(steps: Node) -> dict[str, list[tuple[str, Scalar, Scalar]]]:
    """By map step, who uses its result: write or read, connection and document."""
    found: dict[str, list[tuple[str, Scalar, Scalar]]] = {}
    for node in walk(steps):
        if not isinstance(node, Entries):
            continue
        for kind, connection, document in (("write", "to", "document"), ("read", "from", "ask")):
            parts = [node.nodes.get(part) for part in ("fields", connection, document)]
            texts = [part for part in parts if isinstance(part, Scalar)]
            if kind in node.nodes and len(texts) == 3:
                found.setdefault(texts[0].text, []).append((kind, texts[1], texts[2]))
    return found
