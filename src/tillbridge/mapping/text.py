"""YAML files read strictly: every value is text with its file and line, nothing is guessed.

A plain `no`, `1.10` or `2026-01-01` stays the text that was written; what it means is said by
whoever asks for it. Refused: tags, merge keys, keys that are not text, duplicate keys, several
documents in one file, deep nesting, large files and anchors that multiply.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from tillbridge.canonical.errors import Misconfigured, Place

SIZE_MAX_CHARACTERS = 1_000_000
DEPTH_MAX = 40
DIRECTIVES_MAX = 10
"""Lines that begin with %: the YAML library compares each with all before it."""
NODES_MAX = 100_000
"""Values in one file, each alias counted as often as what it stands for."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written.

    Attributes:
        plain: True when it stands without quotes and is not a block.
        block: True for `|` and `>`: the text starts on the line below `place`.
    """

    text: str
    place: Place
    plain: bool = True
    block: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    nodes: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entries:
    """Values by key, in the order they are written."""

    nodes: Mapping[str, "Node"]
    place: Place


Node: TypeAlias = Scalar | Items | Entries


def read_text(text: str, file: str) -> Node:
    """The one document in a YAML text.

    Raises:
        Misconfigured: not YAML, or beyond what is read (see the module's first lines).
    """
    if len(text) > SIZE_MAX_CHARACTERS:
        raise Misconfigured(
            f"The file has {len(text):,} characters; {SIZE_MAX_CHARACTERS:,} are read.",
            reason="too_large",
            place=Place(file),
            next_step="Split it.",
        )
    if text.count("\n%") > DIRECTIVES_MAX:
        raise Misconfigured(
            f"More than {DIRECTIVES_MAX} lines begin with %.",
            reason="too_large",
            place=Place(file),
            next_step="Remove the directives: none is needed.",
        )
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = min(mark.line, text.rstrip("\n").count("\n")) + 1 if mark is not None else None
        problem = " ".join(part for part in (error.context, error.problem) if part)
        raise Misconfigured(
            f"This is not YAML: {problem}.",
            reason="bad_yaml",
            place=Place(file, line),
            next_step="Put double quotes around an expression that begins with a quote or has"
            " ': ', ' #', [ or { in it.",
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Misconfigured(
            f"This is not YAML: {error}.", reason="bad_yaml", place=Place(file)
        ) from error
    return builder.document()


def entries_of(
    node: Node, *, required: Iterable[str] = (), optional: Iterable[str] = ()
) -> Entries:
    """A node as entries with no unknown key and every required one.

    Raises:
        Misconfigured: it is something else, or a key is unknown (with the nearest) or missing.
    """
    required = tuple(required)
    known = (*required, *optional)
    found = any_entries(node)
    for key, value in found.nodes.items():
        if key not in known:
            raise unknown("field", key, known, value.place)
    for key in required:
        if key not in found.nodes:
            raise Misconfigured(
                f"The field {key!r} is missing.",
                reason="missing_field",
                place=found.place,
                next_step=f"Add {key}: to it.",
            )
    return found


def any_entries(node: Node) -> Entries:
    """A node as entries with any keys. Raises Misconfigured."""
    if not isinstance(node, Entries):
        raise _not(node, "fields with values (key: value)")
    return node


def items_of(node: Node) -> tuple[Node, ...]:
    """A node as a list. Raises Misconfigured."""
    if not isinstance(node, Items):
        raise _not(node, "a list")
    return node.nodes


def scalar_of(node: Node) -> Scalar:
    """A node as one text that is not empty. Raises Misconfigured."""
    if not isinstance(node, Scalar):
        raise _not(node, "one text")
    if not node.text.strip():
        raise Misconfigured("There is no value here.", reason="missing_value", place=node.place)
    return node


def word_of(node: Node, options: Iterable[str], what: str) -> str:
    """A node as one of the given words. Raises Misconfigured with the nearest."""
    options = tuple(options)
    word = scalar_of(node).text
    if word not in options:
        raise unknown(what, word, options, node.place)
    return word


def unknown(what: str, name: str, known: Iterable[str], place: Place | None) -> Misconfigured:
    """The error for a name nobody knows, with the nearest known one."""
    known = sorted(known)
    near = get_close_matches(name[:100], known, n=1)
    if near:
        then = f"Did you mean {near[0]!r}?"
    elif known:
        then = f"Known: {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}."
    else:
        then = "There are none."
    return Misconfigured(
        f"There is no {what} {shown(name)}.",
        reason=f"unknown_{what.replace(' ', '_')}",
        place=place,
        next_step=then,
    )


def shown(value: object) -> str:
    """A value for a message, cut to a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _not(node: Node, wanted: str) -> Misconfigured:
    match node:
        case Scalar():
            found = f"the text {shown(node.text)}"
        case Items():
            found = "a list"
        case Entries():
            found = "fields with values"
    return Misconfigured(
        f"Here stands {found}; it has to be {wanted}.", reason="bad_shape", place=node.place
    )


@dataclass(slots=True)
class _Open:
    """A list or entries whose end has not come yet."""

    place: Place
    anchor: str | None
    is_entries: bool
    nodes: list[Node] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)
    key: str = ""
    awaiting_value: bool = False
    weight: int = 1

    def path_of_next(self) -> str:
        path = self.place.field or ""
        if not self.is_entries:
            return f"{path}[{len(self.nodes)}]"
        return f"{path}.{self.key}" if path else self.key


