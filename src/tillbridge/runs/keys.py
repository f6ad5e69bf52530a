"""Keys name the business effect, so that the same effect is never made twice."""

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

KEY_LENGTH = 26


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to bring about in another system, once.

    Attributes:
        connection: where.
        subject: for which order.
        effect: what: the document's kind ("authorization", "sales_order").
        ordinal: which one of its kind: "1", a fulfilment's id, a shop's attempt key. No delivery
            id and no flow version: a changed flow may not do the same effect again.
    """

    connection: str
    subject: str
    effect: str
    ordinal: str = "1"

    @property
    def key(self) -> str:
        """26 characters of base32: safe in URLs, fits a 30-character field."""
        return _hash(self.connection, self.subject, self.effect, self.ordinal)


def wire_key(key: str, round_number: int) -> str:
    """The key that travels: after a fence the old one is burnt and the next round has its own."""
    return key if round_number == 0 else _hash(key, str(round_number))


@lru_cache(maxsize=4096)
def _hash(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return base64.b32encode(digest).decode()[:KEY_LENGTH]
