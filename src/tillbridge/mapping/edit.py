"""Flows and mappings changed as text: what was not asked for keeps every byte.

A change is a splice into the text that stands, at the place the reader's events tell; nothing is
written out anew. Every result is read again, and only taken when it means exactly what was asked.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from typing import TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.change import Splice, insertions, raw_lines, removals, renamings, settings
from tillbridge.mapping.outline import Member, Outline, Part
from tillbridge.mapping.text import Entries, Items, Node, Scalar, read_text, shown
from tillbridge.mapping.yaml_text import YamlValue

Path: TypeAlias = tuple[str | int, ...]
"""Keys and numbers from 0, from the outside in: ("fields", "lines", "fields", "tax")."""

SHOWN_MAX = 5
_BYTE_ORDER_MARK = "\ufeff"


class Edit:
    """A text under edit. Every change answers another one; this one stays as it is.

    Values are texts, lists and dicts of such, as the strict reader has them: nothing is a number.
    Every change raises Misconfigured, at its line, when the path is not there, or when the text
    cannot be changed so without changing something else (an anchor that others stand for).
    """

    def __init__(self, text: str, file: str) -> None:
        """`text` is the file's, line breaks as they are. Raises Misconfigured: `read_text`."""
        self.text = text
        self.file = file
        self._mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
        self._meaning = plain(read_text(text, file))

    @cached_property
    def _outline(self) -> Outline:
        """Where everything stands: asked for by whoever changes it once more."""
        return Outline(self.text[len(self._mark) :])

    def value(self, path: Path = ()) -> YamlValue:
        """What stands at a path."""
        value = self._meaning
        for depth, step in enumerate(path):
            if not _has(value, step):
                raise self._refused(path[:depth], f"There is no {shown(step)} here.")
            value = value[step]  # type: ignore[index]  # _has looked
        return value

    def set(self, path: Path, value: YamlValue) -> "Edit":
        """Another value: where both are lists or both have keys, only what differs is touched."""
        old = self.value(path)
        if _same(old, value):
            return self
        member, part, flow = self._found(path)
        if part.members and isinstance(old, Mapping) and isinstance(value, Mapping) and value:
            return self._with_entries(path, old, value)
        if part.members and isinstance(old, list) and isinstance(value, list) and value:
            return self._with_items(path, old, value)
        candidates = settings(self._outline, member, part, value, flow=flow)
        wanted = _changed(self._meaning, path, lambda _: value)
        return self._first(((each,) for each in candidates), wanted, path)

    def insert(self, path: Path, value: YamlValue, at: int | None = None) -> "Edit":
        """A new value: `path` ends with its key, or its number in a list; `at` says before which
        of the keys (from 0), None behind the last."""
        held = self.value(path[:-1])
        number = self._number_of_new(path, held, at)
        wanted = _changed(self._meaning, path[:-1], lambda _: _with(held, path[-1], value, number))
        candidates = self._insertions(path, value, number)
        return self._first(((each,) for each in candidates), wanted, path[:-1])

    def remove(self, path: Path, *, with_comments: bool = False) -> "Edit":
        """A value less. Comments above it stay, unless `with_comments`."""
        candidates = self._removals(path, with_comments=with_comments)
        wanted = _changed(self._meaning, path[:-1], lambda held: _without(held, path[-1]))
        return self._first(((each,) for each in candidates), wanted, path)

    def move(self, path: Path, to: Path, at: int | None = None) -> "Edit":
        """A value to another place, with the comment above it.

        `to` and `at` are as in `insert`, and count as if it were taken away already.
        """
        value = self.value(path)
        without = _changed(self._meaning, path[:-1], lambda held: _without(held, path[-1]))
        number = self._number_of_new(to, _at(without, to[:-1]), at)
        wanted = _changed(without, to[:-1], lambda held: _with(held, to[-1], value, number))
        if _same(wanted, self._meaning):
            return self
        _, holder, own = self._place_in_holder(path)
        if to[:-1] == path[:-1]:
            number += number >= own
        target = _before_removal(to, path)
        raw: Sequence[str] = ()
        alike = to[-1] == path[-1] or (isinstance(to[-1], int) and isinstance(path[-1], int))
        if alike and self._found(target[:-1])[1].style == holder.style:
            raw = raw_lines(self._outline, holder, own)
        pairs = (
            (gone, come)
            for gone in (*self._removals(path, with_comments=True), *self._removals(path))
            for come in self._insertions(target, value, number, raw)
            if not gone.start < come.end <= come.start < gone.end
        )
        return self._first(pairs, wanted, path)

    def rename(self, path: Path, key: str) -> "Edit":
        """Another key for a value."""
        _, holder, number = self._place_in_holder(path)
        held = self.value(path[:-1])
        if not isinstance(held, Mapping):
            raise self._refused(path, "An item of a list has no key.")
        if key in held and key != path[-1]:
            raise self._refused(path, f"The key {shown(key)} is there already.")
        candidates = renamings(self._outline, holder.members[number], key)
        renamed = {key if name == path[-1] else name: each for name, each in held.items()}
        wanted = _changed(self._meaning, path[:-1], lambda _: renamed)
        return self._first(((each,) for each in candidates), wanted, path)

    def _insertions(
        self, path: Path, value: YamlValue, number: int, raw: Sequence[str] = ()
    ) -> Iterable[Splice]:
        member, holder, flow = self._found(path[:-1])
        step = path[-1]
        if holder.kind == "alias":
            raise self._refused_alias(path[:-1], holder)
        key = step if isinstance(step, str) else None
        if not holder.members:
            whole: YamlValue = [value] if key is None else {key: value}
            return settings(self._outline, member, holder, whole, flow=flow)
        return insertions(self._outline, holder, number, (key, value), raw)

    def _removals(self, path: Path, *, with_comments: bool = False) -> Iterable[Splice]:
        above, holder, number = self._place_in_holder(path)
        return removals(self._outline, above, holder, number, with_head=with_comments)

    def _number_of_new(self, path: Path, held: YamlValue, at: int | None) -> int:
        step = path[-1]
        if isinstance(held, str) or isinstance(step, str) != isinstance(held, Mapping):
            what = "a list" if isinstance(held, list) else "no list"
            what = "fields with values" if isinstance(held, Mapping) else what
            raise self._refused(path[:-1], f"{shown(step)} cannot be added: this is {what}.")
        if isinstance(step, str) and step in held:
            raise self._refused(path, f"The key {shown(step)} is there already.")
        number = step if isinstance(step, int) else len(held) if at is None else at
        if not 0 <= number <= len(held):
            raise self._refused(path[:-1], f"There is no place {number}: it has {len(held)}.")
        return number

    def _with_entries(
        self, path: Path, old: Mapping[str, YamlValue], new: Mapping[str, YamlValue]
    ) -> "Edit":
        edit = self
        for number, (key, value) in enumerate(new.items()):
            if key not in old:
                known = list(_entries(edit.value(path)))
                before = list(new)[number - 1] if number else ""
                at = known.index(before) + 1 if before in known else 0
                edit = edit.insert((*path, key), value, at)
        for key in old:
            if key not in new:
                edit = edit.remove((*path, key))
        for number, (key, value) in enumerate(new.items()):
            edit = edit.set((*path, key), value)
            if list(_entries(edit.value(path)))[number] != key:
                edit = edit.move((*path, key), (*path, key), number)
        return edit

    def _with_items(self, path: Path, old: list[YamlValue], new: list[YamlValue]) -> "Edit":
        edit = self
        texts, new_texts = list(map(json.dumps, old)), list(map(json.dumps, new))
        changes = SequenceMatcher(None, texts, new_texts, autojunk=False).get_opcodes()
        for _, low, high, new_low, new_high in reversed(changes):
            if texts[low:high] == new_texts[new_low:new_high]:
                continue
            both = min(high - low, new_high - new_low)
            for number in range(both):
                edit = edit.set((*path, low + number), new[new_low + number])
            for number in range(new_low + both, new_high):
                edit = edit.insert((*path, low + number - new_low), new[number])
            for number in reversed(range(low + both, high)):
                edit = edit.remove((*path, number))
        return edit

    def _found(self, path: Path) -> tuple[Member | None, Part, bool]:
        """The part at a path that is there, what it is the value of, and whether in brackets."""
        member: Member | None = None
        part, flow = self._outline.root, False
        for depth, step in enumerate(path):
            if part.kind == "alias":
                raise self._refused_alias(path[:depth], part)
            member = part.members[_number(part, step)]
            flow = flow or part.style == "flow"
            part = member.value
        return member, part, flow

    def _place_in_holder(self, path: Path) -> tuple[Member | None, Part, int]:
        """For what is to go: what its holder is the value of, the holder, its number there."""
        if not path:
            raise self._refused(path, "The whole file cannot be removed, moved or renamed.")
        self.value(path)
        above, holder, _ = self._found(path[:-1])
        if holder.kind == "alias":
            self._found(path)
        return above, holder, _number(holder, path[-1])

    def _first(
        self, candidates: Iterable[Sequence[Splice]], wanted: YamlValue, path: Path
    ) -> "Edit":
        """The first text that is read and means what is wanted."""
        for splices in candidates:
            text = self._outline.text
            for splice in sorted(splices, reverse=True):
                text = text[: splice.start] + splice.new + text[splice.end :]
            try:
                edit = Edit(self._mark + text, self.file)
            except Misconfigured:
                continue
            if _same(edit.value(), wanted):
                return edit
        raise self._refused(
            path,
            f"This cannot be changed here without changing something else{self._names_used(path)}.",
            "Change the text itself.",
        )

    def _names_used(self, path: Path) -> str:
        """Which anchors stand in the way at a path, for people."""
        parts = [self._found(path[:depth])[1] for depth in range(len(path) + 1)]
        inside = [*parts, *_walk(parts[-1])]
        named = {part.name for part in inside if part.kind != "alias" and part.name}
        used = [
            f"*{part.name} in line {self._outline.line(part.start) + 1} stands for it"
            for part in _walk(self._outline.root)
            if part.kind == "alias" and part.name in named
        ]
        used += [f"it uses *{part.name}" for part in inside if part.kind == "alias"]
        return f": {', '.join(used[:SHOWN_MAX])}" if used else ""

    def _refused_alias(self, path: Path, part: Part) -> Misconfigured:
        return self._refused(
            path,
            f"Here stands *{part.name}: the value is that of the anchor &{part.name}.",
            "Change it there, or set this whole value first.",
        )

    def _refused(self, path: Path, message: str, next_step: str = "") -> Misconfigured:
        part = self._outline.root
        for step in path:
            if part.kind == "alias":
                break
            part = part.members[_number(part, step)].value
        line = self._outline.line(part.start) + 1
        return Misconfigured(
            message,
            reason="cannot_edit",
            place=Place(self.file, line, _shown_path(path)),
            next_step=next_step,
        )


