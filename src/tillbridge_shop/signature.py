"""Signed requests between a shop and Tillbridge, the same way in both directions.

    tillbridge-timestamp: 1764800000
    tillbridge-signature: v1=<hex HMAC-SHA256 of "<timestamp>.<METHOD>.<path>." + body>

The path is the part of the address after the host, without the query. A signature header may
carry several signatures separated by commas, so that either side can change its secret without a
pause; one that fits is enough.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tillbridge.canonical.errors import Place, Rejected
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret

TIMESTAMP = "tillbridge-timestamp"
SIGNATURE = "tillbridge-signature"
VERSION = "v1="
TIMESTAMP_DIGITS_MAX = 12


def sign(
    secret: Secret, method: str, path: str, body: bytes, signed_at: datetime
) -> dict[str, str]:
    """The two headers that sign a request.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 2, tzinfo=UTC)
    >>> sign(Secret("shh"), "POST", "/checkout/payments", b"{}", at)["tillbridge-timestamp"]
    '1767312000'
    """
    timestamp = str(int(signed_at.timestamp()))
    return {
        TIMESTAMP: timestamp,
        SIGNATURE: VERSION + _digest(secret, timestamp, method, path, body),
    }


def verify(delivery: Delivery, secrets: Sequence[Secret], max_age_s: int) -> None:
    """Raises Rejected(reason="bad_signature") unless one secret signed exactly this, recently."""
    timestamp = delivery.headers.get(TIMESTAMP, "")
    plain = timestamp.isascii() and timestamp.isdigit()
    if not plain or len(timestamp) > TIMESTAMP_DIGITS_MAX:
        raise _bad(TIMESTAMP, "it is missing or is not a time in whole seconds since 1970")
    age_s = (delivery.received_at - datetime.fromtimestamp(int(timestamp), UTC)).total_seconds()
    if abs(age_s) > max_age_s:
        raise _bad(TIMESTAMP, f"it is {age_s:.0f} s old; at most {max_age_s} s are allowed")
    given = list(_given(delivery.headers.get(SIGNATURE, "")))
    path = delivery.path.partition("?")[0]
    fits = False
    for secret in secrets:
        expected = _digest(secret, timestamp, delivery.method, path, delivery.body)
        for signature in given:
            fits |= hmac.compare_digest(expected.encode(), signature)
    if not fits:
        raise _bad(SIGNATURE, "it does not fit the request")


def _given(header: str) -> Iterator[bytes]:
    for part in header.split(","):
        if part.strip().startswith(VERSION):
            yield part.strip().removeprefix(VERSION).encode()


def _digest(secret: Secret, timestamp: str, method: str, path: str, body: bytes) -> str:
    signed = f"{timestamp}.{method.upper()}.{path}.".encode() + body
    return hmac.new(secret.value.encode(), signed, hashlib.sha256).hexdigest()


def _bad(header: str, why: str) -> Rejected:
    return Rejected(
        f"The request is not signed as this connection wants it: {why}.",
        reason="bad_signature",
        place=Place(field=f"header {header}"),
        next_step="Check the signing secret and the clock on the shop's side.",
    )
