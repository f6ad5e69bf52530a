"""OAuth 2.0 client credentials: one token, refreshed before it expires, by one at a time.

Source: learn.microsoft.com, "Microsoft identity platform and the OAuth 2.0 client credentials
flow" (token endpoint, form fields, `expires_in` in seconds).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from tillbridge.canonical.codec import decode
from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Clock
from tillbridge.connector.http import Http
from tillbridge_dynamics365.errors import sign_in_refusal
from tillbridge_dynamics365.settings import DynamicsSettings

REFRESH_BEFORE_S = 300.0
"""A token is renewed this long before it expires, or at half its life when it lives shorter."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The part of the token endpoint's answer that is used."""

    access_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and when to replace it."""

    authorization: str
    refresh_at: datetime

    def __repr__(self) -> str:
        return f"Token(..., refresh_at={self.refresh_at.isoformat()})"


class SignIn:
    """Hands out the present token's Authorization header."""

    def __init__(
        self, settings: DynamicsSettings, http: Http, clock: Clock, connection: str
    ) -> None:
        self._path = f"/{quote(settings.tenant, safe='')}/oauth2/v2.0/token"
        self._form = {
            "client_id": settings.client_id,
            "grant_type": "client_credentials",
            "scope": f"{settings.organization_url.rstrip('/')}/.default",
        }
        self._secret = settings.client_secret
        self._http = http
        self._clock = clock
        self._connection = connection
        self._token: Token | None = None
        self._refreshing = asyncio.Lock()

    async def authorization(self, call: Call) -> str:
        """The header's value; signs in when there is no fresh token.

        Raises:
            Misconfigured: the credentials were refused.
            Transient: no answer; nothing of the caller's own request was sent.
        """
        token = self._token
        if token is not None and self._clock() < token.refresh_at:
            return token.authorization
        async with self._refreshing:
            token = self._token
            if token is None or self._clock() >= token.refresh_at:
                self._token = token = await self._fetch(call)
            return token.authorization

    def refuse(self, authorization: str) -> None:
        """Forgets a token that was answered with 401, unless it was already replaced."""
        if self._token is not None and self._token.authorization == authorization:
            self._token = None

    async def _fetch(self, call: Call) -> Token:
        asked_at = self._clock()
        form = self._form | {"client_secret": self._secret.value}
        reply = await self._http.request(
            call,
            "POST",
            self._path,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        if reply.status != 200:
            raise sign_in_refusal(self._connection, reply.status, reply.body)
        try:
            answer = decode(reply.body, TokenAnswer)
        except Rejected as error:
            raise Transient(
                f"{self._connection}: the sign-in's answer is not a token.", gate=True
            ) from error
        life_s = float(answer.expires_in)
        usable_s = life_s - min(REFRESH_BEFORE_S, life_s / 2)
        return Token(f"Bearer {answer.access_token}", asked_at + timedelta(seconds=usable_s))
