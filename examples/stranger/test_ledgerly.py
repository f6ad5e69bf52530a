"""Ledgerly's connector keeps a connector's promises: the whole suite in one line, at the end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web
from tillbridge_ledgerly import CONNECTOR, LedgerlySession, LedgerlySettings

from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import Secret

API_KEY = "ledgerly-made-up-key"


class Ledgerly:
    """A stand-in that keeps orders by their key and misbehaves once when it is told to."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, str]] = {}
        self.mishap: tuple[str, float] = ("", 0)
        self.status = 0
        self.later: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/company", self.company)
        app.router.add_put("/v1/orders/{key}", self.put_order)
        return app

    def plan(self, kind: str, seconds: float = 0, status: int = 0) -> None:
        """What goes wrong with the next order."""
        self.mishap, self.status = (kind, seconds), status

    async def company(self, request: web.Request) -> web.Response:
        known = request.headers.get("authorization") == f"Bearer {API_KEY}"
        return web.json_response({"name": "Made-up Ltd"}, status=200 if known else 401)

    async def put_order(self, request: web.Request) -> web.Response:
        key, body = request.match_info["key"], await request.read()
        (kind, seconds), self.mishap = self.mishap, ("", 0)
        if kind == "refuse":
            headers = {"retry-after": str(int(seconds))} if seconds else {}
            return web.Response(status=self.status, headers=headers)
        if kind == "late":
            self.later.add(asyncio.create_task(self.keep_later(seconds, key, body)))
        else:
            self.keep(key, body)
        if kind in ("late", "lose") and request.transport is not None:
            request.transport.abort()
        odd = {"status": "quantum"} if kind == "odd" else {}
        return web.json_response(self.orders.get(key, {}) | odd, status=201)

    async def keep_later(self, seconds: float, key: str, body: bytes) -> None:
        await asyncio.sleep(seconds)
        self.keep(key, body)

    def keep(self, key: str, body: bytes) -> None:
        number = json.loads(body)["number"]
        self.orders.setdefault(key, {"id": f"L-{number}", "status": "open"})


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A session against a stand-in of its own, and the stand-in's strings."""
    there = Ledgerly()
    runner = web.AppRunner(there.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    opening = Opening("books", lambda: datetime.now(UTC))
    session = LedgerlySession(LedgerlySettings(address, Secret(API_KEY)), opening)
    try:
        yield Bench(
            session,
            "books",
            count_effects=lambda kind: len(there.orders),
            lose_next_answer=lambda kind: there.plan("lose"),
            answer_late=lambda kind, seconds: there.plan("late", seconds),
            answer_status=lambda kind, status, wait_s: there.plan("refuse", wait_s, status),
            answer_oddly=lambda kind: there.plan("odd"),
        )
    finally:
        await session.close()
        await asyncio.gather(*there.later)
        await runner.cleanup()


def order(_: Bench) -> Fields:
    """An order as a mapping makes it."""
    price = UnitAmount.of("12.50", "USD")
    return {
        "number": "1042",
        "customer": "Ada Lovelace",
        "total": Money.of("25.00", "USD"),
        "lines": [{"item": "TEA-EARL-100", "quantity": Decimal(2), "price": price}],
    }


SETTINGS = {"address": "https://made-up.ledgerly.example", "api_key": API_KEY}

TestLedgerly = conformance_suite(Harness(CONNECTOR, SETTINGS, bench, {"sales_order": order}))
