"""How errors look over HTTP: one JSON shape, one status a cause."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Misconfigured, Rejected, TillbridgeError, Transient

_STATUS = {
    "bad_signature": 401,
    "unsigned": 401,
    "stale": 401,
    "no_token": 401,
    "not_allowed": 403,
    "unknown_door": 404,
    "unknown_attempt": 404,
    "unknown_run": 404,
    "unknown_dead_letter": 404,
    "unknown_connection": 404,
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
    """The one shape of every error: reason, message, place, next_step."""
    place = error.place
    return {
        "error": {
            "reason": error.reason or type(error).__name__.lower(),
            "message": error.message,
            "place": str(place) if place else None,
            "next_step": error.next_step or None,
        },
        "safe_to_retry": isinstance(error, Transient) and error.sent == "no",
    }


def error_answer(error: TillbridgeError) -> Response:
    """An error as an HTTP answer. What is ours to mend says no more than that it is ours."""
    headers = {}
    if isinstance(error, Transient) and error.wait_s is not None:
        headers["retry-after"] = str(int(error.wait_s + 0.999))
    if isinstance(error, Misconfigured) and status_for(error) >= 500:
        hidden = Misconfigured("The installation has to be mended.", reason="misconfigured")
        return json_answer(500, error_body(hidden), headers)
    return json_answer(status_for(error), error_body(error), headers)


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's hook for every TillbridgeError a route raises."""
    assert isinstance(error, TillbridgeError), error
    return error_answer(error)
