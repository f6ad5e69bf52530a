"""The HTTP surface: doors for shops and payment systems, a desk for operators.

POST /doors/{connection}, /checkout/payments     signed by the sender (plain Starlette)
everything else                                   an operator's token; /docs describes it
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from tillbridge import VERSION
from tillbridge.api import (
    adoptions,
    alerts,
    answers,
    approvals,
    audit,
    backlog,
    dead_letters,
    errors,
    explain,
    flows,
    gates,
    health,
    history,
    inbox,
    metrics,
    notices,
    pulls,
    reviews,
    runs,
    trace,
    unknowns,
)
from tillbridge.api.description import describe
from tillbridge.api.doors import doors
from tillbridge.api.front import Front
from tillbridge.assembly import API_POOL, DESK_POOL, Site, close_house, open_house, shop_of
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.database.database import GONE, Database
from tillbridge.journeys.house import House

ROUTERS = (
    *(runs, history, explain, dead_letters, errors, reviews, approvals, notices),
    *(unknowns, pulls, adoptions, trace),
    *(flows, gates, backlog, inbox, audit, alerts, health, metrics),
)


class Application(FastAPI):
    """FastAPI behind the front: what is for a door does not pass through its layers.

    Attributes:
        front: takes every request first.
    """

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        await self.front(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that is for no door."""
        await super().__call__(scope, receive, send)


def create_app(site: Site, dsn: str) -> Application:
    """The application over one site and its prepared database.

    Its lifespan opens the house and closes it: calls in flight are read to their end.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        house = await open_house(site, dsn, role="api", pool=API_POOL)
        try:
            desk = await Database.connect(dsn, size_max=DESK_POOL, name="tillbridge operators")
            try:
                app.state.house = house
                app.state.desk = replace(house, database=desk)
                yield
            finally:
                await desk.close()
        finally:
            await close_house(house)

    app = Application(
        title="Tillbridge",
        version=VERSION,
        summary="Carries money from the till to the books.",
        lifespan=lifespan,
        docs_url=None,  # its page loads its scripts from elsewhere; an installation may be closed
        redoc_url=None,
    )
    found = doors(lambda: _house(app), shop_of)
    app.front = Front(app.inside, found)
    app.router.routes.extend(found)  # for what fits no door's method
    for noun in ROUTERS:
        app.include_router(noun.router)
    _translate_errors(app)
    describe(app)
    return app


def _house(app: FastAPI) -> House:
    house = app.state.house
    assert isinstance(house, House), "the house is opened before the first request"
    return house


def _translate_errors(app: FastAPI) -> None:
    app.add_exception_handler(TillbridgeError, answers.on_error)
    app.add_exception_handler(HTTPException, answers.on_http_error)
    app.add_exception_handler(RequestValidationError, answers.on_invalid)
    for gone in GONE:
        app.add_exception_handler(gone, answers.on_database_gone)
    app.add_exception_handler(Exception, answers.on_bug)
