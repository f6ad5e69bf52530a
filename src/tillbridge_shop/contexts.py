"""A posted request for a capture context as canonical words.

POST /checkout/contexts
{"kind": "microform", "origins": ["https://shop.example.com"]}
{"kind": "unified_checkout", "total": "31.95", "currency": "USD", "order_number": "1042"}
"""

from typing import cast, get_args

from tillbridge.canonical.currencies import exponent_of
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.capture import ContextRequest, PageKind
from tillbridge.connector.delivery import Delivery
from tillbridge_shop.posted import Posted

ORIGINS_MAX = 20


def read_context_request(delivery: Delivery) -> ContextRequest:
    """What a delivery asks for. Raises Rejected with the place of what is wrong."""
    posted = Posted.document(delivery.body)
    kind = posted.text("kind", required=True)
    if kind not in get_args(PageKind):
        raise posted.wrong("kind", f"{kind!r} is none of {', '.join(get_args(PageKind))}.")
    currency = posted.text("currency", required=posted.has("total"))
    if currency:
        _expect_known(posted, currency)
    return ContextRequest(
        kind=cast(PageKind, kind),
        origins=_origins(posted),
        order_number=posted.text("order_number"),
        amount=posted.money("total", currency) if posted.has("total") else None,
        country=posted.text("country"),
        locale=posted.text("locale"),
    )


def _origins(posted: Posted) -> tuple[str, ...]:
    origins = tuple(posted.list_of_texts("origins"))
    if len(origins) > ORIGINS_MAX:
        raise posted.wrong("origins", f"A page has at most {ORIGINS_MAX} origins.", "too_long")
    return origins


def _expect_known(posted: Posted, currency: str) -> None:
    try:
        exponent_of(currency)
    except Rejected as error:
        raise posted.wrong("currency", error.message, error.reason) from error
