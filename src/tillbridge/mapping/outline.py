"""Where every value of a YAML file stands, to the character: what an edit needs beside its meaning.

`text.read_text` says what a file means and refuses what is not read; an outline is made of a text
that was read so before. Offsets count characters of the text, its byte order mark left out.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from yaml.events import AliasEvent, Event, MappingStartEvent, ScalarEvent, SequenceStartEvent

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""YAML 1.1, 4.2 (b-generic): what ends a line for the reader."""

_ANCHOR = re.compile(r"&[^\s,\[\]{}]+[ \t]*")
_COLON = re.compile(r"[ \t]*:")

Kind = Literal["scalar", "items", "entries", "alias"]


@dataclass(frozen=True, slots=True)
class Part:
    """One value.

    Attributes:
        start: its first character, that of its anchor if it has one.
        inner: its first character behind the anchor.
        end: behind its last character; what follows (a comment, blank lines) is not its own.
        style: of a scalar "" (plain), "'", '"', "|" or ">"; of a collection "flow" or "block".
        name: of the anchor it has, or of the anchor an alias stands for; "" for none.
        members: what a collection holds.
    """

    kind: Kind
    start: int
    inner: int
    end: int
    style: str
    name: str = ""
    members: tuple["Member", ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is written where it stands, such as behind the colon of `a:`."""
        return self.kind == "scalar" and not self.style and self.inner == self.end


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a collection, with what stands before it.

    Attributes:
        key: the key; "" in a list.
        start: of the key or the dash; of the value in a list in brackets.
        sign_end: behind the colon or the dash; -1 when a key has no colon on its line.
        key_end: behind the key.
    """

    key: str
    start: int
    key_end: int
    sign_end: int
    value: Part

    @property
    def end(self) -> int:
        return max(self.value.end, self.sign_end, self.key_end)


class Outline:
    """The parts of one text, and its lines."""

    def __init__(self, text: str) -> None:
        """`text` was read by `text.read_text`, and has no byte order mark."""
        self.text = text
        breaks = list(LINE_BREAK.finditer(text))
        self.starts = [0, *(found.end() for found in breaks)]
        self.ends = [*(found.start() for found in breaks), len(text)]
        self._dashes = (
            _at(token.start_mark)
            for token in yaml.scan(text, Loader=yaml.CSafeLoader)
            if isinstance(token, yaml.BlockEntryToken)
        )
        events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        for _ in range(2):
            next(events)  # the stream's start and the document's
        self.root = self._part(next(events), events)

    @property
    def eol(self) -> str:
        """How this text ends its lines: as its first line does."""
        return self.text[self.ends[0] : self.starts[1]] if len(self.starts) > 1 else "\n"

    def line(self, at: int) -> int:
        """The number of the line of a character, from 0."""
        return bisect_right(self.starts, at) - 1

    def line_end(self, at: int) -> int:
        """Where the line of a character ends, its break not counted."""
        return self.ends[self.line(at)]

    def line_text(self, number: int) -> str:
        """A line without its break."""
        return self.text[self.starts[number] : self.ends[number]]

    def column(self, at: int) -> int:
        """How many characters of its line stand before it."""
        return at - self.starts[self.line(at)]

    def _part(self, event: Event, events: Iterator[Event]) -> Part:
        match event:
            case AliasEvent():
                start, end = _at(event.start_mark), _at(event.end_mark)
                return Part("alias", start, start, end, "", event.anchor or "")
            case ScalarEvent():
                return self._scalar(event)
            case SequenceStartEvent():
                return self._items(event, events)
            case _:
                assert isinstance(event, MappingStartEvent), f"{event} begins a value"
                return self._entries(event, events)

    def _scalar(self, event: ScalarEvent) -> Part:
        start, end = _at(event.start_mark), _at(event.end_mark)
        inner = self._behind_anchor(event, end)
        style = event.style or ""
        if style in ("|", ">"):
            end = self._block_end(inner, end)
        return Part("scalar", start, inner, max(end, inner), style, event.anchor or "")

    def _block_end(self, inner: int, end: int) -> int:
        """Of the last line of a block that is not blank; blank ones count when it keeps them."""
        header = self.text[inner : self.line_end(inner)].split("#")[0]
        if "+" in header:
            return (
                self.line_end(end)
                if end > self.starts[self.line(end)]
                else self.ends[self.line(end) - 1]
            )
        return self.line_end(inner + len(self.text[inner:end].rstrip(" \r\n\x85\u2028\u2029")))

    def _items(self, event: SequenceStartEvent, events: Iterator[Event]) -> Part:
        block = not event.flow_style
        members: list[Member] = []
        for inside in events:
            if isinstance(inside, yaml.SequenceEndEvent):
                return self._collection("items", event, inside, members)
            dash = next(self._dashes) if block else _at(inside.start_mark)
            value = self._part(inside, events)
            members.append(Member("", dash, dash, dash + 1 if block else dash, value))
        raise AssertionError("a list ends")

    def _entries(self, event: MappingStartEvent, events: Iterator[Event]) -> Part:
        members: list[Member] = []
        for inside in events:
            if isinstance(inside, yaml.MappingEndEvent):
                return self._collection("entries", event, inside, members)
            assert isinstance(inside, ScalarEvent), "read_text takes no other keys"
            key_end = _at(inside.end_mark)
            colon = _COLON.match(self.text, key_end)
            value = self._part(next(events), events)
            sign_end = colon.end() if colon else -1
            members.append(Member(inside.value, _at(inside.start_mark), key_end, sign_end, value))
        raise AssertionError("entries end")

    def _collection(
        self,
        kind: Kind,
        event: SequenceStartEvent | MappingStartEvent,
        ended: Event,
        members: list[Member],
    ) -> Part:
        start = _at(event.start_mark)
        flow = bool(event.flow_style)
        end = _at(ended.end_mark) if flow or not members else members[-1].end
        opening = _at(event.end_mark) - 1
        inner = self._behind_anchor(event, opening) if flow or not members else members[0].start
        style = "flow" if flow else "block"
        return Part(kind, start, inner, end, style, event.anchor or "", tuple(members))

    def _behind_anchor(
        self, event: ScalarEvent | SequenceStartEvent | MappingStartEvent, latest: int
    ) -> int:
        start = _at(event.start_mark)
        if not event.anchor:
            return start
        found = _ANCHOR.match(self.text, start)
        return min(found.end(), latest) if found else start


def _at(mark: Any) -> int:
    """The place of a mark; libyaml's and PyYAML's have no type in common."""
    assert mark is not None, "the reader marks every event"
    return int(mark.index)
