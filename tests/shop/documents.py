"""The documents the shop tests post."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret
from tillbridge_shop.connector import ShopSession
from tillbridge_shop.settings import ShopSettings

SECRET = "a made-up signing secret of 40 characters"
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)

ORDER: dict[str, Any] = {
    "number": "1042",
    "currency": "USD",
    "placed_at": "2026-01-02T12:30:00+01:00",
    "lines": [
        {"product": "TEA-EARL-100", "quantity": "2", "unit_price": "12.50", "tax": "1.25"},
        {
            "number": 7,
            "product": "MUG-BLUE",
            "description": "Mug, blue",
            "quantity": 1,
            "unit_price": "9.90",
            "discount": "0.90",
            "amount": "9.00",
        },
    ],
    "tax": "1.25",
    "freight": "5.00",
    "total": "40.25",
    "customer": {"id": 77, "name": "Ada", "custom": {"tier": "gold"}},
    "billing": {"first_name": "Ada", "last_name": "Lovelace", "country": "GB"},
    "custom": {"note": "ring twice", "gift": True, "points": 12.50},
}


def order(**changes: object) -> dict[str, Any]:
    return copy.deepcopy(ORDER) | changes


def checkout_body(**changes: object) -> bytes:
    token = {"kind": "transient", "value": "tok-1"}
    return json.dumps({"order": order(**changes), "token": token}).encode()


def delivery(body: bytes, **headers: str) -> Delivery:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery("webshop", "POST", "/checkout/payments", named, body, NOW)


def session(status_url: str = "", secret: str = SECRET) -> ShopSession:
    settings = ShopSettings(Secret(secret), status_url=status_url, id="shop-1")
    return ShopSession(settings, Opening("webshop", lambda: datetime.now(UTC)))


def call(key: str = KEY, timeout_s: float = 5.0) -> Call:
    return Call(key, datetime.now(UTC), timeout_s, "c-1", lambda: None)
