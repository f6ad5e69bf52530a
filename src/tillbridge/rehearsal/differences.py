"""What differs between what a test expects and what happened, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.payments import Operation
from tillbridge.connector.documents import Field, Fields, Value
from tillbridge.mapping.fit import from_text
from tillbridge.mapping.text import Entries, Node, Scalar, any_entries, items_of, unknown
from tillbridge.rehearsal.record import Made

ANY = "<any>"
LEFT_OUT = "(left out)"
References = Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as expected.

    Attributes:
        what: the field, the write or the run it is about.
        expected, found: as text.
        place: where the test says so.
        rule: where the rule stands that filled it, for a field.
    """

    what: str
    expected: str
    found: str
    place: Place
    rule: Place | None = None


def field_differences(
    node: Node, made: Made, shape: Sequence[Field], *, partly: bool
) -> list[Difference]:
    """How a written document differs from what is expected; `partly`: of the fields named.

    Raises:
        Misconfigured: the test names a field the document does not have, or a value that does not
            fit it.
    """
    return list(_group("", node, made.fields, shape, made.references, partly=partly))


def text_of(value: Value) -> str:
    """A value as tests write it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Money():
            return f"{value.text} {value.currency}"
        case UnitAmount():
            return f"{value.amount:f} {value.currency}"
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case list():
            return f"{len(value)} items"
        case Mapping():
            return f"{len(value)} fields"
        case _:
            return str(value)


def name_of(value: str, known: References) -> str:
    """How tests write a text that may be an id another system gave; "" when it is none.

    A webhook may tell of an operation by its own word before its reply is kept, or after: the
    reply's word is the one that is always there.
    """
    same = [one for one in known if one[2] == value]
    same.sort(key=lambda one: one[1] in list(Operation))
    return named(same[0], known) if same else ""


def named(reference: tuple[str, str, str], known: References) -> str:
    """How tests write an id that another system gave: <cybersource.capture>, and the second of
    its kind <cybersource.capture 2>."""
    system, kind, _ = reference
    same = [one for one in known if one[:2] == (system, kind)]
    number = same.index(reference) + 1
    return f"<{system}.{kind}>" if number == 1 else f"<{system}.{kind} {number}>"


def _group(
    path: str,
    node: Node,
    found: Fields,
    shape: Sequence[Field],
    references: References,
    *,
    partly: bool = False,
    any_name: bool = False,
) -> Iterator[Difference]:
    expected = any_entries(node).nodes
    known = {field.name: field for field in shape}
    for name, value in expected.items():
        field = known.get(name) or (Field(name, "text") if any_name else None)
        if field is None:
            raise unknown("field", name, known, value.place)
        at = f"{path}.{name}" if path else name
        if name not in found:
            yield Difference(at, _said(value), LEFT_OUT, value.place)
        else:
            yield from _value(at, value, found[name], field, references)
    if not partly:
        for name in found:
            if name not in expected:
                at = f"{path}.{name}" if path else name
                yield from _unexpected(at, found[name], node.place)


def _unexpected(path: str, found: Value, place: Place) -> Iterator[Difference]:
    """A value that no test expects, field by field where it is a group."""
    if not isinstance(found, Mapping):
        yield Difference(path, LEFT_OUT, text_of(found), place)
        return
    for name, value in found.items():
        yield from _unexpected(f"{path}.{name}", value, place)


def _value(
    path: str, node: Node, found: Value, field: Field, references: References
) -> Iterator[Difference]:
    if isinstance(node, Scalar) and node.text == ANY:
        return
    if isinstance(found, list):
        items = items_of(node)
        if len(items) != len(found):
            yield Difference(path, f"{len(items)} items", f"{len(found)} items", node.place)
        for at, (item, value) in enumerate(zip(items, found, strict=False)):
            assert isinstance(value, Mapping), "a list is of groups"
            yield from _group(f"{path}[{at}]", item, value, field.of, references)
    elif isinstance(found, Mapping):
        yield from _group(path, node, found, field.of, references, any_name=field.custom)
    elif not _same(node, found, field, references):
        yield Difference(path, _said(node), text_of(found), node.place)


def _same(node: Node, found: Value, field: Field, references: References) -> bool:
    if not isinstance(node, Scalar):
        raise Misconfigured(f"{field.name} takes one value.", reason="bad_shape", place=node.place)
    names = [named(one, references) for one in references if one[2] == found]
    if node.text in names:
        return True
    if node.text.startswith("<") and node.text.endswith(">"):
        return node.text == found
    try:
        return from_text(field, node.text) == found
    except Rejected as error:
        raise Misconfigured(
            error.message, reason=error.reason, place=node.place, next_step=error.next_step
        ) from error


def _said(node: Node) -> str:
    match node:
        case Scalar():
            return node.text
        case Entries():
            return f"{len(node.nodes)} fields"
        case _:
            return f"{len(node.nodes)} items"
