"""What the shop tells after the checkout: shipments and cancellations, until they are taken."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.checkout import Patience
from tillbridge_simulators.shop.client import Client
from tillbridge_simulators.shop.shoppers import shipments

RETRY_S = 1.0
TRIES_MAX = 200


class Deliveries:
    """Posts to the shop's door. `Faults` operations "fulfilment", "cancellation" and "refund":
    "twice" posts the same delivery twice at once, "late" and "slow" post `seconds` later (so that
    shipments overtake each other), "lose_answer" posts again after it was taken, "lost" never
    posts.
    """

    def __init__(
        self, client: Client, door: str, faults: Faults, log: EffectLog, patience: Patience
    ) -> None:
        self._client = client
        self._door = door
        self._faults = faults
        self._log = log
        self._patience = patience

    async def ship(self, order: ShopOrder) -> None:
        """Sends every shipment of the order; a late one is overtaken by the next."""
        parts = shipments(order.purchase)
        await asyncio.gather(*(self._ship_one(order, part) for part in parts))
        order.state = "shipped"

    async def cancel(self, order: ShopOrder) -> None:
        """Tells that the order is cancelled."""
        order.state = "cancelled"
        await self._tell(
            "cancellation", order, f"cancel-{order.number}", {"type": "order.cancelled"}
        )

    async def _ship_one(self, order: ShopOrder, part: dict[str, Any]) -> None:
        delivery_id = f"ship-{order.number}-{part['id']}"
        content = {"type": "order.fulfilled", "fulfilment": part}
        if await self._tell("fulfilment", order, delivery_id, content):
            order.shipments_sent.append(str(part["id"]))

    async def _tell(
        self, operation: str, order: ShopOrder, delivery_id: str, content: dict[str, Any]
    ) -> bool:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        facts = {"id": delivery_id, "order_number": order.number, "occurred_at": now}
        return await self.tell(operation, facts | content)

    async def tell(self, operation: str, delivery: Mapping[str, Any]) -> bool:
        """Posts one delivery (it has an `id` and an `order_number`) until it is taken."""
        delivery_id, number = str(delivery["id"]), str(delivery["order_number"])
        fault = self._faults.draw(operation, number)
        if fault is not None and fault.kind == "lost":
            self._log.add("delivery_lost", id=delivery_id, order_number=number)
            return False
        taken = await self._post_with(fault, delivery_id, json.dumps(delivery).encode())
        self._log.add("delivery", id=delivery_id, order_number=number, what=operation, taken=taken)
        return taken

    async def _post_with(self, fault: Fault | None, delivery_id: str, body: bytes) -> bool:
        if fault is None:
            return await self._until_taken(delivery_id, body)
        if fault.kind in ("late", "slow"):
            await self._patience.wait(fault.seconds)
        if fault.kind == "twice":
            both = await asyncio.gather(
                self._until_taken(delivery_id, body), self._until_taken(delivery_id, body)
            )
            return all(both)
        taken = await self._until_taken(delivery_id, body)
        if fault.kind == "lose_answer":
            taken = await self._until_taken(delivery_id, body)
        return taken

    async def _until_taken(self, delivery_id: str, body: bytes) -> bool:
        """Posts until the door answers 2xx; False when it says a certain no or nothing helps."""
        for _ in range(TRIES_MAX):
            answer = await self._client.post(self._door, body, delivery_id)
            if 200 <= answer.status < 300:
                return True
            if 400 <= answer.status < 500 and answer.status not in (408, 429):
                self._log.add("delivery_refused", id=delivery_id, status=answer.status)
                return False
            await self._patience.wait(answer.wait_s if answer.wait_s is not None else RETRY_S)
        return False
