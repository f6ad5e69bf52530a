"""Order to cash by hand: what the template order-to-cash-dynamics says in text, as a script.

    python order_to_cash.py settings.json

It is what a good developer writes in a week: one web server, one SQLite file, everything where it
is used. `docs/how_to/by_hand.md` compares it with the template, and says what it does not do.
"""

import base64
import csv
import hashlib
import hmac
import json
import sqlite3
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from dynamics import Dynamics

from cybersource import Cybersource, wire_key

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, attempt TEXT, state TEXT, document TEXT, payment_id TEXT,
    sales_order_id TEXT, brand TEXT, captured TEXT DEFAULT '0', captures INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY);
"""
STATES = {
    "AUTHORIZED": "authorized",
    "AUTHORIZED_PENDING_REVIEW": "in_review",
    "AUTHORIZED_RISK_DECLINED": "risk_declined",
}
SIGNATURE_AGE_S = 300


class Bridge:
    """Everything between a shop, Cybersource and Dynamics 365."""

    def __init__(self, settings: Mapping[str, Any], http: aiohttp.ClientSession) -> None:
        self.settings = settings
        self.http = http
        self.database = sqlite3.connect(settings["database"])
        self.database.row_factory = sqlite3.Row
        self.database.executescript(SCHEMA)
        products, methods = lookup(settings["products"]), lookup(settings["payment_methods"])
        self.payments = Cybersource(settings["cybersource"], http)
        self.erp = Dynamics(settings["dynamics"], http, products, methods)

    def app(self) -> web.Application:
        """The web server."""
        app = web.Application()
        app.router.add_post("/checkout/payments", self.checkout)
        app.router.add_post("/doors/webshop", self.delivery)
        app.router.add_post("/doors/cybersource", self.webhook)
        return app

    async def checkout(self, request: web.Request) -> web.Response:
        """POST /checkout/payments: the payment is authorized, then the order is booked."""
        body = await request.read()
        self.verify_shop(request, body)
        posted = json.loads(body, parse_float=str)
        order, key = posted["order"], request.headers["idempotency-key"]
        check_equation(order)
        known = self.order(order["number"])
        if known is not None and known["attempt"] == key:
            return self.answer(known)
        if known is not None and known["state"] not in ("declined", "reversed"):
            return web.json_response({"error": {"reason": "order_paid"}}, status=409)
        reply = await self.payments.authorize(order, posted["token"], key)
        state = STATES.get(reply.get("status", ""), "declined")
        card = reply.get("paymentInformation", {}).get("card", {})
        self.change(
            "INSERT OR REPLACE INTO orders (number, attempt, state, document, payment_id, brand)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(order["number"], key, state, json.dumps(order), reply.get("id", "")),
            card.get("type", ""),
        )
        if state == "risk_declined":
            await self.reverse(self.known(order["number"]), "risk rules")
            self.set_state(order["number"], "declined")
        elif state != "declined":
            sales_order_id = await self.erp.book(order, reply["id"], key, hold=state == "in_review")
            self.change(
                "UPDATE orders SET sales_order_id = ? WHERE number = ?",
                *(sales_order_id, order["number"]),
            )
        return self.answer(self.known(order["number"]))

    async def delivery(self, request: web.Request) -> web.Response:
        """POST /doors/webshop: goods were shipped, or the order was cancelled."""
        body = await request.read()
        self.verify_shop(request, body)
        posted = json.loads(body, parse_float=str)
        known = self.order(posted["order_number"])
        if known is None or self.is_repeat(posted["id"]):
            return web.json_response({"repeat": known is not None}, status=202)
        if posted["type"] == "order.fulfilled" and known["state"] == "authorized":
            await self.shipped(known, posted["fulfilment"])
        elif posted["type"] == "order.cancelled" and Decimal(known["captured"]) == 0:
            await self.undo(known, "The shop cancelled the order")
        return web.json_response({"taken": True}, status=202)

    async def webhook(self, request: web.Request) -> web.Response:
        """POST /doors/cybersource: somebody has decided about a payment in review."""
        body = await request.read()
        self.verify_cybersource(request, body)
        posted = json.loads(body)
        details = posted.get("payload", {}).get("data", {})
        known = self.order(details.get("clientReferenceInformation", {}).get("code", ""))
        if known is None or known["state"] != "in_review":
            return web.json_response({"taken": True}, status=202)
        if posted["eventType"].endswith("decision.accept"):
            await self.erp.release(known["sales_order_id"])
            self.set_state(known["number"], "authorized")
            await self.tell_shop(known, "authorized", total_of(known), known["payment_id"])
        elif posted["eventType"].endswith("decision.reject"):
            await self.undo(known, "The payment was refused after review")
        return web.json_response({"taken": True}, status=202)

    async def shipped(self, known: sqlite3.Row, fulfilment: Mapping[str, Any]) -> None:
        """What was shipped is captured, noted beside the sales order, and told to the shop."""
        order = json.loads(known["document"])
        before = Decimal(known["captured"])
        due = total_of(known) - before
        if fulfilment.get("amount"):
            due = Decimal(fulfilment["amount"]["amount"])
        ordinal = known["captures"] + 1
        capture_id = await self.payments.capture(
            known["payment_id"],
            known["number"],
            fulfilment["id"],
            due=due,
            currency=order["currency"],
            ordinal=ordinal,
            final=fulfilment["complete"],
        )
        self.change(
            "UPDATE orders SET captured = ?, captures = ? WHERE number = ?",
            *(str(before + due), ordinal, known["number"]),
        )
        await self.erp.note_capture(dict(known), order, capture_id, due, fulfilment)
        await self.tell_shop(known, "captured", due, capture_id)

    async def undo(self, known: sqlite3.Row, why: str) -> None:
        """The hold is released, the sales order cancelled, the shop told."""
        await self.reverse(known, why)
        await self.erp.cancel(known["sales_order_id"], why)
        self.set_state(known["number"], "reversed")
        await self.tell_shop(known, "reversed", total_of(known), known["payment_id"], why)

    async def reverse(self, known: sqlite3.Row, why: str) -> None:
        """Releases the hold of an order."""
        currency = json.loads(known["document"])["currency"]
        await self.payments.reverse(
            known["payment_id"], known["number"], total_of(known), currency, why
        )

    async def tell_shop(
        self, known: sqlite3.Row, status: str, value: Decimal, payment_id: str, why: str = ""
    ) -> None:
        """A signed message to the shop's status address."""
        currency = json.loads(known["document"])["currency"]
        message = {
            "shop": "webshop",
            "order_number": known["number"],
            "status": status,
            "amount": {"amount": f"{value:.2f}", "currency": currency},
            "transaction_id": payment_id,
            "attempt_key": known["attempt"],
            "reason": why,
        }
        body, url = json.dumps(message).encode(), self.settings["status_url"]
        path = "/" + url.split("/", 3)[3]
        key = wire_key(f"message {known['number']} {status} {payment_id}")
        headers = {"idempotency-key": key, **self.signed(path, body)}
        async with self.http.post(url, data=body, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"The shop answered {answer.status}")

    def verify_shop(self, request: web.Request, body: bytes) -> None:
        """401 unless the shop has signed it, not long ago."""
        stamp = request.headers.get("tillbridge-timestamp", "0")
        given = request.headers.get("tillbridge-signature", "").removeprefix("v1=")
        wanted = self.mac(stamp, request.method, request.path, body)
        if abs(time.time() - int(stamp)) > SIGNATURE_AGE_S or not hmac.compare_digest(
            wanted, given
        ):
            raise web.HTTPUnauthorized

    def verify_cybersource(self, request: web.Request, body: bytes) -> None:
        """401 unless Cybersource has signed it."""
        parts = dict(part.split("=", 1) for part in request.headers["v-c-signature"].split(";"))
        key = base64.b64decode(self.settings["cybersource"]["webhook_key"])
        signed = parts["t"].encode() + b"." + body
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted, parts["sig"]):
            raise web.HTTPUnauthorized

    def signed(self, path: str, body: bytes) -> dict[str, str]:
        """The headers that sign a message of ours."""
        stamp = str(int(time.time()))
        return {
            "content-type": "application/json",
            "tillbridge-timestamp": stamp,
            "tillbridge-signature": "v1=" + self.mac(stamp, "POST", path, body),
        }

    def mac(self, stamp: str, method: str, path: str, body: bytes) -> str:
        """The signature both sides agree on."""
        message = f"{stamp}.{method}.{path}.".encode() + body
        return hmac.new(self.settings["secret"].encode(), message, hashlib.sha256).hexdigest()

    def answer(self, known: sqlite3.Row) -> web.Response:
        """What the shop is told about a checkout."""
        order = json.loads(known["document"])
        return web.json_response(
            {
                "status": known["state"],
                "transaction_id": known["payment_id"] or None,
                "amount": {"amount": str(order["total"]), "currency": order["currency"]},
            }
        )

    def order(self, number: str) -> sqlite3.Row | None:
        """What is known of an order."""
        rows = self.database.execute("SELECT * FROM orders WHERE number = ?", (number,))
        found: sqlite3.Row | None = rows.fetchone()
        return found

    def known(self, number: str) -> sqlite3.Row:
        """An order that is there."""
        found = self.order(number)
        assert found is not None, number
        return found

    def set_state(self, number: str, state: str) -> None:
        """Remembers where an order stands."""
        self.change("UPDATE orders SET state = ? WHERE number = ?", state, number)

    def is_repeat(self, delivery_id: str) -> bool:
        """Whether a delivery was seen before."""
        try:
            self.change("INSERT INTO seen (id) VALUES (?)", delivery_id)
        except sqlite3.IntegrityError:
            return True
        return False

    def change(self, statement: str, *values: object) -> None:
        """One statement, committed."""
        with self.database:
            self.database.execute(statement, values)


def check_equation(order: Mapping[str, Any]) -> None:
    """400 unless lines + tax + freight - discount + rounding = total."""
    lines = sum((Decimal(line["amount"]) for line in order["lines"]), Decimal(0))
    part = {
        name: Decimal(order.get(name) or 0) for name in ("tax", "freight", "discount", "rounding")
    }
    total = lines + part["tax"] + part["freight"] - part["discount"] + part["rounding"]
    if total != Decimal(order["total"]):
        raise web.HTTPBadRequest(text=f"{total} is not {order['total']}")


def total_of(known: sqlite3.Row) -> Decimal:
    """The order's total."""
    return Decimal(json.loads(known["document"])["total"])


def lookup(path: str) -> dict[str, str]:
    """A table of codes: key,value."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return {row["key"]: row["value"] for row in csv.DictReader(file)}


async def serve(settings: Mapping[str, Any]) -> web.Application:
    """The server with its HTTP client."""
    bridge = Bridge(settings, aiohttp.ClientSession())
    app = bridge.app()

    async def close(_: web.Application) -> None:
        await bridge.http.close()

    app.on_cleanup.append(close)
    return app


if __name__ == "__main__":
    web.run_app(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), port=8080)
