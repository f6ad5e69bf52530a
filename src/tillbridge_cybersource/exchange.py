"""One signed request and its answer; what no operation has a finer rule for is decided here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.breaks import BreakPoint, classify, error_for
from tillbridge.connector.connector import Opening
from tillbridge.connector.http import Http, Reply, trust_in
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.signing import signer

_JSON = {"Content-Type": "application/json", "Accept": "application/hal+json, application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer that an operation has to read: 2xx or a refusal.

    Attributes:
        body: the JSON object; empty when the body was none.
        rows: the objects of an answer that is a list.
    """

    status: int
    body: Mapping[str, Any]
    reply: Reply | None = None
    rows: Sequence[Mapping[str, Any]] = ()

    @property
    def server_s(self) -> float | None:
        """The server's own clock, seconds since the epoch; None when it did not say."""
        return None if self.reply is None else self.reply.date_s()

    @property
    def reason(self) -> str:
        """Why a request was refused, in Cybersource's word; "" when it did not say."""
        return str(self.body.get("reason") or "")


class Exchange:
    """Signed JSON to one account."""

    def __init__(self, settings: CybersourceSettings, opening: Opening) -> None:
        self.name = opening.connection
        self._clock = opening.clock
        self._signer = signer(settings)
        self._http = Http(
            settings.base_url,
            name=opening.connection,
            connections_max=settings.connections_max,
            tls=trust_in(settings.trusted_authority, "trusted_authority"),
            permits=opening.permits,
        )

    async def write(
        self,
        call: Call,
        path: str,
        document: Mapping[str, object] | None,
        method: str = "POST",
    ) -> Answer:
        """A request that moves money or changes what is kept there; None sends no body.

        Raises:
            Transient: sent="no" for 429 (Cybersource counts before it acts) and whatever never
                left; sent="perhaps" for everything that leaves it open.
            Misconfigured: 401 and 403.
        """
        return await self._exchange(call, method, path, document, write=True)

    async def read(
        self, call: Call, path: str, document: Mapping[str, object] | None = None
    ) -> Answer:
        """A GET, or a POST that only asks. Raises Transient and Misconfigured."""
        method = "GET" if document is None else "POST"
        return await self._exchange(call, method, path, document, write=False)

    async def manage(
        self, call: Call, method: str, path: str, document: Mapping[str, object] | None = None
    ) -> Answer:
        """A call that sets the account up and moves no money. Raises like `write`."""
        write = method != "GET"
        return await self._exchange(call, method, path, document, write=write, managing=True)

    async def close(self) -> None:
        await self._http.close()

    async def _exchange(
        self,
        call: Call,
        method: str,
        path: str,
        document: Mapping[str, object] | None,
        *,
        write: bool,
        managing: bool = False,
    ) -> Answer:
        body = b"" if document is None else encode(document)
        headers = _JSON | dict(self._signer.headers(method, path, body, self._clock()))
        reply = await self._http.request(
            call, method, path, headers=headers, body=body or None, write=write
        )
        if reply.status == 429:
            raise Transient(
                f"{self.name}: Cybersource asks to slow down (429).",
                wait_s=reply.wait_s,
                gate=True,
                reason="rate_limited",
            )
        if reply.status in (401, 403):
            raise Misconfigured(
                f"{self.name}: Cybersource does not accept the credentials ({reply.status}).",
                reason="credentials",
                next_step="Check merchant id, key id, shared secret and this machine's clock.",
            )
        if reply.status >= 500 or reply.status == 408:
            outcome = classify(BreakPoint.ANSWERED, reply.status, write=write)
            raise error_for(outcome, self._broke(method, path, reply), reply.wait_s)
        found = self._read_body(reply, managing=managing)
        if isinstance(found, list):
            return Answer(reply.status, {}, reply, [row for row in found if isinstance(row, dict)])
        if found is not None:
            return Answer(reply.status, found, reply)
        raise Transient(
            f"{self._broke(method, path, reply)} The body is not a JSON object.",
            sent="perhaps" if write else "no",
            reason="unreadable",
        )

    def _read_body(self, reply: Reply, *, managing: bool) -> Mapping[str, Any] | list[Any] | None:
        """The object it holds, or where that may be the list, or nothing at all; None for less."""
        if managing and not reply.body.strip():
            return {}
        try:
            body = read_json(reply.body)
        except Rejected:
            body = None
        if isinstance(body, dict) or (managing and isinstance(body, list)):
            return body
        return {} if 400 <= reply.status < 500 else None

    def _broke(self, method: str, path: str, reply: Reply) -> str:
        return f"{self.name}: {method} {path} was answered {reply.status}."
