"""A mapping: which target field is filled from what. Values only; `read` makes them from text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tillbridge.canonical.errors import Place
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.text import Node


@dataclass(frozen=True, slots=True)
class ValueRule:
    """An expression, used when `when` is true and its value is given; else the default.

    Attributes:
        truncate: whether a text too long for its field is cut, and the cut noted; None where the
            rule does not say, and it is refused as well.
    """

    value: Parsed
    place: Place
    when: Parsed | None = None
    default: Parsed | None = None
    truncate: bool | None = None


@dataclass(frozen=True, slots=True)
class ConstantRule:
    """One text that is made into the field's type when the mapping is read."""

    text: str
    place: Place
    when: Parsed | None = None


@dataclass(frozen=True, slots=True)
class LookupRule:
    """A row of a lookup table.

    Attributes:
        keys: by key column; one with an empty name for a table with one key column.
        column: which value column; "" when the table has only one.
        on: the day for a table whose rows have dates; None for the day of the event in UTC.
    """

    lookup: str
    keys: Mapping[str, Parsed]
    place: Place
    column: str = ""
    on: Parsed | None = None
    when: Parsed | None = None
    default: Parsed | None = None


@dataclass(frozen=True, slots=True)
class EachRule:
    """A list of groups, one for each item of `each` for which `where` is true."""

    each: Parsed
    variable: str
    fields: "Rules"
    place: Place
    where: Parsed | None = None
    when: Parsed | None = None


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A group of fields."""

    fields: "Rules"
    place: Place
    when: Parsed | None = None


Rule: TypeAlias = ValueRule | ConstantRule | LookupRule | EachRule | GroupRule
Rules: TypeAlias = Mapping[str, Rule]
"""Rules by target field, in the order they are written."""


@dataclass(frozen=True, slots=True)
class Example:
    """A test a mapping carries.

    Attributes:
        given: values by name: event, order, payment, fulfilment, written, or a step's result.
        expect: the whole document that has to come out; None when `refused` is given.
        refused: a part of the message with which the mapping has to refuse; "" when it must not.
    """

    name: str
    given: Mapping[str, Node]
    expect: Node | None
    refused: str
    place: Place


@dataclass(frozen=True, slots=True)
class DocumentMapping:
    """From canonical values to one kind of document.

    Attributes:
        connector, document: the target ("dynamics365", "sales_order").
    """

    name: str
    title: str
    connector: str
    document: str
    fields: Rules
    examples: tuple[Example, ...]
    place: Place

    @property
    def lookups(self) -> frozenset[str]:
        """The names of the lookups it uses."""
        return lookups_of(self.fields)


def lookups_of(rules: Rules) -> frozenset[str]:
    """The names of the lookups that rules use, at any depth."""
    found: set[str] = set()
    for rule in rules.values():
        match rule:
            case LookupRule():
                found.add(rule.lookup)
            case EachRule() | GroupRule():
                found |= lookups_of(rule.fields)
            case _:
                pass
    return frozenset(found)
