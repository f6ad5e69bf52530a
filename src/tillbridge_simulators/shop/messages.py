"""Messages about payments, taken once each however often they come."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults
from tillbridge_simulators.shop.signing import is_genuine

PATH = "/tillbridge/payments"


class Messages:
    """The shop's status address. `Faults` operation "payment_status"."""

    def __init__(
        self,
        secret: str,
        faults: Faults,
        log: EffectLog,
        factor: float,
        take: Callable[[dict[str, Any]], None],
    ) -> None:
        """`take` is called once for each message that is new."""
        self._secret = secret
        self._faults = faults
        self._log = log
        self._factor = factor
        self._take = take
        self._kept: dict[str, str] = {}
        self._later: set[asyncio.Task[None]] = set()

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post(PATH, self._post)
        app.router.add_get(PATH, self._get)

    async def stop(self) -> None:
        """Forgets what would have taken effect later."""
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def _get(self, request: web.Request) -> web.Response:
        if not is_genuine(self._secret, request.headers, "GET", request.path, b""):
            return _answer(401, error="bad signature")
        return _answer(200, takes="payment messages")

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        key = request.headers.get("idempotency-key", "")
        self._log.add("request", method="POST", path=request.path, key=key)
        if not is_genuine(self._secret, request.headers, "POST", request.path, body):
            return _answer(401, error="bad signature")
        message = _message(body)
        if message is None or not key:
            return _answer(400, error="no message or no idempotency-key")
        fault = self._faults.draw("payment_status", str(message.get("order_number", "")))
        if fault is not None:
            return await self._misbehave(fault, request, key, body, message)
        return self._keep(key, body, message)

    async def _misbehave(
        self, fault: Fault, request: web.Request, key: str, body: bytes, message: dict[str, Any]
    ) -> web.StreamResponse:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds / self._factor)
            return self._keep(key, body, message)
        if fault.kind == "refuse":
            headers = {"retry-after": str(int(fault.seconds))} if fault.seconds else {}
            return web.json_response({"error": "refused"}, status=fault.status, headers=headers)
        if fault.kind == "lose_answer":
            self._keep(key, body, message)
        elif fault.kind == "late":
            task = asyncio.create_task(self._keep_late(fault.seconds, key, body, message))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        _cut(request)
        return web.Response()

    async def _keep_late(
        self, seconds: float, key: str, body: bytes, message: dict[str, Any]
    ) -> None:
        await asyncio.sleep(seconds / self._factor)
        self._keep(key, body, message)

    def _keep(self, key: str, body: bytes, message: dict[str, Any]) -> web.Response:
        digest = hashlib.sha256(body).hexdigest()
        before = self._kept.get(key)
        if before is not None and before != digest:
            self._log.add("shop_message_conflict", key=key)
            return _answer(409, error="another message was sent with this key before")
        if before is not None:
            return _answer(200, kept=True, repeated=True)
        self._kept[key] = digest
        self._log.add(
            "shop_message",
            key=key,
            order_number=str(message.get("order_number", "")),
            status=str(message.get("status", "")),
            amount=_amount(message),
            transaction_id=str(message.get("transaction_id") or ""),
        )
        self._take(message)
        return _answer(200, kept=True)


def _message(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body, parse_float=str)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _amount(message: dict[str, Any]) -> str:
    amount = message.get("amount")
    return f"{amount['amount']} {amount['currency']}" if isinstance(amount, dict) else ""


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _answer(status: int, **facts: object) -> web.Response:
    return web.json_response(facts, status=status)