def plain(node: Node) -> YamlValue:
    """What was read as texts, lists and dicts."""
    match node:
        case Scalar():
            return node.text
        case Items():
            return [plain(each) for each in node.nodes]
        case Entries():
            return {key: plain(each) for key, each in node.nodes.items()}


def _has(value: YamlValue, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)


def _number(part: Part, step: str | int) -> int:
    if isinstance(step, int):
        return step
    return next(number for number, each in enumerate(part.members) if each.key == step)


def _at(value: YamlValue, path: Path) -> YamlValue:
    for step in path:
        value = value[step]  # type: ignore[index]  # the caller looked, or is told KeyError
    return value


def _before_removal(to: Path, path: Path) -> Path:
    """Where a place is that was named as if what is at `path` were taken away."""
    depth = len(path) - 1
    step = path[-1]
    if len(to) <= len(path) or to[:depth] != path[:depth] or not isinstance(step, int):
        return to
    passed = to[depth]
    return (
        (*to[:depth], passed + (int(passed) >= step), *to[depth + 1 :])
        if isinstance(passed, int)
        else to
    )


def _same(one: YamlValue, other: YamlValue) -> bool:
    """Equal, and keys in the same order."""
    return json.dumps(one) == json.dumps(other)


def _changed(value: YamlValue, path: Path, change: Callable[[YamlValue], YamlValue]) -> YamlValue:
    """The value with what stands at a path changed."""
    if not path:
        return change(value)
    step, *rest = path
    if isinstance(value, Mapping):
        return {
            key: _changed(each, tuple(rest), change) if key == step else each
            for key, each in value.items()
        }
    return [
        _changed(each, tuple(rest), change) if number == step else each
        for number, each in enumerate(value)
    ]


def _without(held: YamlValue, step: str | int) -> YamlValue:
    if isinstance(held, Mapping):
        return {key: each for key, each in held.items() if key != step}
    return [each for number, each in enumerate(held) if number != step]


def _with(held: YamlValue, step: str | int, value: YamlValue, number: int) -> YamlValue:
    if isinstance(held, Mapping):
        entries = list(held.items())
        return dict([*entries[:number], (str(step), value), *entries[number:]])
    return [*held[:number], value, *held[number:]]


def _entries(value: YamlValue) -> Mapping[str, YamlValue]:
    assert isinstance(value, Mapping), "it had keys before"
    return value


def _walk(part: Part) -> Iterable[Part]:
    yield part
    for member in part.members:
        yield from _walk(member.value)


def _shown_path(path: Path) -> str:
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return steps.removeprefix(".")
