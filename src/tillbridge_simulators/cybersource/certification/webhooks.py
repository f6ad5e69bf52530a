"""Webhook subscriptions and their keys."""

import base64
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script
from tillbridge_simulators.cybersource.credentials import certificate

_NEW = "create_new_webhooks"
_OLD = "manage_webhooks"
_V2 = "notification_subscriptions_v2_webhooks"
_NOBODY = {"webhookId": "00000000-0000-0000-0000-000000000000"}
_EVENT = "payments.capture.status.accepted"


def _wish(it: Script, **changes: Any) -> dict[str, Any]:
    return {
        "name": "tillbridge",
        "organizationId": it.means.organization,
        "products": [{"productId": "payments", "eventTypes": [_EVENT]}],
        "webhookUrl": f"https://books.example.com/{it.new('door')}",
        "healthCheckUrl": "https://books.example.com/health",
    } | changes


def _products(it: Script) -> None:
    key = f"{_NEW}.find_products_to_subscribe"
    it.shows(key, {"productId=payments.eventTypes.0": ANY}, organizationId=it.means.organization)
    it.refused(key, 400, "INVALID_DATA", organizationId="somebody")


def _life(it: Script) -> None:
    made = it.do(f"{_NEW}.{_V2}_post", _wish(it))
    it.refused(f"{_NEW}.{_V2}_post", 400, "INVALID_DATA", _wish(it, products=[{"productId": "x"}]))
    of_it = {"webhookId": made["webhookId"]}
    of_all = {"organizationId": it.means.organization}
    get = f"{_OLD}.get_webhook_subscription_by_id"
    listed = {f"webhookId={made['webhookId']}.name": "tillbridge"}
    it.shows(f"{_OLD}.get_webhook_subscriptions_by_org", listed, **of_all)
    it.refused(
        f"{_OLD}.get_webhook_subscriptions_by_org", 404, "NOT_FOUND", organizationId="somebody"
    )
    name = {"name": it.new("door")}
    it.do(f"{_OLD}.{_V2}_webhook_id_patch", name, **of_it)
    it.shows(get, name | {"status": "ACTIVE"}, **of_it)
    it.refused(f"{_OLD}.{_V2}_webhook_id_patch", 400, "INVALID_DATA", name, **_NOBODY)
    test = f"{_OLD}.notification_subscriptions_v1_webhooks_webhook_id_post"
    it.shows(test, {"eventType": _EVENT, "webhookId": made["webhookId"]}, **of_it)
    it.refused(test, 400, "INVALID_DATA", **_NOBODY)
    it.do(f"{_OLD}.{_V2}_webhook_id_status_put", {"status": "INACTIVE"}, **of_it)
    it.shows(get, {"status": "INACTIVE"}, **of_it)
    status = f"{_OLD}.{_V2}_webhook_id_status_put"
    it.refused(status, 400, "INVALID_DATA", {"status": "ASLEEP"}, **of_it)
    it.refused(get, 404, "NOT_FOUND", **_NOBODY)
    other = it.do(f"{_NEW}.{_V2}_post", _wish(it))["webhookId"]
    it.do(f"{_OLD}.delete_webhook_subscription", **of_it)
    gone = {f"webhookId={made['webhookId']}": None, f"webhookId={other}.webhookId": other}
    it.shows(f"{_OLD}.get_webhook_subscriptions_by_org", gone, **of_all)
    it.refused(f"{_OLD}.delete_webhook_subscription", 400, "INVALID_DATA", **of_it)
    it.do(f"{_OLD}.delete_webhook_subscription", webhookId=other)


def _keys(it: Script) -> None:
    key, create = f"{_NEW}.save_sym_egress_key", {"clientRequestAction": "CREATE"}
    made = it.do(key, create)["keyInformation"]
    store = {"clientRequestAction": "STORE", "keyInformation": {"key": made["key"]}}
    it.finds(key, store, {"keyInformation.keyId": made["keyId"], "keyInformation.status": "ACTIVE"})
    it.refused(key, 400, "INVALID_DATA", {"clientRequestAction": "BORROW"})


def _client_key(it: Script) -> None:
    key = f"{_OLD}.save_asym_egress_key"
    store = {"clientRequestAction": "STORE", "keyInformation": {"pub": _certificate(it)}}
    it.finds(key, store, {"status": "SUCCESS"})
    it.refused(key, 400, "MISSING_FIELD", {"clientRequestAction": "STORE"})


def _certificate(it: Script) -> str:
    """As the base64 of its DER form."""
    made = certificate(it.means.organization, "1", rsa.generate_private_key(65537, 2048))
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


ROWS = (
    row(_products, f"{_NEW}.find_products_to_subscribe"),
    row(
        _life,
        f"{_NEW}.{_V2}_post",
        f"{_OLD}.get_webhook_subscription_by_id",
        f"{_OLD}.get_webhook_subscriptions_by_org",
        f"{_OLD}.{_V2}_webhook_id_patch",
        f"{_OLD}.{_V2}_webhook_id_status_put",
        f"{_OLD}.delete_webhook_subscription",
        f"{_OLD}.notification_subscriptions_v1_webhooks_webhook_id_post",
    ),
    row(_keys, f"{_NEW}.save_sym_egress_key"),
    row(_client_key, f"{_OLD}.save_asym_egress_key"),
)
