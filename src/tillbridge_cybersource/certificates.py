"""Certificates: the merchant's own in a P12 file, and Cybersource's that requests are encrypted to.

Source: the official client, authenticationsdk/util/CertificateUtility.py: a certificate is found by
the common name of its subject, and its id is the serial number in its subject. A file is read when
it is first needed, once.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.settings import Secret

MLE_NAME = "CyberSource_SJC_US"
"""The common name of Cybersource's own certificate, in a P12 and in its PEM."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is used of a certificate."""

    id: str
    public: rsa.RSAPublicKey
    ends_at: datetime


@dataclass(frozen=True)
class P12:
    """A merchant's P12 file.

    Attributes:
        name: the common name of the certificate that signs: the merchant's id, or his portfolio's.
    """

    path: str
    password: Secret
    name: str

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """The private key. Raises Misconfigured for a file that cannot be read or opened."""
        return self._opened[0]

    @cached_property
    def own(self) -> Certificate:
        """The certificate that signs. Raises Misconfigured."""
        return _named(self.name, self._opened[1], self.path)

    @cached_property
    def theirs(self) -> Certificate:
        """Cybersource's certificate, that requests are encrypted to. Raises Misconfigured."""
        return _named(MLE_NAME, self._opened[1], self.path)

    @cached_property
    def _opened(self) -> tuple[rsa.RSAPrivateKey, list[x509.Certificate]]:
        content = _read(self.path, "p12_file")
        try:
            key, own, others = pkcs12.load_key_and_certificates(
                content, self.password.value.encode()
            )
        except ValueError:
            raise Misconfigured(
                f"{self.path} does not open with the password that is set.",
                reason="bad_certificate",
                next_step="Set secret_key to the password that was given when it was downloaded.",
            ) from None
        if not isinstance(key, rsa.RSAPrivateKey) or own is None:
            raise Misconfigured(
                f"{self.path} holds no RSA key with its certificate.",
                reason="bad_certificate",
                next_step="Download it anew: Business Center, Key Management, REST certificate.",
            )
        return key, [own, *others]


@dataclass(frozen=True)
class Pem:
    """A file with Cybersource's certificate as text; the first one where none has its name."""

    path: str

    @cached_property
    def certificate(self) -> Certificate:
        """Raises Misconfigured."""
        try:
            found = x509.load_pem_x509_certificates(_read(self.path, "encryption_certificate"))
        except ValueError:
            raise Misconfigured(
                f"{self.path} holds no certificate.",
                reason="bad_certificate",
                next_step="Download it anew: Business Center, Key Management, MLE certificate.",
            ) from None
        named = [one for one in found if _common_name(one) == MLE_NAME.lower()]
        return _certificate((named or found)[0], self.path)


def _read(path: str, setting: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as unreadable:
        raise Misconfigured(
            f"{setting}: {path or 'no file is named, and it'} cannot be read"
            f" ({unreadable.strerror}).",
            reason="bad_certificate",
            next_step=f"Set {setting} to the file as it was downloaded.",
        ) from None


def _named(name: str, found: list[x509.Certificate], path: str) -> Certificate:
    for one in found:
        if _common_name(one) == name.lower():
            return _certificate(one, path)
    names = ", ".join(sorted(_common_name(one) for one in found))
    raise Misconfigured(
        f"{path} holds no certificate of {name}; it holds {names}.",
        reason="bad_certificate",
        next_step="Check merchant_id and portfolio_id, or download the file for this merchant.",
    )


def _certificate(one: x509.Certificate, path: str) -> Certificate:
    public = one.public_key()
    serials = one.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
    if not isinstance(public, rsa.RSAPublicKey) or not serials:
        raise Misconfigured(
            f"{path}: the certificate of {_common_name(one)} has no RSA key or no serial number.",
            reason="bad_certificate",
            next_step="Download it anew from the Business Center.",
        )
    return Certificate(str(serials[0].value), public, one.not_valid_after_utc)


def _common_name(one: x509.Certificate) -> str:
    found = one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value).lower() if found else ""
