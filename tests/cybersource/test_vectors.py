"""Known answers: what Cybersource's own client signs and encrypts (record_vectors.py), what openssl
computes, and that we and the simulator agree with both.
"""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from joserfc import jwt
from joserfc.jwk import RSAKey

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.connector import Opening
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.certificates import P12, Pem
from tillbridge_cybersource.connector import CybersourceSession
from tillbridge_cybersource.encryption import Encryption
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.signing import CertificateSigner, Claims, HttpSigner, TokenSigner
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.credentials import Credentials, Key
from tillbridge_simulators.cybersource.encryption import opened
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.signatures import Asked, Signatures

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text())
OPTIONS = Options(portfolio_id="portfolio_test")
SECRET = base64.b64decode(OPTIONS.secret_key)
NOW = datetime.fromtimestamp(VECTORS["now_s"], UTC)
BODY = VECTORS["body"].encode()
PAYMENTS = recorded().operations["payments.create_payment"]


@pytest.fixture(scope="module")
def p12(tmp_path_factory: pytest.TempPathFactory) -> P12:
    """The portfolio's certificate that the client signed with."""
    path = tmp_path_factory.mktemp("vectors") / "keys.p12"
    path.write_bytes(base64.b64decode(VECTORS["p12_file"]))
    return P12(str(path), Secret("a password"), "portfolio_test")


def credentials(p12: P12) -> Credentials:
    """An account that knows every key of the vectors."""
    made = OPTIONS.credentials()
    own = p12.own
    made.keys[own.id] = Key(own.id, "portfolio_test", public=own.public)
    return made


def claims_of(header: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = header.removeprefix("Bearer ").split(".")[:2]
    first, second = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in parts)
    return first, second


def asked(headers: dict[str, str]) -> Asked:
    sent = {name.lower(): value for name, value in headers.items()}
    sent |= {"host": VECTORS["host"], "date": VECTORS["date"]}
    sent["v-c-merchant-id"] = OPTIONS.merchant_id
    return Asked("POST", VECTORS["target"], sent, BODY)


@pytest.mark.parametrize("way", ["http_signature", "jwt", "p12"])
def test_the_simulator_lets_in_what_the_official_client_signed(way: str, p12: P12) -> None:
    signatures = Signatures(credentials(p12))
    assert signatures.refusal(asked(VECTORS[way]), VECTORS["now_s"]) == ""
    later = VECTORS["now_s"] + 3600
    assert signatures.refusal(asked(VECTORS[way]), later) != ""
    altered = Asked("POST", VECTORS["target"], asked(VECTORS[way]).headers, BODY + b" ")
    assert signatures.refusal(altered, VECTORS["now_s"]) != ""


@pytest.mark.parametrize("way", ["jwt", "p12"])
def test_our_token_says_what_the_official_clients_says(way: str, p12: P12) -> None:
    issuer = "portfolio_test" if way == "p12" else ""
    claims = Claims(OPTIONS.merchant_id, VECTORS["host"], issuer)
    token = TokenSigner(claims, OPTIONS.key_id, SECRET)
    signer = token if way == "jwt" else CertificateSigner(claims, p12)
    with patch("uuid.uuid4", lambda: VECTORS["jti"]):
        ours = claims_of(signer.headers("POST", VECTORS["target"], BODY, NOW)["Authorization"])
    header, theirs = claims_of(VECTORS[way]["Authorization"])
    assert ours == (header, theirs | {"request-method": "post"})


def test_a_library_reads_what_a_certificate_signed(p12: P12) -> None:
    signer = CertificateSigner(Claims(OPTIONS.merchant_id, VECTORS["host"]), p12)
    sent = signer.headers("GET", "/tss/v2/transactions/7", b"", NOW)["Authorization"]
    public = RSAKey(p12.own.public, p12.own.public)
    token = jwt.decode(sent.removeprefix("Bearer "), public, algorithms=["RS256"])
    assert token.header["kid"] == p12.own.id
    assert "digest" not in token.claims


def test_our_http_signature_is_what_openssl_computes() -> None:
    signer = HttpSigner(OPTIONS.merchant_id, OPTIONS.key_id, SECRET, VECTORS["host"])
    headers = signer.headers("POST", VECTORS["target"], BODY, NOW)
    assert headers["digest"] == VECTORS["http_signature"]["Digest"]
    assert headers["v-c-date"] == VECTORS["date"]
    signature = 'signature="czAnuh/wu54ocKF9kcJYavp5GHoNBMyy8VxjkbYeYNY="'
    assert headers["Signature"].endswith(signature)


def test_the_simulator_opens_what_the_official_client_encrypted(tmp_path: Path) -> None:
    made = OPTIONS.credentials()
    pem = VECTORS["mle_pem"].encode()
    made.mle = RSAKey.import_key(VECTORS["opens_pem"]), x509.load_pem_x509_certificate(pem)
    (tmp_path / "mle.pem").write_bytes(pem)
    theirs = Pem(str(tmp_path / "mle.pem")).certificate
    sealed = json.dumps(VECTORS["mle"]).encode()
    assert opened(made, PAYMENTS, sealed) == BODY
    ours = Encryption(lambda: theirs).sealed(VECTORS["target"], BODY, NOW)
    assert opened(made, PAYMENTS, ours) == BODY
    header, _ = claims_of(json.loads(ours)["encryptedRequest"].partition(".")[0] + ".e30")
    assert header == claims_of(VECTORS["mle"]["encryptedRequest"].partition(".")[0] + ".e30")[0]


def test_the_p12_of_the_vectors_holds_cybersources_certificate(p12: P12) -> None:
    key, _, others = pkcs12.load_key_and_certificates(
        base64.b64decode(VECTORS["p12_file"]), b"a password"
    )
    assert key is not None
    assert len(others) == 1
    opens = load_pem_private_key(VECTORS["opens_pem"].encode(), None)
    assert p12.theirs.public.public_numbers() == opens.public_key().public_numbers()  # type: ignore[union-attr]  # an RSA key


def test_a_webhook_is_verified_by_what_openssl_computes() -> None:
    settings = CybersourceSettings("m", "k", Secret(OPTIONS.secret_key))
    key = Secret(f"key-1:{OPTIONS.secret_key}")
    session = CybersourceSession(
        replace(settings, webhook_keys=key), Opening("cybersource", lambda: NOW)
    )
    signature = "t=1767323045000;keyId=key-1;sig=W3rYl5R9jjq5/0jjzW6qCggxU6UbrzkW4lY3bNGI43s="
    body = b'{"notificationId":"1"}'
    headers = {"v-c-signature": signature}
    session.verify(Delivery("cybersource", "POST", "/doors/cybersource", headers, body, NOW))
    with pytest.raises(Rejected):
        altered = body.replace(b"1", b"2")
        session.verify(Delivery("cybersource", "POST", "/d", headers, altered, NOW))
