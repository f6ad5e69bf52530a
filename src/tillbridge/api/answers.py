"""How errors look over HTTP: one JSON shape, one status a cause."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tillbridge.canonical.card_data import mask
from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import (
    Misconfigured,
    Place,
    Rejected,
    TillbridgeError,
    Transient,
)

_LOG = logging.getLogger(__name__)
_STATUS = {
    "bad_signature": 401,
    "unsigned": 401,
    "stale": 401,
    "no_token": 401,
    "not_allowed": 403,
    "unknown_door": 404,
    "unknown_attempt": 404,
    "unknown_run": 404,
    "no_review": 404,
    "no_unknown": 404,
    "unknown_dead_letter": 404,
    "unknown_connection": 404,
    "unknown_alert": 404,
    "unknown_approval": 404,
    "unknown_find": 404,
    "unknown_flow": 404,
    "unknown_id": 404,
    "unknown_month": 404,
    "unknown_page": 404,
    "wrong_method": 405,
    "resolved": 409,
    "consumed": 409,
}


def json_answer(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Canonical values as a JSON answer; amounts are text."""
    return Response(
        encode(content), status, media_type="application/json", headers=dict(headers or {})
    )


def status_for(error: TillbridgeError) -> int:
    """The HTTP status of an error: 4xx when the caller has to act, 503 when waiting helps."""
    if isinstance(error, Rejected):
        return _STATUS.get(error.reason, 400)
    if isinstance(error, Transient):
        return 503
    return 404 if error.reason in _STATUS else 500


def error_body(error: TillbridgeError) -> dict[str, Any]:
    """The one shape of every error: reason, message, place, next_step; no card data is echoed."""
    place = error.place
    return {
        "error": {
            "reason": error.reason or type(error).__name__.lower(),
            "message": mask(error.message),
            "place": mask(str(place)) if place else None,
            "next_step": mask(error.next_step) or None,
        },
        "safe_to_retry": isinstance(error, Transient) and error.sent == "no",
    }


def error_answer(error: TillbridgeError) -> Response:
    """An error as an HTTP answer. What is ours to mend says no more than that it is ours."""
    headers = {}
    if isinstance(error, Transient) and error.wait_s is not None:
        headers["retry-after"] = str(int(error.wait_s + 0.999))
    if error.reason == "no_token":
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, Misconfigured) and status_for(error) >= 500:
        hidden = Misconfigured("The installation has to be mended.", reason="misconfigured")
        return json_answer(500, error_body(hidden), headers)
    return json_answer(status_for(error), error_body(error), headers)


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's hook for every TillbridgeError a route raises."""
    assert isinstance(error, TillbridgeError), error
    return error_answer(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals in our shape; the address is not repeated."""
    assert isinstance(error, HTTPException), error
    if error.status_code == 405:
        wrong = Rejected(f"{request.method} is not possible here.", reason="wrong_method")
        return json_answer(405, error_body(wrong), error.headers)
    unknown = Rejected(
        "There is nothing at this address.",
        reason="unknown_page",
        next_step="See /docs for what there is.",
    )
    return json_answer(error.status_code, error_body(unknown), error.headers)


async def on_invalid(_request: Request, error: Exception) -> Response:
    """A parameter that does not fit: which one and what it takes, never what was given."""
    assert isinstance(error, RequestValidationError), error
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = str(first["msg"]).rstrip(".")
    wrong = Rejected(f"{message}.", reason="bad_parameter", place=Place(field=field))
    return error_answer(wrong)


async def on_database_gone(_request: Request, error: Exception) -> Response:
    """The database is away. It may have gone in the middle, so nothing is said to be undone."""
    _LOG.warning("the database does not answer: %r", error)
    gone = Transient(
        "The database does not answer.",
        wait_s=1.0,
        sent="perhaps",
        reason="database_down",
        next_step="Send the same request again in a while; the same key re-attaches.",
    )
    return error_answer(gone)


async def on_bug(_request: Request, _error: Exception) -> Response:
    """Anything else is ours to mend: it is in the log, and nothing of it is shown."""
    bug = Misconfigured("A bug in Tillbridge; it was logged.", reason="bug")
    return json_answer(500, error_body(bug))
