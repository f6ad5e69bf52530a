"""The simulator as a server: routes, who is asking, faults, and the account behind them."""

import asyncio
import random
import socket
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import (
    Answer,
    Refusal,
    nothing_there,
    server_error,
    unauthenticated,
)
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.capture_contexts import key_routes
from tillbridge_simulators.cybersource.control import control_routes
from tillbridge_simulators.cybersource.documents import (
    at,
    money_flaws,
    read_document,
    read_rows,
    with_currencies,
)
from tillbridge_simulators.cybersource.encryption import encrypted, opened
from tillbridge_simulators.cybersource.key_files import key_file_routes
from tillbridge_simulators.cybersource.multipart import files_of
from tillbridge_simulators.cybersource.offers import OFFERS
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.page import page_routes
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.responses import cut, response
from tillbridge_simulators.cybersource.reviews import decide
from tillbridge_simulators.cybersource.signatures import Asked, Signatures, answer_key_of
from tillbridge_simulators.cybersource.state import State
from tillbridge_simulators.cybersource.tls import Tls, make_tls
from tillbridge_simulators.cybersource.tokens import TokenKind
from tillbridge_simulators.cybersource.webhooks import Subscription, Webhooks
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults
from tillbridge_simulators.port import Close, Port, serve
from tillbridge_simulators.under_way import UnderWay, left_alone


