"""An authorization's fields as Cybersource's request body.

Source: REST API reference, "Process a Payment"; widths: API field reference.
"""

from collections.abc import Mapping
from decimal import Decimal

from tillbridge.canonical.currencies import exponent_of
from tillbridge.connector import values
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.operations import amount_details, client_reference

_WIDTHS = {
    "first_name": ("firstName", 60),
    "last_name": ("lastName", 60),
    "company": ("company", 60),
    "line1": ("address1", 60),
    "line2": ("address2", 60),
    "city": ("locality", 50),
    "region": ("administrativeArea", 20),
    "postal_code": ("postalCode", 14),
    "country": ("country", 2),
    "email": ("email", 255),
    "phone": ("phoneNumber", 15),
}
"""orderInformation.billTo: our name -> theirs, and how many characters it takes."""
_NOT_SHIPPED = frozenset({"email"})
_QUANTITY_MAX = Decimal(999_999_999)
_DESCRIPTION_LENGTH_MAX = 255


def payment_document(fields: Fields, stored_token: str) -> Mapping[str, object]:
    """The body of POST /pts/v2/payments. Raises Rejected, naming the field."""
    amount = values.money_above_zero(fields, "amount")
    order: dict[str, object] = {"amountDetails": amount_details(amount)}
    billing = _address(values.group(fields, "billing"))
    if billing:
        order["billTo"] = billing
    shipping = _address(values.group(fields, "shipping"), leave_out=_NOT_SHIPPED)
    if shipping:
        order["shipTo"] = shipping
    lines = [_line(line, amount.currency) for line in values.groups(fields, "lines")]
    if lines:
        order["lineItems"] = lines
    reference = client_reference(
        values.required_text(fields, "order_number"), values.required_text(fields, "attempt_key")
    )
    return {
        "clientReferenceInformation": reference,
        "processingInformation": _processing(fields),
        "orderInformation": order,
        **_token(fields, stored_token),
        **_customer(fields),
    }


def _processing(fields: Fields) -> Mapping[str, object]:
    processing: dict[str, object] = {"capture": False, "commerceIndicator": "internet"}
    if values.flag(fields, "store_token"):
        processing["actionList"] = ["TOKEN_CREATE"]
        processing["actionTokenTypes"] = ["customer", "paymentInstrument"]
    return processing


def _token(fields: Fields, stored_token: str) -> Mapping[str, object]:
    token = values.required_text(fields, "token")
    if values.required_text(fields, "token_kind") == "transient":
        return {"tokenInformation": {"transientTokenJwt": token}}
    return {"paymentInformation": {stored_token: {"id": token}}}


def _customer(fields: Fields) -> Mapping[str, object]:
    found: dict[str, object] = {}
    customer_id = values.text(fields, "customer_id")[:100]
    if customer_id:
        found["buyerInformation"] = {"merchantCustomerId": customer_id}
    defined = [
        {"key": values.required_text(one, "key"), "value": values.text(one, "value")[:255]}
        for one in values.groups(fields, "merchant_defined")
    ]
    if defined:
        found["merchantDefinedInformation"] = defined
    return found


def _address(given: Fields, leave_out: frozenset[str] = frozenset()) -> Mapping[str, str]:
    address = {
        theirs: values.text(given, ours)[:width]
        for ours, (theirs, width) in _WIDTHS.items()
        if ours not in leave_out
    }
    return {name: value for name, value in address.items() if value}


def _line(line: Fields, currency: str) -> Mapping[str, object]:
    """One line item: whole quantities with their price, fractions as one piece of the amount.

    Quantities are integers there, and prices have no more decimals than the currency.
    """
    quantity = values.decimal(line, "quantity")
    price = values.price(line, "unit_price", currency)
    cents = Decimal(1).scaleb(-exponent_of(currency))
    fits = quantity == quantity.to_integral_value() and 0 < quantity <= _QUANTITY_MAX
    if fits and price.amount == price.amount.quantize(cents):
        pieces, each = int(quantity), price.amount.quantize(cents)
    else:
        pieces, each = 1, price.times(quantity).amount
    product = values.text(line, "product")[:_DESCRIPTION_LENGTH_MAX]
    item = {
        "productSku": product,
        "productName": values.text(line, "description")[:_DESCRIPTION_LENGTH_MAX] or product,
        "quantity": pieces,
        "unitPrice": f"{each:f}",
    }
    return {name: value for name, value in item.items() if value != ""}
