"""What a value may be, as far as it is known before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from tillbridge.canonical.money import Money, UnitAmount

Sort: TypeAlias = Literal[
    "text", "integer", "decimal", "money", "unit_amount", "boolean", "date", "instant", "null",
    "list", "record", "dictionary", "any",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValueType:
    """The type of one value.

    Attributes:
        sort: "record" has the fields in `fields`; "dictionary" has any names, all of type `of`;
            "any" is not known before it runs.
        optional: it may be null.
        options: the texts it can be, when they are counted.
        of: what a list or dictionary holds.
        keyed: a record that is a dict (a step's result), not a canonical dataclass.
        lenient: a dictionary in which a name that is not there reads as empty text.
    """

    sort: Sort
    optional: bool = False
    options: tuple[str, ...] = ()
    of: "ValueType | None" = None
    fields: "Mapping[str, ValueType]" = field(default_factory=dict)
    keyed: bool = False
    lenient: bool = False

    def __str__(self) -> str:
        name = self.sort.replace("_", " ")
        if self.sort == "list" and self.of is not None:
            name = f"list of {self.of}"
        return f"{name} or null" if self.optional else name


Scope: TypeAlias = Mapping[str, ValueType]
"""What an expression can name."""

TEXT = ValueType("text")
INTEGER = ValueType("integer")
DECIMAL = ValueType("decimal")
MONEY = ValueType("money")
UNIT_AMOUNT = ValueType("unit_amount")
BOOLEAN = ValueType("boolean")
DATE = ValueType("date")
INSTANT = ValueType("instant")
NULL = ValueType("null", optional=True)
ANY = ValueType("any", optional=True)

AMOUNT_FIELDS: Mapping[str, ValueType] = {"amount": DECIMAL, "currency": TEXT}
"""What can be read of money and of a price per unit."""

NUMBERS = frozenset({"integer", "decimal"})
SCALARS = frozenset({"text", "integer", "decimal", "boolean", "date", "instant"})


def list_of(item: ValueType) -> ValueType:
    """The type of a list of such items."""
    return ValueType("list", of=item)


def dictionary_of(value: ValueType, *, lenient: bool = False) -> ValueType:
    """The type of a dict with any names and such values."""
    return ValueType("dictionary", of=value, lenient=lenient)


def optional(kind: ValueType) -> ValueType:
    """The same, or null."""
    return kind if kind.optional else replace(kind, optional=True)


def present(kind: ValueType) -> ValueType:
    """The same, not null."""
    return replace(kind, optional=False) if kind.optional and kind.sort != "null" else kind


def joined(one: ValueType, other: ValueType) -> ValueType | None:
    """The type of a value that is one or the other; None when they have nothing in common."""
    if "any" in (one.sort, other.sort):
        return ANY
    if one.sort == "null":
        return optional(other)
    if other.sort == "null":
        return optional(one)
    may_be_null = one.optional or other.optional
    if one.sort in NUMBERS and other.sort in NUMBERS and one.sort != other.sort:
        return ValueType("decimal", optional=may_be_null)
    if one.sort != other.sort:
        return None
    if one.sort == "text":
        known = one.options and other.options
        options = tuple(dict.fromkeys((*one.options, *other.options))) if known else ()
        return ValueType("text", optional=may_be_null, options=options)
    if one.sort == "list" and one.of is not None and other.of is not None:
        item = joined(one.of, other.of)
        return None if item is None else ValueType("list", optional=may_be_null, of=item)
    if present(one) != present(other) and one.sort in ("record", "dictionary"):
        return None
    return optional(one) if may_be_null else one


def sort_of(value: object) -> Sort:
    """The sort of a value at hand; "any" for what the language has no word for."""
    exact = _SORT_BY_TYPE.get(type(value))
    if exact is not None:
        return exact
    return next((sort for kind, sort in _SORTS if isinstance(value, kind)), "any")


_SORTS: tuple[tuple[type, Sort], ...] = (
    (str, "text"),
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "decimal"),
    (Money, "money"),
    (UnitAmount, "unit_amount"),
    (datetime, "instant"),
    (date, "date"),
    (type(None), "null"),
    (Mapping, "dictionary"),
    (list, "list"),
    (tuple, "list"),
)
_SORT_BY_TYPE: Mapping[type, Sort] = dict(_SORTS)
"""The same for values of exactly these types, which is nearly all of them."""
