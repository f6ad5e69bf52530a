"""Snapshots: what each connection took when it was asked last, kept as text in the user's folder.

    schemas/dynamics.yaml   every document's fields with the other system's own widths, digits and
                            options, and the columns it has of its own

With it `tillbridge check` works without the other system, in CI too. A column that was there and
is gone stays in the file with the day it was last seen, until a person removes it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, get_args

from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.connector.documents import DocumentShape, Field, FieldType, FieldUnit
from tillbridge.flows.library import ConnectionShapes
from tillbridge.mapping.text import (
    Entries,
    Node,
    any_entries,
    entries_of,
    items_of,
    read_text,
    scalar_of,
    shown,
    unknown,
    word_of,
)
from tillbridge.mapping.time_functions import day_from
from tillbridge.mapping.yaml_text import YamlValue, block_lines

FOLDER: Final = "schemas"
_WIDTH: Final = 100
_UNITS: Final[tuple[FieldUnit, ...]] = get_args(FieldUnit)
_TYPES: Final[tuple[FieldType, ...]] = get_args(FieldType)
_HEAD: Final = """\
# What the connection took when it was asked. Written by `tillbridge schemas pull`; keep it under
# version control. A column that says gone: is not there any more: remove it when nothing uses it.
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one connection took on a day, by document kind."""

    connection: str
    connector: str
    seen_on: date
    documents: Mapping[str, DocumentShape]


def read_snapshots(root: Path) -> dict[str, Snapshot]:
    """The snapshots of a user's folder, by connection. Raises Misconfigured at file and line."""
    paths = sorted((root / FOLDER).glob("*.yaml"))
    read = [read_snapshot(path.read_text("utf-8"), f"{FOLDER}/{path.name}") for path in paths]
    return {snapshot.connection: snapshot for snapshot in read}


def keep_snapshot(root: Path, snapshot: Snapshot) -> Path:
    """Writes a connection's snapshot; answers where."""
    path = root / FOLDER / f"{snapshot.connection}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(snapshot_text(snapshot), encoding="utf-8")
    return path


def snapshot_text(snapshot: Snapshot) -> str:
    """The file of a snapshot; the same snapshot always has the same text."""
    documents: dict[str, YamlValue] = {
        kind: {"title": shape.title, "fields": _fields_text(shape.fields)}
        for kind, shape in sorted(snapshot.documents.items())
    }
    value: dict[str, YamlValue] = {
        "connection": snapshot.connection,
        "connector": snapshot.connector,
        "seen_on": snapshot.seen_on.isoformat(),
        "documents": documents,
    }
    return _HEAD + "\n".join(block_lines(value, _WIDTH)) + "\n"


def read_snapshot(text: str, file: str) -> Snapshot:
    """A snapshot from its file. Raises Misconfigured at the line of what is wrong."""
    required = ("connection", "connector", "seen_on", "documents")
    root = entries_of(read_text(text, file), required=required)
    documents = any_entries(root.nodes["documents"]).nodes
    return Snapshot(
        connection=scalar_of(root.nodes["connection"]).text,
        connector=scalar_of(root.nodes["connector"]).text,
        seen_on=_day(root.nodes["seen_on"]),
        documents={kind: _document(kind, node) for kind, node in documents.items()},
    )


def with_snapshots(
    declared: Mapping[str, ConnectionShapes], snapshots: Mapping[str, Snapshot]
) -> dict[str, ConnectionShapes]:
    """What each connection takes: as its connector declares it, narrowed to what was seen."""
    found = dict(declared)
    for name, snapshot in snapshots.items():
        shapes = declared.get(name)
        if shapes is None:
            place = Place(f"{FOLDER}/{name}.yaml")
            raise unknown("connection", name, declared, place)
        if shapes.connector == snapshot.connector:
            found[name] = replace(
                shapes,
                writes=_narrowed_all(shapes.writes, snapshot.documents),
                reads=_narrowed_all(shapes.reads, snapshot.documents),
            )
    return found


def merged(before: Snapshot | None, now: Snapshot) -> Snapshot:
    """What is there now, with the columns that were there before and are gone."""
    if before is None:
        return now
    documents = {
        kind: replace(shape, fields=_with_gone(before.documents[kind].fields, shape.fields, before))
        if kind in before.documents
        else shape
        for kind, shape in now.documents.items()
    }
    return replace(now, documents=documents)


def drift(before: Snapshot, now: Snapshot) -> list[str]:
    """What differs between two days, a sentence each."""
    found: list[str] = []
    for kind, shape in now.documents.items():
        if kind in before.documents:
            fields = before.documents[kind].fields
            found += [
                f"{kind}: {told}" for told in _differences("", fields, shape.fields, before.seen_on)
            ]
    return found


def same(before: Snapshot, now: Snapshot) -> bool:
    """Whether nothing but the day differs."""
    return dict(before.documents) == dict(merged(before, now).documents)


def _with_gone(
    before: tuple[Field, ...], now: tuple[Field, ...], snapshot: Snapshot
) -> tuple[Field, ...]:
    present = {field.name: field for field in now}
    kept = []
    for field in before:
        seen = present.pop(field.name, None)
        if seen is None:
            kept.append(field if field.gone_on else replace(field, gone_on=snapshot.seen_on))
        else:
            kept.append(replace(seen, of=_with_gone(field.of, seen.of, snapshot)))
    return (*kept, *present.values())


