"""How the shop signs what it sends and checks what it gets.

`tillbridge-signature: v1=<hex HMAC-SHA256 of "<timestamp>.<METHOD>.<path>." + body>`. Written
from the interface's description, apart from the program it talks to, so that each proves the
other.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping

AGE_MAX_S = 300


def signed(secret: str, method: str, path: str, body: bytes) -> dict[str, str]:
    """The headers that sign one request."""
    timestamp = str(int(time.time()))
    return {
        "tillbridge-timestamp": timestamp,
        "tillbridge-signature": "v1=" + _mac(secret, timestamp, method, path, body),
    }


def is_genuine(
    secret: str, headers: Mapping[str, str], method: str, path: str, body: bytes
) -> bool:
    """Whether a request was signed with the secret, not long ago."""
    timestamp = headers.get("tillbridge-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > AGE_MAX_S:
        return False
    wanted = "v1=" + _mac(secret, timestamp, method, path, body)
    given = headers.get("tillbridge-signature", "").split(",")
    return any(hmac.compare_digest(wanted.encode(), part.strip().encode()) for part in given)


def _mac(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    message = b".".join([timestamp.encode(), method.encode(), path.encode(), body])
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
