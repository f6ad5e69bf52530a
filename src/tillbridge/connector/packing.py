"""A document's values as JSON and back, exactly: Money stays Money, a date a date."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields, Value


def pack(fields: Fields) -> bytes:
    """JSON in which everything that JSON has no word for carries a tag ("$money", "$date", ...)."""
    return encode(_tag(fields))


def unpack(data: bytes) -> Fields:
    """The same values that were packed."""
    values = _untag(read_json(data))
    assert isinstance(values, dict), "a packed document is an object"
    return values


def _tag(value: Value) -> object:
    if isinstance(value, Money):
        return {"$money": [value.text, value.currency]}
    if isinstance(value, UnitAmount):
        return {"$unit_amount": [f"{value.amount:f}", value.currency]}
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$instant": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return {name: _tag(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_tag(part) for part in value]
    return value


def _untag(value: Any) -> Any:  # parsed JSON
    if isinstance(value, list):
        return [_untag(part) for part in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, content), *_ = value.items()
        if name in _TAGS:
            return _TAGS[name](content)
    return {name: _untag(part) for name, part in value.items()}


_TAGS: Mapping[str, Any] = {
    "$money": lambda content: Money(Decimal(content[0]), content[1]),
    "$unit_amount": lambda content: UnitAmount(Decimal(content[0]), content[1]),
    "$decimal": Decimal,
    "$instant": datetime.fromisoformat,
    "$date": date.fromisoformat,
}
