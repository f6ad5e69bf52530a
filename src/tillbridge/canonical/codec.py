"""The one door between canonical values and JSON.

Amounts are JSON text ("12.34"), instants are UTC in RFC 3339, and every envelope carries the
version of its shape. Any JSON number that is read without a type becomes an exact Decimal (or an
int of any size): no float ever appears.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.canonical.events import Event, EventData, Kind

T = TypeVar("T")

SCHEMA_VERSION = 1
TYPE_PREFIX = "tillbridge."

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | Decimal | bool | None"
"""Parsed JSON whose numbers are ints and Decimals."""

_ENCODER = msgspec.json.Encoder(decimal_format="string")
_WIRE_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ANY_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class Envelope(msgspec.Struct, frozen=True):
    """A CloudEvents 1.0 event in JSON format.

    Source: CloudEvents 1.0.2, section 2 and its JSON format (cloudevents.io).
    """

    id: str
    source: str
    type: str
    subject: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    data: EventData
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    dataschemaversion: int = SCHEMA_VERSION


_ENVELOPE_DECODER = msgspec.json.Decoder(Envelope)


def encode(value: object) -> bytes:
    """Any canonical value as JSON; amounts as text."""
    return _ENCODER.encode(value)


def encode_numbers(value: object) -> bytes:
    """JSON with Decimals as JSON numbers, digit for digit, for systems that want numbers."""
    return _WIRE_ENCODER.encode(value)


def decode(data: bytes | str, shape: type[T]) -> T:
    """JSON into a canonical value of the given shape.

    Raises:
        Rejected: not JSON, or not of that shape; the message names the field.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except msgspec.DecodeError as error:
        raise _unreadable(error) from error


def read_json(data: bytes | str) -> Any:  # JSON is Any by nature; callers narrow it
    """JSON without a shape: text, bool, None, int, Decimal, list, dict.

    Raises:
        Rejected: not JSON, or nested deeper than anything that means something.
    """
    try:
        return _ANY_DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise _unreadable(error) from error
    except RecursionError:
        raise Rejected("This JSON is nested too deeply.", reason="bad_json") from None


def shaped(value: object, shape: type[T]) -> T:
    """Parsed JSON into a canonical value of the given shape. Raises Rejected, naming the field."""
    try:
        return msgspec.convert(value, type=shape)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error


def plain(value: object) -> Any:  # plain data is Any by nature
    """A canonical value as plain dicts, lists, text and Decimals (the shape mappings read)."""
    return msgspec.to_builtins(value, builtin_types=(Decimal, datetime))


def encode_event(event: Event) -> bytes:
    """An event in its versioned envelope."""
    return _ENCODER.encode(
        Envelope(
            id=event.id,
            source=event.source,
            type=TYPE_PREFIX + event.kind,
            subject=event.subject,
            time=event.occurred_at,
            data=event.data,
        )
    )


def decode_event(data: bytes | str) -> Event:
    """An event from its envelope. Raises Rejected for another schema version, type or shape."""
    try:
        envelope = _ENVELOPE_DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except msgspec.DecodeError as error:
        raise _unreadable(error) from error
    if envelope.dataschemaversion != SCHEMA_VERSION:
        raise Rejected(
            f"Event {envelope.id} has schema version {envelope.dataschemaversion};"
            f" this program reads {SCHEMA_VERSION}.",
            reason="schema_version",
            next_step="Run the program version that wrote it, or a newer one.",
        )
    return Event(
        id=envelope.id,
        source=envelope.source,
        kind=_kind(envelope),
        subject=envelope.subject,
        occurred_at=envelope.time.astimezone(UTC),
        data=envelope.data,
    )


def _kind(envelope: Envelope) -> Kind:
    try:
        return Kind(envelope.type.removeprefix(TYPE_PREFIX))
    except ValueError:
        raise Rejected(
            f"Event {envelope.id} has the unknown type {envelope.type!r}.",
            reason="unknown_kind",
            place=Place(field="type"),
            next_step=f"Known: {', '.join(TYPE_PREFIX + kind for kind in Kind)}.",
        ) from None


def _misfit(error: msgspec.ValidationError) -> Rejected:
    message, _, path = str(error).partition(" - at `$")
    field = path.removesuffix("`").removeprefix(".")
    return Rejected(message + ".", reason="bad_shape", place=Place(field=field or "the document"))


def _unreadable(error: msgspec.DecodeError) -> Rejected:
    return Rejected(f"This is not JSON: {error}.", reason="bad_json")
