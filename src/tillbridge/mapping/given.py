"""The values an example gives, from YAML, by the types of the canonical words.

Amounts are written "12.50 USD" or with `amount:` and `currency:`; `null` stands for nothing. Of an
event that a step waited for only what the mapping reads needs to be given.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tillbridge.canonical.codec import shaped
from tillbridge.canonical.errors import Misconfigured, Place, Rejected
from tillbridge.canonical.events import Event, EventData, Kind, Written
from tillbridge.canonical.fulfilments import Fulfilment
from tillbridge.canonical.invoices import Invoice, PaymentLink
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.canonical.news import News
from tillbridge.canonical.orders import Order
from tillbridge.canonical.payments import Payment
from tillbridge.canonical.rates import Rate
from tillbridge.canonical.refunds import Refund
from tillbridge.canonical.subscriptions import Subscription
from tillbridge.mapping.rate_table import HEADER, RateTable, rate_from
from tillbridge.mapping.source import EVENT_NAMES, type_of
from tillbridge.mapping.text import (
    Entries,
    Items,
    Node,
    Scalar,
    any_entries,
    entries_of,
    items_of,
    scalar_of,
    shown,
    unknown,
)
from tillbridge.mapping.value_type import ValueType

_SHAPES: Final[Mapping[str, type]] = {
    "event": Event,
    "order": Order,
    "payment": Payment,
    "fulfilment": Fulfilment,
    "written": Written,
    "refund": Refund,
    "invoice": Invoice,
    "link": PaymentLink,
    "subscription": Subscription,
    "news": News,
}
_BUILT: Final[Mapping[str, type]] = {
    "money": Money,
    "unit_amount": UnitAmount,
    "decimal": Decimal,
    "instant": datetime,
}
"""What a type's plain text becomes."""
_EVENT_DEFAULTS: Final[Mapping[str, str]] = {
    "id": "example",
    "source": "example",
    "kind": str(Kind.PAYMENT_AUTHORIZED),
    "subject": "example",
}


def context_of(given: Mapping[str, Node]) -> dict[str, object]:
    """The names an example gives, with canonical values; what it does not give is null.

    Raises:
        Misconfigured: a value does not have the shape of its name, with its file and line.
    """
    context: dict[str, object] = dict.fromkeys(EVENT_NAMES)
    for name, node in given.items():
        if name not in _SHAPES:
            context[name] = _of_step(node)
        elif name != "event":
            plain = plain_of(node, type_of(_SHAPES[name]))
            context[name] = _shaped(plain, _SHAPES[name], node.place)
    if "event" in given:
        context["event"] = _event(given["event"], context)
    return context


def rates_of_connections(node: Node) -> dict[str, RateTable]:
    """The rates of connections that an example gives: by connection, rows as in a table.

    Raises:
        Misconfigured: a row is none.
    """
    return {
        name: RateTable(name, map(_rate, items_of(rows)), mend="Give it in the example.")
        for name, rows in any_entries(node).nodes.items()
    }


def _rate(node: Node) -> Rate:
    row = entries_of(node, required=HEADER)
    return rate_from([scalar_of(row.nodes[name]).text for name in HEADER], node.place)


def _of_step(node: Node) -> Any:
    """The result of an earlier step: what the event it waited for says (`data`) has its types, all
    else is text."""
    found = _as_text(node)
    if isinstance(node, Entries) and isinstance(data := node.nodes.get("data"), Entries):
        found["data"] = {
            name: _typed(value, type_of(_SHAPES[name])) if name in _SHAPES else _as_text(value)
            for name, value in data.nodes.items()
        }
    return found


def _typed(node: Node, kind: ValueType) -> Any:
    """Values of a type; records with the fields that are given."""
    plain = plain_of(node, kind)
    return None if plain is None else _value(plain, kind, node.place)


def _value(plain: Any, kind: ValueType, place: Place) -> Any:
    match kind.sort:
        case "record":
            return {
                name: None if value is None else _value(value, kind.fields[name], place)
                for name, value in plain.items()
            }
        case "dictionary":
            return plain
        case "list":
            assert kind.of is not None
            return [_value(item, kind.of, place) for item in plain]
        case sort if sort in _BUILT:
            return _shaped(plain, _BUILT[sort], place)
    return plain


def _event(node: Node, context: Mapping[str, object]) -> Event:
    fields = {**_EVENT_DEFAULTS, **plain_of(node, type_of(Event))}
    fields.setdefault("occurred_at", datetime(2026, 1, 1, tzinfo=UTC))
    fields["data"] = EventData()
    event = _shaped(fields, Event, node.place)
    assert isinstance(event, Event), "it has just been shaped"
    data = {name: context[name] for name in EVENT_NAMES if name != "event"}
    return Event(
        id=event.id,
        source=event.source,
        kind=event.kind,
        subject=event.subject,
        occurred_at=event.occurred_at,
        data=EventData(**data),  # type: ignore[arg-type]  # each was shaped by its name above
    )


def _shaped(plain: Any, shape: type, place: Place) -> object:
    try:
        return shaped(plain, shape)
    except Rejected as error:
        field = str(error.place) if error.place else ""
        raise Misconfigured(
            f"{error.message}{f' (at {field})' if field else ''}",
            reason=error.reason,
            place=place,
            next_step=error.next_step,
        ) from error


def plain_of(node: Node, kind: ValueType) -> Any:
    """The node as plain data of a type: text for scalars, whole numbers and truths as such."""
    if kind.optional and isinstance(node, Scalar) and node.plain and node.text in ("null", "~", ""):
        return None
    match kind.sort:
        case "record":
            fields = any_entries(node).nodes
            for name, value in fields.items():
                if name not in kind.fields:
                    raise unknown("field", name, kind.fields, value.place)
            return {name: plain_of(value, kind.fields[name]) for name, value in fields.items()}
        case "dictionary":
            assert kind.of is not None
            return {name: plain_of(each, kind.of) for name, each in any_entries(node).nodes.items()}
        case "list":
            assert kind.of is not None
            return [plain_of(item, kind.of) for item in items_of(node)]
        case "money" | "unit_amount":
            return _amount(node)
        case _:
            return _scalar(node, kind)


def _scalar(node: Node, kind: ValueType) -> Any:
    if not isinstance(node, Scalar):
        raise _misfit(node, kind)
    text = node.text
    if kind.sort == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind.sort == "integer":
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise _misfit(node, kind)
        return int(text)
    if kind.sort == "boolean":
        raise _misfit(node, kind)
    return text


def _amount(node: Node) -> dict[str, Any]:
    if isinstance(node, Scalar):
        amount, _, currency = node.text.partition(" ")
        return {"amount": amount, "currency": currency}
    fields = any_entries(node).nodes
    return {name: _as_text(value) for name, value in fields.items()}


def _as_text(node: Node) -> Any:
    """The node as it is written, without a type."""
    match node:
        case Scalar():
            return node.text
        case Items():
            return [_as_text(item) for item in node.nodes]
        case Entries():
            return {name: _as_text(value) for name, value in node.nodes.items()}


def _misfit(node: Node, kind: ValueType) -> Misconfigured:
    found = shown(node.text) if isinstance(node, Scalar) else "a list or fields"
    return Misconfigured(
        f"Here stands {found}; it has to be {kind}.", reason="bad_shape", place=node.place
    )
