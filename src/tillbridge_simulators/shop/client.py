"""The shop's signed calls to the API, with the patience of a good shop."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.shop.signing import signed


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: status 0 when none came. `wait_s` is what Retry-After asked for."""

    status: int
    body: dict[str, Any]
    location: str = ""
    wait_s: float | None = None


class Client:
    """Signed requests to one address; a broken call is an answer with status 0.

    Attributes:
        api_url: where the API answers; it may be told later.
    """

    def __init__(self, api_url: str, secret: str, log: EffectLog, timeout_s: float) -> None:
        self.api_url = api_url
        self._secret = secret
        self._log = log
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, path: str, body: bytes, key: str, *, patience_s: float | None = None
    ) -> Answer:
        """One POST. With `patience_s` the shop hangs up after so many seconds."""
        headers = signed(self._secret, "POST", path, body) | {
            "content-type": "application/json",
            "idempotency-key": key,
        }
        return await self._send("POST", path, headers, body, patience_s)

    async def get(self, path: str) -> Answer:
        """One GET; a whole address is cut down to its path."""
        path = urlsplit(path).path
        return await self._send("GET", path, signed(self._secret, "GET", path, b""), None, None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        patience_s: float | None,
    ) -> Answer:
        began = time.time()
        try:
            async with asyncio.timeout(patience_s):
                answer = await self._exchange(method, path, headers, body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = Answer(0, {"broke": type(error).__name__})
        self._log.add(
            "request_sent",
            method=method,
            path=path,
            key=headers.get("idempotency-key", ""),
            status=answer.status,
            reason=str((answer.body.get("error") or {}).get("reason") or ""),
            began=began,
        )
        return answer

    async def _exchange(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        if self._session is None:
            # every shopper has a connection of his own: a shop that queues them measures itself
            connector = aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(timeout=self._timeout, connector=connector)
        async with self._session.request(
            method, self.api_url.rstrip("/") + path, headers=headers, data=body
        ) as reply:
            retry_after = reply.headers.get("retry-after", "")
            return Answer(
                reply.status,
                _object(await reply.read()),
                reply.headers.get("location", ""),
                float(retry_after) if retry_after.isdigit() else None,
            )


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body, parse_float=str)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
