"""The shapes of Cybersource's answers that are not a transaction.

Source: the 400, 404 and 502 responses of the REST API reference (payments, captures, reversals,
voids) and the Time-out Void page's declined example. The 401 body is what gateways of Cybersource
send for a bad signature (not documented).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from tillbridge_simulators.cybersource.messages import REFUSED, declined


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body, before faults are applied.

    Attributes:
        raw: what is sent instead of `body`: a token, a report, a list.
        content_type: of `raw`.
    """

    status: int
    body: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    content_type: str = "application/json"


def as_json(value: object) -> bytes:
    """JSON; a decimal number is a number in it, with the digits it has."""
    return json.dumps(value, default=_number).encode()


def _number(value: object) -> float | int:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} cannot be said in JSON")
    return int(value) if value == value.to_integral_value() else float(value)


def listing(rows: Sequence[Mapping[str, object]]) -> Answer:
    """200 with a JSON list."""
    return Answer(200, raw=as_json(rows))


class Refusal(Exception):
    """The request is refused: 400 with a reason and the fields that are wrong."""

    def __init__(self, reason: str, fields: Sequence[str] = (), request_id: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fields = fields
        self.request_id = request_id

    def answer(self, now_s: float) -> Answer:
        body: dict[str, object] = {
            "submitTimeUtc": utc_text(now_s),
            "status": "INVALID_REQUEST",
            "reason": self.reason,
            "message": REFUSED[self.reason],
        }
        if self.request_id:
            body["id"] = self.request_id
        if self.fields:
            body["details"] = [{"field": name, "reason": self.reason} for name in self.fields]
        return Answer(400, body)


class Declined(Refusal):
    """Nothing is wrong with the request, but the processor says no: 201, and nothing happened."""

    def __init__(self, reason: str, request_id: str, code: str) -> None:
        super().__init__(reason, request_id=request_id)
        self.code = code

    def answer(self, now_s: float) -> Answer:
        body = {
            "id": self.request_id,
            "submitTimeUtc": utc_text(now_s),
            "status": "DECLINED",
            "clientReferenceInformation": {"code": self.code},
            "errorInformation": {"reason": self.reason, "message": declined(self.reason)},
        }
        return Answer(201, body)


def unauthenticated() -> Answer:
    """401 as it comes for any signature that does not hold."""
    return Answer(401, {"response": {"rmsg": "Authentication Failed"}})


def nothing_there() -> Answer:
    """404 for an address that no service has."""
    return Answer(404, {"response": {"rmsg": "Resource not found"}})


def not_found(now_s: float) -> Answer:
    """404 for a transaction that does not exist or is not visible yet."""
    return Answer(
        404,
        {
            "submitTimeUtc": utc_text(now_s),
            "status": "NOT_FOUND",
            "message": "The requested resource does not exist",
        },
    )


def server_error(now_s: float, status: int) -> Answer:
    """5xx in Cybersource's shape."""
    return Answer(
        status,
        {
            "submitTimeUtc": utc_text(now_s),
            "status": "SERVER_ERROR",
            "reason": "SYSTEM_ERROR",
            "message": "Error - General system failure.",
        },
    )


def utc_text(seconds: float) -> str:
    """An instant as Cybersource writes it: 2016-08-11T22:47:57Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
