"""The examples a mapping carries, run as its tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import DocumentShape, Field, Value
from tillbridge.mapping.apply import Filler, prepare_mapping
from tillbridge.mapping.exchange import RATES
from tillbridge.mapping.exchange_rules import NO_RATES, RateTables
from tillbridge.mapping.fit import from_text
from tillbridge.mapping.given import context_of, rates_of_connections
from tillbridge.mapping.lookup import Lookup
from tillbridge.mapping.mapping import DocumentMapping, Example
from tillbridge.mapping.source import event_scope
from tillbridge.mapping.text import Entries, Node, Scalar, any_entries, items_of, unknown
from tillbridge.mapping.value_type import ANY

_RATES: Final = "rates"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """How one example went.

    Attributes:
        differences: one sentence each; empty when it passed.
    """

    mapping: str
    name: str
    place: Place
    differences: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.differences


def run_examples(
    mapping: DocumentMapping,
    target: DocumentShape,
    lookups: Mapping[str, Lookup],
    rates: RateTables = NO_RATES,
) -> list[ExampleResult]:
    """The result of every example of a mapping, in their order.

    Names that are not part of the event are results of earlier steps, as text; `rates` has those
    of connections where the mapping uses any.
    """
    results = []
    steps = {name for example in mapping.examples for name in example.given}
    scope = {**dict.fromkeys(steps, ANY), **event_scope()}
    for example in mapping.examples:
        try:
            filler = prepare_mapping(mapping, target, lookups, scope, rates=rates)
            differences = _run(example, filler, target)
        except Misconfigured as error:
            differences = [str(error)]
        results.append(ExampleResult(mapping.name, example.name, example.place, tuple(differences)))
    return results


def _run(example: Example, filler: Filler, target: DocumentShape) -> list[str]:
    given = dict(example.given)
    quoted = given.pop(_RATES, None) if filler.live else None
    context = context_of(given)
    if quoted is not None:
        context[RATES] = rates_of_connections(quoted)
    if example.expect is None:
        return _refusal(filler, context, example.refused)
    expected = _group(example.expect, target.fields, any_name=False)
    try:
        found, notes = filler.fill_noting(context)
    except Rejected as error:
        return [str(error)]
    noted = [str(note) for note in notes]
    differences = list(_differences("", expected, found))
    if example.notes is not None:
        differences += [f"Not noted: {note}" for note in example.notes if note not in noted]
        differences += [f"Noted: {note}" for note in noted if note not in example.notes]
    return differences


def _refusal(filler: Filler, context: Mapping[str, object], expected: str) -> list[str]:
    try:
        filler.fill(context)
    except Rejected as error:
        if expected in str(error):
            return []
        return [f"It is refused, but with: {error}"]
    return [f"It is not refused; expected was: {expected}"]


def _group(node: Node, fields: Sequence[Field], *, any_name: bool) -> dict[str, Value]:
    """What an example expects, by the types of the target."""
    known = {field.name: field for field in fields}
    found: dict[str, Value] = {}
    for name, value in any_entries(node).nodes.items():
        field = known.get(name) or (Field(name, "text") if any_name else None)
        if field is None:
            raise unknown("field", name, known, value.place)
        found[name] = _expected(value, field)
    return found


def _expected(node: Node, field: Field) -> Value:
    if field.type == "list":
        return [_group(item, field.of, any_name=False) for item in items_of(node)]
    if field.type == "group":
        return _group(node, field.of, any_name=field.custom and not field.of)
    text = _amount(node) if isinstance(node, Entries) else node
    if not isinstance(text, Scalar):
        raise Misconfigured(f"{field.name} takes one value.", reason="bad_shape", place=node.place)
    try:
        return from_text(field, text.text)
    except Rejected as error:
        raise Misconfigured(
            error.message, reason=error.reason, place=node.place, next_step=error.next_step
        ) from error


def _amount(node: Entries) -> Node:
    """`amount:` and `currency:` as the one text they stand for."""
    parts = [node.nodes.get(name) for name in ("amount", "currency")]
    texts = [part.text for part in parts if isinstance(part, Scalar)]
    return Scalar(" ".join(texts), node.place) if len(texts) == 2 else node


def _differences(path: str, expected: Value, found: Value) -> list[str]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        lines = []
        for name in dict.fromkeys((*expected, *found)):
            at = f"{path}.{name}" if path else name
            if name not in found:
                lines.append(f"{at}: expected {_shown(expected[name])}, and it is left out.")
            elif name not in expected:
                lines.append(f"{at}: not expected, and it is {_shown(found[name])}.")
            else:
                lines += _differences(at, expected[name], found[name])
        return lines
    if isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{path}: expected {len(expected)} items, and there are {len(found)}."]
        pairs = enumerate(zip(expected, found, strict=True))
        return [line for at, (a, b) in pairs for line in _differences(f"{path}[{at}]", a, b)]
    if expected == found:
        return []
    return [f"{path}: expected {_shown(expected)}, and it is {_shown(found)}."]


def _shown(value: Value) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