class CybersourceSimulator:
    """One Cybersource account on 127.0.0.1.

    Attributes:
        faults: misbehaviour; operations are authorization, capture, reversal, void,
            timeout_reversal, timeout_void, search, details, conversion_details and webhook.
        log: requests and effects (authorization, capture, reversal, void, undone_by_fence,
            decision), in order; of a request also how many of its operation and order were under
            way with it.
        factor: every wait is divided by it.

    With `tls` it speaks TLS with a certificate of its own; its authority is kept in `tls_folder`
    where one is given, and else forgotten.
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
        tls_folder: Path | None = None,
    ) -> None:
        self.options = options or Options()
        self.faults = faults or Faults()
        self.log = log or EffectLog()
        self.factor = factor
        state = State(seed)
        self.webhooks = Webhooks(self.faults, self.log, factor, subscription, state)
        self.account = Account(
            self.options,
            self.log,
            state,
            now=clock,
            tell=self.webhooks.tell,
            tell_one=self.webhooks.tell_one,
            factor=factor,
        )
        self._wants_tls = tls
        self._tls_folder = tls_folder
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._tls: Tls | None = None
        self._random = random.Random(seed)  # noqa: S311 (a simulation, not a secret)
        self._runner: web.AppRunner | None = None
        self._port = Port(self._listen)
        self._under_way = UnderWay()
        self._late: set[asyncio.Task[None]] = set()
        self._health: asyncio.Task[None] | None = None
        self.credentials = self.options.credentials()
        self._signatures = Signatures(self.credentials, frozenset(self.options.hosts))

    @property
    def port(self) -> int:
        """Its number; 0 before it is started."""
        return self._port.number

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
            folder = self._tls_folder
            if folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="cybersource-")
                folder = Path(self._folder.name)
            self._tls = make_tls(folder, self.options.hosts)
        app = web.Application(client_max_size=1 << 20)
        app.add_routes(self._routes())
        app.add_routes(page_routes(self.account, lambda: self.url))
        app.add_routes(key_routes(self.account))
        app.add_routes(key_file_routes(self.credentials))
        app.add_routes(control_routes(self.account, self.faults, self.mint_token))
        app.router.add_route("*", "/{rest:.*}", self._unserved)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self._port.number = port
        await self._port.open()
        if self.options.health_every_s is not None:
            every_s = self.options.health_every_s / self.factor
            self._health = asyncio.create_task(self.webhooks.watch_health(every_s))

    async def refuse(self) -> None:
        """Nobody listens any more: connections are refused, those that are open are cut."""
        self.faults.down = True
        await self._port.refuse()

    async def accept(self) -> None:
        """Listens again, after `refuse`."""
        self.faults.down = False
        await self._port.accept()

    async def _listen(self, held: socket.socket) -> Close:
        assert self._runner is not None, "started"
        return await serve(self._runner, held, self._tls.context if self._tls else None)

    async def stop(self) -> None:
        """Stops listening; late effects and notifications that wait are given up."""
        for task in (*self._late, *([self._health] if self._health else [])):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self.webhooks.stop()
        await self._port.close()
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
        """Each operation; the test host takes a slash at the end as well."""
        operations = recorded().operations
        return [
            web.route(operations[offer.key].method, f"{operations[offer.key].path}{end}", handler)
            for offer in OFFERS
            for handler in (self._handler(offer),)
            for end in ("", "/")
        ]

    def _handler(self, service: Offer) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        operation = service.operation

        async def handle(request: web.Request) -> web.StreamResponse:
            body, correlation_id = await self._read(service, request), str(uuid.uuid4())
            asked = _asked(request, body)
            refusal = self._signatures.refusal(asked, self.account.now())
            work = None if refusal else self._work(service, request, asked, correlation_id)
            subject = _subject(work.body if work else body)
            fault = self.faults.draw(operation, subject)
            with self._under_way.one(f"{operation} {subject}") as at_once:
                self.log.add(
                    "request",
                    operation=operation,
                    order=subject,
                    path=request.path,
                    fault=fault.kind if fault else "",
                    refusal=refusal,
                    correlation_id=correlation_id,
                    encrypted=work is not None and work.body != asked.body,
                    answer_key=work.answer_key if work else "",
                    at_once=at_once,
                )
                if fault is not None and fault.kind == "hang":
                    await left_alone(request)
                if fault is not None and fault.kind in ("break_before", "hang"):
                    return cut(request)
                answer = await self._answer(fault, work)
                if answer is None:
                    return cut(request)
                known = recorded().operations[service.key] if work else None
                return response(answer, correlation_id, known)

        return handle

    async def _unserved(self, request: web.Request) -> web.StreamResponse:
        """Everything else: nothing is there."""
        correlation_id, asked = str(uuid.uuid4()), f"{request.method} {request.path}"
        if request.path.count("/") > 1:
            self.log.add(
                "request",
                operation="",
                order="",
                path=request.path,
                fault="",
                refusal=f"{asked} is not served; the list above says what is",
                correlation_id=correlation_id,
            )
        return response(nothing_there(), correlation_id)

    async def _read(self, service: Offer, request: web.Request) -> bytes:
        """The whole body. Raises HTTPRequestEntityTooLarge, which answers 413."""
        if service.takes == "files":
            request = request.clone(client_max_size=self.options.file_bytes_max)
        return await request.read()

    def _work(
        self, service: Offer, request: web.Request, asked: Asked, correlation_id: str
    ) -> "_Work":
        """What is asked, as it was before it was encrypted."""
        ids, query = dict(request.match_info), dict(request.query)
        answer_key, kind = answer_key_of(asked.headers), asked.headers.get("content-type", "")
        try:
            operation = recorded().operations[service.key]
            by_token = "authorization" in asked.headers
            body = opened(self.credentials, operation, asked.body, by_token=by_token)
        except Refusal as refusal:
            return _Work(service, ids, query, b"", correlation_id, answer_key, refusal)
        return _Work(service, ids, query, body, correlation_id, answer_key, content_type=kind)

    async def _answer(self, fault: Fault | None, work: "_Work | None") -> Answer | None:
        """Acts and answers, or breaks off (None); `work` is None where nobody is let in."""
        wait_s = self.options.latency(self._random)
        if fault is not None and fault.kind == "slow":
            wait_s += fault.seconds
        if wait_s:
            await asyncio.sleep(wait_s / self.factor)
        if fault is not None and fault.kind == "refuse":
            return self._refused(fault)
        return unauthenticated() if work is None else self._perform(fault, work)

    def _perform(self, fault: Fault | None, work: "_Work") -> Answer | None:
        if fault is not None and fault.kind == "late":
            task = asyncio.create_task(self._act_later(fault.seconds / self.factor, work))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return None
        answer = self._act(work)
        if fault is not None and fault.kind == "lose_answer":
            return None
        return encrypted(self.credentials, answer, work.answer_key, self.account.now())

    async def _act_later(self, wait_s: float, work: "_Work") -> None:
        await asyncio.sleep(wait_s)
        self._act(work)

    def _act(self, work: "_Work") -> Answer:
        try:
            if work.refusal is not None:
                raise work.refusal
            answer = work.service.act(self._ask(work))
        except Refusal as refusal:
            self.log.add(
                "refused",
                path_id="/".join(work.ids.values()),
                reason=refusal.reason,
                fields=list(refusal.fields),
                correlation_id=work.correlation_id,
            )
            return refusal.answer(self.account.now())
        operation = work.service.operation
        if operation in self.options.odd:
            self.options.odd.discard(operation)
            status = 200 if answer.status == 204 else answer.status  # which has room for a word
            return Answer(status, {**answer.body, "status": "SOMETHING_NEW"})
        return answer

    def _ask(self, work: "_Work") -> Ask:
        """The request, once its body has the recorded types and lengths. Raises Refusal."""
        if work.service.takes == "files":
            files = files_of(work.body, work.content_type)
            return Ask(self.account, work.ids, work.query, files=files)
        index = recorded()
        model = index.operations[work.service.key].body
        if work.service.takes == "list":
            rows = read_rows(work.body)
            if flaws := [flaw for row in rows for flaw in index.flaws(model[1:-1], row)]:
                raise Refusal("INVALID_DATA", flaws)
            return Ask(self.account, work.ids, work.query, rows=rows)
        document = read_document(work.body) if work.body else {}
        if flaws := index.flaws(model, document) or money_flaws(document):
            raise Refusal("INVALID_DATA", flaws)
        if unknown := index.unknown(model, document):
            self.log.add("unknown_fields", operation=work.service.operation, fields=unknown)
        said = with_currencies(index.as_recorded(model, document))
        return Ask(self.account, work.ids, work.query, said)

    def _refused(self, fault: Fault) -> Answer:
        answer = server_error(self.account.now(), fault.status)
        if fault.status in (429, 503) and fault.seconds:
            return Answer(answer.status, answer.body, {"Retry-After": f"{fault.seconds:.0f}"})
        return answer


@dataclass(frozen=True, slots=True)
class _Work:
    """One request that may be acted on now or later.

    Attributes:
        correlation_id: under which it is logged and answered.
        answer_key: the id of the key that its answer is encrypted to; "" for none.
        refusal: why its body could not be opened.
        content_type: of its body.
    """

    service: Offer
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    correlation_id: str
    answer_key: str = ""
    refusal: Refusal | None = None
    content_type: str = ""


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
    return Asked(request.method, request.raw_path, headers, body)
