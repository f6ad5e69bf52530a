"""The subscription and the keys of webhooks, kept by the connector at the simulated account."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.cybersource.conftest import World, new_call, now
from tests.cybersource.test_tokens import send
from tests.cybersource.test_webhooks import Door, session

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.payments import Observation
from tillbridge.connector.connector import Opening
from tillbridge.connector.keyring import KeySet, PlainKeyring, UnknownKeyError
from tillbridge.connector.settings import Secret
from tillbridge.connector.webhooks import Subscribed, Wish
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.webhook_keys import DECRYPTION, SIGNATURE
from tillbridge_simulators.cybersource import Options

SUBSCRIBED = "/notification-subscriptions/v2/webhooks"
URL = "https://books.example.com/doors/cybersource"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = Door()
    await opened.open()
    yield opened
    await opened.close()


async def keep(world: World, **wish: Any) -> Subscribed:
    keeping = world.session.webhooks
    assert keeping is not None
    return await keeping.keep(new_call(), Wish(**wish))


def rows(world: World) -> list[dict[str, Any]]:
    return list(world.simulator.state.subscribers.where(lambda _: True))


def _keyring(world: World) -> PlainKeyring:
    keyring = world.session._webhook_keys._keyring
    assert isinstance(keyring, PlainKeyring)
    return keyring


async def test_nothing_is_kept_without_an_address(world: World) -> None:
    assert world.session.webhooks is None


async def test_what_is_missing_is_made_once_and_then_left_alone(make_world: Any) -> None:
    world = await make_world(webhook_url=URL)
    first = await keep(world)
    assert (first.telling, first.status, first.url) == ("telling", "ACTIVE", URL)
    assert first.keys_expire_at is not None
    assert first.keys_expire_at > now() + timedelta(days=300)
    (row,) = rows(world)
    assert (row["healthCheckUrl"], row["retryPolicy"]["deactivateFlag"]) == (
        URL + "/health",
        "true",
    )
    changes = len(list(world.simulator.log.entries()))
    second = await keep(world, id=first.id)
    asked = list(world.simulator.log.entries("request", after=changes))
    assert (second.id, len(asked)) == (first.id, 2)


async def test_what_differs_is_mended_and_the_oldest_of_duplicates_is_left(make_world: Any) -> None:
    world = await make_world(Options(webhooks_once=False), webhook_url=URL)
    await keep(world)
    (first,) = rows(world)
    document = {name: first[name] for name in ("name", "organizationId", "products", "webhookUrl")}
    for _ in range(2):
        assert (await send(world, "POST", SUBSCRIBED, document))[0] == 201
    other = {**document, "webhookUrl": "https://other.example.com/hook"}
    await send(world, "POST", SUBSCRIBED, other)
    change = {"products": first["products"][:1], "healthCheckUrl": None}
    await send(world, "PATCH", f"{SUBSCRIBED}/{first['webhookId']}", change)
    await send(world, "PUT", f"{SUBSCRIBED}/{first['webhookId']}/status", {"status": "INACTIVE"})

    found = await keep(world)

    ours = [row for row in rows(world) if row["webhookUrl"] == URL]
    assert [row["webhookId"] for row in rows(world) if row["webhookUrl"] != URL]  # a stranger's
    assert len(ours) == 1
    assert (ours[0]["products"], ours[0]["status"]) == (first["products"], "ACTIVE")
    assert ours[0]["healthCheckUrl"] == first["healthCheckUrl"]
    assert found.telling == "telling"


async def test_an_address_that_moved_takes_its_subscription_along(make_world: Any) -> None:
    world = await make_world(webhook_url=URL)
    first = await keep(world)
    moved = "https://new.example.com/doors/cybersource"
    settings = replace(world.settings, webhook_url=moved)
    opening = Opening("cybersource", now, factor=1000, keyring=_keyring(world))
    anew = replace(world, session=CybersourceSession(settings, opening))
    found = await keep(anew, id=first.id)
    await anew.session.close()
    assert (found.id, found.url) == (first.id, moved)
    assert len(rows(world)) == 1


@pytest.mark.parametrize("kind", ["lose_answer", "refuse", "break_before", "late"])
async def test_a_lost_answer_leaves_one_subscription_and_one_good_key(
    make_world: Any, door: Door, kind: str
) -> None:
    world = await make_world(Options(webhooks_once=False), webhook_url=door.url)
    for _ in range(3):
        world.fault("subscription_of_webhooks", kind, seconds=0.2)
    for _ in range(8):
        try:
            await keep(world)
        except Exception as error:
            assert not isinstance(error, AssertionError)
    await world.simulator.settle()
    assert (await keep(world)).telling == "telling"
    assert len(rows(world)) == 1
    await world.authorize()
    await world.simulator.settle()
    assert len(heard(world, door)) == 1


def heard(world: World, door: Door) -> list[Observation]:
    """What the session makes of what came to the door."""
    found: list[Observation] = []
    for delivery in door.deliveries:
        world.session.verify(delivery)
        found.extend(world.session.translate(delivery).observations)
    return found


async def test_events_are_encrypted_to_the_registered_certificate(
    make_world: Any, door: Door
) -> None:
    world = await make_world(webhook_url=door.url)
    await keep(world)
    await world.authorize()
    await world.simulator.settle()
    assert door.deliveries[0].body.startswith(b'{"encData"')
    (seen,) = heard(world, door)
    assert (seen.operation, seen.order_number) == ("authorization", "1042")


async def test_a_rotated_key_loses_no_event(make_world: Any, door: Door) -> None:
    world = await make_world(webhook_url=door.url)
    await keep(world)
    for order in ("A-1", "A-2", "A-3"):
        await world.authorize(order_number=order)
        await keep(world, rotate=True)
    await world.simulator.settle()
    keys = {delivery.headers["v-c-signature"].split(";")[1] for delivery in door.deliveries}
    assert len(keys) > 1
    assert {seen.order_number for seen in heard(world, door)} == {"A-1", "A-2", "A-3"}


async def test_a_key_that_was_asked_for_and_never_came_is_replaced(make_world: Any) -> None:
    world = await make_world(webhook_url=URL)
    await keep(world)
    keyring = _keyring(world)
    before = keyring.of(SIGNATURE).newest
    await keyring.ask(SIGNATURE)  # a process died between the question and the answer
    await keep(world)
    after = keyring.of(SIGNATURE)
    assert (after.is_asked, after.newest != before, len(after.keys)) == (False, True, 2)


async def test_a_key_that_ends_soon_is_replaced_and_the_old_one_taken_for_a_while(
    make_world: Any,
) -> None:
    world = await make_world(webhook_url=URL)
    await keep(world)
    keyring = _keyring(world)
    for kind in (SIGNATURE, DECRYPTION):
        (held,) = keyring.of(kind).keys
        keyring.sets[kind] = KeySet([replace(held, expires_at=now() + timedelta(days=9))])
    found = await keep(world)
    assert [line.detail.split(":")[1] for line in found.lines[:2]] == [
        " the last one ends soon."
    ] * 2
    assert len(keyring.of(SIGNATURE).keys) == 2


async def test_an_unknown_key_is_told_from_a_wrong_signature(make_world: Any, door: Door) -> None:
    world = await make_world(webhook_url=door.url)
    await keep(world)
    await world.authorize()
    await world.simulator.settle()
    stranger = await make_world(webhook_url=URL)
    with pytest.raises(UnknownKeyError):
        stranger.session.verify(door.deliveries[0])
    forged = replace(door.deliveries[0], body=door.deliveries[0].body + b" ")
    with pytest.raises(Rejected, match="signature is wrong"):
        world.session.verify(forged)
    old = replace(door.deliveries[0], received_at=datetime.now(UTC) + timedelta(hours=2))
    with pytest.raises(Rejected, match="seconds old"):
        world.session.verify(old)


@pytest.mark.parametrize(
    ("status", "telling", "hint"),
    [
        ("SUSPENDED", "suspended", "could not reach"),
        ("PENDING_REVIEW", "waiting", "reviewed"),
        ("BLOCKED", "blocked", "refused"),
        ("SOMETHING_NEW", "off", "Business Center"),
    ],
)
async def test_a_subscription_that_tells_nothing_is_said_to(
    make_world: Any, status: str, telling: str, hint: str
) -> None:
    world = await make_world(webhook_url=URL)
    first = await keep(world)
    row = world.simulator.state.subscribers.copy(first.id)
    world.simulator.state.subscribers.put(first.id, row | {"status": status})
    found = await keep(world)
    assert (found.telling, found.status, len(rows(world))) == (telling, status, 1)
    lines = await world.session.check(new_call())
    (line,) = [line for line in lines if line.title == "Webhook subscription"]
    assert (line.passed, hint in line.next_step) == (False, True)


async def test_a_check_says_that_nothing_is_subscribed(make_world: Any) -> None:
    world = await make_world(webhook_url=URL)
    lines = {line.title: line for line in await world.session.check(new_call())}
    assert not lines["Webhook subscription"].passed
    assert not lines["Webhook keys"].passed
    await keep(world)
    lines = {line.title: line for line in await world.session.check(new_call())}
    assert lines["Webhook subscription"].passed
    assert lines["Webhook keys"].passed


async def test_a_refusal_names_the_field(make_world: Any) -> None:
    world = await make_world(webhook_url="http://books.example.com/doors/cybersource")
    with pytest.raises(Rejected, match=r"INVALID_DATA \(webhookUrl\)"):
        await keep(world)


@pytest.mark.parametrize(
    "pub",
    ["", "no key at all", "bm8ga2V5IGF0IGFsbA==", "-----BEGIN PUBLIC KEY-----\nMIIBIjAN\n"],
)
async def test_the_account_takes_only_a_certificate(world: World, pub: str) -> None:
    document = {"clientRequestAction": "STORE", "keyInformation": {"pub": pub}}
    status, told = await send(world, "POST", "/kms/egress/v2/keys-asym", document)
    assert (status, told["details"][0]["field"]) == (400, "keyInformation.pub")


async def test_who_is_not_well_is_suspended_and_told_everything_later(
    make_world: Any, door: Door
) -> None:
    well = False

    async def health(request: web.Request) -> web.Response:
        assert (request.method, await request.read()) == ("POST", b"")
        return web.Response(status=200 if well else 503)

    app = web.Application()
    app.router.add_post("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world = await make_world(webhook_url=door.url)
    found = await keep(world)
    row = world.simulator.state.subscribers.copy(found.id)
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/health"
    world.simulator.state.subscribers.put(found.id, row | {"healthCheckUrl": address})
    await world.simulator.webhooks.check_health()
    await world.authorize()
    await world.simulator.settle()
    assert (rows(world)[0]["status"], door.deliveries) == ("SUSPENDED", [])
    well = True
    await world.simulator.webhooks.check_health()
    await world.simulator.settle()
    assert (rows(world)[0]["status"], len(heard(world, door))) == ("ACTIVE", 1)
    await runner.cleanup()


def test_a_key_by_hand_that_is_no_key_is_refused() -> None:
    with pytest.raises(Misconfigured):
        session(mle_private_key=Secret("no key"))
