"""Notifications: genuine, readable, and as observations.

Sources: Webhooks Implementation Guide: Validating a Notification with the Digital Signature Key,
Message-Level Encryption, Supported Products and Event Types, Webhook Notification Field
Descriptions (version 3). Not in the guide, and taken from what receivers report: an encrypted
body is {"encData": JWE}, and some products' events go by older names (payments.payments.accept).
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.delivery import Delivery, Translation
from tillbridge.connector.keyring import UnknownKeyError
from tillbridge_cybersource.billing_events import billing_event
from tillbridge_cybersource.observations import (
    authorization_of,
    follow_on_of,
    instant,
    instant_of,
    part,
    taken_at_once,
    text_of,
)
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import Policy, judge
from tillbridge_cybersource.webhook_events import PAID_ON_A_PAGE, news_event
from tillbridge_cybersource.webhook_keys import WebhookKeys

_SIGNATURE = re.compile(r'"?t=(\d{1,16});\s*keyId=([^;"]+);\s*sig=([A-Za-z0-9+/=]+)"?;?')
_EVENT = re.compile(
    r"payments\.(?P<noun>authorization|payments|captures?|reversals?|voids?|refunds?|credits?)"
    r"\.(?:status\.)?"
    r"(?P<what>accepted|updated|reviewed|rejected|partiallyApproved|accept|review|reject"
    r"|partial\.approval|failed)"
)
_OPERATIONS = {
    "authorization": Operation.AUTHORIZATION,
    "payments": Operation.AUTHORIZATION,
    "capture": Operation.CAPTURE,
    "reversal": Operation.REVERSAL,
    "void": Operation.VOID,
    "refund": Operation.REFUND,
    "credit": Operation.CREDIT,
}
_SAME = {PAID_ON_A_PAGE: "payments.authorization.status.updated"}
_DEBITED = "payments.payments.accepted"
_ENCRYPTION = JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"], strict_check_header=False)
"""Message-level encryption; its header holds an "iat", which RFC 7516 does not name."""
_DECISIONS = {
    "risk.casemanagement.decision.accept": Verdict.APPROVED,
    "risk.casemanagement.decision.reject": Verdict.DECLINED,
}


class _Enveloped(msgspec.Struct):
    payload: msgspec.Raw


class Webhooks:
    """Verifies and translates one connection's notifications; no I/O."""

    def __init__(self, settings: CybersourceSettings, policy: Policy, keys: WebhookKeys) -> None:
        self._settings = settings
        self._policy = policy
        self._keys = keys

    def verify(self, delivery: Delivery) -> None:
        """Raises Rejected("bad_signature") unless it is genuine and fresh: UnknownKeyError when
        only the key is not known."""
        found = _SIGNATURE.fullmatch(delivery.headers.get("v-c-signature", "").strip())
        if found is None:
            raise _not_genuine("it has no readable v-c-signature")
        stamp, key_id, signature = found.groups()
        age_s = delivery.received_at.timestamp() - int(stamp) / 1000
        if abs(age_s) > self._settings.webhook_age_max_s > 0:
            raise _not_genuine(f"its signature is {age_s:.0f} seconds old")
        key = self._keys.signature_key(key_id, delivery.received_at)
        if key is None:
            raise UnknownKeyError(key_id)
        try:
            given = base64.b64decode(signature, validate=True)
        except binascii.Error:
            raise _not_genuine("its signature is not base64") from None
        for signed in self._signed(delivery):
            if hmac.compare_digest(_mac(key, stamp, signed), given):
                return
        raise _not_genuine("its signature is wrong")

    def translate(self, delivery: Delivery) -> Translation:
        """Observations of payments, events of all else. Raises Rejected for what cannot be read or
        decrypted; an event that stands nowhere is kept back, for people."""
        envelope = read_json(self._plain(delivery.body))
        if not isinstance(envelope, dict):
            raise Rejected("The notification is not a JSON object.", reason="bad_shape")
        event_type = text_of(envelope, "eventType") or delivery.headers.get("v-c-event-type", "")
        told = text_of(envelope, "eventDate")
        payload = {"submitTimeUtc": told or delivery.received_at.isoformat(), **_payload(envelope)}
        delivery_id = _delivery_id(envelope, event_type)
        observation = self._observation(event_type, payload)
        about = (payload, delivery_id, delivery.connection)
        if observation is None:
            at = instant(told) if told else delivery.received_at
            event = billing_event(event_type, *about, at) or news_event(event_type, *about, at)
            if event is not None:
                return Translation(delivery_id, events=(event,))
        return Translation(
            delivery_id=delivery_id,
            observations=(observation,) if observation else (),
            kept_back="" if observation else f"The event {event_type!r} proves nothing here.",
        )

    def _observation(self, event_type: str, payload: Mapping[str, Any]) -> Observation | None:
        if event_type in _DECISIONS:
            return _decision(payload, _DECISIONS[event_type])
        found = _EVENT.fullmatch(_SAME.get(event_type, event_type))
        if found is None or not payload.get("id"):
            return None
        if found["what"] == "failed" or found[0] == _DEBITED:
            return _of_account(found, payload)
        operation = _OPERATIONS[_singular(found["noun"])]
        if operation is Operation.AUTHORIZATION:
            reason = text_of(part(payload, "errorInformation"), "reason")
            judgement = judge(text_of(payload, "status"), reason, self._policy)
            if judgement is None:
                return None
            told = authorization_of(
                payload, judgement, Source.WEBHOOK, stored_token=self._settings.stored_token
            )
            return taken_at_once(told, self._settings)
        refused = found["what"] in ("rejected", "reject")
        verdict = Verdict.DECLINED if refused else Verdict.APPROVED
        return follow_on_of(operation, payload, Source.WEBHOOK, verdict=verdict)

    def _signed(self, delivery: Delivery) -> Iterator[bytes]:
        """What the signature may be over: as sent, or decrypted; or only the payload."""
        whole = self._settings.webhook_signed_part == "body"
        if whole:
            yield delivery.body
        try:
            plain = self._plain(delivery.body)
            yield plain if whole else bytes(msgspec.json.decode(plain, type=_Enveloped).payload)
        except (Rejected, msgspec.MsgspecError):
            return

    def _plain(self, body: bytes) -> bytes:
        """The message, decrypted when it is encrypted."""
        envelope = read_json(body)
        sealed = envelope.get("encData") if isinstance(envelope, dict) else None
        if not isinstance(sealed, str):
            return body
        keys = list(self._keys.private_keys())
        for key in keys:
            try:
                opened = jwe.decrypt_compact(sealed, key, registry=_ENCRYPTION)
            except (JoseError, ValueError):
                continue
            assert opened.plaintext is not None, "a decrypted JWE has a plaintext"
            return opened.plaintext
        if not keys:
            raise Rejected(
                "The notification is encrypted and there is no key for it.",
                reason="cannot_decrypt",
                next_step="Set mle_private_key or webhook_url for this connection and replay it.",
            )
        raise Rejected(
            f"The notification cannot be decrypted with any of this connection's {len(keys)} keys.",
            reason="cannot_decrypt",
            next_step="Check that mle_private_key belongs to the subscription's certificate.",
        )


