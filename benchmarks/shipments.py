"""Signed deliveries of a shop: goods left, three lines each, some told again."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.senders import Shot, post

DOOR = "/doors/webshop"
REPEATED_SHARE = 0.02
"""A shop that misses an answer sends the same again."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """One delivery, and whether the same was sent before."""

    id: str
    body: bytes
    is_repeat: bool


def shipments(
    seed: int, count: int, name: str, *, repeated: float = REPEATED_SHARE
) -> Iterator[Shipment]:
    """So many deliveries of different orders; `name` tells one set's orders from another's."""
    draw = random.Random(seed)  # noqa: S311 (a load, not a secret)
    sent: list[Shipment] = []
    for number in range(count):
        if sent and draw.random() < repeated:
            again = draw.choice(sent)
            yield Shipment(again.id, again.body, is_repeat=True)
            continue
        fresh = _shipment(f"{name}-{seed}-{number:07}", draw)
        sent.append(fresh)
        yield fresh


def shots(secret: str, sent: Sequence[Shipment], due_s: Sequence[float]) -> list[Shot]:
    """Signed now, due at those moments."""
    timestamp = str(int(time.time()))
    return [
        Shot(due, post(DOOR, _signed(secret, timestamp, one.body), one.body))
        for one, due in zip(sent, due_s, strict=True)
    ]


def _shipment(order: str, draw: random.Random) -> Shipment:
    now = datetime.now(UTC).isoformat()
    lines = [{"number": line, "quantity": str(draw.randint(1, 4))} for line in (1, 2, 3)]
    document = {
        "id": f"shipped-{order}",
        "type": "order.fulfilled",
        "occurred_at": now,
        "order_number": order,
        "fulfilment": {
            "id": f"{order}-1",
            "lines": lines,
            "amount": {"amount": f"{draw.randint(1000, 99999) / 100:.2f}", "currency": "USD"},
            "complete": True,
            "shipped_at": now,
            "carrier": "Parcel Force",
            "tracking_number": f"PF{draw.randint(10**8, 10**9)}GB",
        },
    }
    return Shipment(f"shipped-{order}", json.dumps(document).encode(), is_repeat=False)


def _signed(secret: str, timestamp: str, body: bytes) -> dict[str, str]:
    """As the interface describes it, apart from the program that verifies it."""
    message = b".".join([timestamp.encode(), b"POST", DOOR.encode(), body])
    digest = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {"tillbridge-timestamp": timestamp, "tillbridge-signature": f"v1={digest}"}