def _differences(
    path: str, before: Iterable[Field], now: Iterable[Field], seen_on: date
) -> Iterator[str]:
    present = {field.name: field for field in now}
    known = {field.name: field for field in before if field.gone_on is None}
    for name, was in known.items():
        if name not in present:
            yield f"column {path}{name} was there on {seen_on}, is gone now."
            continue
        seen = present[name]
        if _told(was) != _told(seen):
            yield f"column {path}{name} is {_told(seen)} now; it was {_told(was)} on {seen_on}."
        yield from _differences(f"{path}{name}.", was.of, seen.of, seen_on)
    for name, seen in present.items():
        if name not in known:
            yield f"column {path}{name} is new: {_told(seen)}."


def _told(field: Field) -> str:
    """A field in a few words: "text of 20 characters, required"."""
    told = field.type.replace("_", " ")
    if field.length_max is not None:
        told += f" of {field.length_max} characters"
    if field.digits_max is not None:
        told += f" with {field.digits_max} digits"
    if field.options:
        told += f" of {', '.join(field.options[:20])}"
    return f"{told}, required" if field.required else told


def _narrowed_all(
    declared: Mapping[str, DocumentShape], seen: Mapping[str, DocumentShape]
) -> dict[str, DocumentShape]:
    return {
        kind: replace(shape, fields=_narrowed(shape.fields, seen[kind].fields))
        if kind in seen
        else shape
        for kind, shape in declared.items()
    }


def _narrowed(declared: Iterable[Field], seen: Iterable[Field]) -> tuple[Field, ...]:
    """Declared fields with what was seen of them; one that was not seen stays as it is."""
    known = {field.name: field for field in seen}
    return tuple(_narrow(field, known.get(field.name)) for field in declared)


def _narrow(field: Field, seen: Field | None) -> Field:
    if seen is None:
        return field
    return replace(
        field,
        required=field.required or seen.required,
        length_max=seen.length_max,
        digits_max=seen.digits_max,
        of=seen.of if field.custom else _narrowed(field.of, seen.of),
        gone_on=seen.gone_on,
    )


def _fields_text(fields: Iterable[Field]) -> dict[str, YamlValue]:
    return {field.name: _field_text(field) for field in fields}


def _field_text(field: Field) -> dict[str, YamlValue]:
    said: dict[str, YamlValue] = {"type": field.type}
    for name in ("required", "custom", "inexact"):
        if getattr(field, name):
            said[name] = "true"
    for name in ("title", "length_max", "digits_max", "unit", "gone_on"):
        value = getattr(field, name)
        if value not in ("", None):
            said[name] = str(value)
    if field.options:
        said["options"] = list(field.options)
    if field.of:
        said["fields"] = _fields_text(field.of)
    return said


def _document(kind: str, node: Node) -> DocumentShape:
    root = entries_of(node, required=("fields",), optional=("title",))
    title = scalar_of(root.nodes["title"]).text if "title" in root.nodes else kind
    return DocumentShape(kind, title, _fields(root.nodes["fields"]))


def _fields(node: Node) -> tuple[Field, ...]:
    return tuple(_field(name, each) for name, each in any_entries(node).nodes.items())


def _field(name: str, node: Node) -> Field:
    known = (
        *("required", "custom", "inexact", "title", "length_max", "digits_max"),
        *("unit", "gone_on", "options", "fields"),
    )
    said = entries_of(node, required=("type",), optional=known)
    nodes = said.nodes
    options = items_of(nodes["options"]) if "options" in nodes else ()
    return Field(
        name,
        next(kind for kind in _TYPES if kind == word_of(nodes["type"], _TYPES, "type")),
        title=scalar_of(nodes["title"]).text if "title" in nodes else "",
        required=_is_true(said, "required"),
        length_max=_number(said, "length_max"),
        digits_max=_number(said, "digits_max"),
        options=tuple(scalar_of(option).text for option in options),
        of=_fields(nodes["fields"]) if "fields" in nodes else (),
        custom=_is_true(said, "custom"),
        unit=_unit(nodes["unit"]) if "unit" in nodes else "",
        inexact=_is_true(said, "inexact"),
        gone_on=_day(nodes["gone_on"]) if "gone_on" in nodes else None,
    )


def _unit(node: Node) -> FieldUnit:
    named = word_of(node, _UNITS, "unit")
    return next(unit for unit in _UNITS if unit == named)


def _is_true(said: Entries, name: str) -> bool:
    node = said.nodes.get(name)
    return node is not None and word_of(node, ("true", "false"), "value") == "true"


def _number(said: Entries, name: str) -> int | None:
    if name not in said.nodes:
        return None
    scalar = scalar_of(said.nodes[name])
    if not (scalar.text.isascii() and scalar.text.isdigit()):
        raise Misconfigured(
            f"{name} is {shown(scalar.text)}; it has to be a whole number.",
            reason="bad_snapshot",
            place=scalar.place,
            next_step="Write the file anew: tillbridge schemas pull.",
        )
    return int(scalar.text)


def _day(node: Node) -> date:
    scalar = scalar_of(node)
    try:
        return day_from(scalar.text)
    except Rejected as error:
        raise Misconfigured(
            error.message, reason=error.reason, place=scalar.place, next_step=error.next_step
        ) from error
