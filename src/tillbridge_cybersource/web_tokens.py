"""JSON Web Tokens that others have signed with an RSA key (RS256): read, and proven.

Sources: RFC 7515, 7519; Unified Checkout guide, "Validating the Capture Context" and "Token
Verification".
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tillbridge.canonical.codec import read_json
from tillbridge.canonical.errors import Rejected

_ALGORITHM = "RS256"
_BITS_MIN = 2048
_LENGTH_MAX = 32_000


@dataclass(frozen=True, slots=True)
class WebToken:
    """A token as it was read; nothing of it is proven before `verify`.

    Attributes:
        key_id: which key its sender says signed it.
    """

    what: str
    key_id: str
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    def verify(self, key: rsa.RSAPublicKey) -> None:
        """Raises Rejected unless this key has signed it."""
        try:
            key.verify(self.signature, self.signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise forged(self.what, "its signature does not fit") from None

    def instant(self, name: str) -> int:
        """A claim that is a time, in seconds since the epoch. Raises Rejected."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise forged(self.what, f"{name} is not a time")
        return value


def read_token(text: str, what: str) -> WebToken:
    """A token's parts. Raises Rejected for what is none, or is signed in another way.

    `what` is what messages call it: "transient token".
    """
    parts = text.split(".")
    if len(parts) != 3 or len(text) > _LENGTH_MAX:
        raise forged(what, "it is no JSON Web Token")
    header, claims = _object(parts[0], what), _object(parts[1], what)
    if header.get("alg") != _ALGORITHM:
        raise forged(what, f"it is not signed by {_ALGORITHM}")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_id:
        raise forged(what, "it does not say which key signed it")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return WebToken(what, key_id, claims, signed, _bytes(parts[2], what))


def public_key(web_key: object, what: str) -> rsa.RSAPublicKey:
    """An RSA key from a JSON Web Key. Raises Rejected."""
    if not isinstance(web_key, Mapping) or web_key.get("kty") != "RSA":
        raise forged(what, "it is no RSA key")
    numbers = [
        int.from_bytes(_bytes(str(web_key.get(name, "")), what), "big") for name in ("e", "n")
    ]
    try:
        key = rsa.RSAPublicNumbers(*numbers).public_key()
    except ValueError:
        raise forged(what, "its numbers make no key") from None
    if key.key_size < _BITS_MIN:
        raise forged(what, f"it has fewer than {_BITS_MIN} bits")
    return key


def forged(what: str, why: str) -> Rejected:
    """The error for a token that proves nothing; it never holds the token."""
    return Rejected(
        f"The {what} cannot be trusted: {why}.",
        reason="bad_token",
        next_step="Let the shopper enter the card again, with a new capture context.",
    )


def _object(part: str, what: str) -> Mapping[str, Any]:
    try:
        found = read_json(_bytes(part, what))
    except Rejected:
        found = None
    if not isinstance(found, dict):
        raise forged(what, "it cannot be read")
    return found


def _bytes(part: str, what: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise forged(what, "it cannot be read") from None
