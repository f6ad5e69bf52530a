"""The authorization a checkout asks for, from canonical words to the document's fields.

Every payment connector writes the document kind `authorization` with these fields.
"""

import re

from tillbridge.canonical.parties import Address
from tillbridge.connector.abilities import CheckoutRequest
from tillbridge.connector.documents import Fields, Value

AUTHORIZATION = "authorization"
_MERCHANT_DEFINED = re.compile(r"merchant_defined_([1-9][0-9]?|100)", re.ASCII)


def authorization_fields(request: CheckoutRequest, wire_key: str) -> Fields:
    """The fields of an authorization for a checkout; the amount is the order's whole total.

    The shop's custom fields merchant_defined_1 to merchant_defined_100 are handed on as such.
    """
    order = request.order
    return {
        "order_number": order.number,
        "attempt_key": wire_key,
        "amount": order.total,
        "token_kind": request.token.kind,
        "token": request.token.value,
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
    """What is kept of it: a resolver needs the references and the amount, not the token."""
    return {name: value for name, value in fields.items() if name != "token"}


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
