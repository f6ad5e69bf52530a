"""Bodies: what operators send. Read exactly, card data refused, errors in the one shape."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from fastapi import Request

from tillbridge.api.callers import database_of
from tillbridge.canonical.card_data import scan_body
from tillbridge.canonical.codec import read_json, shaped
from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.card_guard import card_data_found, count_refusal

T = TypeVar("T")
BODY_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody does what they do; it stands in the audit."""

    why: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What took place: `reference` is the other system's own id of it."""

    reference: str
    why: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A new value for one field of a dead letter, and why.

    `field` is a path such as "data.order.shipping.postal_code"; amounts are text.
    """

    field: str
    value: Any
    why: str


def body_of(shape: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency that reads the request's body as `shape`.

    It raises Rejected: too large, not JSON, not of that shape, or card data.
    """

    async def read(request: Request) -> T:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX_BYTES:
                raise Rejected(f"The body is over {BODY_MAX_BYTES} bytes.", reason="too_large")
        fields = scan_body(body)
        if fields:
            found = card_data_found(fields)
            await count_refusal(database_of(request), f"{request.method} {_page(request)}", found)
            raise found
        return shaped(read_json(body), shape)

    return read


def _page(request: Request) -> str:
    """The page's address as its route writes it: /dead-letters/{run_id}/patch."""
    return str(getattr(request.scope.get("route"), "path", ""))


def described(shape: type[Any]) -> dict[str, Any]:
    """The body's description for OpenAPI."""
    _, parts = msgspec.json.schema_components([shape], ref_template="#/{name}")
    schema = parts[shape.__name__]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