def _mac(key: bytes, stamp: str, signed: bytes) -> bytes:
    return hmac.new(key, stamp.encode() + b"." + signed, hashlib.sha256).digest()


def _not_genuine(why: str) -> Rejected:
    return Rejected(f"The notification is refused: {why}.", reason="bad_signature")


def _of_account(found: re.Match[str], payload: Mapping[str, Any]) -> Observation:
    """Of an electronic check: the account was debited or credited, or its bank has refused that
    since. A debit is a sale."""
    operation = _OPERATIONS[_singular(found["noun"])]
    failed = found["what"] == "failed"
    return follow_on_of(
        Operation.SALE if operation is Operation.AUTHORIZATION else operation,
        payload,
        Source.WEBHOOK,
        verdict=Verdict.FAILED if failed else Verdict.APPROVED,
    )


def _payload(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's data: an object, an object's `data`, or the first of a list of those."""
    payload = envelope.get("payload", envelope.get("payloads"))
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    if not isinstance(payload, Mapping):
        return {}
    inner = payload.get("data")
    return inner if isinstance(inner, Mapping) else payload


def _decision(payload: Mapping[str, Any], verdict: Verdict) -> Observation | None:
    """A closed case: about an authorization, by its id."""
    reference = part(payload, "clientReferenceInformation")
    order_number = text_of(reference, "code") or text_of(payload, "referenceNumber")
    request_id = text_of(payload, "id") or text_of(payload, "requestId")
    if not (order_number and request_id):
        return None
    return Observation(
        operation=Operation.REVIEW,
        verdict=verdict,
        source=Source.WEBHOOK,
        order_number=order_number,
        request_id=request_id,
        occurred_at=instant_of(payload),
        attempt_key=text_of(reference, "transactionId"),
        parent_id=request_id,
        review="decision_manager",
    )


def _delivery_id(envelope: Mapping[str, Any], event_type: str) -> str:
    """The notification's own id, the same in every retry.

    The guide's version 3 names no such field (transactionTraceId differs in each attempt); where
    it is missing, the event's type, date and payload stand for it.
    """
    own = text_of(envelope, "notificationId")
    if own:
        return own
    same = [event_type, text_of(envelope, "eventDate"), envelope.get("payload")]
    return hashlib.sha256(json.dumps(same, default=str, sort_keys=True).encode()).hexdigest()


def _singular(noun: str) -> str:
    return noun if noun in _OPERATIONS else noun.removesuffix("s")
