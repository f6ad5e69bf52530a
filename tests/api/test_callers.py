"""Every route that shows data or moves money asks who you are."""

import re
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import Route
from tests.api.conftest import Api

OPEN = {"/health/accepting", "/openapi.json", "/doors/{connection}/health"}
"""Nothing about anybody's orders: for load balancers, for who writes a client or delivers."""
SIGNED = {
    *("/doors/{connection}", "/checkout/payments", "/checkout/payments/{attempt_key}"),
    "/checkout/contexts",
}
"""Asked by the sender's signature, not by a token."""


def routes(api: Api) -> list[tuple[str, str]]:
    """Every method and path of the application."""
    found = [
        (method, route.path)
        for route in _all(api.app.routes)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]
    assert len(found) > 15
    return found


def _all(routes: Sequence[object]) -> list[Route]:
    """Included routers are opened; any other kind of route has to be taught to this test."""
    found = []
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(inner, APIRouter):
            found += _all(inner.routes)
        else:
            assert isinstance(route, Route), route
            found.append(route)
    return found


def address(path: str) -> str:
    named = path.replace("{connection}", "webshop").replace("{any_id:path}", "1042")
    return re.sub(r"\{\w+\}", "1", named)


async def test_every_route_but_the_open_ones_asks_who_you_are(api: Api) -> None:
    for method, path in routes(api):
        if path in OPEN:
            continue
        status, body = await api.ask(method, address(path), role="")
        assert status == 401, (method, path, body)
        wanted = "bad_signature" if path in SIGNED else "no_token"
        assert body["error"]["reason"] == wanted, (method, path)


async def test_a_viewer_may_look_at_everything_and_steer_nothing(api: Api) -> None:
    for method, path in routes(api):
        if path in OPEN | SIGNED:
            continue
        status, body = await api.ask(method, address(path), role="viewer")
        if method == "GET":
            assert status != 403, (method, path, body)
        else:
            assert (status, body["error"]["reason"]) == (403, "not_allowed"), (method, path)


async def test_a_token_that_is_nobodys_is_refused_and_says_how_to_get_one(api: Api) -> None:
    api.tokens["stranger"] = "tillbridge_made-up"
    status, body = await api.ask("GET", "/runs", role="stranger")
    assert status == 401
    assert "tillbridge operators add" in body["error"]["next_step"]


async def test_the_description_names_every_route_the_token_and_the_one_error_shape(
    api: Api,
) -> None:
    status, page = await api.ask("GET", "/openapi.json", role="")
    assert status == 200
    described = {path.replace(":path", "") for _, path in routes(api)}
    assert set(page["paths"]) == described - {"/openapi.json"}
    for operations in page["paths"].values():
        for operation in operations.values():
            assert "Error" in str(operation["responses"]["default"])
            assert "422" not in operation["responses"]
    assert page["components"]["securitySchemes"]["operator token"]["scheme"] == "bearer"
    assert page["paths"]["/runs"]["get"]["security"] == [{"operator token": []}]
