"""A flow from text. Steps are checked in the order they run, so each knows what it can read."""

import re
from collections.abc import Mapping
from typing import Final, Literal, cast

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.canonical.events import Event, Kind
from tillbridge.connector.documents import DocumentShape
from tillbridge.flows.bundle import Bundle, TextFile
from tillbridge.flows.flow import Flow
from tillbridge.flows.library import ConnectionShapes, Library, read_library
from tillbridge.flows.steps import (
    BranchStep,
    Case,
    FromMapping,
    MapStep,
    ReadStep,
    Step,
    StopStep,
    WaitStep,
    WriteStep,
)
from tillbridge.flows.trigger import OnEvent
from tillbridge.mapping.apply import Filler, prepare
from tillbridge.mapping.expression import Expression, compile_expression, parse_expression
from tillbridge.mapping.mapping import lookups_of
from tillbridge.mapping.read import read_name, read_rules, read_variable
from tillbridge.mapping.source import event_scope, type_of
from tillbridge.mapping.text import (
    Entries,
    Node,
    Scalar,
    any_entries,
    entries_of,
    items_of,
    read_text,
    scalar_of,
    shown,
    unknown,
    walk,
    word_of,
)
from tillbridge.mapping.value_type import TEXT, Scope, ValueType, dictionary_of, optional

STEPS_MAX: Final = 200
TIMEOUT_MAX_S: Final = 400 * 86_400

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII)

_STEPS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "map": (("mapping",), ()),
    "write": (("to", "document", "fields"), ("ordinal", "announce")),
    "read": (("from", "ask", "fields"), ()),
    "branch": (("cases",), ()),
    "wait": (("for", "timeout"), ("where", "on_timeout")),
    "stop": ((), ("outcome",)),
}
"""Each kind of step: the fields it needs and those it may have besides its own name."""

ANSWER: Final = ValueType(
    "record",
    fields={"references": dictionary_of(TEXT), "fields": dictionary_of(TEXT)},
    keyed=True,
)
"""What a write or read step answers."""


def read_flow(file: TextFile, library: Library) -> Flow:
    """A flow, checked against all it uses, and pinned to exactly those texts.

    Raises:
        Misconfigured: at the file, line and field of what is wrong.
    """
    root = entries_of(
        read_text(file.text, file.path),
        required=("flow", "lane", "starts_on", "steps"),
        optional=("title", "condition"),
    )
    name = read_name(root.nodes["flow"])
    lane = scalar_of(root.nodes["lane"])
    library.connection(lane.text, lane.place)
    scope = event_scope()
    condition = root.nodes.get("condition")
    reader = _StepReader(library, root.nodes["steps"])
    steps, _ = reader.steps(root.nodes["steps"], scope)
    return Flow(
        name=name,
        title=scalar_of(root.nodes["title"]).text if "title" in root.nodes else name,
        lane=lane.text,
        trigger=OnEvent(_kinds(root.nodes["starts_on"])),
        condition=None if condition is None else _condition(condition, scope),
        steps=steps,
        bundle=Bundle(
            file,
            reader.files_of("mapping", reader.mappings),
            reader.files_of("lookup", reader.lookups),
        ),
        place=root.place,
    )


def read_bundle(bundle: Bundle, connections: Mapping[str, ConnectionShapes]) -> Flow:
    """The flow of a published version, as it was then, against the connections of now.

    Raises:
        Misconfigured: a connection it uses is gone, or no longer takes what it writes.
    """
    library, problems = read_library(connections, bundle.mappings, bundle.lookups)
    if problems:
        raise problems[0]
    flow = read_flow(bundle.flow, library)
    assert flow.version == bundle.version, "the same texts are the same version"
    return flow


