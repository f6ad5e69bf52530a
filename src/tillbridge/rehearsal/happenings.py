"""Events of a test that no simulator makes: schedules, files, changes in other systems."""

from datetime import UTC, datetime
from typing import Final

from tillbridge.canonical.codec import shaped
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Trigger
from tillbridge.mapping.given import plain_of
from tillbridge.mapping.source import type_of
from tillbridge.mapping.text import Entries, Node, any_entries, scalar_of, unknown, word_of
from tillbridge.mapping.value_type import ValueType

OCCURRED_AT: Final = datetime(2026, 1, 6, 9, tzinfo=UTC)
_BEGINNING = ("start", "subject")
_OWN = ("id", "source", "kind", "subject", "occurred_at")


def read_happening(node: Node) -> Event:
    """An event in canonical words: its own fields, and the parts it is about by their names.

    Raises:
        Misconfigured: a field is unknown or missing, or has another shape.
    """
    nodes = any_entries(node).nodes
    for name in ("kind", "subject"):
        if name not in nodes:
            raise Misconfigured(
                f"The field {name!r} is missing.",
                reason="missing_field",
                place=node.place,
                next_step=f"Add {name}: to the event.",
            )
    kind = Kind(word_of(nodes["kind"], [str(kind) for kind in Kind], "event kind"))
    subject = scalar_of(nodes["subject"]).text
    own = {name: scalar_of(value).text for name, value in nodes.items() if name in _OWN}
    parts = {name: value for name, value in nodes.items() if name not in _OWN}
    plain = {
        "id": f"{kind} {subject} {node.place.line}",
        "source": "test",
        "occurred_at": OCCURRED_AT,
        **own,
        "data": {name: plain_of(part, _part(name, part)) for name, part in parts.items()},
    }
    try:
        return shaped(plain, Event)
    except Rejected as error:
        raise Misconfigured(
            f"{error.message} (at {error.place})",
            reason="bad_event",
            place=node.place,
            next_step=error.next_step,
        ) from error


def read_trigger(entries: Entries) -> Trigger:
    """What a flow begins with, beside `start:` and `subject:`."""
    about = {name: node for name, node in entries.nodes.items() if name not in _BEGINNING}
    plain = plain_of(Entries(about, entries.place), type_of(Trigger))
    try:
        return shaped({"flow": scalar_of(entries.nodes["start"]).text, **plain}, Trigger)
    except Rejected as error:
        raise Misconfigured(
            f"{error.message} (at {error.place})", reason="bad_event", place=entries.place
        ) from error


def _part(name: str, node: Node) -> ValueType:
    known = type_of(EventData).fields
    if name not in known:
        raise unknown("field", name, (*_OWN, *known), node.place)
    return known[name]
