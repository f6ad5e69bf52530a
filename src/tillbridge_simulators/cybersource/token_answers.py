"""Token Management Offer: what all its nouns share - ids, links, lists and refusals.

Source: REST API reference, Token Management (errors, lists and links of each noun); the official
client's InlineResponse4xxErrors for the types of errors.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.shelf import Shelf, page_of


class TokenRefusal(Refusal):
    """A refusal in the shape of this service: {"errors": [{"type", "message", "details"}]}."""

    def __init__(self, status: int, kind: str, message: str, fields: Iterable[str] = ()) -> None:
        super().__init__(kind, list(fields))
        self.status, self.message = status, message

    def answer(self, now_s: float) -> Answer:
        error: dict[str, Any] = {"type": self.reason, "message": self.message}
        if self.fields:
            error["details"] = [{"name": name} for name in self.fields]
        return Answer(self.status, {"errors": [error]})


def new_token_id() -> str:
    """32 hexadecimal digits, as the ids of this service."""
    return uuid.uuid4().hex.upper()


def found_on(shelf: Shelf, id_: str) -> dict[str, Any]:
    """The document. Raises TokenRefusal: 404."""
    found = shelf.find(id_)
    if found is None:
        raise TokenRefusal(404, "notFound", "Token not found")
    return found


def metadata(ask: Ask) -> dict[str, str]:
    """Who made it."""
    return {"creator": ask.account.options.merchant_id}


def missing(*fields: str) -> TokenRefusal:
    """400 for fields that have to be there."""
    return TokenRefusal(400, "missingFields", "Missing required field(s)", fields)


def invalid(*fields: str) -> TokenRefusal:
    """400 for fields that are wrong."""
    return TokenRefusal(400, "invalidFields", "Invalid field(s)", fields)


def listed(ask: Ask, path: str, noun: str, rows: Iterable[Mapping[str, Any]]) -> Answer:
    """One page of `rows` with the links to the others."""
    try:
        offset, limit = page_of(ask.query)
    except ValueError:
        raise invalid("offset", "limit") from None
    every = list(rows)
    page = every[offset : offset + limit]
    last = max(0, (len(every) - 1) // limit * limit)
    starts = {"self": offset, "first": 0, "last": last}
    if offset:
        starts["prev"] = max(0, offset - limit)
    if offset + limit < len(every):
        starts["next"] = offset + limit
    links = {
        name: {"href": f"{path}?offset={start}&limit={limit}"} for name, start in starts.items()
    }
    body: dict[str, Any] = {
        "_links": links,
        "offset": offset,
        "limit": limit,
        "count": len(page),
        "total": len(every),
    }
    if page:
        body["_embedded"] = {noun: page}
    return Answer(200, body)
