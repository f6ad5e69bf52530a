"""A mapping: which target field is filled from what. Values only; `read` makes them from text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tillbridge.canonical.errors import Place
from tillbridge.canonical.money import Remainder
from tillbridge.mapping.exchange import Terms
from tillbridge.mapping.expression import Parsed
from tillbridge.mapping.glob import Glob
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
        number: the name under which `fields` read the number of the group in the list, from 1.
    """

    each: Parsed
    variable: str
    fields: "Rules"
    place: Place
    where: Parsed | None = None
    when: Parsed | None = None
    shares: Mapping[str, Share] = field(default_factory=dict)
    number: str = ""


@dataclass(frozen=True, slots=True)
class RollUpRule:
    """A list of groups, one for each key that items of `items` have, in the order they are met.

    Attributes:
        by: one key with an empty name, or several by name. `fields` read them as `group.key`, and
            the items of the key as `group.items`.
        values: what is computed of each item, by name: `group.values.amount` is a list of it.
        number: as of an EachRule.
    """

    items: Parsed
    variable: str
    by: Mapping[str, Parsed]
    fields: "Rules"
    place: Place
    where: Parsed | None = None
    when: Parsed | None = None
    number: str = ""
    values: Mapping[str, Parsed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A group of fields."""

    fields: "Rules"
    place: Place
    when: Parsed | None = None


@dataclass(frozen=True, slots=True)
class PartsRule:
    """A list put together from parts, in their order: lists of items, and single groups."""

    parts: "tuple[EachRule | RollUpRule | GroupRule, ...]"
    place: Place
    when: None = None


@dataclass(frozen=True, slots=True)
class PickRule:
    """The first or last item of a list for which `where` is true, as a value or as a group.

    Attributes:
        value: the value of the item; None when `fields` fill a group from it.
        default: stands in where no item is found.
    """

    items: Parsed
    variable: str
    last: bool
    place: Place
    value: Parsed | None = None
    fields: "Rules | None" = None
    where: Parsed | None = None
    default: Parsed | None = None
    when: None = None


@dataclass(frozen=True, slots=True)
class PassRule:
    """Custom fields handed on: those whose names are of a pattern, under names of another.

    Attributes:
        start: the texts by name.
        names: which of them.
        to: their new names; what the star stands for is kept. None: the names they have.
        fields: rules for more fields, which win over those handed on.
    """

    start: Parsed
    names: Glob
    to: Glob | None
    place: Place
    fields: "Rules" = field(default_factory=dict)
    when: Parsed | None = None


Rule: TypeAlias = (
    ValueRule
    | ConstantRule
    | LookupRule
    | ConvertRule
    | RateRule
    | EachRule
    | RollUpRule
    | PartsRule
    | PickRule
    | PassRule
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
    every = every_rule(rules.values())
    return frozenset(rule.lookup for rule in every if isinstance(rule, LookupRule))


def rates_of(rules: Rules) -> frozenset[str]:
    """The names of the rates that rules use, at any depth."""
    every = every_rule(rules.values())
    return frozenset(
        rule.exchange.terms.rates for rule in every if isinstance(rule, ConvertRule | RateRule)
    )


def every_rule(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The rules and those inside them, at any depth."""
    for rule in rules:
        yield rule
        match rule:
            case EachRule() | RollUpRule() | GroupRule() | PassRule():
                yield from every_rule(rule.fields.values())
            case PickRule() if rule.fields is not None:
                yield from every_rule(rule.fields.values())
            case PartsRule():
                yield from every_rule(rule.parts)
            case _:
                pass


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
