"""A publisher of rates on one port: it publishes on working days only, and sometimes not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import TypeAlias

from aiohttp import web

from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Faults
from tillbridge_simulators.rates import files
from tillbridge_simulators.rates.files import Published

Body: TypeAlias = Callable[[web.Request], bytes]
Route: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

CENTRAL_BANK = "/stats/eurofxref"
RECENT_DAYS = 90
HEADER = "authorization"


class RatesSimulator:
    """Publishes what it is given.

    Under /stats/eurofxref lie the central bank's files; /latest, /series?since=DAY and /rows.csv
    answer like rate services and want the token, if there is one.

    Attributes:
        published: by day, what one euro is worth, by currency; more days may be added.
        faults: misbehaves for the operation "rates".
        log: each request, with its path.
    """

    def __init__(
        self,
        published: Mapping[date, Mapping[str, str]] | None = None,
        *,
        token: str = "",
        faults: Faults | None = None,
        log: EffectLog | None = None,
        factor: float = 1.0,
        port: int = 0,
    ) -> None:
        self.published = {day: dict(rates) for day, rates in (published or {}).items()}
        self.faults = faults or Faults()
        self.log = log or EffectLog()
        self.port = port
        self._token = token
        self._factor = factor
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bank_url(self) -> str:
        """Where the central bank's files lie."""
        return self.url + CENTRAL_BANK

    async def start(self) -> None:
        """Binds 127.0.0.1; with port 0 any free port, known afterwards."""
        app = web.Application()
        bank: dict[str, Body] = {
            "eurofxref-daily.xml": lambda _: files.xml(self._newest()),
            "eurofxref-hist-90d.xml": lambda _: files.xml(self._recent()),
            "eurofxref-hist.xml": lambda _: files.xml(self.published),
            "eurofxref.zip": lambda _: files.daily_zip(self.published),
            "eurofxref-hist.zip": lambda _: files.history_zip(self.published),
        }
        for name, body in bank.items():
            app.router.add_get(f"{CENTRAL_BANK}/{name}", self._answers(body))
        app.router.add_get("/latest", self._served(lambda _: files.latest_json(self.published)))
        app.router.add_get("/series", self._served(self._series))
        app.router.add_get("/rows.csv", self._served(lambda _: files.rows_csv(self.published)))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Closes everything."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.log.close()

    def _newest(self) -> Published:
        day = max(self.published)
        return {day: self.published[day]}

    def _recent(self) -> Published:
        first = max(self.published) - timedelta(days=RECENT_DAYS)
        return {day: rates for day, rates in self.published.items() if day > first}

    def _series(self, request: web.Request) -> bytes:
        try:
            since = date.fromisoformat(request.query["since"])
        except (KeyError, ValueError) as error:
            raise web.HTTPBadRequest(text="since is a day such as 2026-11-20") from error
        return files.series_json(self.published, since)

    def _served(self, body: Body) -> Route:
        """A route that wants the token."""

        def checked(request: web.Request) -> bytes:
            if self._token and request.headers.get(HEADER) != self._token:
                raise web.HTTPUnauthorized(text="no such token")
            return body(request)

        return self._answers(checked)

    def _answers(self, body: Body) -> Route:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.log.add("request", method="GET", path=request.path)
            fault = self.faults.draw("rates")
            if fault is not None and fault.kind == "refuse":
                headers = {"retry-after": str(int(fault.seconds))} if fault.seconds else {}
                return web.Response(status=fault.status, headers=headers)
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds / self._factor)
            elif fault is not None:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            return web.Response(body=body(request))

        return answer
