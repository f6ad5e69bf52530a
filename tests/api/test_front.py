"""The front: doors are answered first, and as they would be anywhere else in the application."""

from typing import Any

import asyncpg
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tillbridge.api.front import Front
from tillbridge.canonical.errors import Rejected


async def inside(_scope: Scope, _receive: Receive, send: Send) -> None:
    await Response("inside", 200)(_scope, _receive, send)


async def ask(front: Front, method: str, path: str) -> tuple[int, bytes]:
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    await front(scope, receive, send)
    return told[0]["status"], b"".join(part.get("body", b"") for part in told[1:])


async def whose(request: Request) -> Response:
    """A door that answers whose it is, or meets trouble."""
    name = request.path_params["connection"]
    if name == "closed":
        raise Rejected("No.", reason="unknown_door")
    if name == "lost":
        raise asyncpg.ConnectionDoesNotExistError("gone")
    if name == "broken":
        raise ZeroDivisionError
    return Response(name, 202)


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("POST", "/doors/webshop", 202, b"webshop"),
        ("GET", "/doors/webshop", 200, b"inside"),
        ("POST", "/doors/webshop/more", 200, b"inside"),
        ("POST", "/runs", 200, b"inside"),
        ("POST", "/doors/closed", 404, b"unknown_door"),
        ("POST", "/doors/lost", 503, b"database_down"),
        ("POST", "/doors/broken", 500, b"bug"),
    ],
)
async def test_only_what_fits_a_door_stays_outside(
    method: str, path: str, status: int, said: bytes
) -> None:
    front = Front(inside, [Route("/doors/{connection}", whose, methods=["POST"])])
    found, body = await ask(front, method, path)
    assert found == status
    assert said in body
