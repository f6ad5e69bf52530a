"""How requests prove who sends them.

Sources (docs/systems/cybersource.md has the addresses): Getting Started with REST, "Construct
Messages Using JSON Web Tokens" for a shared secret key pair, and "HTTP Signature Authentication";
the official client for certificates (RS256) and meta keys, whose portfolio is the issuer.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tillbridge_cybersource.certificates import P12
from tillbridge_cybersource.encryption import takes_encryption
from tillbridge_cybersource.settings import CybersourceSettings, secret_bytes

TOKEN_LIFE_S = 120
"""The longest that is allowed: exp is at most two minutes after iat."""


class Signs(Protocol):
    """Headers that make one request authentic."""

    def headers(self, method: str, path: str, body: bytes, now: datetime) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Claims:
    """What every token of a connection says.

    Attributes:
        merchant_id: who transacts.
        issuer: whose key it is: the merchant, or the portfolio of a meta key; "" for the merchant.
        answer_key_id: the key that answers are encrypted to; "" for none.
    """

    merchant_id: str
    host: str
    issuer: str = ""
    answer_key_id: str = ""

    def part(self, method: str, path: str, body: bytes, now: datetime) -> bytes:
        """The token's second part."""
        issued_s = int(now.timestamp())
        claims: dict[str, object] = {
            "iat": issued_s,
            "exp": issued_s + TOKEN_LIFE_S,
            "iss": self.issuer or self.merchant_id,
            "jti": str(uuid.uuid4()),
            "request-method": method.lower(),
            "request-host": self.host,
            "request-resource-path": path,
            "v-c-merchant-id": self.merchant_id,
            "v-c-jwt-version": "2",
        }
        if body:
            claims |= {"digest": _digest(body), "digestAlgorithm": "SHA-256"}
        if self.answer_key_id and takes_encryption(path):
            claims["v-c-response-mle-kid"] = self.answer_key_id
        return _part(claims)


def signer(settings: CybersourceSettings, p12: P12) -> Signs:
    """The way of signing that the settings name. Raises Misconfigured for an unusable secret."""
    host = urlsplit(settings.base_url).netloc
    if settings.authentication == "p12":
        return CertificateSigner(_claims(settings, host), p12)
    secret = secret_bytes(settings.secret_key, "shared secret")
    if settings.authentication == "http_signature":
        return HttpSigner(settings.merchant_id, settings.key_id, secret, host)
    return TokenSigner(_claims(settings, host), settings.key_id, secret)


def _claims(settings: CybersourceSettings, host: str) -> Claims:
    merchant_id = settings.merchant_id
    return Claims(merchant_id, host, settings.portfolio_id or merchant_id, settings.answer_key_id)


class TokenSigner:
    """A JSON Web Token, version 2, signed with HS256; one for each request.

    Written by hand (RFC 7515, three parts and one HMAC): a library's general way cost a fifth of a
    whole call (`make bench NAME=cybersource_calls`); the tests read it with one.
    """

    def __init__(self, claims: Claims, key_id: str, secret: bytes) -> None:
        self._claims = claims
        self._header = _part({"kid": key_id, "alg": "HS256", "typ": "JWT"})
        self._secret = secret

    def headers(self, method: str, path: str, body: bytes, now: datetime) -> Mapping[str, str]:
        signed = self._header + b"." + self._claims.part(method, path, body, now)
        mac = _unpadded(hmac.digest(self._secret, signed, hashlib.sha256))
        return {"Authorization": f"Bearer {(signed + b'.' + mac).decode()}"}


class CertificateSigner:
    """The same, signed with RS256 by a merchant's certificate, whose serial number is the key id.

    The file is opened by the first request. Raises Misconfigured then, when it cannot be used.
    """

    def __init__(self, claims: Claims, p12: P12) -> None:
        self._claims = claims
        self._p12 = p12

    def headers(self, method: str, path: str, body: bytes, now: datetime) -> Mapping[str, str]:
        header = _part({"kid": self._p12.own.id, "alg": "RS256", "typ": "JWT"})
        signed = header + b"." + self._claims.part(method, path, body, now)
        signature = self._p12.key.sign(signed, PKCS1v15(), SHA256())
        return {"Authorization": f"Bearer {(signed + b'.' + _unpadded(signature)).decode()}"}


class HttpSigner:
    """An HTTP Signature with HmacSHA256."""

    def __init__(self, merchant_id: str, key_id: str, secret: bytes, host: str) -> None:
        self._merchant_id = merchant_id
        self._key_id = key_id
        self._secret = secret
        self._host = host

    def headers(self, method: str, path: str, body: bytes, now: datetime) -> Mapping[str, str]:
        signed = {
            "host": self._host,
            "v-c-date": format_datetime(now, usegmt=True),
            "request-target": f"{method.lower()} {path}",
            "v-c-merchant-id": self._merchant_id,
        }
        if body:
            signed["digest"] = f"SHA-256={_digest(body)}"
        text = "\n".join(f"{name}: {value}" for name, value in signed.items())
        mac = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        signature = ", ".join(
            f'{name}="{value}"'
            for name, value in {
                "keyid": self._key_id,
                "algorithm": "HmacSHA256",
                "headers": " ".join(signed),
                "signature": base64.b64encode(mac).decode(),
            }.items()
        )
        sent = {name: signed[name] for name in signed if name not in ("host", "request-target")}
        return {**sent, "Signature": signature}


def _part(claims: Mapping[str, object]) -> bytes:
    return _unpadded(json.dumps(claims, separators=(",", ":")).encode())


def _unpadded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
