"""The shop connector keeps a connector's promises, against the simulated shop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tests.shop.documents import SECRET, checkout_body

from tillbridge.canonical.errors import Place
from tillbridge.canonical.money import Money
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import Secret, parse_settings
from tillbridge_shop.connector import CONNECTOR, ShopSession
from tillbridge_shop.signature import sign
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.shop import ShopSimulator

CANCELLED = (
    b'{"id": "evt-1", "type": "order.cancelled", "order_number": "1042",'
    b' "occurred_at": "2026-01-02T11:00:00+01:00"}'
)
SHIPPED = (
    b'{"id": "evt-2", "type": "order.fulfilled", "order_number": "1042",'
    b' "occurred_at": "2026-01-02T11:00:00Z", "fulfilment": {"id": "1", "complete": true,'
    b' "lines": [{"number": 1, "quantity": 1}], "amount": {"amount": 12.10, "currency": "USD"}}}'
)


async def no_token(_: str) -> dict[str, str]:
    return {}


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    simulator = ShopSimulator("http://127.0.0.1:1", SECRET, no_token)
    await simulator.start()
    given = {"signing_secret": SECRET, "status_url": simulator.status_url}
    settings = parse_settings(CONNECTOR.settings, given, Place())
    session = CONNECTOR.open(settings, Opening("webshop", lambda: datetime.now(UTC)))
    assert isinstance(session, ShopSession)

    def misbehave(fault: Fault) -> None:
        simulator.faults.rules = [Rule("payment_status", fault, times=1)]

    try:
        yield Bench(
            session,
            "webshop",
            count_effects=lambda _: len(list(simulator.log.entries("shop_message"))),
            lose_next_answer=lambda _: misbehave(Fault("lose_answer")),
            answer_late=lambda _, seconds: misbehave(Fault("late", seconds)),
            answer_status=lambda _, status, wait_s: misbehave(Fault("refuse", wait_s, status)),
        )
    finally:
        await session.close()
        await simulator.stop()


def message(_: Bench) -> Fields:
    return {
        "order_number": "1042",
        "status": "captured",
        "amount": Money.of("12.10", "USD"),
        "transaction_id": "7012",
    }


def posted(path: str, body: bytes) -> Delivery:
    now = datetime.now(UTC)
    headers = sign(Secret(SECRET), "POST", path, body, now) | {"idempotency-key": "try-1"}
    return Delivery("webshop", "POST", path, headers, body, now)


HARNESS = Harness(
    connector=CONNECTOR,
    settings={"signing_secret": SECRET, "status_url": "https://shop.example.com/payments"},
    open=bench,
    documents={"payment_status": message},
    deliveries={
        "cancelled": lambda _: posted("/doors/webshop", CANCELLED),
        "shipped": lambda _: posted("/doors/webshop", SHIPPED),
        "checkout": lambda _: posted("/checkout/payments", checkout_body()),
    },
    late_s=0.1,
)

TestShop = conformance_suite(HARNESS)
