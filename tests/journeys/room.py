"""A house with nobody outside: doors, inbox, lanes and payments, without a call to anyone."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.town import FACTOR, SECRET, copy_template, secrets, write_connections

from tillbridge.assembly import Site, close_house, open_house, prepare
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import Received, receive
from tillbridge_simulators.cybersource.app import CybersourceSimulator
from tillbridge_simulators.cybersource.webhooks import Subscription, sealed
from tillbridge_simulators.dynamics365.simulator import DataverseSimulator
from tillbridge_simulators.shop.signing import signed
from tillbridge_simulators.shop.simulator import ShopSimulator

SHOP_DOOR = "/doors/webshop"
TOLD_AT = "2026-03-03T10:00:00Z"
PLANTED = "4111 1111 1111 1111"
"""Visa's own test number: it passes for a card everywhere and belongs to nobody."""


@dataclass
class Room:
    """A house and what it takes to knock at its doors."""

    house: House
    subscription: Subscription = field(repr=False)

    async def hear_shop(self, document: object, *, secret: str = SECRET) -> Received:
        """A shop's delivery, signed."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        headers = signed(secret, "POST", SHOP_DOOR, body)
        return await self.hear("webshop", body, headers)

    async def hear_cybersource(
        self,
        event_type: str,
        payload: Mapping[str, object],
        *,
        number: str = "n-1",
        attempt: int = 0,
        at: str = TOLD_AT,
    ) -> Received:
        """A notification, signed; each attempt has a trace id of its own."""
        body, headers = self.notification(
            event_type, payload, number=number, attempt=attempt, at=at
        )
        return await self.hear("cybersource", body, headers)

    def notification(
        self,
        event_type: str,
        payload: Mapping[str, object],
        *,
        number: str = "n-1",
        attempt: int = 0,
        at: str = TOLD_AT,
    ) -> tuple[bytes, dict[str, str]]:
        envelope = {
            "notificationId": number,
            "webhookId": "w-1",
            "productId": "payments",
            "organizationId": "tillbridge_test",
            "eventType": event_type,
            "eventDate": at,
            "payload": payload,
        }
        return sealed(self.subscription, envelope, attempt, time.time())

    async def hear(self, door: str, body: bytes, headers: Mapping[str, str]) -> Received:
        """Anything at any door."""
        lower = {name.lower(): value for name, value in headers.items()}
        delivery = Delivery(door, "POST", f"/doors/{door}", lower, body, datetime.now(UTC))
        return await receive(self.house, delivery)

    async def count(self, table: str) -> int:
        found = await self.house.database.fetch_value(f"SELECT count(*) FROM {table}")  # noqa: S608 (a test's own table names)
        return int(found)

    async def holds(self, planted: str) -> list[str]:
        """The tables anywhere in the database in which a text stands, with or without spaces."""
        database = self.house.database
        tables = await database.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = []
        for table in tables:
            rows = await database.fetch(f"SELECT * FROM {table['name']}")  # noqa: S608 (names from the catalogue)
            for row in rows:
                text = " ".join(_shown(value) for value in row.values())
                if planted in text or planted.replace(" ", "") in text:
                    found.append(str(table["name"]))
        return found


def _shown(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


@contextlib.asynccontextmanager
async def open_room(folder: Path, dsn: str) -> AsyncIterator[Room]:
    """A house from the Dynamics template whose other systems are not there."""
    subscription = Subscription(url="")
    cybersource, dynamics = CybersourceSimulator(), DataverseSimulator()
    shop = ShopSimulator("http://127.0.0.1:9", SECRET, "http://127.0.0.1:9")
    copy_template(folder, "order-to-cash-dynamics")
    write_connections(folder, cybersource, shop, dynamics, None, settings={})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in secrets(cybersource, dynamics, None, subscription).items():
            patch.setenv(f"TILLBRIDGE_SECRET_{name}", value)
        await prepare(dsn)
        house = await open_house(Site(folder, factor=FACTOR), dsn, role="a test", pool=6)
        try:
            yield Room(house, subscription)
        finally:
            await close_house(house)


def fulfilled(order: str = "1042", number: str = "evt-1", **changes: Any) -> dict[str, Any]:
    """A shop's `order.fulfilled`."""
    return {
        "id": number,
        "type": "order.fulfilled",
        "order_number": order,
        "occurred_at": "2026-03-03T10:00:00Z",
        "fulfilment": {"id": "1", "lines": [], "complete": True},
    } | changes


def capture_told(
    request_id: str = "7049811234567890123499", order: str = "1042", amount: str = "31.95"
) -> dict[str, Any]:
    """The payload of a capture's notification, as Cybersource words it."""
    return {
        "id": request_id,
        "submitTimeUtc": "2026-03-03T10:00:00Z",
        "status": "PENDING",
        "clientReferenceInformation": {"code": order},
        "orderInformation": {"amountDetails": {"totalAmount": amount, "currency": "USD"}},
    }
