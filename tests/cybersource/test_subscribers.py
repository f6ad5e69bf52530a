"""Webhook subscriptions of the simulated account: made, changed, tested and obeyed."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.cybersource.test_money_moves import sale
from tests.cybersource.test_tokens import send

PATH = "/notification-subscriptions/v2/webhooks"


class Receiver:
    """Takes what is sent to it."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append((headers, await request.read()))
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taking = Receiver()
    app = web.Application()
    app.add_routes([web.post("/", taking.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taking.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield taking
    await runner.cleanup()


def wish(world: Any, url: str, *events: str) -> dict[str, Any]:
    return {
        "name": "tillbridge",
        "organizationId": world.simulator.options.merchant_id,
        "products": [{"productId": "payments", "eventTypes": list(events)}],
        "webhookUrl": url,
        "healthCheckUrl": url + "health",
    }


async def test_a_subscription_hears_what_it_asked_for_signed_with_the_newest_key(
    world: Any, receiver: Receiver
) -> None:
    for _ in range(2):
        _, told = await send(
            world, "POST", "/kms/egress/v2/keys-sym", {"clientRequestAction": "CREATE"}
        )
    key = told["keyInformation"]
    wanted = "payments.authorization.status.accepted"
    status, made = await send(world, "POST", PATH, wish(world, receiver.url, wanted))
    assert (status, made["status"]) == (201, "ACTIVE")
    await sale(world)
    await world.simulator.settle()
    ((headers, body),) = receiver.got
    assert (headers["v-c-event-type"], headers["v-c-webhook-id"]) == (wanted, made["webhookId"])
    parts = dict(part.partition("=")[::2] for part in headers["v-c-signature"].split(";"))
    assert parts["keyId"] == key["keyId"]
    signed = parts["t"].encode() + b"." + body
    digest = hmac.new(base64.b64decode(key["key"]), signed, hashlib.sha256).digest()
    assert base64.b64decode(parts["sig"]) == digest


async def test_an_inactive_one_hears_nothing_until_it_is_active(
    world: Any, receiver: Receiver
) -> None:
    event = "payments.authorization.status.accepted"
    _, made = await send(world, "POST", PATH, wish(world, receiver.url, event))
    for status, heard in (("INACTIVE", 0), ("ACTIVE", 1)):
        await send(world, "PUT", f"{PATH}/{made['webhookId']}/status", {"status": status})
        await sale(world)
        await world.simulator.settle()
        assert len(receiver.got) == heard


async def test_a_test_sends_a_sample(world: Any, receiver: Receiver) -> None:
    event = "payments.capture.status.accepted"
    _, made = await send(world, "POST", PATH, wish(world, receiver.url, event))
    path = f"/notification-subscriptions/v1/webhooks/{made['webhookId']}"
    status, told = await send(world, "POST", path)
    await world.simulator.settle()
    assert (status, told["eventType"], len(receiver.got)) == (200, event, 1)
    assert b"sample" in receiver.got[0][1]


async def test_the_same_again_is_refused_and_listed_once(world: Any) -> None:
    event = "payments.capture.status.accepted"
    document = wish(world, "https://books.example.com/doors/cybersource", event)
    assert (await send(world, "POST", PATH, document))[0] == 201
    status, told = await send(world, "POST", PATH, document)
    assert (status, told["reason"]) == (400, "DUPLICATE_REQUEST")
    organization = world.simulator.options.merchant_id
    _, listed = await send(world, "GET", f"{PATH}?organizationId={organization}")
    assert len(listed) == 1
    assert (await send(world, "DELETE", f"{PATH}/{listed[0]['webhookId']}"))[0] == 200
    assert (await send(world, "GET", f"{PATH}?organizationId={organization}"))[0] == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organizationId": "somebody"}, "organizationId"),
        ({"webhookUrl": "http://books.example.com"}, "webhookUrl"),
        ({"products": []}, "products"),
        ({"products": [{"productId": "toys", "eventTypes": ["x"]}]}, "products.productId"),
        ({"products": [{"productId": "payments", "eventTypes": ["x"]}]}, "products.eventTypes"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_with_its_place(
    world: Any, changes: Any, field: str
) -> None:
    document = wish(world, "https://x.example.com/", "payments.void.status.accepted") | changes
    status, told = await send(world, "POST", PATH, document)
    assert (status, told["details"][0]["field"]) == (400, field)


async def test_every_event_of_the_catalogue_can_be_subscribed_to(world: Any) -> None:
    organization = world.simulator.options.merchant_id
    _, rows = await send(world, "GET", f"/notification-subscriptions/v2/products/{organization}")
    document = wish(world, "https://x.example.com/") | {
        "products": [
            {
                "productId": row["productId"],
                "eventTypes": [event["eventName"] for event in row["eventTypes"]],
            }
            for row in rows
        ]
    }
    assert (await send(world, "POST", PATH, document))[0] == 201
