"""Who is asking: JSON Web Tokens version 2, with a shared secret or a certificate, and HTTP
Signatures.

Sources: Getting Started with REST, "Construct Messages Using JSON Web Tokens" (shared secret key
pair), steps 1 to 3, and "HTTP Signature Authentication"; the official client for certificates
(RS256, `kid` is the serial number in the subject) and meta keys (`iss` is the portfolio whose key
it is, v-c-merchant-id the merchant who transacts). Where the guide and the official clients of
the languages differ, all are taken: request-method is upper or lower case, the digest's algorithm
is the claim digestAlgorithm or digest-algorithm (Node), request-resource-path has the query (Node,
Ruby) or not (C#, later ones for Python), and an HTTP Signature with a meta key covers the
portfolio's name while its header v-c-merchant-id names the merchant. Integrations sign the test
host's name whatever the header Host says, and those in Rust and Go date their signatures as their
languages print an instant, no HTTP date: both are taken.

Version 1 is what clients sent before: RS256, the certificate itself in the header `x5c` or its
serial number as `kid` (a sample for Java), and `iat` as an HTTP date or in ISO 8601; it is bound to
no request, so only its digest and its age are checked.
"""

import base64
import hashlib
import heapq
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from tillbridge_simulators.cybersource.credentials import Credentials, Key, serial_of

LIFE_MAX_S = 120
"""exp is at most two minutes after iat."""
SKEW_S = 60
"""How far a client's clock may be ahead (not documented)."""
DATE_SKEW_S = 300
"""How far an HTTP Signature's date may be off (not documented)."""

ANSWER_KEY = "v-c-response-mle-kid"
"""The claim that asks for an encrypted answer."""

