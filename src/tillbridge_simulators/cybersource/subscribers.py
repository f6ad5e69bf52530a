"""Webhook subscriptions of this account and the keys they are signed with.

Source: REST API reference, Webhooks (create, list, patch, status, test, delete) and Key
Management (keys-sym); Webhooks Implementation Guide, "Message-Level Encryption" (keys-asym). A
subscription's URL and products together are its own: the same again is refused (unverified, an
option). The newest key signs, and payment events are encrypted to the newest certificate.
"""

import base64
import hashlib
import os
import uuid
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tillbridge_simulators.cybersource.answers import Answer, Refusal, listing, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.event_catalogue import PRODUCTS, rows
from tillbridge_simulators.cybersource.shelf import merged

CLIENT_KEY = "publickey"
_CLIENT_KEY_BITS = 2048
_KEY_BYTES = 32
_DAY_S = 86_400


def products(ask: Ask) -> Answer:
    """GET products/{organizationId}: what can be subscribed to."""
    _expect_organization(ask, ask.id)
    return listing(list(rows()))


def create(ask: Ask) -> Answer:
    """POST. Raises Refusal."""
    document = _with_products(ask.document)
    _check(ask, document)
    wanted = _wanted(document)
    for row in ask.account.state.subscribers.where(lambda _: True):
        same = row["webhookUrl"] == document["webhookUrl"] and _wanted(row) & wanted
        if same and ask.account.options.webhooks_once:
            raise Refusal("DUPLICATE_REQUEST", ["webhookUrl"])
    id_ = str(uuid.uuid4())
    row = {
        **document,
        "webhookId": id_,
        "status": _first_status(ask),
        "createdOn": utc_text(ask.account.now()),
    }
    return Answer(201, ask.account.state.subscribers.put(id_, row))


def get(ask: Ask) -> Answer:
    """GET {webhookId}."""
    row = ask.account.state.subscribers.find(ask.id)
    return Answer(200, row) if row else not_found(ask.account.now())


def list_all(ask: Ask) -> Answer:
    """GET, by organization, product and event."""
    organization = ask.query.get("organizationId")
    if not organization:
        raise Refusal("MISSING_FIELD", ["organizationId"])
    product, event = ask.query.get("productId"), ask.query.get("eventType")
    found = [
        row
        for row in ask.account.state.subscribers.where(lambda _: True)
        if row["organizationId"] == organization
        and any(product in (None, one) and event in (None, kind) for one, kind in _wanted(row))
    ]
    return listing(found) if found else not_found(ask.account.now())


def patch(ask: Ask) -> Answer:
    """PATCH {webhookId}."""
    row = _row(ask)
    changed = merged(row, ask.document) | {"webhookId": row["webhookId"], "status": row["status"]}
    _check(ask, changed)
    changed["updatedOn"] = utc_text(ask.account.now())
    return Answer(200, ask.account.state.subscribers.put(row["webhookId"], changed))


def set_status(ask: Ask) -> Answer:
    """PUT {webhookId}/status."""
    row = _row(ask)
    status = text_at(ask.document, "status", length_max=10, required=True)
    if status not in ("ACTIVE", "INACTIVE"):
        raise Refusal("INVALID_DATA", ["status"])
    ask.account.state.subscribers.put(row["webhookId"], row | {"status": status})
    return Answer(200, {})


def delete(ask: Ask) -> Answer:
    """DELETE {webhookId}."""
    ask.account.state.subscribers.drop(_row(ask)["webhookId"])
    return Answer(200, {})


def test(ask: Ask) -> Answer:
    """POST /notification-subscriptions/v1/webhooks/{webhookId}: a sample is sent."""
    row = _row(ask)
    product = row["products"][0]
    event = product["eventTypes"][0]
    message = {"message": "This is a sample message"}
    ask.account.tell_one(row["webhookId"], event, {"testPayload": message})
    return Answer(
        200,
        {
            "eventDate": utc_text(ask.account.now()),
            "eventType": event,
            "organizationId": row["organizationId"],
            "payloads": {"testPayload": message},
            "productId": product["productId"],
            "requestType": "TEST",
            "retryNumber": 0,
            "transactionTraceId": str(uuid.uuid4()),
            "webhookId": row["webhookId"],
        },
    )


def create_key(ask: Ask) -> Answer:
    """POST /kms/egress/v2/keys-sym: a digital signature key; it is shown this once."""
    action = text_at(ask.document, "clientRequestAction", length_max=20, required=True)
    if action.upper() not in ("CREATE", "STORE"):
        raise Refusal("INVALID_DATA", ["clientRequestAction"])
    given = at(ask.document, "keyInformation.key")
    if action.upper() == "STORE" and not given:
        raise Refusal("MISSING_FIELD", ["keyInformation.key"])
    key = str(given or base64.b64encode(os.urandom(_KEY_BYTES)).decode())
    now_s = ask.account.now()
    days = int(at(ask.document, "keyInformation.expiryDuration") or 365)
    id_ = str(uuid.UUID(bytes=hashlib.sha256(key.encode()).digest()[:16]))
    row = {
        "keyId": id_,
        "key": key,
        "keyType": at(ask.document, "keyInformation.keyType") or "sharedSecret",
        "organizationId": ask.account.options.merchant_id,
        "status": "ACTIVE",
        "expirationDate": utc_text(now_s + days * _DAY_S),
    }
    ask.account.state.signature_keys.put(id_, row | {"_until_s": now_s + days * _DAY_S})
    body = {"submitTimeUtc": utc_text(now_s), "status": "SUCCESS", "keyInformation": row}
    return Answer(201, body)


