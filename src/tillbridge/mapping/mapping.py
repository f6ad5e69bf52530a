"""A mapping: which target field is filled from what. Values only; `read` makes them from text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tillbridge.canonical.errors import Place
from tillbridge.canonical.money import Remainder
from tillbridge.mapping.exchange import Terms
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.text import Node
from tillbridge.mapping.tree import names_in


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
class Exchange:
    """Into which currency, by which rates, of which day.

    Attributes:
        on: None for the day of the event in UTC.
    """

    to: Parsed
    terms: Terms
    rates_place: Place
    on: Parsed | None = None


@dataclass(frozen=True, slots=True)
class ConvertRule:
    """An amount in another currency. `start` gives the amount."""

    start: Parsed
    exchange: Exchange
    place: Place
    when: Parsed | None = None
    default: Parsed | None = None


@dataclass(frozen=True, slots=True)
class RateRule:
    """An exchange rate itself. `start` gives the currency it starts from."""

    start: Parsed
    exchange: Exchange
    place: Place
    when: Parsed | None = None
    default: Parsed | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """An amount that is split over the items of a list, each by its weight.

    Attributes:
        remainder: who takes the minor units that are left over.
    """

    amount: Parsed
    weight: Parsed
    remainder: Remainder
    place: Place


@dataclass(frozen=True, slots=True)
class EachRule:
    """A list of groups, one for each item of `each` for which `where` is true.

    Attributes:
        shares: what is split over the items, by the name under which `fields` read an item's part.
    """

    each: Parsed
    variable: str
    fields: "Rules"
    place: Place
    where: Parsed | None = None
    when: Parsed | None = None
    shares: Mapping[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RollUpRule:
    """A list of groups, one for each key that items of `items` have, in the order they are met.

    Attributes:
        by: one key with an empty name, or several by name. `fields` read them as `group.key`, and
            the items of the key as `group.items`.
    """

    items: Parsed
    variable: str
    by: Mapping[str, Parsed]
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


Rule: TypeAlias = (
    ValueRule
    | ConstantRule
    | LookupRule
    | ConvertRule
    | RateRule
    | EachRule
    | RollUpRule
    | GroupRule
)
Rules: TypeAlias = Mapping[str, Rule]
"""Rules by target field, in the order they are written."""


@dataclass(frozen=True, slots=True)
class Example:
    """A test a mapping carries.

    Attributes:
        given: values by name: event, order, payment, fulfilment, written, or a step's result.
        expect: the whole document that has to come out; None when `refused` is given.
        refused: a part of the message with which the mapping has to refuse; "" when it must not.
        notes: what has to be noted, all of it, in words; None when the example does not say.
    """

    name: str
    given: Mapping[str, Node]
    expect: Node | None
    refused: str
    place: Place
    notes: tuple[str, ...] | None = None


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

    @property
    def rates(self) -> frozenset[str]:
        """The names of the rates it uses."""
        return rates_of(self.fields)


def lookups_of(rules: Rules) -> frozenset[str]:
    """The names of the lookups that rules use, at any depth."""
    found: set[str] = set()
    for rule in rules.values():
        match rule:
            case LookupRule():
                found.add(rule.lookup)
            case EachRule() | RollUpRule() | GroupRule():
                found |= lookups_of(rule.fields)
            case _:
                pass
    return frozenset(found)


def rates_of(rules: Rules) -> frozenset[str]:
    """The names of the rates that rules use, at any depth."""
    found: set[str] = set()
    for rule in rules.values():
        match rule:
            case ConvertRule() | RateRule():
                found.add(rule.exchange.terms.rates)
            case EachRule() | RollUpRule() | GroupRule():
                found |= rates_of(rule.fields)
            case _:
                pass
    return frozenset(found)


def reads_always(rules: Rules, name: str) -> bool:
    """Whether a field takes a name's value, as it is or computed with, under no condition."""
    for rule in rules.values():
        match rule:
            case ValueRule() if rule.when is None and name in names_in(rule.value.tree):
                return True
            case ConvertRule() if rule.when is None and name in names_in(rule.start.tree):
                return True
            case GroupRule() if rule.when is None and reads_always(rule.fields, name):
                return True
            case _:
                pass
    return False
