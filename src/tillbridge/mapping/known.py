"""What is known of a value before anything runs: its length, its unit, its currency.

The compiler knows types. This walk knows what a type does not say: that `left(name, 40)` may have
40 characters, that `line.unit_price.amount` is an amount and no quantity, that a literal is in USD
while the order is in its own currency. What it does not know it says nothing about; nothing here
changes what a mapping does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tillbridge.mapping.tree import Index, Name, Select, Span, Tree
from tillbridge.mapping.value_type import ANY, Scope, ValueType, joined, list_of

Unit: TypeAlias = Literal["", "amount", "minor units", "quantity", "percentage"]

ORDERS_CURRENCY: Final = "the order's currency"
"""All money of an event is in it: `canonical.orders.check_order` holds that before money moves."""

_LENGTHS: Final[Mapping[str, int]] = {
    "order.number": 50,
    "payment.order_number": 50,
    "fulfilment.order_number": 50,
    "refund.order_number": 50,
    "order.currency": 3,
    "order.billing.country": 2,
    "order.shipping.country": 2,
    "payment.card.last4": 4,
}
"""The most characters of a text, where the canonical word bounds it."""

_TYPED: Final = frozenset(
    {
        *("first_name", "last_name", "name", "company", "email", "phone"),
        *("line1", "line2", "city", "region", "postal_code"),
        *("description", "carrier", "tracking_number"),
    }
)
"""Texts that people type: nobody bounds them. Ids are not among them: an id is never cut."""

_CURRENCIES: Final = frozenset({"order.currency"})
_QUANTITIES: Final = frozenset({"order.lines[].quantity", "fulfilment.lines[].quantity"})
_EVENTS_OWN: Final = frozenset({"order", "payment", "fulfilment", "refund"})


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one value.

    Attributes:
        kind: its type.
        path: what it reads, such as "order.lines[].tax"; "" for anything computed.
        shortest, longest: characters; None when nothing bounds it.
        typed: a text that people type, of any length.
        options: the texts it can be, when they are counted.
        written: texts it can be that stand in the expression itself.
        digits: the most digits after the point; None when nothing bounds them.
        currency: `ORDERS_CURRENCY`, an ISO 4217 code, or "" when it is not known. Of a text: the
            currency it names.
        share: the path of the amount it is a rounded share of.
        format: the format a date or instant was written with.
    """

    kind: ValueType = ANY
    path: str = ""
    shortest: int = 0
    longest: int | None = None
    typed: bool = False
    options: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    digits: int | None = None
    unit: Unit = ""
    currency: str = ""
    share: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Guards:
    """What a condition has made sure of.

    Attributes:
        longest: the most characters, by path.
        given: the paths that are not empty.
        currency: the code that the order's currency was compared with; "" for none.
    """

    longest: Mapping[str, int] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    currency: str = ""

    def also(self, other: "Guards") -> "Guards":
        """Both hold."""
        return Guards(
            {**self.longest, **other.longest},
            self.given | other.given,
            other.currency or self.currency,
        )


Knowledge: TypeAlias = Mapping[str, Known]
"""What is known of each name in scope."""


def knowledge_of(scope: Scope) -> dict[str, Known]:
    """What is known of the names of a scope: those of the event, and results of earlier steps."""
    return {name: Known(kind, name) for name, kind in scope.items()}


def item_of(items: Known) -> Known:
    """What is known of each item of a list."""
    kind = items.kind.of if items.kind.of is not None else ANY
    path = f"{items.path}[]" if items.path else ""
    return Known(kind, path, unit=items.unit, currency=items.currency)


def part_of(of: Known, name: str) -> Known:
    """What is known of a field; of a list, of that field of its items."""
    if of.kind.sort == "list":
        part = part_of(item_of(of), name)
        kind = part.kind if part.kind.sort == "list" else list_of(part.kind)
        return Known(kind, part.path, unit=part.unit, currency=part.currency)
    if of.kind.sort in ("money", "unit_amount"):
        if name == "currency":
            return Known(path=_below(of, name), longest=3, currency=of.currency)
        return Known(path=_below(of, name), unit="amount", share=of.share)
    kind = of.kind.fields.get(name) or of.kind.of or ANY
    path = _below(of, name)
    own = path.partition(".")[0] in _EVENTS_OWN
    custom = of.kind.sort == "dictionary" and of.kind.lenient
    currency = ""
    if path in _CURRENCIES or (own and kind.sort in ("money", "unit_amount")):
        currency = ORDERS_CURRENCY
    return Known(
        kind,
        path,
        shortest=min(map(len, kind.options), default=0),
        longest=_longest(path, kind),
        typed=custom or (own and kind.sort == "text" and name in _TYPED),
        options=kind.options,
        unit="quantity" if path in _QUANTITIES else "",
        currency=currency,
    )


def path_of(tree: Tree) -> str:
    """A chain of fields as it is read: "line.tax"; "" for anything else."""
    match tree:
        case Name():
            return tree.name
        case Select():
            of = path_of(tree.of)
            return f"{of}.{tree.field}" if of else ""
        case Index():
            of = path_of(tree.of)
            return f"{of}[]" if of else ""
        case _:
            return ""


def either(one: Known, other: Known) -> Known:
    """What is known of a value that is one or the other."""
    bounded = one.longest is not None and other.longest is not None
    return Known(
        joined(one.kind, other.kind) or ANY,
        shortest=min(one.shortest, other.shortest),
        longest=max(one.longest or 0, other.longest or 0) if bounded else None,
        typed=one.typed or other.typed,
        options=(*one.options, *other.options) if one.options and other.options else (),
        written=(*one.written, *other.written),
        unit=one.unit if one.unit == other.unit else "",
        currency=one.currency if one.currency == other.currency else "",
        share=one.share or other.share,
        format=one.format if one.format == other.format else "",
    )


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something in an expression that is wrong for every value, or for some.

    Attributes:
        certain: it is wrong whenever it runs.
    """

    certain: bool
    reason: str
    message: str
    next_step: str
    span: Span


def _below(of: Known, name: str) -> str:
    return f"{of.path}.{name}" if of.path else ""


def _longest(path: str, kind: ValueType) -> int | None:
    if path in _LENGTHS:
        return _LENGTHS[path]
    return max(map(len, kind.options)) if kind.options else None
