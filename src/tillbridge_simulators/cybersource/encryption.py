"""Message-level encryption: bodies in a JWE, {"encryptedRequest"} in and {"encryptedResponse"} out.

Source: the official client, authenticationsdk/util/MLEUtility.py: RSA-OAEP-256 and A256GCM; `kid`
is the serial number of Cybersource's certificate; an answer is encrypted when the token's claim
v-c-response-mle-kid names a key of ours; JSON Web Tokens only. What a service that takes no
encrypted body answers to one is not documented: here it is refused.
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry

from tillbridge_simulators.cybersource.answers import Answer, Refusal, as_json
from tillbridge_simulators.cybersource.credentials import Credentials
from tillbridge_simulators.cybersource.recorded import Operation

_REGISTRY = JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"], strict_check_header=False)
_FIELD = "encryptedRequest"


def opened(
    credentials: Credentials, operation: Operation, body: bytes, *, by_token: bool = True
) -> bytes:
    """The body as it was before it was encrypted; itself where it was not.

    `by_token`: the request is signed with a JSON Web Token; the official client encrypts no other,
    not even where it must.

    Raises:
        Refusal: it cannot be opened, the operation takes none, or the operation takes no other.
    """
    sealed = _sealed(body)
    if sealed is None:
        if body and by_token and operation.encrypts == "mandatory":
            raise Refusal("MISSING_FIELD", [_FIELD])
        return body
    if not operation.encrypts:
        raise Refusal("INVALID_DATA", [_FIELD])
    try:
        header = json.loads(urlsafe_b64decode(sealed.partition(".")[0] + "=="))
        key = credentials.mle_key(str(header.get("kid")))
        if key is None or not isinstance(header.get("iat"), int):
            raise Refusal("INVALID_DATA", [_FIELD])
        found = jwe.decrypt_compact(sealed, key, registry=_REGISTRY).plaintext
    except (JoseError, ValueError):
        raise Refusal("INVALID_DATA", [_FIELD]) from None
    return found or b""


def encrypted(credentials: Credentials, answer: Answer, key_id: str, now_s: float) -> Answer:
    """The answer as whoever asked with this key id reads it; itself for none."""
    public = credentials.answer_keys.get(key_id)
    if public is None or answer.status == 204:
        return answer
    plain = as_json(dict(answer.body)) if answer.raw is None else answer.raw
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": key_id, "iat": int(now_s)}
    sealed = jwe.encrypt_compact(header, plain, public, registry=_REGISTRY)
    return replace(
        answer,
        body={"encryptedResponse": sealed},
        raw=None,
        content_type="application/json",
    )


def _sealed(body: bytes) -> str | None:
    """The JWE of a body that is nothing else."""
    if not body.startswith(b"{") or _FIELD.encode() not in body:
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    sealed = found.get(_FIELD)
    return sealed if isinstance(sealed, str) and len(found) == 1 else None
