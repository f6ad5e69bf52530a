"""Message-level encryption: bodies in a JWE, for the services that take it.

Source: the official client, authenticationsdk/util/MLEUtility.py and the services for which its
calls say "optional": RSA-OAEP-256 and A256GCM, `kid` the serial number of Cybersource's
certificate, {"encryptedRequest": JWE}; an answer is {"encryptedResponse": JWE} where the token's
claim v-c-response-mle-kid names our key. JSON Web Tokens only.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import RSAKey

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.connector.http import Reply
from tillbridge.connector.settings import Secret
from tillbridge_cybersource.certificates import Certificate
from tillbridge_cybersource.settings import CybersourceSettings

_REGISTRY = JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"], strict_check_header=False)
_TAKE_IT = re.compile(
    r"/(pts/v2|rbs/v1|tms|invoicing/v2|ipl/v2)/(?!.*merchantDefinedFields)"
    r"|/risk/v1/authentication(s|-setups|-results)$"
    r"|/tss/v2/(searches|transactions)(?!/emvTagDetails)"
    r"|/bavs/v1/account-validations$"
    r"|/boarding/v1/registrations"
    r"|/unifiedrisk$"
)
_MARK = b'{"encryptedResponse"'


class Encryption:
    """Seals requests where a certificate is given, and opens answers where a key is."""

    def __init__(
        self,
        certificate: Callable[[], Certificate] | None = None,
        answer_key: Secret | None = None,
    ) -> None:
        self._certificate = certificate
        self._answer_key = answer_key

    def sealed(self, path: str, body: bytes, now: datetime) -> bytes:
        """The body as it leaves.

        Raises Misconfigured for a certificate that is not usable, and for a key that could not
        open the answer: nothing leaves whose answer cannot be read.
        """
        if self._answer_key is not None:
            _ = self._ours
        if self._certificate is None or not body or not takes_encryption(path):
            return body
        key_id, key = self._theirs
        header = {
            "alg": "RSA-OAEP-256",
            "enc": "A256GCM",
            "kid": key_id,
            "iat": int(now.timestamp()),
        }
        sealed = jwe.encrypt_compact(header, body, key, registry=_REGISTRY)
        return encode({"encryptedRequest": sealed})

    def opened(self, reply: Reply, *, write: bool) -> Reply:
        """The reply with its body as it was before it was encrypted.

        Raises:
            Transient: it does not open; "perhaps" of a write.
        """
        if self._answer_key is None or not reply.body.startswith(_MARK):
            return reply
        try:
            (sealed,) = read_json(reply.body).values()
            found = jwe.decrypt_compact(str(sealed), self._ours, registry=_REGISTRY)
        except (JoseError, Rejected, ValueError, AttributeError):
            raise Transient(
                "The answer is encrypted, and answer_key does not open it.",
                sent="perhaps" if write else "no",
                reason="unreadable",
            ) from None
        return replace(reply, body=found.plaintext or b"")

    @cached_property
    def _theirs(self) -> tuple[str, RSAKey]:
        assert self._certificate is not None, "only asked where one is given"
        found = self._certificate()
        return found.id, RSAKey(found.public, found.public)

    @cached_property
    def _ours(self) -> RSAKey:
        assert self._answer_key is not None, "only asked where one is given"
        try:
            return RSAKey.import_key(self._answer_key.value)
        except (JoseError, ValueError):
            raise Misconfigured(
                "answer_key is not a private key in PEM.",
                reason="bad_secret",
                next_step="Set it to the key whose public half has the id answer_key_id.",
            ) from None


def expect_sealing(settings: CybersourceSettings, system: str, what: str) -> None:
    """Raises Misconfigured where requests leave as they are, and what this is about must not."""
    if not settings.encrypt_requests:
        raise Misconfigured(
            f"{system}: {what} are only asked about encrypted.",
            reason="not_encrypted",
            next_step="Set encrypt_requests to yes for this connection.",
        )


def takes_encryption(path: str) -> bool:
    """Whether the service at this path takes encrypted bodies."""
    return _TAKE_IT.match(path) is not None
