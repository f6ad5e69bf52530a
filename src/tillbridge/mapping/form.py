"""Forms: what may stand in a text file, declared once.

A reader asks a form what it may read; the JSON Schema for editors and the reference page are drawn
from the same form. What only a reader can know (does that mapping exist?) is not in a form.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.text import (
    Entries,
    Node,
    entries_of,
    items_of,
    scalar_of,
    shown,
    unknown,
    word_of,
)

Sort: TypeAlias = Literal[
    "text", "name", "variable", "expression", "duration", "time", "truth", "whole", "word",
    "list", "named", "group", "family", "either", "anything",
]  # fmt: skip

NAME: Final = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", re.ASCII)
VARIABLE: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
DURATION: Final = re.compile(r"([1-9][0-9]{0,8})([smhd])", re.ASCII)
TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
DURATION_MAX_S: Final = 400 * 86_400
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Value:
    """What may stand behind a key.

    Attributes:
        words: for "word": what it may be.
        least, most: for "whole": bounds, both included.
        of: for "list" and "named": what they hold.
        form: for "group": the form's name; for "family": the family's.
        either: for "either": what it may be.
        told: what a person is told, when that is better than what can be drawn.
    """

    sort: Sort
    words: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    of: "Value | None" = None
    form: str = ""
    either: "tuple[Value, ...]" = ()
    told: str = ""

    def __str__(self) -> str:
        if self.told:
            return self.told
        match self.sort:
            case "word":
                return ", ".join(f"`{word}`" for word in self.words)
            case "whole":
                return f"whole number, {self.least:,} to {self.most:,}"
            case "list":
                return f"list of {self.of}"
            case "family":
                return self.form
            case "named":
                return f"{self.of} by name"
            case "group":
                return f"[{self.form}](#{self.form.replace(' ', '-')})"
            case "either":
                return ", or ".join(map(str, self.either))
            case _:
                return _TOLD.get(self.sort, self.sort)


_TOLD: Final[Mapping[str, str]] = {
    "truth": "`true` or `false`",
    "duration": "duration: `30s`, `10m`, `12h`, `30d`",
    "time": "time: `06:30`",
    "variable": "name",
}

TEXT_VALUE: Final = Value("text")
NAME_VALUE: Final = Value("name")
VARIABLE_VALUE: Final = Value("variable")
EXPRESSION_VALUE: Final = Value("expression")
DURATION_VALUE: Final = Value("duration")
TIME_VALUE: Final = Value("time")
TRUTH_VALUE: Final = Value("truth")
ANYTHING: Final = Value("anything")


def words(*options: str) -> Value:
    """One of some words."""
    return Value("word", words=options)


def whole(least: int, most: int) -> Value:
    """A whole number within bounds."""
    return Value("whole", least=least, most=most)


def list_of(value: Value, told: str = "") -> Value:
    """A list with at least one item."""
    return Value("list", of=value, told=told)


def named(value: Value, told: str = "") -> Value:
    """Values by names of the writer's own."""
    return Value("named", of=value, told=told)


def group(form: str) -> Value:
    """The fields of a form."""
    return Value("group", form=form)


def family(name: str) -> Value:
    """The fields of any form of a family."""
    return Value("family", form=name)


def either(*values: Value, told: str = "") -> Value:
    """Any of some values."""
    return Value("either", either=values, told=told)


