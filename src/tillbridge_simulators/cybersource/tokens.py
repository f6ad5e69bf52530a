"""Tokens that stand for cards: minted by tests, never from a card number."""

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tillbridge_simulators.cybersource.outcomes import OUTCOMES

TokenKind: TypeAlias = Literal["transient", "tms", "card", "bank"]


@dataclass(frozen=True, slots=True)
class MintedToken:
    """What is paid with.

    Attributes:
        expires_at: in seconds since the epoch; None for stored ones.
        authentication: how its holder's authentication ends, where a test card says so.
    """

    kind: TokenKind
    outcome: str
    brand: str
    last4: str
    expires_at: float | None
    authentication: str = ""


@dataclass(slots=True)
class Tokens:
    """Every token this account knows."""

    _minted: dict[str, MintedToken] = field(default_factory=dict)

    def mint(
        self,
        outcome: str = "authorized",
        kind: TokenKind = "transient",
        *,
        brand: str = "001",
        last4: str = "1111",
        expires_at: float | None = None,
    ) -> str:
        """A new token whose authorizations end as `outcome` says (a key of OUTCOMES)."""
        if outcome not in OUTCOMES:
            raise KeyError(f"{outcome!r} is not an outcome; known: {', '.join(OUTCOMES)}")
        value = uuid.uuid4().hex.upper() if kind == "tms" else _transient()
        self._minted[value] = MintedToken(kind, outcome, brand, last4, expires_at)
        return value

    def put(self, value: str, stands_for: MintedToken) -> None:
        """`value` stands for this from now on."""
        self._minted[value] = stands_for

    def of_id(self, id_: str) -> str:
        """The transient token that has this id (jti); "" when there is none."""
        return next((value for value in self._minted if _id_of(value) == id_), "")

    def known(self, value: str) -> MintedToken:
        """What `value` stands for. Raises KeyError."""
        return self._minted[value]

    def drop(self, value: str) -> None:
        """`value` stands for nothing any more."""
        self._minted.pop(value, None)

    def find(self, value: str, kind: TokenKind, now_s: float) -> MintedToken | None:
        """The token, unless it is unknown, of the other kind or expired."""
        found = self._minted.get(value)
        if found is None or found.kind != kind:
            return None
        return None if found.expires_at is not None and found.expires_at < now_s else found


def _id_of(value: str) -> str:
    parts = value.split(".")
    if len(parts) != 3:
        return ""
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return str(claims.get("jti", ""))


def _transient() -> str:
    jti = (uuid.uuid4().hex + uuid.uuid4().hex).upper()
    parts = ({"kid": "simulated", "alg": "RS256"}, {"type": "mf-2.0.0", "jti": jti})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(part.rstrip("=") for part in encoded), "c2lnbmF0dXJl"])
