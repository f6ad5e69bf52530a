"""One source of rates over HTTP: asked with a GET, its answer read by whoever knows its format."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.abilities import Call
from tillbridge.connector.breaks import BreakPoint, Outcome, classify, error_for
from tillbridge.connector.http import Http
from tillbridge.connector.permits import Permits

_BUSY = 429


class Source:
    """An address that is only ever read."""

    def __init__(
        self, connection: str, url: str, headers: Mapping[str, str], permits: Permits | None = None
    ) -> None:
        """Raises Misconfigured unless it is an http(s) address without credentials in it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise Misconfigured(
                f"{connection}: the address of the rates is not an http(s) address.",
                reason="bad_setting",
                next_step="Write it like https://rates.example.com/latest; a token has a setting"
                " of its own.",
            )
        self._connection = connection
        self._headers = headers
        self._http = Http(f"{parts.scheme}://{parts.netloc}", name=connection, permits=permits)
        self.path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"

    async def get(self, call: Call, path: str) -> bytes:
        """The body of a complete answer.

        Raises:
            Transient: no answer, or not now; Misconfigured: credentials, or nothing is there.
        """
        reply = await self._http.request(call, "GET", path, headers=self._headers)
        message = f"{self._connection}: the source of rates answered {reply.status}."
        outcome = classify(BreakPoint.ANSWERED, reply.status, write=False)
        if outcome is Outcome.DONE:
            return reply.body
        if outcome is Outcome.NO and reply.status != _BUSY:
            raise Misconfigured(
                message, reason="bad_address", next_step="Check the address of the connection."
            )
        raise error_for(outcome, message, reply.wait_s)

    async def close(self) -> None:
        """Releases the pooled connections."""
        await self._http.close()
