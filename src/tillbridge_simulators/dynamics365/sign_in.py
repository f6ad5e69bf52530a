"""Microsoft Entra's token endpoint, and the check of what it gave out.

Source: learn.microsoft.com, "OAuth 2.0 client credentials flow"; error numbers AADSTS7000215
(bad secret), AADSTS700016 (unknown application), AADSTS90002 (unknown tenant).
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import token_urlsafe
from uuid import uuid4

import msgspec

from tillbridge_simulators.dynamics365.operations import Answer


class SignIn:
    """Issues bearer tokens to one application of one tenant."""

    def __init__(
        self, tenant: str, client_id: str, client_secret: str, token_life_s: float
    ) -> None:
        self.tenant = tenant
        self.client_id = client_id
        self.client_secret = client_secret
        self.token_life_s = token_life_s
        self.issued = 0
        self._expiries: dict[str, float] = {}

    def answer_token(self, tenant: str, form: Mapping[str, str], resource: str) -> Answer:
        """`resource` is the organization's address: the only scope there is."""
        if tenant != self.tenant:
            return _refused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            return _refused(400, "unsupported_grant_type", 70003, "The grant is not supported.")
        if form.get("client_id") != self.client_id:
            return _refused(
                400,
                "unauthorized_client",
                700016,
                "The application was not found in the directory.",
            )
        if form.get("client_secret") != self.client_secret:
            return _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if form.get("scope") != f"{resource}/.default":
            return _refused(400, "invalid_scope", 70011, "The scope is not valid.")
        token = token_urlsafe(96)
        self._expiries[token] = time.monotonic() + self.token_life_s
        self.issued += 1
        life_s = max(1, int(self.token_life_s))
        return Answer(
            200,
            {},
            msgspec.json.encode(
                {
                    "token_type": "Bearer",
                    "expires_in": life_s,
                    "ext_expires_in": life_s,
                    "access_token": token,
                }
            ),
        )

    def allows(self, authorization: str) -> bool:
        """Whether an Authorization header carries a token that has not expired."""
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and self._expiries.get(token, 0.0) > time.monotonic()

    def revoke(self) -> None:
        """Forgets every token given out so far."""
        self._expiries.clear()

    def configuration(self, url: str) -> bytes:
        """The OpenID discovery document."""
        tenant_url = f"{url}/{self.tenant}"
        return msgspec.json.encode(
            {
                "token_endpoint": f"{tenant_url}/oauth2/v2.0/token",
                "authorization_endpoint": f"{tenant_url}/oauth2/v2.0/authorize",
                "issuer": f"{tenant_url}/v2.0",
                "jwks_uri": f"{tenant_url}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )


def unauthorized(url: str, tenant: str) -> Answer:
    """401 with the header that names where to sign in."""
    challenge = f"Bearer authorization_uri={url}/{tenant}/oauth2/authorize, resource_id={url}/"
    return Answer(401, {"WWW-Authenticate": challenge})


def _refused(status: int, error: str, number: int, description: str) -> Answer:
    return Answer(
        status,
        {},
        msgspec.json.encode(
            {
                "error": error,
                "error_description": f"AADSTS{number}: {description}",
                "error_codes": [number],
                "timestamp": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
                "trace_id": str(uuid4()),
                "correlation_id": str(uuid4()),
            }
        ),
    )