def store_client_key(ask: Ask) -> Answer:
    """POST /kms/egress/v2/keys-asym: the subscriber's certificate, for encrypting to him."""
    action = text_at(ask.document, "clientRequestAction", length_max=20, required=True)
    if action.upper() != "STORE":
        raise Refusal("INVALID_DATA", ["clientRequestAction"])
    given = text_at(ask.document, "keyInformation.pub", length_max=8192, required=True)
    now_s = ask.account.now()
    certificate = _certificate(given, now_s)
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    id_ = str(uuid.UUID(bytes=certificate.fingerprint(hashes.SHA256())[:16]))
    row = {
        "keyId": id_,
        "pub": given,
        "keyType": CLIENT_KEY,
        "organizationId": ask.account.options.merchant_id,
        "status": "active",
        "expirationDate": utc_text(certificate.not_valid_after_utc.timestamp()),
    }
    if ask.account.state.signature_keys.find(id_):  # the newest is the one that counts
        ask.account.state.signature_keys.drop(id_)
    ask.account.state.signature_keys.put(id_, row | {"_pem": public.decode()})
    return Answer(
        201, {"submitTimeUtc": utc_text(now_s), "status": "SUCCESS", "keyInformation": row}
    )


def _certificate(text: str, now_s: float) -> x509.Certificate:
    """Base64 of an X.509 certificate, without or with its BEGIN and END lines. Raises Refusal."""
    lines = [line for line in text.split("\n") if not line.startswith("-----")]
    try:
        der = base64.b64decode("".join(lines).strip(), validate=True)
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        raise Refusal("INVALID_DATA", ["keyInformation.pub"]) from None
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _CLIENT_KEY_BITS:
        raise Refusal("INVALID_DATA", ["keyInformation.pub"])
    if certificate.not_valid_after_utc.timestamp() <= now_s:
        raise Refusal("INVALID_DATA", ["keyInformation.pub"])
    return certificate


def _first_status(ask: Ask) -> str:
    """The first answer to a health check is waited for, where health is asked for at all."""
    taken = ask.document.get("healthCheckUrl") and ask.account.options.health_every_s is None
    return "ACTIVE" if taken else "INACTIVE"


def _check(ask: Ask, document: Mapping[str, Any]) -> None:
    _expect_organization(ask, text_at(document, "organizationId", length_max=32, required=True))
    url = text_at(document, "webhookUrl", length_max=2048, required=True)
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Refusal("INVALID_DATA", ["webhookUrl"])
    if not document.get("products"):
        raise Refusal("MISSING_FIELD", ["products"])
    for row in document["products"]:
        known = PRODUCTS.get(str(row.get("productId")))
        if known is None:
            raise Refusal("INVALID_DATA", ["products.productId"])
        if not row.get("eventTypes"):
            raise Refusal("MISSING_FIELD", ["products.eventTypes"])
        if not set(row["eventTypes"]) <= set(known):
            raise Refusal("INVALID_DATA", ["products.eventTypes"])


def _with_products(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A body as it is said now; samples name one product with its events beside everything else."""
    if document.get("products") or not document.get("productId"):
        return document
    kept = {k: v for k, v in document.items() if k not in ("productId", "eventTypes")}
    product = {"productId": document["productId"], "eventTypes": document.get("eventTypes")}
    return {**kept, "products": [product]}


def _expect_organization(ask: Ask, organization: str) -> None:
    if organization != ask.account.options.merchant_id:
        raise Refusal("INVALID_DATA", ["organizationId"])


def _wanted(row: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(one["productId"], event) for one in row["products"] for event in one["eventTypes"]}


def _row(ask: Ask) -> dict[str, Any]:
    row = ask.account.state.subscribers.find(ask.ids["webhookId"])
    if row is None:
        raise Refusal("INVALID_DATA", ["webhookId"])
    return row


OFFERS = (
    Offer("create_new_webhooks.find_products_to_subscribe", "subscription_of_webhooks", products),
    Offer(
        "create_new_webhooks.notification_subscriptions_v2_webhooks_post",
        "subscription_of_webhooks",
        create,
    ),
    Offer("create_new_webhooks.save_sym_egress_key", "subscription_of_webhooks", create_key),
    Offer("manage_webhooks.get_webhook_subscription_by_id", "subscription_of_webhooks", get),
    Offer("manage_webhooks.get_webhook_subscriptions_by_org", "subscription_of_webhooks", list_all),
    Offer(
        "manage_webhooks.notification_subscriptions_v2_webhooks_webhook_id_patch",
        "subscription_of_webhooks",
        patch,
    ),
    Offer(
        "manage_webhooks.notification_subscriptions_v2_webhooks_webhook_id_status_put",
        "subscription_of_webhooks",
        set_status,
    ),
    Offer("manage_webhooks.delete_webhook_subscription", "subscription_of_webhooks", delete),
    Offer(
        "manage_webhooks.notification_subscriptions_v1_webhooks_webhook_id_post",
        "subscription_of_webhooks",
        test,
    ),
    Offer("manage_webhooks.save_asym_egress_key", "subscription_of_webhooks", store_client_key),
)
