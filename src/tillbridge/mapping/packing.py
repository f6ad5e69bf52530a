"""Values to JSON and back, digit for digit: what the journal keeps of a step's answer.

Text, truths, null, whole numbers of 64 bits, lists and dicts are plain JSON; everything else is an
object with one key that begins with "$" and says its type. A dict of the user's that has such a
key is wrapped in the same way, so every value comes back as it was.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from tillbridge.canonical.codec import decode_event, encode_event, read_json
from tillbridge.canonical.events import Event
from tillbridge.canonical.money import Money, UnitAmount

_SMALL = 2**63
_ENCODER = msgspec.json.Encoder()


def pack(value: object) -> bytes:
    """JSON for a step's answer: fields, receipts or an event. Raises TypeError for other things."""
    return _ENCODER.encode(_packed(value))


def unpack(data: bytes | str) -> Any:  # whatever was packed
    """What was packed, equal in value and type. Raises Rejected when it is not such JSON."""
    return _unpacked(read_json(data))


def _packed(value: object) -> object:  # noqa: PLR0912  # one case a type
    match value:
        case None | bool():
            return value
        case str():
            return str(value)
        case int():
            return value if -_SMALL <= value < _SMALL else {"$integer": str(value)}
        case Decimal():
            return {"$decimal": str(value)}
        case Money():
            return {"$money": [str(value.amount), value.currency]}
        case UnitAmount():
            return {"$unit_amount": [str(value.amount), value.currency]}
        case datetime():
            assert value.tzinfo is not None, "an instant has its zone"
            return {"$instant": value.astimezone(UTC).isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case list() | tuple():
            return [_packed(item) for item in value]
        case Event():
            return {"$event": encode_event(value).decode()}
        case Mapping():
            packed = {name: _packed(item) for name, item in value.items()}
            if any(name.startswith("$") for name in packed):
                return {"$fields": list(map(list, packed.items()))}
            return packed
        case _:
            raise TypeError(f"{type(value).__name__} is not a value a step answers")


def _unpacked(value: Any) -> Any:
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
    "$event": decode_event,
    "$fields": _fields,
}
