"""One signed request and its answer; what no operation has a finer rule for is decided here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Misconfigured, Rejected, Sent, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.breaks import BreakPoint, classify, error_for
from tillbridge.connector.connector import Opening
from tillbridge.connector.http import Http, Reply, Stream, trust_in
from tillbridge_cybersource.merchant_keys import MerchantKeys
from tillbridge_cybersource.settings import CybersourceSettings

Outgoing: TypeAlias = Mapping[str, object] | Sequence[Mapping[str, object]]
"""What is sent: an object, or of a few services a list of them."""

_TOO_MANY = 429
_NOT_LET_IN = frozenset({401, 403, 407})
_ELSEWHERE = frozenset({301, 302, 307, 308})
_UNWILLING = frozenset({408, 425})
_ACCEPTED = frozenset({200, 201, 202})
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
        """Why a request was refused or declined, in Cybersource's word; "" when it did not say."""
        said = self.body.get("reason")
        if said is None and isinstance(inner := self.body.get("errorInformation"), Mapping):
            said = inner.get("reason")
        return str(said or "")

    @property
    def is_accepted(self) -> bool:
        """It is an answer of the service itself, not a refusal to answer. 201 is documented; what
        a status word says counts more than which success it comes with."""
        return self.status in _ACCEPTED and self.body.get("status") != "INVALID_REQUEST"


class Exchange:
    """Signed JSON to one account."""

    def __init__(self, settings: CybersourceSettings, opening: Opening) -> None:
        self.name = opening.connection
        self._clock = opening.clock
        self.keys = MerchantKeys(settings)
        self._signer, self._encryption = self.keys.signer, self.keys.encryption
        self._limits_first = settings.limits_before_acting
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
            Transient: sent="no" for whatever never left; sent="perhaps" for everything that
                leaves it open, a rate limit (429) too unless the setting says otherwise.
            Misconfigured: 401, 403 and 407, and an answer that points elsewhere.
        """
        return await self._exchange(call, method, path, document, write=True)

    async def read(
        self, call: Call, path: str, document: Mapping[str, object] | None = None
    ) -> Answer:
        """A GET, or a POST that only asks. Raises Transient and Misconfigured."""
        method = "GET" if document is None else "POST"
        return await self._exchange(call, method, path, document, write=False)

    async def manage(
        self, call: Call, method: str, path: str, document: Outgoing | None = None
    ) -> Answer:
        """A call that sets the account up and moves no money. Raises like `write`."""
        write = method != "GET"
        return await self._exchange(call, method, path, document, write=write, managing=True)

    async def issue(self, call: Call, path: str, document: Mapping[str, object]) -> Answer:
        """A POST that is answered with a token, no JSON, in the answer's reply; it moves no money.

        Raises Transient and Misconfigured.
        """
        return await self._exchange(
            call, "POST", path, document, write=False, wants="application/jwt"
        )

    @asynccontextmanager
    async def stream(self, call: Call, path: str, accept: str) -> AsyncIterator[Stream]:
        """A GET of a file, 200 or 404, of which only a piece is in memory.

        Raises:
            Transient, Misconfigured: as for `read`; Rejected for every other status.
        """
        headers = {"Accept": accept} | dict(self._signer.headers("GET", path, b"", self._clock()))
        async with self._http.stream(call, path, headers=headers) as answer:
            reply = Reply(answer.status, answer.headers, b"")
            self._check_status("GET", path, reply, write=False)
            if answer.status not in (200, 404):
                raise Rejected(self._broke("GET", path, reply), reason="refused")
            yield answer

    async def bare(
        self,
        call: Call,
        method: str,
        path: str,
        document: Mapping[str, object] | None,
        *,
        forged: bool,
    ) -> Reply:
        """Any complete answer, whatever it says; `forged` signs another body than the one sent.

        Raises Transient for what was not answered, Misconfigured for keys that cannot be used.
        """
        return await self._ask(
            call, method, path, document, write=False, wants="*/*", forged=forged
        )

    async def close(self) -> None:
        await self._http.close()

    async def _exchange(
        self,
        call: Call,
        method: str,
        path: str,
        document: Outgoing | None,
        *,
        write: bool,
        managing: bool = False,
        wants: str = "",
    ) -> Answer:
        reply = await self._ask(call, method, path, document, write=write, wants=wants)
        self._check_status(method, path, reply, write=write)
        if wants and reply.status in _ACCEPTED:
            return Answer(reply.status, {}, reply)
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

    async def _ask(
        self,
        call: Call,
        method: str,
        path: str,
        document: Outgoing | None,
        *,
        write: bool,
        wants: str = "",
        forged: bool = False,
    ) -> Reply:
        """Signed, and sealed and opened where that is set."""
        now = self._clock()
        plain = b"" if document is None else encode(document)
        body = self._encryption.sealed(path, plain, now)
        signed = body + b" " if forged else body
        headers = _JSON | dict(self._signer.headers(method, path, signed, now))
        if wants:
            headers["Accept"] = wants
        reply = await self._http.request(
            call, method, path, headers=headers, body=body or None, write=write
        )
        return self._encryption.opened(reply, write=write)

    def _check_status(self, method: str, path: str, reply: Reply, *, write: bool) -> None:
        status = reply.status
        sent: Sent = "perhaps" if write else "no"
        if status == _TOO_MANY:
            raise Transient(
                f"{self.name}: Cybersource asks to slow down (429).",
                wait_s=reply.wait_s,
                sent="no" if self._limits_first else sent,
                gate=True,
                reason="rate_limited",
            )
        if status in _NOT_LET_IN:
            raise Misconfigured(
                f"{self.name}: Cybersource does not accept the credentials ({status}).",
                reason="credentials",
                next_step="Check merchant id, key id, shared secret and this machine's clock.",
            )
        if status in _ELSEWHERE:
            raise Misconfigured(
                f"{self._broke(method, path, reply)} It is to be asked for somewhere else.",
                reason="redirected",
                next_step="Correct the connection's address: a signed request is not sent on.",
            )
        if 300 <= status < 400:
            raise Transient(self._broke(method, path, reply), sent=sent, reason="unreadable")
        if status >= 500 or status in _UNWILLING:
            outcome = classify(BreakPoint.ANSWERED, status, write=write)
            raise error_for(outcome, self._broke(method, path, reply), reply.wait_s)

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
