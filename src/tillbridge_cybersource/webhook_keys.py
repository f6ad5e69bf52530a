"""The keys of webhooks: those a person has set, and those that are made and replaced here.

Sources: Webhooks Implementation Guide, "Create a Digital Signature Key" (CREATE, sharedSecret,
provider nrtd; a new key overrides the old one; replace it every year; its value is in the answer
and nowhere else) and "Message-Level Encryption" (an X.509 certificate of an RSA key with 2,048
bits, its base64 without the BEGIN and END lines, STORE, publickey).
"""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge.connector.connector import Opening
from tillbridge.connector.keyring import HeldKey, Keyring, KeySet
from tillbridge.connector.settings import Secret
from tillbridge.connector.webhooks import Wish
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.observations import instant, part, text_of
from tillbridge_cybersource.settings import CybersourceSettings, secret_bytes, webhook_keys

CALLS = frozenset(
    {"create_new_webhooks.save_sym_egress_key", "manage_webhooks.save_asym_egress_key"}
)
SIGNATURE, DECRYPTION = "webhook_signature", "webhook_decryption"
_SYMMETRIC, _ASYMMETRIC = "/kms/egress/v2/keys-sym", "/kms/egress/v2/keys-asym"
_LIFE_DAYS = 365
_RENEW = timedelta(days=30)
"""A key is replaced so long before it ends."""
_TRIES = 3
_KEY_BITS = 2048


class WebhookKeys:
    """What verifies and decrypts; no I/O."""

    def __init__(self, settings: CybersourceSettings, keyring: Keyring) -> None:
        """Raises Misconfigured for unusable keys."""
        self._set = webhook_keys(settings.webhook_keys)
        self._keyring = keyring
        self._set_private = _private_key(settings.mle_private_key)
        self._private: dict[str, RSAKey] = {}

    def signature_key(self, key_id: str, at: datetime) -> bytes | None:
        """The key of that id, if it is good at that moment."""
        if key_id in self._set:
            return self._set[key_id]
        for held in self._keyring.of(SIGNATURE).good(at):
            if held.id == key_id:
                return secret_bytes(held.secret, f"webhook signature key {key_id}")
        return None

    def private_keys(self) -> Iterator[RSAKey]:
        """Those a message may be encrypted to, the likeliest first."""
        for held in self._keyring.of(DECRYPTION).keys:
            if held.id not in self._private:
                found = _private_key(held.secret)
                assert found is not None, "a pair of ours has a private key"
                self._private[held.id] = found
            yield self._private[held.id]
        if self._set_private is not None:
            yield self._set_private

    @property
    def missing(self) -> list[str]:
        """Which settings are empty that nothing stands in for."""
        signs = self._set or self._keyring.of(SIGNATURE).keys
        opens = self._set_private or self._keyring.of(DECRYPTION).keys
        return [
            name
            for name, there in (("webhook_keys", signs), ("mle_private_key", opens))
            if not there
        ]


