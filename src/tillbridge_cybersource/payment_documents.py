"""An authorization's fields as Cybersource's request body.

Source: REST API reference, "Process a Payment"; widths: API field reference.
"""

from collections.abc import Mapping

from tillbridge.connector import values
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.electronic_checks import as_paid_by
from tillbridge_cybersource.level_data import with_level_data
from tillbridge_cybersource.operations import amount_details, client_reference, merchant_defined
from tillbridge_cybersource.pieces import pieces_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.shapes import ADDRESS_WIDTHS
from tillbridge_cybersource.stored_credentials import indicator_of, initiator_of, is_reauthorization

_NAMES = {
    "first_name": "firstName",
    "last_name": "lastName",
    "company": "company",
    "line1": "address1",
    "line2": "address2",
    "city": "locality",
    "region": "administrativeArea",
    "postal_code": "postalCode",
    "country": "country",
    "email": "email",
    "phone": "phoneNumber",
}
"""orderInformation.billTo: our name -> theirs. A mapping is held to their widths; what a checkout
sends is cut to them, because no address is worth a payment that fails."""
PROOF = {
    "cavv": "cavv",
    "eci_raw": "eciRaw",
    "xid": "xid",
    "ucaf": "ucafAuthenticationData",
    "ucaf_indicator": "ucafCollectionIndicator",
    "directory_server_id": "directoryServerTransactionId",
    "version": "paSpecificationVersion",
    "pares_status": "paresStatus",
    "veres_enrolled": "veresEnrolled",
}
"""consumerAuthenticationInformation of an authorization: our name -> theirs."""
_NOT_SHIPPED = frozenset({"email"})
_DESCRIPTION_LENGTH_MAX = 255


def payment_document(fields: Fields, settings: CybersourceSettings) -> Mapping[str, object]:
    """The body of POST /pts/v2/payments. Raises Rejected, naming the field."""
    amount = values.money_above_zero(fields, "amount")
    order: dict[str, object] = {"amountDetails": amount_details(amount)}
    billing = billing_of(fields)
    if billing:
        order["billTo"] = billing
    shipping = address_of(values.group(fields, "shipping"), leave_out=_NOT_SHIPPED)
    if shipping:
        order["shipTo"] = shipping
    lines = [_line(line, amount.currency) for line in values.groups(fields, "lines")]
    if lines:
        order["lineItems"] = lines
    reference = client_reference(
        values.required_text(fields, "order_number"), values.required_text(fields, "attempt_key")
    )
    document = {
        "clientReferenceInformation": reference,
        "processingInformation": _processing(fields, settings),
        "orderInformation": with_level_data(order, fields, amount),
        **_stored(fields, paid_with(fields, settings.stored_token)),
        **_customer(fields),
        **_authentication(fields),
    }
    return as_paid_by(settings, document)


def billing_of(fields: Fields) -> Mapping[str, str]:
    """orderInformation.billTo; empty when no address is given."""
    return address_of(values.group(fields, "billing"))


def _processing(fields: Fields, settings: CybersourceSettings) -> Mapping[str, object]:
    indicator = indicator_of(fields)
    processing: dict[str, object] = {"capture": settings.sale, "commerceIndicator": indicator}
    options: dict[str, object] = {}
    if settings.splits_tender:
        options["partialAuthIndicator"] = True
    if initiator := initiator_of(fields):
        options["initiator"] = initiator
    if is_reauthorization(fields):  # order and address were judged with the first
        options |= {"ignoreAvsResult": True, "ignoreCvResult": True, "partialAuthIndicator": False}
        processing["actionList"] = ["DECISION_SKIP"]
    if options:
        processing["authorizationOptions"] = options
    if values.flag(fields, "store_token"):
        known = bool(values.text(fields, "customer_token"))
        processing["actionList"] = ["TOKEN_CREATE"]
        processing["actionTokenTypes"] = [*(() if known else ("customer",)), "paymentInstrument"]
    return processing


def _authentication(fields: Fields) -> Mapping[str, object]:
    """consumerAuthenticationInformation: what the issuer said of the shopper before."""
    proof = values.group(fields, "authentication")
    told = {
        theirs: values.text(proof, ours)
        for ours, theirs in PROOF.items()
        if values.text(proof, ours)
    }
    return {"consumerAuthenticationInformation": told} if told else {}


def paid_with(fields: Fields, stored_token: str) -> Mapping[str, Mapping[str, object]]:
    """The one thing that is paid with, or that a credit goes to."""
    token = values.required_text(fields, "token")
    if values.required_text(fields, "token_kind") == "transient":
        return {"tokenInformation": {"transientTokenJwt": token}}
    return {"paymentInformation": {stored_token: {"id": token}}}


def _stored(fields: Fields, paid: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    """The same with the customer it belongs to, and the address that is stored for him."""
    named = {
        theirs: {"id": id_}
        for ours, theirs in (("customer_token", "customer"), ("address_token", "shippingAddress"))
        if (id_ := values.text(fields, ours))
    }
    if not named:
        return paid
    return {**paid, "paymentInformation": {**named, **paid.get("paymentInformation", {})}}


def _customer(fields: Fields) -> Mapping[str, object]:
    found: dict[str, object] = {}
    customer_id = values.text(fields, "customer_id")[:100]
    if customer_id:
        found["buyerInformation"] = {"merchantCustomerId": customer_id}
    defined = merchant_defined(fields)
    if defined:
        found["merchantDefinedInformation"] = defined
    return found


def address_of(given: Fields, leave_out: frozenset[str] = frozenset()) -> Mapping[str, str]:
    """A group of `shapes.ADDRESS` as billTo or shipTo, each part cut to its width."""
    address = {
        theirs: values.text(given, ours)[: ADDRESS_WIDTHS[ours]]
        for ours, theirs in _NAMES.items()
        if ours not in leave_out
    }
    return {name: value for name, value in address.items() if value}


def _line(line: Fields, currency: str) -> Mapping[str, object]:
    """One line item: whole quantities with their price, fractions as one piece of the amount."""
    pieces, each = pieces_of(line, currency)
    product = values.text(line, "product")[:_DESCRIPTION_LENGTH_MAX]
    item = {
        "productSku": product,
        "productName": values.text(line, "description")[:_DESCRIPTION_LENGTH_MAX] or product,
        "quantity": pieces,
        "unitPrice": f"{each:f}",
    }
    return {name: value for name, value in item.items() if value != ""}
