"""How an answer goes out: its content type and the headers that every answer has.

Source: recorded exchanges of integrations with the test host (ActiveMerchant, Hyperswitch):
`Content-Type: application/hal+json`, `v-c-correlation-id`, which support asks for, and
`X-RequestID`, the id of what was made. Plug-ins read the second without asking if it is there.
"""

from aiohttp import web

from tillbridge_simulators.cybersource.answers import Answer, as_json
from tillbridge_simulators.cybersource.recorded import Operation

CORRELATION = "v-c-correlation-id"
REQUEST_ID = "X-RequestID"
_JSON = "application/json;charset=utf-8"


def response(
    answer: Answer, correlation_id: str, operation: Operation | None = None
) -> web.Response:
    """The answer of this operation; None where nobody was let in."""
    headers = {**answer.headers, CORRELATION: correlation_id}
    if answer.status == 204:
        return web.Response(status=answer.status, headers=headers)
    if answer.raw is not None:
        headers["Content-Type"] = answer.content_type
        return web.Response(body=answer.raw, status=answer.status, headers=headers)
    id_ = answer.body.get("id")
    if isinstance(id_, str) and id_.isdecimal():
        headers[REQUEST_ID] = id_
    headers["Content-Type"] = _content_type(operation)
    return web.Response(body=as_json(dict(answer.body)), status=answer.status, headers=headers)


def cut(request: web.Request) -> web.Response:
    """The connection is broken off instead of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _content_type(operation: Operation | None) -> str:
    """The first JSON that the operation may answer."""
    kinds = operation.accept if operation else ()
    return next((kind for kind in kinds if "json" in kind.partition(";")[0]), _JSON)
