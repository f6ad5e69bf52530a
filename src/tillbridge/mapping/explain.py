"""Explain: for every field of a filled document, which line filled it, from what, and why.

The mapping is run once more by the same code over the same values, telling a recorder what it sees;
so the value of an explanation is the value that was filled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connector.documents import Value
from tillbridge.mapping.apply import Filler, prepare_telling
from tillbridge.mapping.note import Note
from tillbridge.mapping.recorder import Kept, Looked, Recorder, Seen
from tillbridge.mapping.tree import Index, Name, Select

Role: TypeAlias = Literal["value", "when", "default", "key", "day", "list", "where", "other"]

_ROLES: Final[Mapping[str, Role]] = {
    "from": "value",
    "when": "when",
    "default": "default",
    "key": "key",
    "on": "day",
    "each": "list",
    "where": "where",
}
"""What an expression is for, by the field of the rule it stands in."""


@dataclass(frozen=True, slots=True)
class Part:
    """An expression, or something it read, as it is written, and what it gave."""

    role: Role
    text: str
    value: object
    place: Place


@dataclass(frozen=True, slots=True)
class RowFound:
    """A look into a lookup: the key, and the row's file and line; None when there was no row."""

    lookup: str
    key: object
    place: Place | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one field came to its value.

    Attributes:
        field: with the number of the item of the list that was walked: "lines[0].price".
        there: False when it was left out; `value` is null then.
        place: file and line of its rule.
        expressions: those that were evaluated, in order: a condition, then the value or default.
        inputs: what they read, each once.
        rows: the lookup rows that were found.
        notes: what was done besides: a cut, a rate with its source and day.
    """

    field: str
    value: object
    there: bool
    place: Place
    expressions: tuple[Part, ...]
    inputs: tuple[Part, ...]
    rows: tuple[RowFound, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """A whole document explained.

    Attributes:
        filled: the document; None when it was refused.
        refused: why it was, after the fields before it.
    """

    fields: tuple[Explanation, ...]
    filled: Mapping[str, Value] | None
    refused: Rejected | None = None


def explain(filler: Filler, context: Mapping[str, object]) -> Explained:
    """How every field of the document came to its value, in the order they were filled.

    A document that is refused is explained up to the field that was.
    """
    recorder = Recorder()
    telling = prepare_telling(filler.origin, recorder)
    try:
        filled, notes = telling.fill_noting(context)
    except Rejected as error:
        if error.place is not None:
            recorder.refuse(error.place)
        return Explained(tuple(_explanation(kept, ()) for kept in recorder.kept), None, error)
    noted: dict[str, list[Note]] = {}
    for note in notes:
        noted.setdefault(note.field, []).append(note)
    fields = tuple(_explanation(kept, noted.get(kept.field, ())) for kept in recorder.kept)
    return Explained(fields, filled)


def _explanation(kept: Kept, notes: Sequence[Note]) -> Explanation:
    return Explanation(
        kept.field,
        kept.value,
        kept.there,
        kept.place,
        expressions=_once(part for part in kept.seen if part.whole),
        inputs=_once(part for part in kept.seen if _is_input(part)),
        rows=tuple(map(_row, kept.looked)),
        notes=tuple(notes),
    )


def _row(looked: Looked) -> RowFound:
    return RowFound(looked.lookup, looked.key, None if looked.row is None else looked.row.place)


def _is_input(part: Seen) -> bool:
    """Whether it reads something: a name, or a chain of fields that begins with one."""
    tree = part.spot.tree
    while isinstance(tree, Select | Index):
        tree = tree.of
    return isinstance(tree, Name)


def _once(parts: Iterable[Seen]) -> tuple[Part, ...]:
    """Each text once with what it gave last; a chain stands for the beginnings of itself."""
    found: dict[str, Part] = {}
    for part in parts:
        field = part.spot.written.place.field if part.spot.written is not None else None
        role = _ROLES.get((field or "").rpartition(".")[2], "value")
        found[part.text] = Part(role, part.text, part.value, part.place)
    return tuple(
        part
        for text, part in found.items()
        if not any(other.startswith((f"{text}.", f"{text}[")) for other in found)
    )