_FILES = ("application/xml", "text/csv")
"""What the client for Node asks for twice, each time with the same token."""
_FORGED = "the token's signature is wrong"
_DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
_VERSION = "v-c-jwt-version"
_ALGORITHM_CLAIMS = ("digestAlgorithm", "digest-algorithm")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)? ?(?:Z|\+00:?00(?::00)?)(?: UTC)?$"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as its signature sees it; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Signatures:
    """Checks signatures of one merchant and remembers the token ids it has seen.

    Attributes:
        hosts: further names of the account's own, which a token may be made out to.
    """

    credentials: Credentials
    hosts: frozenset[str] = frozenset()
    _seen: set[str] = field(default_factory=set)
    _ends: list[tuple[float, str]] = field(default_factory=list)

    def refusal(self, asked: Asked, now_s: float) -> str:
        """Why the request is not authentic, for the log; "" when it is."""
        bearer = asked.headers.get("authorization", "")
        if bearer.startswith("Bearer "):
            return self._check_token(asked, bearer.removeprefix("Bearer "), now_s)
        if "signature" in asked.headers:
            return self._check_signature(asked, now_s)
        return "neither a bearer token nor a signature"

    def _check_token(self, asked: Asked, token: str, now_s: float) -> str:
        parts = token.split(".")
        if len(parts) != 3:
            return "the token does not have three parts"
        try:
            header, claims = (json.loads(_unpadded(part)) for part in parts[:2])
            signature = _unpadded(parts[2])
        except ValueError:
            return "the token is not readable"
        if not (isinstance(header, dict) and isinstance(claims, dict)):
            return "the token is not made of objects"
        signed = f"{parts[0]}.{parts[1]}".encode()
        if "x5c" in header or ("v-c-merchant-id" in header and _VERSION not in claims):
            return self._check_first_version(asked, header, claims, (signed, signature), now_s)
        key = self.credentials.keys.get(str(header.get("kid")))
        if header.get("typ") != "JWT" or key is None:
            return "typ or kid is wrong"
        if flaw := _check_signed(key, str(header.get("alg")), signed, signature):
            return flaw
        if key.until_s is not None and key.until_s < now_s:
            return "the key has ended"
        return self._check_claims(asked, claims, key, now_s)

    def _check_first_version(
        self,
        asked: Asked,
        header: Mapping[str, Any],
        claims: Mapping[str, Any],
        signed: tuple[bytes, bytes],
        now_s: float,
    ) -> str:
        chain = header.get("x5c")
        serial = _serial_in(chain) if chain else str(header.get("kid"))
        key = self.credentials.keys.get(serial)
        if key is None or key.public is None:
            return "x5c or kid is no certificate of this merchant"
        if flaw := _check_signed(key, str(header.get("alg")), *signed):
            return flaw
        if header.get("v-c-merchant-id") != self.credentials.merchant_id:
            return "v-c-merchant-id is wrong"
        if not _is_near(str(claims.get("iat")), now_s):
            return "the token is not valid now"
        return self._check_digest(asked, claims)

    def _check_claims(self, asked: Asked, claims: Mapping[str, Any], key: Key, now_s: float) -> str:
        issued, expires = claims.get("iat"), claims.get("exp")
        if not (isinstance(issued, int) and isinstance(expires, int)):
            return "iat or exp is not an integer"
        if not (issued < expires <= issued + LIFE_MAX_S):
            return "exp is not within two minutes of iat"
        if issued > now_s + SKEW_S or expires < now_s:
            return "the token is not valid now"
        wanted = {
            "iss": key.owner,
            "v-c-merchant-id": self.credentials.merchant_id,
            _VERSION: "2",
        }
        for name, value in wanted.items():
            if claims.get(name) != value:
                return f"the claim {name} is {claims.get(name)!r}, not {value!r}"
        path = claims.get("request-resource-path")
        if path not in (asked.target, asked.target.partition("?")[0]):
            return f"the claim request-resource-path is {path!r}, not {asked.target!r}"
        if claims.get("request-host") not in self._hosts_of(asked):
            host = asked.headers.get("host", "")
            return f"the claim request-host is {claims.get('request-host')!r}, not {host!r}"
        if str(claims.get("request-method")).lower() != asked.method.lower():
            return "the claim request-method is wrong"
        answer_key = claims.get(ANSWER_KEY)
        if answer_key is not None and answer_key not in self.credentials.answer_keys:
            return f"the claim {ANSWER_KEY} names no key"
        if flaw := self._check_digest(asked, claims):
            return flaw
        return self._check_once(asked, claims, expires, now_s)

    def _check_digest(self, asked: Asked, claims: Mapping[str, Any]) -> str:
        if not asked.body and claims.get("digest") in (None, _digest(b"")):
            return ""
        if {claims.get(name) for name in _ALGORITHM_CLAIMS} - {None} != {"SHA-256"}:
            return "digestAlgorithm is not SHA-256"
        return "" if claims.get("digest") == _digest(asked.body) else "the digest is wrong"

    def _check_once(
        self, asked: Asked, claims: Mapping[str, Any], expires: int, now_s: float
    ) -> str:
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not token_id:
            return "jti is missing"
        while self._ends and self._ends[0][0] < now_s:
            self._seen.discard(heapq.heappop(self._ends)[1])
        if token_id in self._seen:
            again = asked.method == "GET" and asked.headers.get("accept") in _FILES
            return "" if again else "jti was used before"
        self._seen.add(token_id)
        heapq.heappush(self._ends, (expires, token_id))
        return ""

    def _check_signature(self, asked: Asked, now_s: float) -> str:
        found = dict(_PARAMETER.findall(asked.headers["signature"]))
        key = self.credentials.keys.get(found.get("keyid", ""))
        if key is None or not key.secret:
            return f"keyid {found.get('keyid', '')!r} is no shared secret of this merchant"
        if found.get("algorithm") != "HmacSHA256":
            return f"algorithm is {found.get('algorithm', '')!r}, not 'HmacSHA256'"
        names = found.get("headers", "").split()
        plain = {name.lower().strip("()").removeprefix("v-c-") for name in names}
        needed = {"host", "date", "request-target", "merchant-id"} | (
            {"digest"} if asked.body else set()
        )
        if not needed <= plain:
            return f"the signature does not cover {sorted(needed - plain)}"
        if asked.headers.get("v-c-merchant-id") != self.credentials.merchant_id:
            return "v-c-merchant-id is wrong"
        if asked.body and asked.headers.get("digest") != f"SHA-256={_digest(asked.body)}":
            return f"the digest is wrong: of this body it is SHA-256={_digest(asked.body)}"
        if not _is_fresh(asked.headers, now_s):
            return "the date is missing or too far off"
        return self._flaw_of_signature(asked, names, key, found.get("signature", ""))

    def _flaw_of_signature(self, asked: Asked, names: Sequence[str], key: Key, given: str) -> str:
        """Compares it with what the headers give, under each name of the merchant and the host."""
        texts = [
            _signed_text(asked, names, merchant, host)
            for merchant in (self.credentials.merchant_id, key.owner)
            for host in self._hosts_of(asked)
        ]
        if any(_is_signed(text, key.secret, given) for text in texts):
            return ""
        encoded = base64.b64encode(key.secret)
        if any(_is_signed(text, encoded, given) for text in texts):
            return "the secret was used as text: decode it from base64 first"
        lines = texts[0].replace("\n", " | ")
        return f"the signature is wrong: another secret, or other lines than these: {lines}"

    def _hosts_of(self, asked: Asked) -> list[str]:
        """What a client may call this host: as it was asked, without its port, and by name."""
        host = asked.headers.get("host", "")
        return [host, host.partition(":")[0], *self.hosts]


