"""Card guard: nothing that crosses the house's borders carries a card number, in or out.

Where people and shops send it is refused; in what systems send it is masked and the rest is kept; a
document of ours that would carry one is not written. Each time is counted: by which way and in
which field, never what (decision 0023).
"""

import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from tillbridge.canonical.card_data import find_card_data, mask_body, may_hold, scan_body
from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Receipt, ReceivesCheckouts
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import Fields
from tillbridge.connector.packing import pack
from tillbridge.database.database import Database
from tillbridge.inbox.inbox import UNKEPT_HEADERS
from tillbridge.inbox.sightings import note_sighting

CARD_DATA = "card_data"
"""The reason of every refusal of card data."""
QUERY = "the query string"
OWN_IDS = frozenset(
    {
        *("id", "number", "order_number", "subject", "product", "tracking_number"),
        *("authorization_id", "capture_id", "request_id", "transaction_id", "payment_id"),
        *("token", "token.value", "reference", "references", "customer_id", "customer_number"),
    }
)
"""Names of ids and tokens in our own documents: many of them pass for card numbers."""
_DRAWN = re.compile(
    r"(?=.*[a-f].*[a-f])(?:[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)
"""Hexadecimal digits in the lengths in which programs draw them, UUIDs among them."""
_ID_HEADERS = frozenset({"idempotency-key", "x-request-id", "x-correlation-id", "traceparent"})


def in_key(key: str) -> bool:
    """Whether a shop's own key of a try carries a card number.

    A key that was drawn at random is an id: of 100,000 keys of hexadecimal digits two or three have
    thirteen or more in a row that would pass.
    """
    return _DRAWN.fullmatch(key) is None and bool(find_card_data(key))


def card_data_found(fields: Sequence[str]) -> Rejected:
    """The refusal of card data: says where, never what."""
    return Rejected(
        f"There is a card number in {', '.join(fields)}; nothing was stored.",
        reason=CARD_DATA,
        place=Place(field=fields[0]),
        next_step="Send a token instead of the card.",
    )


def screened(connection: Connection, delivery: Delivery) -> tuple[Delivery, list[str]]:
    """A delivery without card data, and where it stood.

    Raises:
        Rejected: it comes from a shop, and has card data in its body, a header or the query.
    """
    found = _around(delivery)
    body, fields = mask_body(delivery.body, connection.configured.connector.id_fields)
    found = fields + found
    if not found:
        return delivery, found
    if isinstance(connection.session, ReceivesCheckouts):
        raise card_data_found(found)
    return replace(delivery, body=body), found


async def expect_clean(
    database: Database, way: str, subject: str, fields: Fields, ids: Collection[str] = ()
) -> None:
    """Before a document leaves, or is kept: it holds no card number.

    `subject` is known as an order's number wherever it stands in the document, and so is the key of
    a try that was drawn at random (`in_key`); `ids` names further fields that hold ids.

    Raises:
        Rejected: it does, put together from parts perhaps: a person mends the mapping.
    """
    body = pack(fields)
    if not may_hold(body):
        return
    if may_hold(subject.encode()):
        body = body.replace(encode(subject)[1:-1], b"the order")
    key = fields.get("attempt_key")
    if isinstance(key, str) and key and not in_key(key):
        body = body.replace(encode(key)[1:-1], b"the try")
    found = scan_body(body, OWN_IDS.union(ids))
    if not found:
        return
    await note_sighting(database, way, found[0], "refused")
    raise Rejected(
        f"There is a card number in {', '.join(found)} of what the flow would send.",
        reason=CARD_DATA,
        place=Place(field=found[0]),
        next_step="Mend the mapping, or the field that the order brought, and replay the run.",
    )


async def without_card_data(database: Database, at: Connection, way: str, told: Receipt) -> Receipt:
    """What another system answers, masked before it is kept."""
    body, found = mask_body(encode(told.fields), OWN_IDS | at.configured.connector.id_fields)
    if not found:
        return told
    await note_sighting(database, way, found[0], "masked")
    return replace(told, fields=read_json(body))


@asynccontextmanager
async def counting(database: Database, way: str) -> AsyncIterator[None]:
    """Counts a refusal of card data that passes by."""
    try:
        yield
    except Rejected as refusal:
        await count_refusal(database, way, refusal)
        raise


async def count_refusal(database: Database, way: str, refusal: Exception) -> None:
    """Counts a refusal if it is one of card data."""
    if isinstance(refusal, Rejected) and refusal.reason == CARD_DATA:
        await note_sighting(database, way, str(refusal.place or ""), "refused")


def _around(delivery: Delivery) -> list[str]:
    """Where card data stands in the query and in the headers of a delivery that may be kept."""
    found = [QUERY] if delivery.query and find_card_data(delivery.query) else []
    asked = {
        name: value
        for name, value in delivery.headers.items()
        if name not in UNKEPT_HEADERS and name not in _ID_HEADERS
    }
    if may_hold("; ".join(asked.values()).encode()):
        found += [f"the header {name}" for name, value in asked.items() if find_card_data(value)]
    return found