class _Builder:
    """Makes nodes from events, without recursion."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0
        self._anchors: dict[str, tuple[Node, int]] = {}

    def take(self, event: Event) -> None:
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refused(
                        event, "A file holds one document; a second one starts here."
                    )
            case AliasEvent():
                self._alias(event)
            case ScalarEvent():
                self._scalar(event)
            case SequenceStartEvent() | MappingStartEvent():
                self._start(event)
            case CollectionEndEvent():
                self._end()
            case _:
                pass

    def document(self) -> Node:
        if self._root is None:
            raise Misconfigured("The file is empty.", reason="empty_file", place=Place(self._file))
        return self._root

    def _scalar(self, event: ScalarEvent) -> None:
        self._refuse_tag(event)
        plain = not event.style
        holder = self._open[-1] if self._open else None
        if holder is not None and holder.is_entries and not holder.awaiting_value:
            self._key(event, holder, plain)
            return
        block = event.style in ("|", ">")
        self._add(Scalar(event.value, self._place(event), plain, block), 1, event)

    def _key(self, event: ScalarEvent, holder: _Open, plain: bool) -> None:
        key = event.value
        if event.anchor is not None:
            raise self._refused(event, "An anchor on a key is not read.")
        if key == "<<" and plain:
            raise self._refused(event, "Merge keys (<<) are not read: write the fields out.")
        if key in holder.keys:
            raise Misconfigured(
                f"The key {shown(key)} stands here a second time.",
                reason="duplicate_key",
                place=self._place(event),
                next_step="Remove one of the two.",
            )
        holder.keys[key] = None
        holder.key = key
        holder.awaiting_value = True

    def _alias(self, event: AliasEvent) -> None:
        self._refuse_as_key(event)
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise self._refused(event, f"The anchor *{event.anchor} is not known above this line.")
        self._add(*known, event)

    def _start(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        self._refuse_tag(event)
        self._refuse_as_key(event)
        if len(self._open) >= DEPTH_MAX:
            raise self._refused(event, f"It is nested deeper than {DEPTH_MAX} levels.")
        is_entries = isinstance(event, MappingStartEvent)
        self._open.append(_Open(self._place(event), event.anchor, is_entries))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_entries:
            node = Entries(dict(zip(done.keys, done.nodes, strict=True)), done.place)
        else:
            node = Items(tuple(done.nodes), done.place)
        if done.anchor is not None:
            self._anchors[done.anchor] = (node, done.weight)
        self._hold(node, done.weight, done.place)

    def _add(self, node: Node, weight: int, event: NodeEvent) -> None:
        if not isinstance(event, AliasEvent) and event.anchor is not None:
            self._anchors[event.anchor] = (node, weight)
        self._hold(node, weight, self._place(event))

    def _hold(self, node: Node, weight: int, place: Place) -> None:
        if not self._open:
            self._root = node
            return
        holder = self._open[-1]
        holder.nodes.append(node)
        holder.awaiting_value = False
        holder.weight += weight
        if holder.weight > NODES_MAX:
            raise Misconfigured(
                f"There are more than {NODES_MAX:,} values.", reason="too_large", place=place
            )

    def _place(self, event: Event) -> Place:
        holder = self._open[-1] if self._open else None
        path = None
        if holder is not None:
            path = (
                holder.path_of_next()
                if holder.awaiting_value or not holder.is_entries
                else (holder.place.field)
            )
        mark = event.start_mark
        return Place(self._file, None if mark is None else mark.line + 1, path)

    def _refuse_tag(self, event: ScalarEvent | SequenceStartEvent | MappingStartEvent) -> None:
        if event.tag is not None:
            raise self._refused(event, f"The tag {event.tag} is not read: tags are refused.")

    def _refuse_as_key(self, event: Event) -> None:
        holder = self._open[-1] if self._open else None
        if holder is not None and holder.is_entries and not holder.awaiting_value:
            raise self._refused(event, "A key has to be a plain text.")

    def _refused(self, event: Event, message: str) -> Misconfigured:
        return Misconfigured(message, reason="bad_yaml", place=self._place(event))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, top to bottom."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at, Items):
            waiting.extend(reversed(at.nodes))
        elif isinstance(at, Entries):
            waiting.extend(reversed(list(at.nodes.values())))
