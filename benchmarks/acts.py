"""What the six steps do, whoever runs them: no library of either engine is used here.

    note, look up the customer, look up stock, write the order, note, write the payment

The system asked and written to is in this process: it answers at once, with what was given.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

NOTE = (
    "INSERT INTO notices (key, flow, subject, level, title, content)"
    " VALUES ($1, 'six-steps', $2, 'note', $3, '') ON CONFLICT (key) DO NOTHING"
)
"""The local act: a row for people, as Tillbridge keeps it (migration 0006)."""

NOTICES = """
CREATE TABLE IF NOT EXISTS notices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE, flow text NOT NULL, subject text NOT NULL, level text NOT NULL,
    title text NOT NULL, content text NOT NULL, noticed_at timestamptz NOT NULL DEFAULT now()
)"""


def order(number: str) -> dict[str, Any]:
    """What a run is about."""
    return {
        "number": number,
        "email": f"{number}@example.com",
        "name": "Ada Lovelace",
        "currency": "USD",
        "total": "129.90",
        "lines": [
            {"product": product, "quantity": "2", "unit_price": "21.65", "amount": "43.30"}
            for product in ("MUG", "TRAY", "BOWL")
        ],
    }


def customer(asked: Mapping[str, Any]) -> dict[str, str]:
    """A read: the customer of an e-mail address."""
    return {"number": f"C-{_digest(asked)}", "terms": "NET30", "country": "US"}


def stock(asked: Mapping[str, Any]) -> dict[str, str]:
    """A read: what is there of a product."""
    return {"product": str(asked["product"]), "on_hand": "17", "warehouse": "MAIN"}


def sales_order(key: str, document: Mapping[str, Any]) -> dict[str, str]:
    """A write: answers the other side's id, the same for the same key."""
    return {"id": f"SO-{_digest({'key': key, **document})}", "status": "booked"}


def payment(key: str, document: Mapping[str, Any]) -> dict[str, str]:
    """A write: answers the other side's id, the same for the same key."""
    return {"id": f"PY-{_digest({'key': key, **document})}", "status": "posted"}


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
