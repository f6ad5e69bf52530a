"""The connector keeps a connector's promises, against the simulated account."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tillbridge.canonical.errors import Place
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Call, Write, WritesDocuments
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import Fields
from tillbridge.connector.settings import parse_settings
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_simulators.cybersource import CybersourceSimulator, Options, Subscription
from tillbridge_simulators.cybersource.webhooks import sealed
from tillbridge_simulators.faults import Fault, Rule

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PUBLIC = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
_PRIVATE = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
_SUBSCRIPTION = Subscription("http://nowhere", certificate_key=_PUBLIC)
_OPTIONS = Options()
SETTINGS: dict[str, object] = {
    "merchant_id": _OPTIONS.merchant_id,
    "key_id": _OPTIONS.key_id,
    "secret_key": _OPTIONS.secret_key,
    "webhook_keys": f"{_SUBSCRIPTION.key_id}:{_SUBSCRIPTION.key}",
    "mle_private_key": _PRIVATE,
}
_AMOUNT = Money.of("25.00", "USD")
_TOKENS: list[CybersourceSimulator] = []


class _Payments(CybersourceSession):
    """What moves money; what is kept by id has a suite of its own (test_billing_conformance,
    test_vault_conformance)."""

    @property
    def writes(self) -> Mapping[str, Write]:
        kept = self._billing.writes.keys() | {one.shape.kind for one in self._vault.writes}
        return {kind: write for kind, write in super().writes.items() if kind not in kept}


def bench_with(fence: str) -> Callable[[], AbstractAsyncContextManager[Bench]]:
    """Benches whose connection settles lost answers by fences, or by search alone."""
    return lambda: _bench(fence)


@asynccontextmanager
async def _bench(fence: str) -> AsyncIterator[Bench]:
    simulator = CybersourceSimulator()
    await simulator.start()
    _TOKENS[:] = [simulator]
    settings = parse_settings(
        CONNECTOR.settings, SETTINGS | {"base_url": simulator.url, "fence": fence}, Place()
    )
    assert isinstance(settings, CybersourceSettings)
    session = _Payments(settings, Opening("cards", lambda: datetime.now(UTC)))

    def misbehave(kind: str, fault: Fault) -> None:
        simulator.faults.rules = [Rule(kind, fault, times=1)]

    def standing(kind: str) -> int:
        if kind == "authorization":
            return sum(len(rows) for rows in simulator.live_holds().values())
        moved = simulator.state.movements.values()
        return sum(one.kind == kind and not one.voided for one in moved)

    try:
        yield Bench(
            session,
            "cards",
            count_effects=standing,
            lose_next_answer=lambda kind: misbehave(kind, Fault("lose_answer")),
            answer_late=lambda kind, seconds: misbehave(kind, Fault("late", seconds)),
            answer_status=lambda kind, status, wait_s: misbehave(
                kind, Fault("refuse", wait_s, status)
            ),
            answer_oddly=simulator.options.odd.add,
        )
    finally:
        await session.close()
        await simulator.stop()


def authorization(_: Bench) -> Fields:
    return {
        "order_number": "1042",
        "amount": _AMOUNT,
        "token_kind": "tms",
        "token": _TOKENS[0].mint_token(kind="tms"),
        "attempt_key": "attempt-1",
    }


async def capture(at: Bench) -> Fields:
    sent = await _written(at, "authorization", authorization(at))
    return {"order_number": "1042", "authorization_id": sent, "amount": _AMOUNT}


async def reversal(at: Bench) -> Fields:
    return await capture(at)


async def void(at: Bench) -> Fields:
    captured = await _written(at, "capture", await capture(at))
    return {"order_number": "1042", "capture_id": captured}


async def refund(at: Bench) -> Fields:
    return {**await void(at), "amount": _AMOUNT}


def credit(at: Bench) -> Fields:
    paid = authorization(at)
    return {name: paid[name] for name in ("order_number", "amount", "token_kind", "token")}


async def _written(at: Bench, kind: str, fields: Fields) -> str:
    assert isinstance(at.session, WritesDocuments)
    call = Call("made-before", datetime.now(UTC), 5.0, "conformance", lambda: None)
    receipt = await at.session.writes[kind].send(call, fields)
    return receipt.references[0].id


def notified(event_type: str, payload: dict[str, Any]) -> Delivery:
    envelope = {
        "notificationId": "n-1", "webhookId": "w", "productId": "p", "eventType": event_type,
        "eventDate": "2026-01-02T03:04:05Z", "payload": payload,
    }  # fmt: skip
    now = datetime.now(UTC)
    body, headers = sealed(_SUBSCRIPTION, envelope, 0, now.timestamp())
    lower = {name.lower(): value for name, value in headers.items()}
    return Delivery("cards", "POST", "/doors/cards", lower, body, now)


_PAYLOAD = {
    "id": "7000000000000000000000",
    "status": "AUTHORIZED",
    "submitTimeUtc": "2026-01-02T03:04:05Z",
    "clientReferenceInformation": {"code": "1042", "transactionId": "attempt-1"},
    "orderInformation": {"amountDetails": {"authorizedAmount": "25.00", "currency": "USD"}},
}


def harness(fence: str) -> Harness:
    return Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=bench_with(fence),
        documents={
            "authorization": authorization,
            "capture": capture,
            "reversal": reversal,
            "void": void,
            "refund": refund,
            "credit": credit,
            "increment": capture,
        },
        deliveries={
            "encrypted": lambda _: notified("payments.authorization.status.accepted", _PAYLOAD),
            "review": lambda _: notified("risk.casemanagement.decision.accept", {"data": _PAYLOAD}),
        },
        find_lag_s=dict.fromkeys(
            ("authorization", "capture", "reversal", "void", "refund", "credit", "increment"),
            86_400.0,
        ),
    )


TestCybersource = conformance_suite(harness(fence="yes"))
TestCybersourceWithoutFences = conformance_suite(harness(fence="no"))
