"""The server: sign-in and Web API on one port, faults and the log of everything."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from tillbridge_simulators.dynamics365.batch import answer_batch, read_batch
from tillbridge_simulators.dynamics365.catalogue import seed
from tillbridge_simulators.dynamics365.control import control_routes
from tillbridge_simulators.dynamics365.errors import TOO_MANY_REQUESTS, DataverseError
from tillbridge_simulators.dynamics365.footprints import log_effects, order_facts
from tillbridge_simulators.dynamics365.operations import Answer, Operation
from tillbridge_simulators.dynamics365.organization import Organization
from tillbridge_simulators.dynamics365.rows import Change
from tillbridge_simulators.dynamics365.service_protection import WINDOW_S, ServiceProtection
from tillbridge_simulators.dynamics365.sign_in import SignIn, unauthorized
from tillbridge_simulators.dynamics365.subjects import Subject, subject_of
from tillbridge_simulators.dynamics365.web_api import WebApi
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults
from tillbridge_simulators.port import Close, Port, serve
from tillbridge_simulators.under_way import UnderWay, left_alone

BODY_MAX_BYTES = 128 * 1024 * 1024
KEY_LAG_S = 30.0
"""How long a new alternate key's index takes; the real one takes seconds to hours."""


class DataverseSimulator:
    """One organization behind one address; sign-in answers at the same address. `public_url` is
    that address where it is not its own (a proxy stands before it).

    Attributes:
        url, port: after `start`.
        faults, log: what it does wrong on request, and everything that happened; of a request also
            how many for its path were under way when it came.
        organization: the rows, for tests and campaigns.
        sign_in: tokens; `sign_in.revoke()` makes the next call answer 401.
        limit: the enforced service-protection limits; `requests_max`, `busy_max_s` and
            `at_once_max` set them (6,000, 1,200 s and 52 in reality), None for none;
            `takes_s` is how long it works on a request at least.
        odd: operations whose next answer is a web page, as from a gateway, after they took effect.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        factor: float = 1.0,
        tenant: str = "contoso",
        client_id: str = "tillbridge-app",
        client_secret: str = "dynamics-simulator-secret",  # noqa: S107 (made up; it opens a simulator)
        token_life_s: float = 3599.0,
        key_lag_s: float = KEY_LAG_S,
        requests_max: int | None = None,
        busy_max_s: float | None = None,
        at_once_max: int | None = None,
        takes_s: float = 0.0,
        on_hold: bool = False,
        log_path: Path | None = None,
        seed_of_faults: int = 0,
        products: Sequence[str] = (),
        columns: Sequence[str] = (),
        public_url: str = "",
    ) -> None:
        self._port = Port(self._listen, port)
        self._public_url = public_url
        self.factor = factor
        self.faults = Faults(seed_of_faults)
        self.log = EffectLog(log_path)
        self.organization = Organization(lambda changes: None, on_hold=on_hold)
        seed(self.organization, products, columns)
        self.organization.rows.committed = self._committed
        self.sign_in = SignIn(tenant, client_id, client_secret, token_life_s / factor)
        self.limit = ServiceProtection(
            requests_max,
            None if busy_max_s is None else busy_max_s / factor,
            at_once_max,
            WINDOW_S / factor,
        )
        self._takes_s = takes_s / factor
        self.odd: set[str] = set()
        self._key_lag_s = key_lag_s / factor
        self._api: WebApi | None = None
        self._runner: web.AppRunner | None = None
        self._under_way = UnderWay()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Its number; as it was asked for before it is started."""
        return self._port.number

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def public_url(self) -> str:
        """Where its clients believe it is."""
        return self._public_url or self.url

    async def start(self) -> None:
        """Binds 127.0.0.1; port 0 takes any free one. The organization outlives stop and start."""
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        app.add_routes(control_routes(self.log, self.faults, self.state))
        app.add_routes(
            [
                web.post("/{tenant}/oauth2/v2.0/token", self._token),
                web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
                web.route("*", r"/api/data/{version:v9\.\d+}/{rest:.*}", self._call),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._port.open()
        if self._api is None:
            self._api = WebApi(
                self.organization, f"{self.public_url}/api/data/v9.2/", self._key_lag_s
            )

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
        return await serve(self._runner, held)

    async def stop(self) -> None:
        """Stops answering; commits that were to come late do not come any more."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self._port.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.log.close()

    def state(self) -> dict[str, Any]:
        """Orders and counts of rows, amounts as text."""
        rows = self.organization.rows
        orders = rows.all(self.organization.table("salesorder"))
        return {
            "sales_orders": [order_facts(self.organization, order) for order in orders],
            "rows": {table.name: len(list(rows.all(table))) for table in self.organization.tables},
            "tokens_issued": self.sign_in.issued,
            "refused_by_limit": sum(self.limit.refused.values()),
            "limit": {
                "refused": self.limit.refused,
                "insisted": self.limit.insisted,
                "requests_most": self.limit.requests_most,
                "at_once_most": self.limit.at_once_most,
                "busy_most_s": self.limit.busy_most_s,
            },
        }

    def _committed(self, changes: list[Change]) -> None:
        log_effects(self.log, self.organization, changes)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}

        def act() -> Answer:
            return self.sign_in.answer_token(request.match_info["tenant"], form, self.public_url)

        return await self._answer(request, Subject("token"), act)

    async def _configuration(self, request: web.Request) -> web.Response:
        return web.json_response(body=self.sign_in.configuration(self.public_url))

    async def _call(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        operation = Operation(request.method, str(request.rel_url), headers, await request.read())
        is_batch = request.match_info["rest"] == "$batch"
        subject = self._subject(operation, is_batch=is_batch)

        def act() -> Answer:
            return self._act(operation, is_batch=is_batch)

        refusal = self.limit.begin()
        if refusal is not None:
            self._note(request, subject, refusal.status)
            return _response(Answer(refusal.status, refusal.headers, refusal.body))
        began = time.monotonic()
        try:
            await asyncio.sleep(self._takes_s)
            answer = await self._answer(request, subject, act)
        finally:
            self.limit.end(time.monotonic() - began)
        answer.headers.update(self.limit.left())
        return answer

    def _note(self, request: web.Request, subject: Subject, status: int) -> None:
        self.log.add(
            "request",
            method=request.method,
            path=request.path,
            operation=subject.operation,
            order_number=subject.order_number,
            fault="limit",
            status=status,
        )

    def _subject(self, operation: Operation, *, is_batch: bool) -> Subject:
        if not is_batch:
            return subject_of(self.organization, [operation])
        try:
            parts = read_batch(operation.headers.get("content-type", ""), operation.body)
        except DataverseError:
            return Subject("unreadable")
        flat = [one for part in parts for one in (part if isinstance(part, list) else [part])]
        return subject_of(self.organization, flat)

    def _act(self, operation: Operation, *, is_batch: bool) -> Answer:
        assert self._api is not None, "started"
        if not self.sign_in.allows(operation.headers.get("authorization", "")):
            return unauthorized(self.public_url, self.sign_in.tenant)
        if not is_batch:
            return self._api.answer(operation)
        try:
            return answer_batch(self._api, operation)
        except DataverseError as error:
            return Answer(error.status, error.headers, error.body)

    async def _answer(
        self, request: web.Request, subject: Subject, act: Callable[[], Answer]
    ) -> web.StreamResponse:
        """Misbehaves as planned, or acts and answers."""
        with self._under_way.one(request.path) as at_once:
            return await self._answer_one(request, subject, act, at_once)

    async def _answer_one(
        self, request: web.Request, subject: Subject, act: Callable[[], Answer], at_once: int
    ) -> web.StreamResponse:
        fault = self.faults.draw(subject.operation, subject.order_number)
        kind = fault.kind if fault else ""
        if kind == "hang":
            await left_alone(request)
        if fault is not None and kind == "slow":
            await asyncio.sleep(fault.seconds / self.factor)
        if fault is not None and kind == "late":
            self._act_later(fault, act)
        answer = None
        if fault is not None and kind == "refuse":
            answer = self._refusal(fault)
        elif kind not in ("break_before", "hang", "late"):
            answer = act()
        cut = kind in ("break_before", "hang", "late", "lose_answer")
        self.log.add(
            "request",
            method=request.method,
            path=request.path,
            operation=subject.operation,
            order_number=subject.order_number,
            fault=kind,
            status=0 if cut or answer is None else answer.status,
            at_once=at_once,
        )
        if cut or answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if subject.operation in self.odd:
            self.odd.remove(subject.operation)
            answer = Answer(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
        return _response(answer)

    def _act_later(self, fault: Fault, act: Callable[[], Answer]) -> None:
        async def later() -> None:
            await asyncio.sleep(fault.seconds / self.factor)
            answer = act()
            self.log.add("late", status=answer.status)

        task = asyncio.create_task(later())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _refusal(self, fault: Fault) -> Answer:
        wait_s = fault.seconds / self.factor if fault.status in (429, 503) else None
        code = TOO_MANY_REQUESTS if fault.status == 429 else ""
        error = DataverseError(fault.status, code, "Refused on request.", wait_s)
        return Answer(error.status, error.headers, error.body)


def _response(answer: Answer) -> web.Response:
    headers = {
        "OData-Version": "4.0",
        "x-ms-service-request-id": str(uuid4()),
        "Content-Type": "application/json; odata.metadata=minimal",
        **answer.headers,
    }
    if not answer.body:
        del headers["Content-Type"]
    return web.Response(status=answer.status, headers=headers, body=answer.body or None)
