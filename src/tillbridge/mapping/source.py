"""What a mapping or flow can read of an event: taken by reflection from the canonical words."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final, get_args, get_origin, get_type_hints

from tillbridge.canonical.events import Event, EventData
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.mapping.value_type import (
    BOOLEAN,
    DATE,
    DECIMAL,
    INSTANT,
    INTEGER,
    MONEY,
    TEXT,
    UNIT_AMOUNT,
    Scope,
    ValueType,
    dictionary_of,
    list_of,
    optional,
)

EVENT_NAMES: Final = (
    *("event", "order", "payment", "fulfilment", "written", "trigger", "refund"),
    *("invoice", "link", "subscription", "news"),
)
"""What every mapping can name; all but the first are null where the event has no such part."""

_SIMPLE: Mapping[type, ValueType] = {
    str: TEXT,
    bool: BOOLEAN,
    int: INTEGER,
    Decimal: DECIMAL,
    Money: MONEY,
    UnitAmount: UNIT_AMOUNT,
    datetime: INSTANT,
    date: DATE,
}


def event_scope() -> Scope:
    """The names a mapping can read of an event, with their types."""
    parts = type_of(EventData).fields
    return {"event": type_of(Event), **parts}


def names_of(event: Event) -> dict[str, object]:
    """The values behind those names: what expressions are evaluated over."""
    about = event.data
    return {
        "event": event,
        "order": about.order,
        "payment": about.payment,
        "fulfilment": about.fulfilment,
        "written": about.written,
        "trigger": about.trigger,
        "refund": about.refund,
        "invoice": about.invoice,
        "link": about.link,
        "subscription": about.subscription,
        "news": about.news,
    }


@cache
def type_of(shape: Any) -> ValueType:  # a type hint has no better type
    """The type of values declared by a Python annotation; dataclasses field by field.

    A field named `custom` holds what a site adds: a name that is not there reads as empty text.
    """
    if shape in _SIMPLE:
        return _SIMPLE[shape]
    if isinstance(shape, types.UnionType):
        parts = [part for part in get_args(shape) if part is not types.NoneType]
        assert len(parts) == 1, f"{shape} is more than one thing"
        return optional(type_of(parts[0]))
    if get_origin(shape) is tuple:
        return list_of(type_of(get_args(shape)[0]))
    if get_origin(shape) is dict:
        return dictionary_of(type_of(get_args(shape)[1]))
    if isinstance(shape, type) and issubclass(shape, StrEnum):
        return ValueType("text", options=tuple(str(option) for option in shape))
    assert is_dataclass(shape) and isinstance(shape, type), f"{shape} is not a canonical value"
    return ValueType("record", fields=_fields_of(shape))


def _fields_of(shape: type[Any]) -> dict[str, ValueType]:
    hints = get_type_hints(shape)
    found = {}
    for each in fields(shape):
        kind = type_of(hints[each.name])
        if each.name == "custom":
            kind = dictionary_of(TEXT, lenient=True)
        found[each.name] = kind
    for name, member in vars(shape).items():
        if isinstance(member, property):
            found[name] = type_of(get_type_hints(member.fget)["return"])
    return found