@dataclass(frozen=True, slots=True)
class Key:
    """One field of a form.

    Attributes:
        default: what holds when it is not written, as it would be written; "" for nothing.
    """

    name: str
    value: Value
    about: str
    required: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields that may stand together.

    Attributes:
        one_of: groups of keys of which exactly one has to be there.
        gives: for a step: what later steps read by its name.
        example: a piece of text that is right.
    """

    name: str
    about: str
    keys: tuple[Key, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    gives: str = ""
    example: str = ""

    def key(self, name: str) -> Key:
        """The key of that name, which has to be there."""
        return next(key for key in self.keys if key.name == name)

    def also(self, *keys: Key) -> "Form":
        """The same form with more keys."""
        return replace(self, keys=(*self.keys, *keys))


@dataclass(frozen=True, slots=True)
class Language:
    """All forms of one kind of file.

    Attributes:
        families: names of forms of which one has to fit, by the family's name.
    """

    name: str
    title: str
    root: str
    forms: Mapping[str, Form]
    families: Mapping[str, tuple[str, ...]]


def language(
    name: str,
    title: str,
    root: str,
    forms: Iterable[Form],
    families: Mapping[str, tuple[str, ...]] | None = None,
) -> Language:
    """A language from its forms."""
    return Language(name, title, root, {form.name: form for form in forms}, families or {})


@dataclass(frozen=True, slots=True)
class Filled:
    """A form's fields as they stand in a file. The getters check what the form declares."""

    form: Form
    entries: Entries

    @property
    def place(self) -> Place:
        return self.entries.place

    def has(self, key: str) -> bool:
        """Whether it is written."""
        return key in self.entries.nodes

    def node(self, key: str) -> Node:
        """What is written; the key has to be there."""
        return self.entries.nodes[key]

    def maybe(self, key: str) -> Node | None:
        """What is written; None when nothing is."""
        return self.entries.nodes.get(key)

    def text(self, key: str) -> str:
        """A text, or its default."""
        node = self.maybe(key)
        return self.form.key(key).default if node is None else scalar_of(node).text

    def word(self, key: str) -> str:
        """One of the declared words, or its default. Raises Misconfigured with the nearest."""
        declared, node = self.form.key(key), self.maybe(key)
        if node is None:
            return declared.default
        return word_of(node, declared.value.words, f"value of {key}")

    def truth(self, key: str) -> bool:
        """True or false; false when it is not written and has no other default."""
        node = self.maybe(key)
        if node is None:
            return self.form.key(key).default == "true"
        return word_of(node, ("true", "false"), "value") == "true"

    def whole(self, key: str) -> int:
        """A whole number within the declared bounds, or its default. Raises Misconfigured."""
        declared, node = self.form.key(key), self.maybe(key)
        return int(declared.default) if node is None else whole_of(node, declared.value)

    def seconds(self, key: str) -> int:
        """A duration in seconds, or its default's. Raises Misconfigured."""
        node = self.maybe(key)
        return duration_s(self.form.key(key).default) if node is None else seconds_of(node)

    def items(self, key: str) -> tuple[Node, ...]:
        """A list's items; none when it is not written. Raises Misconfigured when it is empty."""
        node = self.maybe(key)
        if node is None:
            return ()
        found = items_of(node)
        if not found:
            raise Misconfigured(
                f"The list {key} is empty.",
                reason="empty_list",
                place=node.place,
                next_step="Fill it, or remove it.",
            )
        return found


def fill(node: Node, form: Form) -> Filled:
    """A node as a form's fields.

    Raises:
        Misconfigured: a key is unknown (with the nearest) or missing, or two exclude each other.
    """
    entries = entries_of(
        node,
        required=(key.name for key in form.keys if key.required),
        optional=(key.name for key in form.keys if not key.required),
    )
    for names in form.one_of:
        there = [name for name in names if name in entries.nodes]
        if not there:
            raise Misconfigured(
                f"One of {', '.join(names)} is missing.",
                reason="missing_field",
                place=entries.place,
                next_step=f"Give one of {':, '.join(names[:-1])}: and {names[-1]}:.",
            )
        if len(there) > 1:
            raise Misconfigured(
                f"{there[0]} and {there[1]} exclude each other.",
                reason="one_too_many",
                place=entries.nodes[there[1]].place,
                next_step="Remove one of them.",
            )
    return Filled(form, entries)


def member_of(node: Node, what: str, language: Language, name: str) -> Form:
    """The form of a family that a node is meant to fill: the one whose first key it has.

    Raises:
        Misconfigured: it has none, with the nearest.
    """
    entries = entries_of(node, optional=_keys_of(node))
    forms = [language.forms[each] for each in language.families[name]]
    firsts = {form.keys[0].name: form for form in forms}
    for key in entries.nodes:
        if key in firsts:
            return firsts[key]
    first = next(iter(entries.nodes), "")
    near = unknown(what, first, firsts, node.place)
    guess = f"{near.next_step} " if near.next_step.startswith("Did") else ""
    raise Misconfigured(
        f"This is not a {what}.",
        reason=f"bad_{what}",
        place=node.place,
        next_step=f"{guess}A {what} begins with one of {', '.join(firsts)}.",
    )


def seconds_of(node: Node) -> int:
    """A duration such as 30s, 10m, 12h or 30d, in seconds. Raises Misconfigured."""
    scalar = scalar_of(node)
    seconds = duration_s(scalar.text)
    if not 0 < seconds <= DURATION_MAX_S:
        raise Misconfigured(
            f"{shown(scalar.text)} is not a duration.",
            reason="bad_duration",
            place=scalar.place,
            next_step="Write a number and s, m, h or d, such as 30d; at most 400d.",
        )
    return seconds


def whole_of(node: Node, declared: Value) -> int:
    """A whole number within bounds. Raises Misconfigured."""
    scalar = scalar_of(node)
    digits = scalar.text.isascii() and scalar.text.isdigit() and len(scalar.text) < 12
    number = int(scalar.text) if digits else -1
    if not declared.least <= number <= declared.most:
        raise Misconfigured(
            f"{shown(scalar.text)} is not a whole number from {declared.least:,} to"
            f" {declared.most:,}.",
            reason="bad_number",
            place=scalar.place,
            next_step="Write one, in digits only.",
        )
    return number


def duration_s(text: str) -> int:
    """A duration such as 30s, 10m, 12h or 30d in seconds; 0 for what is none."""
    match = DURATION.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else 0


def _keys_of(node: Node) -> Iterable[str]:
    return node.nodes if isinstance(node, Entries) else ()