class EgressKeys:
    """Makes keys with Cybersource, and replaces them before they end."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        self._exchange = exchange
        self._organization = settings.merchant_id
        self._keyring = opening.keyring

    async def see_to(self, call: Call, wish: Wish) -> list[CheckLine]:
        """Each key is there and lasts. Raises Transient, Misconfigured, Rejected."""
        return [await self._signature(call, wish), await self._decryption(call, wish)]

    @property
    def expire_at(self) -> datetime | None:
        """When the first of those in use ends."""
        ends = [
            newest.expires_at
            for kind in (SIGNATURE, DECRYPTION)
            if (newest := self._keyring.of(kind).newest) and newest.expires_at
        ]
        return min(ends, default=None)

    async def _signature(self, call: Call, wish: Wish) -> CheckLine:
        """Cybersource shows a key once: one whose answer was lost signs, and nobody knows it.
        Another takes its place."""
        title = "Webhook signature key"
        held = self._keyring.of(SIGNATURE)
        why = (
            "events come that are signed with another"
            if wish.unknown_key
            else _why(held, wish, call)
        )
        if not why:
            return CheckLine(title, passed=True, detail=_lasts(held))
        await self._keyring.ask(SIGNATURE)
        body = await self._asked(call, _SYMMETRIC, self._document("CREATE", "sharedSecret"))
        found = part(body, "keyInformation")
        key_id, key = text_of(found, "keyId"), Secret(text_of(found, "key"))
        if not key_id:
            raise Transient("Cybersource made a key without an id.", reason="unreadable")
        secret_bytes(key, f"webhook signature key {key_id}")
        await self._keyring.keep(SIGNATURE, HeldKey(key_id, key, call.now, _end(found, call)))
        return CheckLine(title, passed=True, detail=f"Made {key_id}: {why}.")

    async def _decryption(self, call: Call, wish: Wish) -> CheckLine:
        """The pair is kept before its certificate leaves: nothing is ever encrypted to a key that
        nobody has. A registration whose answer was lost is done again with the same one."""
        title = "Webhook decryption key"
        held = self._keyring.of(DECRYPTION)
        again = held.newest is not None and held.is_asked and not wish.rotate
        why = "" if again else _why(held, wish, call)
        if not (again or why):
            return CheckLine(title, passed=True, detail=_lasts(held))
        pair = (
            held.newest if again else await asyncio.to_thread(_new_pair, self._organization, call)
        )
        assert pair is not None, "one that is registered again is there"
        await self._keyring.keep(DECRYPTION, pair)
        await self._keyring.ask(DECRYPTION)
        document = self._document("STORE", "publickey", pub=_one_line(pair.secret))
        await self._asked(call, _ASYMMETRIC, document)
        await self._keyring.keep(DECRYPTION, pair)
        done = f"Made and registered {pair.id}: {why}." if why else f"Registered {pair.id}."
        return CheckLine(title, passed=True, detail=done)

    async def _asked(
        self, call: Call, path: str, document: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Asked for again when the answer was lost; what was made meanwhile is used by nobody."""
        for left in reversed(range(_TRIES)):
            try:
                return _done(await self._exchange.manage(call, "POST", path, document), path)
            except Transient as error:
                if error.sent == "no" or not left:
                    raise
        raise AssertionError("the last try answers or raises")

    def _document(self, action: str, kind: str, **more: str) -> dict[str, object]:
        return {
            "clientRequestAction": action,
            "keyInformation": {
                "provider": "nrtd",
                "tenant": self._organization,
                "organizationId": self._organization,
                "keyType": kind,
                "expiryDuration": str(_LIFE_DAYS),
                **more,
            },
        }


def _why(held: KeySet, wish: Wish, call: Call) -> str:
    """Why a key is to be made; "" when none is."""
    if held.newest is None:
        return "there was none"
    if wish.rotate:
        return "it was to be replaced"
    if held.is_asked:
        return "the answer to the last one was lost"
    expires_at = held.newest.expires_at
    return "the last one ends soon" if expires_at and expires_at - call.now < _RENEW else ""


def _lasts(held: KeySet) -> str:
    newest = held.newest
    assert newest is not None, "there is one"
    until = f" lasts until {newest.expires_at:%Y-%m-%d}" if newest.expires_at else ""
    older = f"; {len(held.keys) - 1} older" if len(held.keys) > 1 else ""
    return f"{newest.id}{until}{older}"


def _end(found: Mapping[str, object], call: Call) -> datetime:
    try:
        return instant(text_of(found, "expirationDate"))
    except Rejected:
        return call.now + timedelta(days=_LIFE_DAYS)


def _done(answer: Answer, path: str) -> Mapping[str, object]:
    """Raises Rejected for a refusal, which says which of the fields Cybersource means."""
    failed = text_of(answer.body, "status").upper() not in ("", "SUCCESS", "ACTIVE", "COMPLETED")
    if answer.status < 300 and not failed:
        return answer.body
    said = answer.reason or text_of(answer.body, "status") or str(answer.status)
    raise Rejected(
        f"Cybersource makes no key at {path}: {said}.",
        reason="key_refused",
        next_step="Let the REST key manage webhooks and keys, or make the key in the Business"
        " Center and set webhook_keys and mle_private_key.",
    )


def _new_pair(organization: str, call: Call) -> HeldKey:
    """A new key with its certificate, both in PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tillbridge webhooks"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    now = call.now.astimezone(UTC)
    ends_at = now + timedelta(days=_LIFE_DAYS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(ends_at)
        .sign(private, hashes.SHA256())
    )
    texts = (
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()[:32]
    return HeldKey(fingerprint, Secret(b"".join(texts).decode()), call.now, ends_at)


def _one_line(pair: Secret) -> str:
    certificate = x509.load_pem_x509_certificate(pair.value.encode())
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _private_key(secret: Secret) -> RSAKey | None:
    if not secret.value:
        return None
    try:
        return RSAKey.import_key(secret.value)
    except (JoseError, ValueError) as error:
        raise Misconfigured(
            "The webhook decryption key is not an RSA private key in PEM.",
            reason="bad_secret",
            next_step="Export the key that belongs to the certificate of the subscription.",
        ) from error
