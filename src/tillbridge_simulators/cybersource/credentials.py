"""What an account's requests are signed with: shared secrets, certificates, and keys that encrypt.

Sources: the official client (authenticationsdk: which certificate of a P12 signs, what its id is,
and that a meta key's owner is the portfolio while the merchant stays the one who transacts);
Business Center, Key Management (a P12 has the merchant's certificate and Cybersource's own).
"""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

MLE_NAME = "CyberSource_SJC_US"
"""The common name of Cybersource's certificate that requests are encrypted to."""
_BITS = 2048
_LIFE = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Key:
    """What proves who signs.

    Attributes:
        id: the key id of a shared secret, or the serial number in a certificate's subject.
        owner: the merchant it was issued to, or the portfolio that he belongs to.
        secret: of a shared secret; b"" of a certificate.
        public: of a certificate; None of a shared secret.
        until_s: when it ends, seconds since the epoch; None where nobody has said.
    """

    id: str
    owner: str
    secret: bytes = b""
    public: rsa.RSAPublicKey | None = None
    until_s: float | None = None


@dataclass(slots=True)
class Credentials:
    """Every key of one merchant, and of his portfolio if he is in one.

    Attributes:
        answer_keys: by their ids, the keys that answers may be encrypted to.
        mle: the key and certificate that requests are encrypted to; made when first needed.
    """

    merchant_id: str
    portfolio_id: str = ""
    keys: dict[str, Key] = field(default_factory=dict)
    answer_keys: dict[str, RSAKey] = field(default_factory=dict)
    mle: tuple[RSAKey, x509.Certificate] | None = None

    def share(self, key_id: str, secret: str, *, by_portfolio: bool = False) -> None:
        """A shared secret, in base64."""
        owner = self.portfolio_id if by_portfolio else self.merchant_id
        self.keys[key_id] = Key(key_id, owner, base64.b64decode(secret))

    def issue_p12(self, password: str, *, by_portfolio: bool = False, days: int = 1095) -> bytes:
        """A new certificate with its key, and Cybersource's own beside it, as a P12 file."""
        owner = self.portfolio_id if by_portfolio else self.merchant_id
        key = rsa.generate_private_key(65537, _BITS)
        serial = str(secrets.randbelow(10**22))
        made = certificate(owner, serial, key, timedelta(days=days))
        until_s = made.not_valid_after_utc.timestamp()
        self.keys[serial] = Key(serial, owner, public=key.public_key(), until_s=until_s)
        encryption = serialization.BestAvailableEncryption(password.encode())
        ours = pkcs12.PKCS12Certificate(self.mle_certificate(), _alias(self.mle_certificate()))
        return pkcs12.serialize_key_and_certificates(_alias(made), key, made, [ours], encryption)

    def admit_p12(self, made: bytes, password: str) -> None:
        """The certificate of a P12 file that somebody has already. Raises ValueError for a file
        that cannot be opened, or in which there is none of the merchant's or his portfolio's."""
        owners = {self.merchant_id.lower(), self.portfolio_id.lower()} - {""}
        found = pkcs12.load_pkcs12(made, password.encode())
        for one in (found.cert, *found.additional_certs):
            if one is None:
                continue
            public, serial = one.certificate.public_key(), serial_of(one.certificate)
            if _name_of(one.certificate).lower() in owners and isinstance(public, rsa.RSAPublicKey):
                owner = _name_of(one.certificate)
                self.keys[serial] = Key(serial, owner, public=public)
                return
        raise ValueError(f"no certificate of {self.merchant_id} is in it")

    def issue_answer_key(self) -> tuple[str, bytes]:
        """An id and a private key (PEM): answers are encrypted to it when a request says its id."""
        key = rsa.generate_private_key(65537, _BITS)
        key_id, private = str(secrets.randbelow(10**22)), private_pem(key)
        self.answer_keys[key_id] = RSAKey.import_key(private)
        return key_id, private

    def mle_certificate(self) -> x509.Certificate:
        """Cybersource's certificate that requests are encrypted to."""
        return self._encryption()[1]

    def mle_key(self, key_id: str) -> RSAKey | None:
        """The key that opens what was encrypted to the certificate of this serial number."""
        if self.mle is None or serial_of(self.mle[1]) != key_id:
            return None
        return self.mle[0]

    def _encryption(self) -> tuple[RSAKey, x509.Certificate]:
        if self.mle is None:
            key = rsa.generate_private_key(65537, _BITS)
            serial = str(secrets.randbelow(10**22))
            opens = RSAKey.import_key(private_pem(key))
            self.mle = opens, certificate(MLE_NAME, serial, key, _LIFE)
        return self.mle


def certificate(
    name: str, serial: str, key: rsa.RSAPrivateKey, life: timedelta = _LIFE
) -> x509.Certificate:
    """Signed by itself; `serial` stands in its subject, where the official client looks for it."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial),
        ]
    )
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
        .sign(key, hashes.SHA256())
    )


def serial_of(made: x509.Certificate) -> str:
    """The serial number in its subject; "" where there is none."""
    found = made.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    return str(found[0].value) if found else ""


def _alias(made: x509.Certificate) -> bytes:
    """The name of an entry in a P12: the clients for Node and Java look for the "CN=" in it."""
    return f"serialNumber={serial_of(made)},CN={_name_of(made)}".encode()


def _name_of(made: x509.Certificate) -> str:
    """The common name in its subject; "" where there is none."""
    found = made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The key as PKCS #8 text without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
