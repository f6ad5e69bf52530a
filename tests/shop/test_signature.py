"""Only what the shop signed, unaltered and lately, comes through its door."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret
from tillbridge_shop.signature import sign, verify
from tillbridge_simulators.shop.signing import signed

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OLD, NEW = Secret("the old secret"), Secret("the new secret")


def delivery(secret: Secret = NEW, signed_at: datetime = NOW) -> Delivery:
    headers = sign(secret, "POST", "/doors/webshop", b'{"a": 1}', signed_at)
    return Delivery("webshop", "POST", "/doors/webshop", headers, b'{"a": 1}', NOW)


def refused(given: Delivery, *secrets: Secret) -> Rejected:
    with pytest.raises(Rejected) as caught:
        verify(given, secrets or (NEW,), 300)
    assert caught.value.reason == "bad_signature"
    assert "secret" not in caught.value.message
    return caught.value


def test_a_genuine_request_passes_with_either_secret_of_a_rotation() -> None:
    verify(delivery(), (NEW,), 300)
    verify(delivery(OLD), (NEW, OLD), 300)
    refused(delivery(OLD), NEW)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b'{"a": 2}'},
        {"body": b""},
        {"method": "PUT"},
        {"path": "/doors/another"},
    ],
)
def test_an_altered_request_is_refused(change: dict[str, object]) -> None:
    refused(replace(delivery(), **change))  # type: ignore[arg-type]  # one field each, typed above


def test_the_query_is_no_part_of_the_signature() -> None:
    verify(replace(delivery(), path="/doors/webshop?from=cron"), (NEW,), 300)


@pytest.mark.parametrize("age_s", [301, 86_400, -301])
def test_a_stale_or_early_request_is_refused(age_s: int) -> None:
    refused(delivery(signed_at=NOW - timedelta(seconds=age_s)))


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1.5", "9" * 40, "\u0661\u0662"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    given = delivery()
    refused(replace(given, headers=given.headers | {"tillbridge-timestamp": timestamp}))


@pytest.mark.parametrize("signature", ["", "v1=", "v0=abc", "v1=\u0661", "abc,def"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    given = delivery()
    refused(replace(given, headers=given.headers | {"tillbridge-signature": signature}))


def test_one_fitting_signature_of_several_is_enough() -> None:
    given = delivery()
    several = "v1=00, " + given.headers["tillbridge-signature"]
    verify(replace(given, headers=given.headers | {"tillbridge-signature": several}), (NEW,), 300)


def test_the_simulated_shop_signs_the_same_way() -> None:
    headers = signed(NEW.value, "POST", "/doors/webshop", b"{}")
    now = datetime.now(UTC)
    verify(Delivery("webshop", "POST", "/doors/webshop", headers, b"{}", now), (NEW,), 300)
