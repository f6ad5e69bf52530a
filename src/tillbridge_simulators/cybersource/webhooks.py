"""Notifications of this account: signed, encrypted where Cybersource encrypts, sent with retries.

Sources: Webhooks Implementation Guide, Supported Products and Event Types, Webhook Notification
Field Descriptions (version 3), Message-Level Encryption (required for payment events), Validating
a Notification with the Digital Signature Key, Webhook Health Check URL and Automatic Revalidation
(a POST without a body: retryPolicy of the models). That an encrypted body is {"encData": JWE} is
not in the guide; it is what receivers report.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import RSAKey

from tillbridge_simulators.cybersource.answers import utc_text
from tillbridge_simulators.cybersource.event_catalogue import product_of
from tillbridge_simulators.cybersource.retry_policy import retry_waits_s
from tillbridge_simulators.cybersource.state import State
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults

_REGISTRY = JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"], strict_check_header=False)
"""Cybersource writes "iat" into the header, which RFC 7516 does not name."""


SUSPENDED = "SUSPENDED"
"""Of a subscription whose address does not answer: what it should be told is kept back."""


@dataclass(slots=True)
class Subscription:
    """Where notifications go and how they are protected.

    Attributes:
        key_id, key: the digital signature key; `key` is base64.
        certificate_key: the receiver's public RSA key (PEM) for message-level encryption of
            payment events; None sends them in the clear.
        retries_max, retry_wait_s: how often and after how long an unaccepted one is sent again.
        waits_s: of a registered subscription, the wait before each retry by its own policy.
    """

    url: str
    organization_id: str = "tillbridge_test"
    key_id: str = "bf44c857-b182-bb05-e053-34b8d30a7a72"
    key: str = "d2ViaG9vay1zaWduaW5nLWtleS1mb3ItdGVzdHM="
    certificate_key: bytes | None = None
    retries_max: int = 3
    retry_wait_s: float = 60.0
    waits_s: tuple[float, ...] | None = None
    webhook_id: str = "e6fe5ec0-9b7a-4c0b-a0c3-simulated"

    @property
    def retries_s(self) -> tuple[float, ...]:
        """Seconds before each retry."""
        plain = (self.retry_wait_s,) * self.retries_max
        return plain if self.waits_s is None else self.waits_s


@dataclass(slots=True)
class Webhooks:
    """Sends what happens to the subscriber, each in a task of its own; nothing is in order."""

    faults: Faults
    log: EffectLog
    factor: float
    subscription: Subscription | None = None
    state: State = field(default_factory=State)
    _kept_back: dict[str, list[tuple[dict[str, object], str]]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    def tell(self, event_type: str, code: str, payload: Mapping[str, object]) -> None:
        """Sends one notification to each who wants it: or not, or twice, or late, as the faults
        say."""
        audience = self._audience(event_type)
        if not audience:
            return
        fault = self.faults.draw("webhook", code)
        kind = fault.kind if fault else ""
        if kind in ("lost", "break_before"):
            self.log.add("webhook_lost", event_type=event_type, order=code)
            return
        wait_s = fault.seconds if fault and kind in ("slow", "late") else 0.0
        for subscription in audience:
            envelope = _envelope(subscription, event_type, payload)
            for _ in range(2 if kind == "twice" else 1):
                self._start(subscription, envelope, code, wait_s)

    def tell_one(self, webhook_id: str, event_type: str, payload: Mapping[str, object]) -> None:
        """A sample for one subscription, whether it is active or not."""
        row = self.state.subscribers.copy(webhook_id)
        subscription = _registered(self.state, row)
        self._start(subscription, _envelope(subscription, event_type, payload), "", 0.0)

    def _audience(self, event_type: str) -> list[Subscription]:
        """Who has subscribed to it and is active or suspended, and who was given when it was
        started."""
        found = [] if self.subscription is None else [self.subscription]
        rows = self.state.subscribers.where(
            lambda row: (
                row["status"] in ("ACTIVE", SUSPENDED)
                and any(event_type in one["eventTypes"] for one in row["products"])
            )
        )
        return found + [_registered(self.state, row) for row in rows]

    def _start(
        self, subscription: Subscription, envelope: dict[str, object], code: str, wait_s: float
    ) -> None:
        if self._row(subscription).get("status") == SUSPENDED:
            self._keep_back(subscription, envelope, code)
            return
        task = asyncio.create_task(self._deliver(subscription, envelope, code, wait_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def watch_health(self, every_s: float) -> None:
        """Asks each subscriber again and again whether he is well."""
        while True:
            await self.check_health()
            await asyncio.sleep(every_s)

    async def check_health(self) -> None:
        """A POST without a body to each health check address. Who does not answer 200 is suspended;
        who answers again is active, and is told what was kept back."""
        for row in list(self.state.subscribers.where(lambda row: "healthCheckUrl" in row)):
            well = await self._send(row["healthCheckUrl"], b"", {}) == 200
            now = self.state.subscribers.find(row["webhookId"])
            if now is None or (now["status"] == "INACTIVE" and not well):
                continue
            changed = {"status": "ACTIVE" if well else SUSPENDED}
            self.state.subscribers.put(row["webhookId"], now | changed)
            for envelope, code in self._kept_back.pop(row["webhookId"], ()) if well else ():
                self._start(_registered(self.state, now), envelope, code, 0.0)

    def _keep_back(
        self, subscription: Subscription, envelope: dict[str, object], code: str
    ) -> None:
        self._kept_back.setdefault(subscription.webhook_id, []).append((envelope, code))
        self.log.add("webhook_kept_back", event_type=envelope["eventType"], order=code)

    def _row(self, subscription: Subscription) -> Mapping[str, Any]:
        """How a subscription stands that was made through the service; empty for the given one."""
        return self.state.subscribers.find(subscription.webhook_id) or {}

    async def drain(self) -> None:
        """Waits until nothing is on its way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(
        self, subscription: Subscription, envelope: dict[str, object], code: str, wait_s: float
    ) -> None:
        await asyncio.sleep(wait_s / self.factor)
        for attempt, before_s in enumerate((0.0, *subscription.retries_s)):
            if attempt:
                await asyncio.sleep(before_s / self.factor)
                row = self._row(subscription)
                if row:  # by what it is now: another key may sign
                    subscription = _registered(self.state, row)
            status = await self._post(subscription, envelope, attempt)
            self.log.add(
                "webhook", event_type=envelope["eventType"], order=code, attempt=attempt, to=status
            )
            if 200 <= status < 300:
                return
        row = self._row(subscription)
        if row.get("retryPolicy", {}).get("deactivateFlag") == "true":
            self.state.subscribers.put(row["webhookId"], {**row, "status": SUSPENDED})
            self._keep_back(subscription, envelope, code)

    async def _post(
        self, subscription: Subscription, envelope: dict[str, object], attempt: int
    ) -> int:
        """The subscriber's status; 0 when there was none."""
        body, headers = sealed(subscription, envelope, attempt, time.time())
        return await self._send(subscription.url, body, headers)

    async def _send(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        try:
            async with self._session.post(url, data=body, headers=headers) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0


def sealed(
    subscription: Subscription, envelope: Mapping[str, object], attempt: int, now_s: float
) -> tuple[bytes, dict[str, str]]:
    """One attempt's body and headers: its own trace id, encrypted if it must be, signed."""
    event_type = str(envelope["eventType"])
    trace_id = str(uuid.uuid4())
    kind = "RETRY" if attempt else "NEW"
    body = json.dumps({**envelope, "transactionTraceId": trace_id, "requestType": kind}).encode()
    if subscription.certificate_key is not None and event_type.startswith("payments."):
        body = json.dumps({"encData": _encrypted(subscription.certificate_key, body)}).encode()
    headers = {
        "Content-Type": "application/json",
        "v-c-signature": signature_header(subscription, body, now_s),
        "v-c-event-type": event_type,
        "v-c-organization-id": subscription.organization_id,
        "v-c-product-name": str(envelope["productId"]),
        "v-c-request-type": kind,
        "v-c-retry-count": str(attempt),
        "v-c-transaction-trace-id": trace_id,
        "v-c-webhook-id": str(envelope["webhookId"]),
    }
    return body, headers


def signature_header(subscription: Subscription, body: bytes, now_s: float) -> str:
    """t=<ms>;keyId=<id>;sig=<base64 of HMAC-SHA256 over "t.body">."""
    stamp = str(int(now_s * 1000))
    signed = stamp.encode() + b"." + body
    digest = hmac.new(base64.b64decode(subscription.key), signed, hashlib.sha256).digest()
    return f"t={stamp};keyId={subscription.key_id};sig={base64.b64encode(digest).decode()}"


def _registered(state: State, row: Mapping[str, Any]) -> Subscription:
    """A subscription made through the service, with the newest key that signs and the newest
    certificate that payment events are encrypted to."""
    keys = list(state.signature_keys.where(lambda key: "key" in key))
    certificates = list(state.signature_keys.where(lambda key: "_pem" in key))
    policy = row.get("retryPolicy", {})
    made = Subscription(
        row["webhookUrl"],
        row["organizationId"],
        waits_s=retry_waits_s(policy),
        webhook_id=row["webhookId"],
        certificate_key=certificates[-1]["_pem"].encode() if certificates else None,
    )
    return replace(made, key_id=keys[-1]["keyId"], key=keys[-1]["key"]) if keys else made


def _envelope(
    subscription: Subscription, event_type: str, payload: Mapping[str, object]
) -> dict[str, object]:
    return {
        "notificationId": str(uuid.uuid4()),
        "webhookId": subscription.webhook_id,
        "productId": product_of(event_type),
        "organizationId": subscription.organization_id,
        "eventType": event_type,
        "eventDate": utc_text(time.time()),
        "payload": payload,
    }


def _encrypted(public_key: bytes, body: bytes) -> str:
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "iat": int(time.time() * 1000)}
    return jwe.encrypt_compact(header, body, RSAKey.import_key(public_key), registry=_REGISTRY)
