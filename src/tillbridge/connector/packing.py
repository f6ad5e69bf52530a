"""A document's values as JSON and back, digit for digit: what the journal keeps of a write.

Text, truths, null, whole numbers of 64 bits, lists and groups are plain JSON; everything else is an
object with one key that begins with "$" and says its type. A group of the user's that has such a
key is wrapped in the same way, so every value comes back as it was.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields

_SMALL = 2**63
_PLAIN: Final = frozenset({str, bool, type(None)})


def pack(fields: Fields) -> bytes:
    """JSON for a document. Raises TypeError for what is not a value of a document."""
    return encode(_packed(fields))


def unpack(data: bytes | str) -> Fields:
    """What was packed, equal in value and type. Raises Rejected when it is not JSON."""
    fields = _unpacked(read_json(data))
    assert isinstance(fields, dict), "a packed document is an object"
    return fields


def _packed(value: object) -> object:
    if type(value) in _PLAIN:  # most are, and a match asks one class after the other
        return value
    match value:
        case dict():
            return _group(value)
        case str():
            return str(value)
        case int():
            return value if -_SMALL <= value < _SMALL else {"$integer": str(value)}
        case Decimal():
            return {"$decimal": str(value)}
        case Money():
            return {"$money": [value.text, value.currency]}
        case UnitAmount():
            return {"$unit_amount": [str(value.amount), value.currency]}
        case datetime():
            assert value.tzinfo is not None, "an instant has its zone"
            return {"$instant": value.astimezone(UTC).isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case list() | tuple():
            return [_packed(item) for item in value]
        case Mapping():
            return _group(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not a value of a document")


def _group(value: Mapping[str, object]) -> dict[str, object]:
    packed = {name: _packed(item) for name, item in value.items()}
    if "$" in "".join(packed) and any(name.startswith("$") for name in packed):
        return {"$fields": list(map(list, packed.items()))}
    return packed


def _unpacked(value: Any) -> Any:  # parsed JSON
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(tag, content)] = value.items()
        if tag.startswith("$"):
            return _READERS[tag](content)
    return {name: _unpacked(item) for name, item in value.items()}


def _fields(content: list[list[Any]]) -> dict[str, Any]:
    return {name: _unpacked(item) for name, item in content}


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "$integer": int,
    "$decimal": Decimal,
    "$money": lambda parts: Money(Decimal(parts[0]), parts[1]),
    "$unit_amount": lambda parts: UnitAmount(Decimal(parts[0]), parts[1]),
    "$instant": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$fields": _fields,
}
