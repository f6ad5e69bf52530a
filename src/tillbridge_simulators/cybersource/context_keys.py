"""The keys behind capture contexts: one that signs contexts, and one for each context.

Source: Microform Integration v2 and Unified Checkout guides, "Capture Context" (a JSON Web Token
signed with a long-lasting key, which is at /flex/v2/public-keys/{kid}; inside it a key of its own,
by which the transient tokens of that context are signed).
"""

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGNER = "3g"
"""The id of the key that signs contexts."""


@dataclass(slots=True)
class ContextKeys:
    """Private keys by id, made when they are first needed."""

    _keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)

    def new(self) -> str:
        """The id of a new context's own key."""
        id_ = "08" + uuid.uuid4().hex[:30]
        self._key(id_)
        return id_

    def public(self, id_: str) -> dict[str, str] | None:
        """A key's public half as a JSON Web Key; None when there is no such key."""
        if id_ != SIGNER and id_ not in self._keys:
            return None
        numbers = self._key(id_).public_key().public_numbers()
        return {
            "kty": "RSA",
            "e": _number(numbers.e),
            "use": "enc",
            "n": _number(numbers.n),
            "kid": id_,
        }

    def signed(self, claims: Mapping[str, Any], id_: str = SIGNER) -> str:
        """A JSON Web Token of these claims. Raises KeyError for a context that is not known."""
        if id_ != SIGNER and id_ not in self._keys:
            raise KeyError(id_)
        head = _encoded(json.dumps({"kid": id_, "alg": "RS256"}).encode())
        text = f"{head}.{_encoded(json.dumps(claims).encode())}"
        signature = self._key(id_).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encoded(signature)}"

    def _key(self, id_: str) -> rsa.RSAPrivateKey:
        if id_ not in self._keys:
            self._keys[id_] = rsa.generate_private_key(65537, 2048)
        return self._keys[id_]


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token, unchecked. Raises ValueError."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("A JSON Web Token has three parts.")
    claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    return dict(json.loads(claims))


def sealed() -> str:
    """What only Cybersource reads in a context."""
    return base64.b64encode(secrets.token_bytes(48)).decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