def seconds_of(node: Node) -> int:
    """A duration such as 30s, 10m, 12h or 30d, in seconds. Raises Misconfigured."""
    scalar = scalar_of(node)
    match = _DURATION.fullmatch(scalar.text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= TIMEOUT_MAX_S:
        raise Misconfigured(
            f"{shown(scalar.text)} is not a duration.",
            reason="bad_duration",
            place=scalar.place,
            next_step="Write a number and s, m, h or d, such as 30d; at most 400d.",
        )
    return seconds


class _StepReader:
    """Reads steps in order; remembers names taken and texts used."""

    def __init__(self, library: Library, steps: Node) -> None:
        self.mappings: set[str] = set()
        self.lookups: set[str] = set()
        self._library = library
        self._names: dict[str, Place] = {}
        self._mapped: dict[str, tuple[str, DocumentShape]] = {}
        self._users = _users_of_maps(steps)
        self._count = 0

    def files_of(self, sort: str, names: set[str]) -> tuple[TextFile, ...]:
        files = (self._library.files[sort, name] for name in names)
        return tuple(sorted(files, key=lambda file: file.path))

    def steps(self, node: Node, scope: Scope) -> tuple[tuple[Step, ...], Scope]:
        """The steps of a list, and what can be read after them."""
        found: list[Step] = []
        nodes = items_of(node)
        if not nodes:
            raise _wrong(node.place, "There is no step here.", "Add one, or remove the list.")
        for each in nodes:
            if found and _ends(found[-1]):
                raise _wrong(
                    each.place, "This step is never reached: the flow has ended.", "Remove it."
                )
            step, scope = self._step(each, scope)
            found.append(step)
        return tuple(found), scope

    def _step(self, node: Node, scope: Scope) -> tuple[Step, Scope]:
        self._count += 1
        if self._count > STEPS_MAX:
            raise _wrong(node.place, f"A flow has at most {STEPS_MAX} steps.", "Split it.")
        kind = next((kind for kind in _STEPS if kind in any_entries(node).nodes), None)
        if kind is None:
            raise _wrong(
                node.place, "This is not a step.", f"A step begins with one of {', '.join(_STEPS)}."
            )
        required, others = _STEPS[kind]
        entries = entries_of(node, required=(kind, *required), optional=others)
        if kind == "stop":
            return self._stop(entries), scope
        name = self._name(entries.nodes[kind])
        match kind:
            case "map":
                mapped = self._map(name, entries, scope)
                return mapped, {**scope, name: mapped.filler.kind}
            case "write":
                return self._write(name, entries, scope), {**scope, name: ANSWER}
            case "read":
                return self._read(name, entries, scope), {**scope, name: ANSWER}
            case "wait":
                wait = self._wait(name, entries, scope)
                event = type_of(Event)
                after = optional(event) if wait.on_timeout == "continue" else event
                return wait, {**scope, name: after}
            case _:
                return self._branch(name, entries, scope)

    def _name(self, node: Node) -> str:
        name = read_variable(node)
        before = self._names.get(name)
        if before is not None:
            raise _wrong(
                node.place,
                f"The step {name!r} stands already in line {before.line}.",
                "Step names are pinned in the journal of runs: give each its own.",
            )
        self._names[name] = node.place
        return name

    def _map(self, name: str, entries: Entries, scope: Scope) -> MapStep:
        wanted = scalar_of(entries.nodes["mapping"])
        mapping = self._library.mapping(wanted.text, wanted.place)
        target = self._target(name, wanted)
        filler = prepare(mapping.fields, scope, target, self._library.lookups, mapping.place)
        self.mappings.add(mapping.name)
        self.lookups |= mapping.lookups
        self._mapped[name] = (f"{mapping.connector}/{mapping.document}", target)
        return MapStep(name, mapping.name, filler, entries.place)

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

    def _write(self, name: str, entries: Entries, scope: Scope) -> WriteStep:
        to, document = scalar_of(entries.nodes["to"]), scalar_of(entries.nodes["document"])
        shapes = self._library.connection(to.text, to.place)
        if document.text not in shapes.writes:
            raise unknown(
                f"document that {to.text} writes", document.text, shapes.writes, document.place
            )
        ordinal = entries.nodes.get("ordinal")
        return WriteStep(
            name=name,
            connection=to.text,
            document=document.text,
            fields=self._fields(entries, scope, shapes, shapes.writes[document.text], document),
            ordinal=None
            if ordinal is None
            else compile_expression(parse_expression(ordinal), scope, wanted=("text", "integer")),
            announce=_truth(entries.nodes.get("announce")),
            place=entries.place,
        )

    def _read(self, name: str, entries: Entries, scope: Scope) -> ReadStep:
        source, ask = scalar_of(entries.nodes["from"]), scalar_of(entries.nodes["ask"])
        shapes = self._library.connection(source.text, source.place)
        if ask.text not in shapes.reads:
            raise unknown(f"read of {source.text}", ask.text, shapes.reads, ask.place)
        fields = self._fields(entries, scope, shapes, shapes.reads[ask.text], ask)
        return ReadStep(name, source.text, ask.text, fields, entries.place)

    def _fields(
        self,
        entries: Entries,
        scope: Scope,
        shapes: ConnectionShapes,
        target: DocumentShape,
        document: Scalar,
    ) -> Filler | FromMapping:
        node = entries.nodes["fields"]
        if not isinstance(node, Scalar):
            rules = read_rules(node)
            self.lookups |= lookups_of(rules)
            return prepare(rules, scope, target, self._library.lookups, node.place)
        step = scalar_of(node).text
        if step not in self._mapped or step not in scope:
            before = self._mapped.keys() & scope.keys()
            raise unknown("map step before this one", step, before, node.place)
        made, shape = self._mapped[step]
        wanted = f"{shapes.connector}/{document.text}"
        if made != wanted:
            raise _wrong(
                node.place,
                f"{step} is filled as {made}; this takes {wanted}.",
                "Use a mapping with that target.",
            )
        if shape != target:
            raise _wrong(
                node.place,
                f"{step} is filled for another connection, whose {document.text} differs.",
                "Map once for each connection.",
            )
        return FromMapping(step)

    def _branch(self, name: str, entries: Entries, scope: Scope) -> tuple[BranchStep, Scope]:
        cases: list[Case] = []
        after = dict(scope)
        for node in items_of(entries.nodes["cases"]):
            if cases and cases[-1].when is None:
                raise _wrong(node.place, "A case after else is never reached.", "Remove it.")
            is_else = "else" in any_entries(node).nodes
            case = entries_of(node, required=("else" if is_else else "when", "steps"))
            if is_else:
                word_of(case.nodes["else"], ("true",), "value of else")
            when = None if is_else else _condition(case.nodes["when"], scope)
            steps, known = self.steps(case.nodes["steps"], scope)
            after.update(known)
            cases.append(Case(when, steps))
        if not cases:
            raise _wrong(entries.place, "The branch has no case.", "Add one.")
        return BranchStep(name, tuple(cases), entries.place), after

    def _wait(self, name: str, entries: Entries, scope: Scope) -> WaitStep:
        where = entries.nodes.get("where")
        inner = {**scope, "candidate": type_of(Event)}
        ending = entries.nodes.get("on_timeout")
        endings = ("dead_letter", "continue")
        chosen = "dead_letter" if ending is None else word_of(ending, endings, "time-out ending")
        return WaitStep(
            name=name,
            kinds=_kinds(entries.nodes["for"]),
            where=None if where is None else _condition(where, inner),
            timeout_s=seconds_of(entries.nodes["timeout"]),
            on_timeout=cast(Literal["dead_letter", "continue"], chosen),
            place=entries.place,
        )

    @staticmethod
    def _stop(entries: Entries) -> StopStep:
        outcome = entries.nodes.get("outcome")
        chosen = "done" if outcome is None else word_of(outcome, ("done", "cancelled"), "outcome")
        return StopStep(
            reason=scalar_of(entries.nodes["stop"]).text,
            outcome=cast(Literal["done", "cancelled"], chosen),
            place=entries.place,
        )


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


def _ends(step: Step) -> bool:
    """Whether nothing can follow a step."""
    if isinstance(step, StopStep):
        return True
    return (
        isinstance(step, BranchStep)
        and step.cases[-1].when is None
        and all(_ends(case.steps[-1]) for case in step.cases)
    )


def _truth(node: Node | None) -> bool:
    """True or false; false when it is not said."""
    return node is not None and word_of(node, ("true", "false"), "value") == "true"


def _condition(node: Node, scope: Scope) -> Expression:
    return compile_expression(parse_expression(node), scope, wanted=("boolean",))


def _kinds(node: Node) -> tuple[Kind, ...]:
    found: list[Kind] = []
    for item in items_of(node):
        kind = Kind(word_of(item, [str(kind) for kind in Kind], "event kind"))
        if kind in found:
            raise _wrong(item.place, f"{kind} stands here twice.", "Remove one.")
        found.append(kind)
    if not found:
        raise _wrong(node.place, "There is no event kind here.", "Name at least one.")
    return tuple(found)


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_flow", place=place, next_step=next_step)
