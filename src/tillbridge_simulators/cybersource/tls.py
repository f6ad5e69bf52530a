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

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's context, and the authority's certificate file that clients must trust."""

    context: ssl.SSLContext
    authority_path: Path


def make_tls(folder: Path, hosts: Sequence[str] = ()) -> Tls:
    """Writes an authority and a server certificate, valid for a day: for 127.0.0.1, localhost and
    further `hosts`."""
    names: list[x509.GeneralName] = [x509.IPAddress(ip_address(_HOST))]
    names.extend(x509.DNSName(host) for host in ("localhost", *hosts))
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name("Simulated authority")
    authority = (
        _builder(authority_name, authority_name, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = (
        _builder(_name(_HOST), authority_name, server_key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )
    authority_path = folder / "authority.pem"
    server_path = folder / "server.pem"
    authority_path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    server_path.write_bytes(_private(server_key) + server.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server_path)
    return Tls(context, authority_path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
