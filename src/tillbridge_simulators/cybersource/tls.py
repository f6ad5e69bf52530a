"""A certificate for this machine from an authority made a moment ago, for clients that insist."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AUTHORITY_FILE = "authority.pem"
_AUTHORITY = "Simulated authority"
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's context, and the authority's certificate file that clients must trust."""

    context: ssl.SSLContext
    authority_path: Path


def make_tls(folder: Path, hosts: Sequence[str] = ()) -> Tls:
    """Writes a server certificate, valid for a day: for 127.0.0.1, localhost and further `hosts`.
    Its authority is the one that lies in the folder already, or a new one."""
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(_HOST))]
    names.extend(x509.DNSName(host) for host in ("localhost", *hosts))
    authority_path, server_path = folder / AUTHORITY_FILE, folder / "server.pem"
    authority_key = _authority_key(folder)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        _builder(_name(_HOST), _name(_AUTHORITY), server_key, timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    server_path.write_bytes(_private(server_key) + server.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server_path)
    return Tls(context, authority_path)


def _authority_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The authority's key; one that is made is kept beside its certificate."""
    kept = folder / "authority-key.pem"
    if kept.exists() and (folder / AUTHORITY_FILE).exists():
        found = serialization.load_pem_private_key(kept.read_bytes(), None)
        assert isinstance(found, ec.EllipticCurvePrivateKey), "made by us"
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    authority = (
        _builder(_name(_AUTHORITY), _name(_AUTHORITY), key, timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / AUTHORITY_FILE).write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    kept.touch(mode=0o600)
    kept.write_bytes(_private(key))
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
