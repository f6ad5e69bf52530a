"""The Web API of one organization: authorized calls, batches, refusals as our errors."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tillbridge.canonical.codec import encode_numbers, read_json
from tillbridge.canonical.errors import TillbridgeError, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.http import Http, Reply
from tillbridge.connector.permits import Permits, Unlimited
from tillbridge_dynamics365.batch import (
    BATCH_TYPE,
    ChangeSet,
    Part,
    PartAnswer,
    read_batch,
    write_batch,
)
from tillbridge_dynamics365.errors import refusal
from tillbridge_dynamics365.limits import tell_what_is_left
from tillbridge_dynamics365.sign_in import SignIn

_HEADERS = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
}


class WebApi:
    """Calls with a bearer token; a 401 renews the token and repeats the call once."""

    def __init__(
        self,
        http: Http,
        sign_in: SignIn,
        api_version: str,
        connection: str,
        permits: Permits | None = None,
    ) -> None:
        """`permits` hear what the organization says that it still takes."""
        self._http = http
        self._permits = permits or Unlimited()
        self._sign_in = sign_in
        self._root = f"/api/data/{api_version}/"
        self.connection = connection

    async def read(
        self, call: Call, path: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """A GET's answer. Raises what `refusal` says."""
        reply = await self.send(call, "GET", path, headers=headers)
        if reply.status != 200:
            raise self.refused(f"GET {path.partition('?')[0]}", reply, write=False)
        answer = read_json(reply.body)
        assert isinstance(answer, dict), "an answer of the Web API is an object"
        return answer

    async def write(
        self,
        call: Call,
        method: str,
        path: str,
        body: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A single write that was accepted. Raises what `refusal` says."""
        reply = await self.send(call, method, path, body=body, headers=headers, write=True)
        if not 200 <= reply.status < 300:
            raise self.refused(f"{method} {path}", reply, write=True)
        return reply

    async def batch(
        self, call: Call, parts: Sequence[Part | ChangeSet], *, write: bool
    ) -> list[PartAnswer]:
        """One answer a part, refusals included: no part stops the ones after it.

        Raises:
            Transient, Misconfigured, Rejected: the batch as a whole was refused.
        """
        body = write_batch(self._root, parts)
        headers = {"Content-Type": BATCH_TYPE, "Prefer": "odata.continue-on-error"}
        reply = await self._authorized(call, "POST", "$batch", headers, body, write=write)
        if reply.status != 200:
            raise self.refused("The batch", reply, write=write)
        return read_batch(reply.headers.get("content-type", ""), reply.body, len(parts))

    async def send(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> Reply:
        """Any complete answer."""
        sent = dict(headers or {})
        data = None
        if body is not None:
            sent["Content-Type"] = "application/json; charset=utf-8"
            data = encode_numbers(body)
        return await self._authorized(call, method, path, sent, data, write=write)

    def refused(self, what: str, answer: Reply | PartAnswer, *, write: bool) -> TillbridgeError:
        """The error for an answer that is not 2xx."""
        return refusal(
            f"{self.connection}: {what}",
            answer.status,
            answer.body,
            wait_s=answer.wait_s,
            write=write,
        )

    def unread(self, what: str, found: PartAnswer) -> Transient:
        """The error when what a batch wrote cannot be read back: it may be there."""
        return Transient(
            f"{self.connection}: reading back {what} was refused with {found.status}.",
            sent="perhaps",
            wait_s=found.wait_s,
            reason="unread",
        )

    async def _authorized(
        self,
        call: Call,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        *,
        write: bool,
    ) -> Reply:
        """A 401 is given before anything is executed: repeating does no harm."""
        headers |= _HEADERS
        if call.correlation:
            headers["x-ms-client-request-id"] = str(uuid5(NAMESPACE_URL, call.correlation))
        for last in (False, True):
            headers["Authorization"] = await self._sign_in.authorization(call)
            reply = await self._http.request(
                call, method, self._root + path, headers=headers, body=body, write=write
            )
            tell_what_is_left(reply.headers, self._permits)
            if reply.status != 401 or last:
                break
            self._sign_in.refuse(headers["Authorization"])
        return reply
