"""The front: requests at the doors are answered before the rest of the application is entered.

What FastAPI does around a route (its exit stacks, its error hooks, its search for a route) costs a
delivery more than being verified does. A request that fits no door goes on inside.
"""

import logging
from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tillbridge.api.answers import error_answer, on_bug, on_database_gone
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.database.database import GONE

_LOG = logging.getLogger(__name__)
BEFORE = ("/doors/", "/checkout/")
"""How the addresses of doors begin."""


class Front:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp, doors: Sequence[Route]) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._door(scope)
        if door is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            answer = await door.endpoint(request)
        except TillbridgeError as error:
            answer = error_answer(error)
        except GONE as error:
            answer = await on_database_gone(request, error)
        except Exception as bug:
            _LOG.exception("a request at %s broke", door.path)
            answer = await on_bug(request, bug)
        await answer(scope, receive, send)

    def _door(self, scope: Scope) -> Route | None:
        """The door of a request, its parameters noted in the scope."""
        if scope["type"] == "http" and scope["path"].startswith(BEFORE):
            for door in self._doors:
                found = door.path_regex.match(scope["path"])
                if found and scope["method"] in (door.methods or ()):
                    scope["path_params"] = found.groupdict()
                    return door
        return None