def answer_key_of(headers: Mapping[str, str]) -> str:
    """The id of the key that a token which holds asks its answer to be encrypted to; "" for none.

    A request signed otherwise has no such claim.
    """
    parts = headers.get("authorization", "").removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return ""
    return str(json.loads(_unpadded(parts[1])).get(ANSWER_KEY, ""))


def _check_signed(key: Key, algorithm: str, signed: bytes, signature: bytes) -> str:
    """Whether the key has signed this; each kind of key has its own algorithms."""
    digest = _DIGESTS.get(algorithm)
    if key.secret and digest is not None:
        expected = hmac.new(key.secret, signed, digest).digest()
        return "" if hmac.compare_digest(expected, signature) else _FORGED
    if key.public is not None and algorithm == "RS256":
        try:
            key.public.verify(signature, signed, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return _FORGED
        return ""
    return "alg is not supported"


def _signed_text(asked: Asked, names: Sequence[str], merchant: str, host: str) -> str:
    """What an HTTP Signature of these headers covers, had it been made by `merchant`."""
    values = {
        **asked.headers,
        "v-c-merchant-id": merchant,
        "host": host,
        "request-target": f"{asked.method.lower()} {asked.target}",
    }
    return "\n".join(f"{name}: {values.get(name.lower().strip('()'), '')}" for name in names)


def _is_signed(text: str, secret: bytes, given: str) -> bool:
    made = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest()).decode()
    return hmac.compare_digest(made.encode(), given.encode())


def _serial_in(chain: object) -> str:
    """The serial number in the subject of a chain's first certificate; "" if it cannot be read."""
    try:
        first = base64.b64decode(chain[0] if isinstance(chain, list) else str(chain))
        return serial_of(x509.load_der_x509_certificate(first))
    except (ValueError, TypeError, IndexError):
        return ""


def _is_fresh(headers: Mapping[str, str], now_s: float) -> bool:
    return _is_near(headers.get("v-c-date") or headers.get("date", ""), now_s)


def _is_near(date: str, now_s: float) -> bool:
    """Whether a date is now, give or take what is allowed."""
    try:
        return abs(_instant(date).timestamp() - now_s) <= DATE_SKEW_S
    except ValueError:
        return False


def _instant(date: str) -> datetime:
    """An HTTP date, or what languages make of an instant in UTC. Raises ValueError."""
    found = _ISO.match(date)
    if found is None:
        return parsedate_to_datetime(date)
    return datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")


def _digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
