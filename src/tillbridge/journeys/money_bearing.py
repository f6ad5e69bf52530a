"""Money-bearing: whether a change of a dead letter's input changes what money moves.

An edit of an address is one person's; an edit of an amount, a quantity, or of what is paid with is
two persons'. The values are compared by their canonical types, not by names: whatever is money,
counted, or says which payment is meant.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal

from tillbridge.canonical.codec import decode_event
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.payments import Payment

Fact = tuple[str, object]
_NUMBER = re.compile(r"[^\d\n]{0,4}\d[\d.,'\s]*[^\d\n]{0,4}")


def bears_money(before: bytes, after: bytes) -> bool:
    """Whether two inputs differ in anything that money hangs on.

    True as well where the old one cannot be read: nobody can tell, then.
    """
    try:
        was = decode_event(before)
    except Rejected:
        return True
    return _facts(was) != _facts(decode_event(after))


def _facts(event: Event) -> list[Fact]:
    return list(_of(event.data, "data", whole=False))


def _of(value: object, path: str, *, whole: bool) -> Iterator[Fact]:
    """The facts of a value by path; `whole`: everything in it counts."""
    match value:
        case Money() | UnitAmount() | Decimal() | bool() | int():
            yield path, value
        case str() if whole or (_is_untyped(path) and _NUMBER.fullmatch(value) is not None):
            yield path, value
        case Mapping():
            for name, each in value.items():
                yield from _of(each, f"{path}.{name}", whole=whole)
        case tuple() | list():
            yield f"{path}#", len(value)
            for at, each in enumerate(value):
                yield from _of(each, f"{path}.{at}", whole=whole)
        case _ if is_dataclass(value) and not isinstance(value, type):
            inside = whole or isinstance(value, Payment)
            for field in fields(value):
                yield from _of(getattr(value, field.name), f"{path}.{field.name}", whole=inside)
        case _:
            pass


def _is_untyped(path: str) -> bool:
    """What a file, a record or a person gave comes as text: a number there may be an amount."""
    return ".trigger." in path
