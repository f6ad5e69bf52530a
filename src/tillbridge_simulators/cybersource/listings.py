"""One page of a list, in the shape that billing and invoicing share."""

from collections.abc import Sequence
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.shelf import page_of


def listing(
    ask: Ask, path: str, noun: str, rows: Sequence[dict[str, Any]], total: str = "totalCount"
) -> Answer:
    """The page that `offset` and `limit` ask for, with links to itself and the next.

    Raises Refusal for an offset or a limit that is none.
    """
    try:
        offset, limit = page_of(ask.query)
    except ValueError:
        raise Refusal("INVALID_DATA", ["offset", "limit"]) from None
    links = {"self": _link(path, offset, limit)}
    if offset + limit < len(rows):
        links["next"] = _link(path, offset + limit, limit)
    body = {
        "_links": links,
        "submitTimeUtc": utc_text(ask.account.now()),
        total: len(rows),
        noun: rows[offset : offset + limit],
    }
    return Answer(200, body)


def _link(path: str, offset: int, limit: int) -> dict[str, str]:
    return {"href": f"{path}?offset={offset}&limit={limit}", "method": "GET"}
