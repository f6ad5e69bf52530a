"""$batch: multipart requests, atomic change sets, references by Content-ID.

Source: learn.microsoft.com, "Execute batch operations using the Web API".
"""

import re
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

from tillbridge_simulators.dynamics365.errors import DataverseError, bad_request
from tillbridge_simulators.dynamics365.operations import Answer, Operation
from tillbridge_simulators.dynamics365.web_api import WebApi

REQUESTS_MAX = 1000

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_TARGET_REFERENCE = re.compile(r"^\$(?P<id>\d+)")
_BOUND_REFERENCE = re.compile(r'@odata\.bind"\s*:\s*"\$(?P<id>\d+)(?=")')
_CONTINUE = "odata.continue-on-error"


def read_batch(content_type: str, body: bytes) -> list[list[Operation] | Operation]:
    """The parts of a batch in order; a change set is a list. CRLF and LF are both understood."""
    text = body.replace(b"\r\n", b"\n")
    parts: list[list[Operation] | Operation] = []
    for headers, content in _parts(text, _boundary(content_type)):
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            parts.append([_operation(*part) for part in _parts(content, _boundary(kind))])
        else:
            parts.append(_operation(headers, content))
    count = sum(len(part) if isinstance(part, list) else 1 for part in parts)
    if count > REQUESTS_MAX:
        raise bad_request(f"A batch has at most {REQUESTS_MAX} requests.")
    return parts


def answer_batch(api: WebApi, batch: Operation) -> Answer:
    """Runs the parts in order; the first failure stops it unless told to continue."""
    goes_on = batch.prefers(_CONTINUE)
    boundary = f"batchresponse_{uuid4()}"
    status, written = 200, []
    for part in read_batch(batch.headers.get("content-type", ""), batch.body):
        if isinstance(part, list):
            answer, text = _answer_change_set(api, part)
        else:
            answer = api.answer(part)
            text = _answer_part(answer, "")
        written.append(text)
        if answer.status >= 400 and not goes_on:
            status = answer.status
            break
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), text) for text in written)
    body += b"--%s--\r\n" % boundary.encode()
    return Answer(status, {"Content-Type": f"multipart/mixed; boundary={boundary}"}, body)


def _answer_change_set(api: WebApi, operations: list[Operation]) -> tuple[Answer, bytes]:
    """All of it or nothing; a failed change set has one answer."""
    boundary = f"changesetresponse_{uuid4()}".encode()
    made: dict[str, str] = {}
    written = []
    try:
        with api.organization.rows.transaction():
            for operation in operations:
                if operation.method == "GET":
                    raise bad_request("A change set has no GET requests.")
                answer = api.perform(_referring(operation, made))
                if operation.content_id and "OData-EntityId" in answer.headers:
                    made[operation.content_id] = answer.headers["OData-EntityId"]
                written.append(_answer_part(answer, operation.content_id))
    except DataverseError as error:
        refused = Answer(error.status, error.headers, error.body)
        return refused, _answer_part(refused, "")
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, text) for text in written)
    head = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n" % boundary
    return Answer(200), head + body + b"--%s--\r\n" % boundary


def _referring(operation: Operation, made: dict[str, str]) -> Operation:
    """The operation with $1, $2 ... replaced by the addresses of what earlier operations made."""

    def resolve(reference: "re.Match[str]") -> str:
        if reference["id"] not in made:
            raise bad_request(
                f"Content-ID Reference: '${reference['id']}' does not exist in the batch context."
            )
        return reference[0].replace(f"${reference['id']}", made[reference["id"]])

    target = _TARGET_REFERENCE.sub(resolve, operation.target)
    body = _BOUND_REFERENCE.sub(resolve, operation.body.decode())
    return replace(operation, target=target, body=body.encode())


def _boundary(content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise bad_request("A multipart body needs a boundary.")
    return match[1].strip().encode()


def _parts(text: bytes, boundary: bytes) -> list[tuple[dict[str, str], bytes]]:
    """Headers and content of each part between the boundary's lines."""
    found = []
    for chunk in (b"\n" + text).split(b"\n--" + boundary)[1:]:
        if chunk.startswith(b"--"):
            break
        head, _, content = chunk.lstrip(b"\n").partition(b"\n\n")
        found.append((_headers(head), content))
    return found


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode().split("\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _operation(headers: dict[str, str], content: bytes) -> Operation:
    if not headers.get("content-type", "").startswith("application/http"):
        raise bad_request("A batch part must be application/http.")
    head, _, body = content.lstrip(b"\n").partition(b"\n\n")
    line, _, rest = head.partition(b"\n")
    method, _, target = line.decode().strip().partition(" ")
    return Operation(
        method.upper(),
        target.rsplit(" HTTP/", 1)[0],
        _headers(rest),
        body.strip(),
        headers.get("content-id", ""),
    )


def _answer_part(answer: Answer, content_id: str) -> bytes:
    reason = HTTPStatus(answer.status).phrase
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {answer.status} {reason}"]
    if answer.body:
        lines.append("Content-Type: application/json; odata.metadata=minimal")
    lines.append("OData-Version: 4.0")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
