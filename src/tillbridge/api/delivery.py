"""A posted request as a delivery, read to its end; and what is said when nothing can be kept."""

import logging
from collections.abc import Iterable

from starlette.requests import Request

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.house import House

_LOG = logging.getLogger(__name__)
BODY_MAX_BYTES = 1_000_000


def database_lost(error: BaseException) -> Transient:
    """What a sender is told while nothing can be kept: come again, with the same key."""
    _LOG.error("a request met a broken database: %s", error)
    return Transient(
        "Nothing can be kept just now.",
        wait_s=1,
        gate=True,
        reason="database_down",
        next_step="Send the same request again, with the same key.",
    )


async def delivery_of(request: Request, house: House, connection: str) -> Delivery:
    """The request as the connection it is for verifies it. Raises Rejected when it is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise Rejected(
                f"The body is over {BODY_MAX_BYTES} bytes.",
                reason="too_large",
                next_step="Send less in one delivery.",
            )
    scope = request.scope
    return Delivery(
        connection=connection,
        method=scope["method"],
        path=scope["path"],
        headers=_headers(scope["headers"]),
        body=body,
        received_at=house.clock(),
        query=scope["query_string"].decode("latin-1"),
    )


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name in lower case, as they come; of one that is given twice the first counts."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return found
