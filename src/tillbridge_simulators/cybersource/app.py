"""The simulator as a server: routes, who is asking, faults, and the account behind them."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import (
    Answer,
    Refusal,
    server_error,
    unauthenticated,
)
from tillbridge_simulators.cybersource.control import control_routes
from tillbridge_simulators.cybersource.conversions import conversion_details
from tillbridge_simulators.cybersource.documents import at, read_document
from tillbridge_simulators.cybersource.fences import (
    reverse_by_transaction,
    undo_late_capture,
    void_by_transaction,
)
from tillbridge_simulators.cybersource.followons import (
    capture,
    capture_answer,
    reverse,
    void_capture,
    void_payment,
)
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.payments import authorize
from tillbridge_simulators.cybersource.reviews import decide
from tillbridge_simulators.cybersource.search import details, search
from tillbridge_simulators.cybersource.signatures import Asked, Signatures
from tillbridge_simulators.cybersource.state import State
from tillbridge_simulators.cybersource.tls import Tls, make_tls
from tillbridge_simulators.cybersource.tokens import TokenKind
from tillbridge_simulators.cybersource.webhooks import Subscription, Webhooks
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults

Act: TypeAlias = Callable[[str, Mapping[str, Any]], Answer]
"""Acts on (id from the path, body or query); never waits, so each act is one transaction."""


class CybersourceSimulator:
    """One Cybersource account on 127.0.0.1.

    Attributes:
        faults: misbehaviour; operations are authorization, capture, reversal, void,
            timeout_reversal, timeout_void, search, details, conversion_details and webhook.
        log: requests and effects (authorization, capture, reversal, void, undone_by_fence,
            decision), in order.
        factor: every wait is divided by it.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        faults: Faults | None = None,
        log: EffectLog | None = None,
        subscription: Subscription | None = None,
        factor: float = 1.0,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
        tls: bool = False,
    ) -> None:
        self.options = options or Options()
        self.faults = faults or Faults()
        self.log = log or EffectLog()
        self.factor = factor
        self.webhooks = Webhooks(self.faults, self.log, factor, subscription)
        self.account = Account(
            self.options, self.log, State(seed), now=clock, tell=self.webhooks.tell
        )
        self.port = 0
        self._wants_tls = tls
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tls: Tls | None = None
        self._random = random.Random(seed)  # noqa: S311 (a simulation, not a secret)
        self._runner: web.AppRunner | None = None
        self._late: set[asyncio.Task[None]] = set()
        options_ = self.options
        self._signatures = Signatures(options_.merchant_id, options_.key_id, options_.secret_key)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"{'https' if self._wants_tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def authority_path(self) -> Path:
        """The certificate that TLS clients must trust."""
        assert self._tls is not None, "only a started simulator with TLS has an authority"
        return self._tls.authority_path

    @property
    def state(self) -> State:
        return self.account.state

    async def start(self, port: int = 0) -> None:
        """Binds 127.0.0.1:port; 0 is any free port."""
        if self._wants_tls:
            self._folder = tempfile.TemporaryDirectory(prefix="cybersource-")
            self._tls = make_tls(Path(self._folder.name))
        app = web.Application(client_max_size=1 << 20)
        app.add_routes(self._routes())
        app.add_routes(control_routes(self.account, self.faults, self.mint_token))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        context = self._tls.context if self._tls else None
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stops listening; late effects and notifications that wait are given up."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self.webhooks.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    async def settle(self) -> None:
        """Waits for late effects and for notifications on their way."""
        while self._late:
            await asyncio.gather(*self._late, return_exceptions=True)
        await self.webhooks.drain()

    def mint_token(self, outcome: str = "authorized", kind: TokenKind = "transient") -> str:
        """A token whose authorizations end as `outcome` says (outcomes.OUTCOMES)."""
        life_s = self.options.token_life_s
        expires_at = self.account.now() + life_s if kind == "transient" else None
        return self.account.tokens.mint(outcome, kind, expires_at=expires_at)

    def decide_review(self, request_id: str, *, accept: bool) -> None:
        """Decision Manager's case of this authorization is accepted or rejected."""
        decide(self.account, request_id, accept=accept)

    def live_holds(self) -> dict[str, list[dict[str, str]]]:
        """By order number, the authorizations that still hold money."""
        return self.state.live_holds()

    def holds(self) -> dict[str, list[dict[str, str]]]:
        """By order number, every authorization with what was captured and reversed of it."""
        return self.state.holds()

    def _routes(self) -> list[web.RouteDef]:
        account = self.account

        def captured(payment_id: str, document: Mapping[str, Any]) -> Answer:
            movement = capture(account, payment_id, document)
            undo_late_capture(account, movement)
            return Answer(201, capture_answer(movement))

        def lag_s() -> float:
            return self.options.search_lag_s / self.factor

        acts: list[tuple[str, str, str, Act]] = [
            ("POST", "/pts/v2/payments", "authorization", lambda _, doc: authorize(account, doc)),
            ("POST", "/pts/v2/payments/{id}/captures", "capture", captured),
            ("POST", "/pts/v2/payments/{id}/reversals", "reversal",
             lambda id_, doc: reverse(account, id_, doc)),
            ("POST", "/pts/v2/payments/{id}/voids", "void",
             lambda id_, doc: void_payment(account, id_, doc)),
            ("POST", "/pts/v2/captures/{id}/voids", "void",
             lambda id_, doc: void_capture(account, id_, doc)),
            ("POST", "/pts/v2/reversals", "timeout_reversal",
             lambda _, doc: reverse_by_transaction(account, doc)),
            ("POST", "/pts/v2/voids", "timeout_void",
             lambda _, doc: void_by_transaction(account, doc)),
            ("POST", "/tss/v2/searches", "search", lambda _, doc: search(account, doc, lag_s())),
            ("GET", "/tss/v2/transactions/{id}", "details",
             lambda id_, _: details(account, id_, lag_s())),
            ("GET", "/reporting/v3/conversion-details", "conversion_details",
             lambda _, query: conversion_details(
                 account, query, self.options.report_lag_s / self.factor)),
        ]  # fmt: skip
        return [
            web.route(method, path, self._handler(operation, act))
            for method, path, operation, act in acts
        ]

    def _handler(
        self, operation: str, act: Act
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            subject = _subject(body)
            fault = self.faults.draw(operation, subject)
            refusal = self._signatures.refusal(_asked(request, body), self.account.now())
            self.log.add(
                "request",
                operation=operation,
                order=subject,
                path=request.path,
                fault=fault.kind if fault else "",
                refusal=refusal,
            )
            if fault is not None and fault.kind == "break_before":
                return _cut(request)
            wait_s = self.options.latency(self._random)
            if fault is not None and fault.kind == "slow":
                wait_s += fault.seconds
            if wait_s:
                await asyncio.sleep(wait_s / self.factor)
            if fault is not None and fault.kind == "refuse":
                return _json(self._refused(fault))
            if refusal:
                return _json(unauthenticated())
            work = _Work(operation, act, request.match_info.get("id", ""), body, request.query)
            return await self._perform(request, fault, work)

        return handle

    async def _perform(
        self, request: web.Request, fault: Fault | None, work: "_Work"
    ) -> web.StreamResponse:
        if fault is not None and fault.kind == "late":
            task = asyncio.create_task(self._act_later(fault.seconds / self.factor, work))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return _cut(request)
        answer = self._act(work)
        if fault is not None and fault.kind == "lose_answer":
            return _cut(request)
        return _json(answer)

    async def _act_later(self, wait_s: float, work: "_Work") -> None:
        await asyncio.sleep(wait_s)
        self._act(work)

    def _act(self, work: "_Work") -> Answer:
        try:
            document = read_document(work.body) if work.body else work.query
            answer = work.act(work.id, document)
        except Refusal as refusal:
            self.log.add("refused", path_id=work.id, reason=refusal.reason)
            return refusal.answer(self.account.now())
        if work.operation in self.options.odd:
            self.options.odd.discard(work.operation)
            return Answer(answer.status, {**answer.body, "status": "SOMETHING_NEW"})
        return answer

    def _refused(self, fault: Fault) -> Answer:
        answer = server_error(self.account.now(), fault.status)
        if fault.status in (429, 503) and fault.seconds:
            return Answer(answer.status, answer.body, {"Retry-After": f"{fault.seconds:.0f}"})
        return answer


class _Work:
    """One request that may be acted on now or later."""

    __slots__ = ("act", "body", "id", "operation", "query")

    def __init__(
        self, operation: str, act: Act, id_: str, body: bytes, query: Mapping[str, str]
    ) -> None:
        self.operation, self.act, self.id, self.body = operation, act, id_, body
        self.query = query


def _subject(body: bytes) -> str:
    """The order number a body speaks of, for aiming faults; "" when it cannot be read."""
    try:
        document = read_document(body) if body else {}
    except Refusal:
        return ""
    code = at(document, "clientReferenceInformation.code")
    if isinstance(code, str):
        return code
    query = str(document.get("query", ""))
    return query.partition("clientReferenceInformation.code:")[2].strip('"')


def _asked(request: web.Request, body: bytes) -> Asked:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.method, request.path_qs, headers, body)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _json(answer: Answer) -> web.Response:
    return web.json_response(dict(answer.body), status=answer.status, headers=answer.headers)
