"""The authorization a checkout asks for, from canonical words to the document's fields.

Every payment connector writes the document kind `authorization` with these fields.
"""

import re
import time
from dataclasses import dataclass, replace
from datetime import datetime

from tillbridge.canonical.orders import Order
from tillbridge.canonical.parties import Address
from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.connector.delivery import Delivery
from tillbridge.connector.documents import AUTHORIZATION, Fields, Value
from tillbridge.journeys.house import House
from tillbridge.mapping.apply import Filler
from tillbridge.mapping.source import EVENT_NAMES
from tillbridge.runs.journal import Intent

_UNKEPT = frozenset({"token", "authentication"})
_MERCHANT_DEFINED = re.compile(r"merchant_defined_([1-9][0-9]?|100)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """The checkout, where mappings read `event`."""

    id: str
    source: str
    subject: str
    occurred_at: datetime
    kind: str = "checkout"


def authorization_fields(
    request: CheckoutRequest, wire_key: str, filler: Filler | None, *, shop: str, at: datetime
) -> Fields:
    """The fields of an authorization for a shop's checkout; the amount is the order's whole total,
    or what is owed of it.

    With `filler`, the folder's own mapping over the order; what the checkout itself says
    (`SAID_BY_CHECKOUT`) it cannot change. Raises Rejected.
    """
    order = request.order
    if filler is None:
        fields = _built_in(order)
    else:
        asked = Asked(request.attempt_key, shop, order.number, at)
        fields = filler.fill(dict.fromkeys(EVENT_NAMES) | {"event": asked, "order": order})
    return {
        **fields,
        "order_number": order.number,
        "attempt_key": wire_key,
        "amount": request.amount,
        "token_kind": request.token.kind,
        "token": request.token.value,
        **({"authentication": request.proof} if request.proof is not None else {}),
        **_credential(request),
    }


def _credential(request: CheckoutRequest) -> dict[str, Value]:
    """What the checkout says of a stored card; a transient token is stored with the consent."""
    credential = request.credential
    if credential is None:
        return {}
    named = ("use", "initiator", "reason", "previous_transaction", "agreement")
    said: Fields = {name: str(value) for name in named if (value := getattr(credential, name))}
    stores = credential.use == "store" and request.token.kind == "transient"
    return {"stored_credential": said, **({"store_token": True} if stores else {})}


def asked_of(house: House, shop: str, request: CheckoutRequest, wire_key: str) -> Fields:
    """The fields of an authorization as the shop's connection wants them. Raises Rejected."""
    filler = house.authorizations.get(shop)
    return authorization_fields(request, wire_key, filler, shop=shop, at=house.clock())


def while_waited_for(house: House, intent: Intent, delivery: Delivery) -> Intent:
    """An authorization is valid for as long as its shopper is kept waiting for the answer: after
    that it may not leave any more, whatever held it up."""
    age_s = (house.clock() - delivery.received_at).total_seconds()
    valid_until = time.monotonic() + house.pace.answer_s - age_s
    return replace(intent, send_by=min(intent.send_by, valid_until))


def _built_in(order: Order) -> dict[str, Value]:
    """What goes along when the shop's connection names no mapping (`authorizes_with`).

    The shop's custom fields merchant_defined_1 to merchant_defined_100 are handed on as such.
    """
    return {
        "customer_id": order.customer.id,
        "billing": _address(order.billing, order.customer.email),
        "shipping": _address(order.shipping, ""),
        "merchant_defined": [
            {"key": found[1], "value": value}
            for name, value in order.custom.items()
            if value and (found := _MERCHANT_DEFINED.fullmatch(name))
        ],
        "lines": [
            {
                "number": line.number,
                "product": line.product,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "amount": line.amount,
                "tax": line.tax,
            }
            for line in order.lines
        ],
    }


def without_token(fields: Fields) -> Fields:
    """What is kept of it: a resolver needs the references and the amount, not the token, and not
    the shopper's authentication, whose proof may not be stored once it was used."""
    return {name: value for name, value in fields.items() if name not in _UNKEPT}


def _address(address: Address, email: str) -> dict[str, Value]:
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
        "email": address.email or email,
        "phone": address.phone,
    }


__all__ = [
    "AUTHORIZATION",
    "asked_of",
    "authorization_fields",
    "while_waited_for",
    "without_token",
]
