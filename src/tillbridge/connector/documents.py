"""The shape of a document: what a write takes, field by field.

A mapping's target is a document shape; it is checked before anything is sent, forms and reference
pages are drawn from it, and a connector reads the checked values. Values are text, bool, int,
Decimal, datetime, date, Money, UnitAmount, list (of groups) and dict (group).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from tillbridge.canonical.money import Money, UnitAmount

Value: TypeAlias = (
    "str | bool | int | Decimal | datetime | date | Money | UnitAmount"
    " | list[Fields] | Fields | None"
)
Fields: TypeAlias = "Mapping[str, Value]"
"""A document's or group's values by field name."""

AUTHORIZATION = "authorization"
"""The document that every payment connector writes for a checkout."""
SAID_BY_CHECKOUT = frozenset(
    {"order_number", "attempt_key", "amount", "token_kind", "token", "authentication"}
)
"""What the checkout itself puts into an authorization, whatever a mapping says."""

FieldType: TypeAlias = Literal[
    "text", "integer", "decimal", "money", "unit_amount", "boolean", "date", "instant", "choice",
    "group", "list",
]  # fmt: skip

FieldUnit: TypeAlias = Literal["", "quantity", "percentage", "currency"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a document.

    Attributes:
        name: as the target system writes it.
        type: "list" is a list of groups with the fields in `of`; "group" is one such.
        required: a document without it is not sent. An empty text does not count as given.
        length_max: characters, for text.
        digits_max: digits after the point, for decimal.
        options: the allowed texts, for choice.
        custom: a group whose names the site chooses (custom fields): any name with a text value;
            where `of` names the columns that are really there, only those, each by its type.
        unit: what a number counts ("quantity" pieces, "percentage" of 100), or that a text names a
            "currency".
        inexact: a column of binary floating point: no amount may go into it.
        gone_on: the day a column was last seen that is not there any more; None for all others.
    """

    name: str
    type: FieldType
    title: str = ""
    required: bool = False
    length_max: int | None = None
    digits_max: int | None = None
    options: tuple[str, ...] = ()
    of: tuple["Field", ...] = ()
    custom: bool = False
    unit: FieldUnit = ""
    inexact: bool = False
    gone_on: date | None = None


@dataclass(frozen=True, slots=True)
class DocumentShape:
    """A kind of document one connection takes."""

    kind: str
    title: str
    fields: tuple[Field, ...]
