"""Orders, shipments and refunds of a test, in canonical words, as the shop posts them."""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.canonical.fulfilments import Fulfilment
from tillbridge.canonical.orders import Order
from tillbridge.canonical.refunds import Refund
from tillbridge.mapping.given import plain_of
from tillbridge.mapping.source import type_of
from tillbridge.mapping.text import Entries, Node, any_entries
from tillbridge.rehearsal.story import Document

PLACED_AT: Final = "2026-01-05T09:00:00Z"
"""When an order of a test was placed, unless it says so itself."""
HAPPENED_AT: Final = "2026-01-06T09:00:00Z"
_MONEY = ("total", "tax", "freight", "discount", "rounding")
_LINE_MONEY = ("unit_price", "discount", "tax", "amount")


def read_order(number: str, node: Node) -> Document:
    """The order of that number as the shop posts it. What the shop may leave out may be left out.

    Raises:
        Misconfigured: a field is unknown or has another shape, with its file and line.
    """
    order = plain_of(node, type_of(Order))
    entries = any_entries(node)
    total = order.get("total")
    if total is None:
        raise _missing("total", entries)
    currency = order.setdefault("currency", total["currency"])
    lines = order.get("lines")
    if not lines:
        raise _missing("lines", entries)
    for name in _MONEY:
        if name in order:
            order[name] = _amount(order[name], currency, name, entries.place)
    for line in lines:
        for name in _LINE_MONEY:
            if name in line:
                line[name] = _amount(line[name], currency, f"lines.{name}", entries.place)
    named = order.setdefault("number", number)
    if named != number:
        raise Misconfigured(
            f"The order {number!r} says that its number is {named!r}.",
            reason="bad_order",
            place=entries.place,
            next_step="Leave number: out; the order has the name it stands under.",
        )
    order.setdefault("placed_at", PLACED_AT)
    return dict(order)


def read_shipment(node: Node) -> Document:
    """A shipment as the shop tells of it."""
    fulfilment = plain_of(node, type_of(Fulfilment))
    entries = any_entries(node)
    if "order_number" not in fulfilment:
        raise _missing("order_number", entries)
    number = fulfilment.pop("order_number")
    fulfilment.setdefault("id", "1")
    fulfilment.setdefault("complete", True)
    fulfilment.setdefault("shipped_at", HAPPENED_AT)
    return _delivery(f"ship-{number}-{fulfilment['id']}", number, "order.fulfilled") | {
        "fulfilment": fulfilment
    }


def read_refund(node: Node) -> Document:
    """A refund as the shop asks for it."""
    refund = plain_of(node, type_of(Refund))
    entries = any_entries(node)
    for name in ("order_number", "id"):
        if name not in refund:
            raise _missing(name, entries)
    number = refund.pop("order_number")
    return _delivery(f"refund-{number}-{refund['id']}", number, "refund.requested") | {
        "refund": refund
    }


def cancellation_of(order_number: str) -> Document:
    """A cancellation as the shop tells of it."""
    return _delivery(f"cancel-{order_number}", order_number, "order.cancelled")


def _delivery(delivery_id: str, order_number: str, kind: str) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "type": kind,
        "order_number": order_number,
        "occurred_at": HAPPENED_AT,
    }


def _amount(amount: Mapping[str, str], currency: str, name: str, place: Place) -> str:
    """The amount alone: the shop says the currency once."""
    if amount["currency"] not in (currency, ""):
        raise Misconfigured(
            f"{name} is in {amount['currency']}, the order in {currency}.",
            reason="currencies_differ",
            place=place,
            next_step="An order has one currency.",
        )
    return amount["amount"]


def _missing(name: str, entries: Entries) -> Misconfigured:
    return Misconfigured(
        f"The field {name!r} is missing.",
        reason="missing_field",
        place=entries.place,
        next_step=f"Add {name}: to it.",
    )
