"""Ways: every way by which a card number may come into the house, or out of it."""

import asyncio
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from campaigns.card_forms import Form
from campaigns.card_ids import SHAPES, digits, tms_token
from campaigns.site import SHOP_SECRET
from tillbridge.api.answers import error_body
from tillbridge.canonical.errors import Rejected, TillbridgeError
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.delivery import Delivery
from tillbridge.desk.approvals import ask as ask_people
from tillbridge.desk.notices import keep_notice
from tillbridge.journeys import card_guard, clerking, receive, steer
from tillbridge.journeys.ask import ask_for_run
from tillbridge.journeys.checkout import checkout
from tillbridge.journeys.house import House
from tillbridge_simulators.cybersource.webhooks import Subscription, sealed
from tillbridge_simulators.shop.signing import signed

Fields: TypeAlias = Mapping[str, Any]
PAGE = "/checkout/payments"
_LOG = logging.getLogger("tillbridge.campaign")


@dataclass
class Ways:
    """The house's borders.

    Attributes:
        answers: everything the house has answered, error bodies included.
        facts: payment facts that were told.
        unseen: what was refused for another reason, by way and form: the number was not noticed.
    """

    house: House
    folder: Path
    subscription: Subscription
    draw: random.Random
    answers: list[str] = field(default_factory=list)
    facts: int = 0
    count: int = 0
    unseen: Counter[str] = field(default_factory=Counter)

    async def by(self, name: str, fields: Fields, form: str = "") -> None:
        """Sends fields by a way; a refusal is an answer like any other, if it is for card data."""
        self.count += 1
        way: Callable[[Fields], Awaitable[None]] = getattr(self, name)
        try:
            await way(fields)
        except TillbridgeError as error:
            self.answers.append(json.dumps(error_body(error)))
            await card_guard.count_refusal(self.house.database, name, error)
            if error.reason != card_guard.CARD_DATA:
                self.unseen[f"{name}, {form}"] += 1

    async def shop_body(self, fields: Fields) -> None:
        await self._shop({"fulfilment": {"id": "1", "lines": [], "complete": True, **fields}})

    async def shop_header(self, fields: Fields) -> None:
        await self._shop({}, {"x-note": told(fields)})

    async def shop_query(self, fields: Fields) -> None:
        await self._shop({}, query=quote(told(fields)))

    async def checkout_body(self, fields: Fields) -> None:
        body = json.dumps({"order": {"number": f"C-{self.count}", **fields}}).encode()
        headers = signed(SHOP_SECRET, "POST", PAGE, body) | {"idempotency-key": f"k-{self.count}"}
        await checkout(self.house, self._delivery("webshop", PAGE, headers, body))

    async def payments_body(self, fields: Fields) -> None:
        await self.tell_fact({"merchantInformation": dict(fields)})

    async def payments_header(self, fields: Fields) -> None:
        await self.tell_fact({}, {"x-note": told(fields)})

    async def payments_query(self, fields: Fields) -> None:
        await self.tell_fact({}, query=quote(told(fields)))

    async def run_input(self, fields: Fields) -> None:
        await ask_for_run(
            self.house,
            "tell",
            {"first": told(fields), "between": "", "second": "x"},
            who="ada",
            why="a test",
        )

    async def patch(self, fields: Fields) -> None:
        letter = await self.house.database.fetch_value("SELECT min(run_id) FROM dead_letters")
        at, value = "data.trigger.fields.first", told(fields)
        await clerking.correct(self.house.database, letter, at, value, operator="ada", why="a test")

    async def reason(self, fields: Fields) -> None:
        await steer.pause(self.house.database, "webshop", "ada", told(fields))

    async def file(self, fields: Fields) -> None:
        name = f"{self.count}.jsonl"
        rows = [json.dumps({"note": "fine", "at": at}) for at in range(3)]
        text = "\n".join([*rows, json.dumps({"note": "", **fields}), ""])
        await asyncio.to_thread((self.folder / "drop" / name).write_text, text)

    async def read(self, fields: Fields) -> None:
        """What an ERP answers to a read, and would be kept as the step's outcome."""
        at = self.house.connections["dynamics"]
        kept = await card_guard.without_card_data(
            self.house.database, at, "read", Receipt(fields=dict(fields))
        )
        self.answers.append(json.dumps(dict(kept.fields)))

    async def document(self, fields: Fields) -> None:
        """A flow puts a document together from parts that are harmless each."""
        whole = told(fields)
        first, second = whole[: len(whole) // 2], whole[len(whole) // 2 :]
        given = {"first": first, "between": "9 of 7", "second": second}
        await ask_for_run(self.house, "tell", given, who="ada", why="a test")

    async def notice(self, fields: Fields) -> None:
        async with self.house.database.transaction() as tx:
            await keep_notice(tx, f"n{self.count}", **_notice(told(fields), told(fields)))

    async def question(self, fields: Fields) -> None:
        await ask_people(
            self.house.database,
            await self._any_run(),
            f"step {self.count}",
            flow="tell",
            subject="q",
            question=told(fields),
            shows={name: str(value) for name, value in fields.items()},
            may=(),
            due_at=datetime.now(UTC) + timedelta(hours=1),
        )

    async def log(self, fields: Fields) -> None:
        bug = ValueError(told(fields))
        _LOG.error("an entry about %s", told(fields), exc_info=bug)

    async def error(self, fields: Fields) -> None:
        """Another system repeats our data in its refusal."""
        refused = Rejected(f"The value '{told(fields)}' is too long.", next_step=told(fields))
        self.answers.append(json.dumps(error_body(refused)))
        self.answers.append(str(refused))

    async def tell_fact(
        self, more: Fields, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> None:
        """Cybersource tells a capture; however it is dressed, the fact counts."""
        self.facts += 1
        payload = {
            "id": f"70{self.count:04d}" + digits(self.draw, 16),
            "submitTimeUtc": "2026-03-03T10:00:00Z",
            "status": "PENDING",
            "clientReferenceInformation": {"code": f"F-{self.count}"},
            "orderInformation": {"amountDetails": {"totalAmount": "31.95", "currency": "USD"}},
            **more,
        }
        envelope = {
            "notificationId": f"n-{self.count}",
            "webhookId": "w-1",
            "productId": "payments",
            "organizationId": "tillbridge_test",
            "eventType": "payments.capture.status.accepted",
            "eventDate": "2026-03-03T10:00:00Z",
            "payload": payload,
        }
        body, own = sealed(self.subscription, envelope, 0, time.time())
        path = "/doors/cybersource"
        told_at = self._delivery("cybersource", path, {**own, **(headers or {})}, body, query)
        received = await receive.receive(self.house, told_at)
        self.answers.append(str(received))

    def is_let_in(self, body: bytes, headers: Mapping[str, str], door: str = "webshop") -> bool:
        """Whether a harmless delivery passes unharmed."""
        delivery = self._delivery(door, f"/doors/{door}", headers, body)
        try:
            screened, _ = card_guard.screened(self.house.connections[door], delivery)
        except Rejected:
            return False
        return screened.body == body

    async def _shop(
        self, more: Fields, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> None:
        event = {
            "id": f"evt-{self.count}",
            "type": "order.fulfilled",
            "order_number": f"S-{self.count}",
            "occurred_at": "2026-03-03T10:00:00Z",
            "fulfilment": {"id": "1", "lines": [], "complete": True},
            **more,
        }
        body, path = (
            json.dumps(event, ensure_ascii=self.draw.random() < 0.5).encode(),
            "/doors/webshop",
        )
        own = signed(SHOP_SECRET, "POST", path, body)
        delivery = self._delivery("webshop", path, {**own, **(headers or {})}, body, query)
        self.answers.append(str(await receive.receive(self.house, delivery)))

    async def _any_run(self) -> int:
        return int(await self.house.database.fetch_value("SELECT min(id) FROM runs"))

    def _delivery(
        self, door: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> Delivery:
        lower = {name.lower(): value for name, value in headers.items()}
        return Delivery(door, "POST", path, lower, body, datetime.now(UTC), query)


def told(fields: Fields) -> str:
    """Fields as one text."""
    note = fields.get("note")
    return str(note) if note else json.dumps(dict(fields))


def _notice(title: str, content: str) -> dict[str, str]:
    return {"flow": "tell", "subject": "s", "level": "info", "title": title, "content": content}


def harmless(draw: random.Random) -> tuple[str, bytes, dict[str, str], str]:
    """A delivery full of ids: where they stand ("typed" or "free"), body, headers, door."""
    shape = draw.choice(tuple(SHAPES.values()))
    if draw.random() < 0.5:
        note = f"Parcel {shape(draw)}, call {SHAPES['telephone'](draw)}"
        event = {"type": "order.fulfilled", "order_number": "1042", "note": note, "amount": "12.50"}
        return "free", json.dumps(event).encode(), {"user-agent": "shop/1.0"}, "webshop"
    if draw.random() < 0.5:
        order = {
            "number": shape(draw),
            "lines": [{"number": 1, "product": f"4{digits(draw, 12)}", "quantity": "1"}],
            "customer": {"id": shape(draw), "phone": SHAPES["telephone"](draw)},
        }
        body = json.dumps({"order": order, "token": {"kind": "tms", "value": tms_token(draw)}})
        return "typed", body.encode(), {"idempotency-key": shape(draw)}, "webshop"
    payload = {
        "id": SHAPES["request id of Cybersource"](draw),
        "paymentInformation": {
            "customer": {"id": tms_token(draw)},
            "instrumentIdentifier": {"id": tms_token(draw)},
        },
        "reconciliationId": tms_token(draw),
    }
    return "typed", json.dumps({"payload": payload}).encode(), {}, "cybersource"


def text_forms(forms: Mapping[str, Form]) -> list[str]:
    """Those that are one text, for ways that take nothing else."""
    return [name for name, form in forms.items() if _is_text(name, form)]


def _is_text(name: str, form: Form) -> bool:
    return set(form("4111111111111111")) == {"note"} and name != "split document in a text"
