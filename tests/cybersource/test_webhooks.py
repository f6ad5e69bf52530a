"""Notifications over a real socket, from the simulator to a door, verified and translated."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tillbridge.canonical.card_data import mask_body
from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_simulators.cybersource import Subscription
from tillbridge_simulators.cybersource.webhooks import sealed, signature_header

PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = PRIVATE_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
PRIVATE_PEM = PRIVATE_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
SUBSCRIPTION = Subscription("http://nowhere", certificate_key=PUBLIC_PEM)
KEYS = Secret(f"{SUBSCRIPTION.key_id}:{SUBSCRIPTION.key} next:{SUBSCRIPTION.key}")


class Door:
    """Takes deliveries; answers with the given statuses first, then 200."""

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        self.deliveries: list[Delivery] = []
        self.statuses = list(statuses)
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = web.Application()
        app.router.add_post("/doors/cybersource", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/doors/cybersource"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.deliveries.append(
            Delivery(
                "cybersource",
                "POST",
                request.path,
                headers,
                await request.read(),
                datetime.now(UTC),
            )
        )
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = Door()
    await opened.open()
    yield opened
    await opened.close()


async def watched(make_world: Any, door: Door, **changes: Any) -> Any:
    subscription = replace(SUBSCRIPTION, url=door.url, retry_wait_s=1)
    changes = {"webhook_keys": KEYS, "mle_private_key": Secret(PRIVATE_PEM)} | changes
    return await make_world(subscription=subscription, **changes)


async def observed(world: Any, door: Door) -> list[Observation]:
    await world.simulator.settle()
    found: list[Observation] = []
    for delivery in door.deliveries:
        world.session.verify(delivery)
        found.extend(world.session.translate(delivery).observations)
    return found


def session(**changes: Any) -> CybersourceSession:
    settings = CybersourceSettings(
        "m",
        "k",
        Secret("d3Jvbmcgc2VjcmV0IG9mIGEgbWVyY2hhbnQ="),
        webhook_keys=KEYS,
        mle_private_key=Secret(PRIVATE_PEM),
    )
    return CybersourceSession(
        replace(settings, **changes), Opening("cybersource", lambda: datetime.now(UTC))
    )


def delivery(
    event_type: str = "risk.casemanagement.decision.accept",
    payload: object = None,
    *,
    subscription: Subscription = SUBSCRIPTION,
    **more: Any,
) -> Delivery:
    now = datetime.now(UTC)
    payload = payload if payload is not None else {"data": {
        "id": "7000000000000000000000", "submitTimeUtc": "2026-01-02T03:04:05Z",
        "clientReferenceInformation": {"code": "1042"},
    }}  # fmt: skip
    envelope = {
        "notificationId": "n-1", "webhookId": "w", "productId": "p", "eventType": event_type,
        "payload": payload,
    } | more  # fmt: skip
    body, headers = sealed(subscription, envelope, 0, now.timestamp())
    lower = {name.lower(): value for name, value in headers.items()}
    return Delivery("cybersource", "POST", "/doors/cybersource", lower, body, now)


async def test_an_authorization_is_told_encrypted_and_understood(
    make_world: Any, door: Door
) -> None:
    world = await watched(make_world, door)
    reply = (await world.authorize()).observations[0]
    (found,) = await observed(world, door)
    assert set(json.loads(door.deliveries[0].body)) == {"encData"}
    assert found == replace(reply, source=found.source)
    assert found.source == "webhook"


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("review", Verdict.IN_REVIEW),
        ("avs_failed", Verdict.IN_REVIEW),
        ("risk_declined", Verdict.HELD_DECLINED),
        ("expired_card", Verdict.DECLINED),
        ("partial", Verdict.HELD_DECLINED),
    ],
)
async def test_every_verdict_is_told(
    make_world: Any, door: Door, outcome: str, verdict: Verdict
) -> None:
    world = await watched(make_world, door)
    await world.authorize(outcome)
    (found,) = await observed(world, door)
    assert found.verdict is verdict


async def test_follow_ons_are_told(make_world: Any, door: Door) -> None:
    world = await watched(make_world, door)
    authorization_id = (await world.authorize()).observations[0].request_id
    captured = (await world.capture(authorization_id, "25.00")).observations[0]
    await world.write("void", {"order_number": "1042", "capture_id": captured.request_id})
    fields = {"order_number": "1042", "authorization_id": authorization_id}
    await world.write("reversal", fields | {"amount": Money.of("25.00", "USD")})
    found = {one.operation: one for one in await observed(world, door)}
    assert set(found) == {
        Operation.AUTHORIZATION, Operation.CAPTURE, Operation.VOID, Operation.REVERSAL,
    }  # fmt: skip
    assert all(one.amount == Money.of("25.00", "USD") for one in found.values())
    assert found[Operation.CAPTURE].request_id == captured.request_id


@pytest.mark.parametrize(
    ("accept", "verdict"), [(True, Verdict.APPROVED), (False, Verdict.DECLINED)]
)
async def test_a_decided_review_is_told_and_leaves_the_hold(
    make_world: Any, door: Door, accept: bool, verdict: Verdict
) -> None:
    world = await watched(make_world, door)
    authorization_id = (await world.authorize("review")).observations[0].request_id
    world.simulator.decide_review(authorization_id, accept=accept)
    found = next(one for one in await observed(world, door) if one.operation is Operation.REVIEW)
    assert (found.verdict, found.parent_id) == (verdict, authorization_id)
    assert world.simulator.live_holds()["1042"]


async def test_a_refused_notification_comes_again_with_the_same_id(
    make_world: Any, door: Door
) -> None:
    world = await watched(make_world, door)
    door.statuses = [500, 503]
    await world.authorize()
    await world.simulator.settle()
    ids = [world.session.translate(one).delivery_id for one in door.deliveries]
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_notifications_are_lost_doubled_and_late_on_request(
    make_world: Any, door: Door
) -> None:
    world = await watched(make_world, door)
    world.fault("webhook", "lost")
    await world.authorize(attempt_key="lost")
    world.fault("webhook", "twice")
    await world.authorize(attempt_key="twice")
    world.fault("webhook", "slow", seconds=100)
    await world.authorize(attempt_key="late")
    await world.authorize(attempt_key="after")
    keys = [one.attempt_key for one in await observed(world, door)]
    assert sorted(keys) == ["after", "late", "twice", "twice"]
    assert keys[-1] == "late"


def test_a_good_signature_is_good_with_either_key() -> None:
    session().verify(delivery())
    session().verify(delivery(subscription=replace(SUBSCRIPTION, key_id="next")))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        "t=1;keyId=next;sig=",
        "t=1700000000000;keyId=next;sig=AAAA",
        "t=x;keyId=next;sig=AAAA",
    ],
)
def test_an_unreadable_signature_is_refused(header: str) -> None:
    good = delivery()
    with pytest.raises(Rejected) as caught:
        session().verify(replace(good, headers=good.headers | {"v-c-signature": header}))
    assert caught.value.reason == "bad_signature"


def test_an_altered_body_is_refused() -> None:
    good = delivery()
    with pytest.raises(Rejected, match="signature is wrong"):
        session().verify(replace(good, body=good.body.replace(b"1042", b"1043")))
    with pytest.raises(Rejected, match="signature is wrong"):
        session().verify(replace(good, body=b"not json"))


def test_a_wrong_or_unknown_key_is_refused() -> None:
    wrong = replace(SUBSCRIPTION, key=base64.b64encode(b"wrong").decode())
    with pytest.raises(Rejected, match="signature is wrong"):
        session().verify(delivery(subscription=wrong))
    with pytest.raises(Rejected, match="is not known here"):
        session().verify(delivery(subscription=replace(SUBSCRIPTION, key_id="stranger")))
    with pytest.raises(Rejected, match="is not known here"):
        session(webhook_keys=Secret("")).verify(delivery())


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_stale_signature_is_refused(hours: int) -> None:
    good = delivery()
    moved = replace(good, received_at=good.received_at + timedelta(hours=hours))
    with pytest.raises(Rejected, match="seconds old"):
        session().verify(moved)


def test_a_signature_over_the_decrypted_message_is_good_too() -> None:
    payload = {"id": "7", "status": "REVERSED", "submitTimeUtc": "2026-01-02T03:04:05Z"}
    sent = delivery("payments.reversal.status.accepted", payload)
    plain = session()._webhooks._plain(sent.body)
    header = signature_header(SUBSCRIPTION, plain, sent.received_at.timestamp())
    session().verify(replace(sent, headers=sent.headers | {"v-c-signature": header}))


def test_a_signature_over_the_payload_is_good_only_where_it_is_set() -> None:
    sent = delivery()
    payload = json.dumps(json.loads(sent.body)["payload"]).encode()
    header = signature_header(SUBSCRIPTION, payload, sent.received_at.timestamp())
    only_payload = replace(sent, headers=sent.headers | {"v-c-signature": header})
    session(webhook_signed_part="payload").verify(only_payload)
    with pytest.raises(Rejected, match="signature is wrong"):
        session().verify(only_payload)


def test_an_encrypted_message_needs_its_key() -> None:
    sent = delivery("payments.capture.status.accepted", {"id": "7"})
    with pytest.raises(Rejected) as caught:
        session(mle_private_key=Secret("")).translate(sent)
    assert caught.value.reason == "cannot_decrypt"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(Rejected, match="cannot be decrypted"):
        session(mle_private_key=Secret(other.decode())).translate(sent)
    with pytest.raises(Misconfigured, match="not an RSA private key"):
        session(mle_private_key=Secret("nonsense"))


@pytest.mark.parametrize(
    "event_type",
    [
        "payments.payments.updated",
        "payments.authorization.status.dreamt",
        "terminalManagement.status.update",
    ],
)
def test_an_event_of_another_kind_is_kept_back(event_type: str) -> None:
    translation = session().translate(delivery(event_type, {"id": "7", "status": "X"}))
    assert translation.observations == ()
    assert event_type in translation.kept_back


def test_a_failed_authorization_request_proves_nothing() -> None:
    payload = {"id": "7", "status": "SERVER_ERROR", "submitTimeUtc": "2026-01-02T03:04:05Z"}
    translation = session().translate(delivery("payments.authorization.status.rejected", payload))
    assert translation.kept_back


def test_older_names_of_events_are_understood() -> None:
    payload = {
        "id": "7", "status": "AUTHORIZED", "submitTimeUtc": "2026-01-02T03:04:05+0000",
        "clientReferenceInformation": {"code": "1042"},
        "orderInformation": {"amountDetails": {"authorizedAmount": "9.99", "currency": "USD"}},
    }  # fmt: skip
    (found,) = session().translate(delivery("payments.payments.accept", payload)).observations
    assert (found.verdict, found.amount) == (Verdict.APPROVED, Money.of("9.99", "USD"))


def test_without_an_id_of_its_own_a_retry_is_known_by_its_content() -> None:
    first = delivery(notificationId=None, eventDate="2026-01-02T03:04:05Z")
    again = delivery(notificationId=None, eventDate="2026-01-02T03:04:05Z")
    other = delivery(notificationId=None, eventDate="2026-01-02T03:04:06Z")
    ids = [session().translate(one).delivery_id for one in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    assert first.body != again.body


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'{"encData": "a.b"}'])
def test_what_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(Rejected):
        session().translate(replace(delivery(), body=body))


def test_ids_that_look_like_cards_stay_and_a_card_elsewhere_is_masked() -> None:
    looks_like_a_card, card = "5105105105105100", "4111111111111111"
    envelope = {
        "notificationId": looks_like_a_card,
        "payload": {
            "id": looks_like_a_card,
            "reconciliationId": looks_like_a_card,
            "clientReferenceInformation": {"code": "1042", "comments": f"paid with {card}"},
            "tokenInformation": {
                "instrumentIdentifier": {"id": looks_like_a_card},
                "customer": {"id": looks_like_a_card},
            },
            "processorInformation": {"networkTransactionId": "378282246310005"},
            "_links": {"self": {"href": f"/tms/v1/instrumentidentifiers/{looks_like_a_card}"}},
        },
    }
    masked, paths = mask_body(json.dumps(envelope).encode(), CONNECTOR.id_fields)
    assert paths == ["payload.clientReferenceInformation.comments"]
    expected = json.loads(json.dumps(envelope).replace(card, "************1111"))
    assert json.loads(masked) == expected


def test_an_encrypted_message_is_never_masked_apart() -> None:
    body = json.dumps({"encData": "ey4111111111111111.x"}).encode()
    assert mask_body(body, CONNECTOR.id_fields) == (body, [])
