"""The documents of the Token Management Service, and the bodies they make.

Source: REST API reference, Token Management Service (customers, shipping addresses, payment
instruments, instrument identifiers, network tokens). No body here holds a card number: a card comes
in by a payment with a transient token, and is named by the id of its instrument identifier.
"""

from collections.abc import Mapping
from typing import Final

from tillbridge.connector import values
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.payment_documents import address_of
from tillbridge_cybersource.shapes import ADDRESS

ID_LENGTH_MAX: Final = 32


def _id(name: str, title: str, *, required: bool = True) -> Field:
    return Field(name, "text", title, required=required, length_max=ID_LENGTH_MAX)


CUSTOMER = _id("customer_token", "Customer's token")
INSTRUMENT = _id("instrument_token", "Payment instrument's token")
IDENTIFIER = _id("identifier_token", "Instrument identifier")
ADDRESS_ID = _id("address_token", "Shipping address's token")
NETWORK_TOKEN = _id("network_token", "Network token")
OF_CUSTOMER = _id("customer_token", "Customer's token, where it is a customer's", required=False)
_DEFAULT = Field("default", "boolean", "It is the one that is used where none is named")
_ABOUT = (
    Field("customer_number", "text", "Customer's number in the shop", length_max=100),
    Field("email", "text", "E-mail", length_max=255),
    Field("reference", "text", "Reference", length_max=50),
    Field("title", "text", "Name of the record", length_max=60),
    Field("comment", "text", "Comment", length_max=150),
)
_DEFAULTS = (
    Field("default_instrument", "text", "Payment instrument that is used first", length_max=32),
    Field("default_address", "text", "Shipping address that is used first", length_max=32),
)
_CARD = (
    Field("expires_month", "integer", "Month in which the card ends"),
    Field("expires_year", "integer", "Year in which the card ends"),
    Field("card_type", "text", "Card type, Cybersource's code", length_max=3),
)
_BILLING = Field("billing", "group", "Billing address", of=ADDRESS)
_SHIPPING = Field("shipping", "group", "Shipping address", required=True, of=ADDRESS)
_FIRST = (
    Field("previous_transaction", "text", "Network's id of the first payment", length_max=60),
    Field("original_amount", "money", "What was authorized then"),
)


def _shape(kind: str, title: str, *fields: Field) -> DocumentShape:
    return DocumentShape(kind, title, fields)


CUSTOMER_TOKEN: Final = _shape("customer_token", "Customer at the payment system", *_ABOUT)
CUSTOMER_UPDATE: Final = _shape(
    "customer_token_update", "Change of a customer", CUSTOMER, *_ABOUT, *_DEFAULTS
)
CUSTOMER_DELETION: Final = _shape(
    "customer_token_deletion", "Removing a customer with all that is stored for him", CUSTOMER
)
SHIPPING_ADDRESS: Final = _shape(
    "shipping_address", "Stored shipping address", CUSTOMER, _SHIPPING, _DEFAULT
)
SHIPPING_UPDATE: Final = _shape(
    "shipping_address_update",
    "Change of a stored shipping address",
    CUSTOMER,
    ADDRESS_ID,
    _SHIPPING,
    _DEFAULT,
)
SHIPPING_DELETION: Final = _shape(
    "shipping_address_deletion", "Removing a stored shipping address", CUSTOMER, ADDRESS_ID
)
PAYMENT_INSTRUMENT: Final = _shape(
    "payment_instrument",
    "Stored card with its end and billing address",
    OF_CUSTOMER,
    IDENTIFIER,
    *_CARD,
    _BILLING,
    _DEFAULT,
)
INSTRUMENT_UPDATE: Final = _shape(
    "payment_instrument_update",
    "Change of a stored card",
    OF_CUSTOMER,
    INSTRUMENT,
    *_CARD,
    _BILLING,
    _DEFAULT,
)
INSTRUMENT_DELETION: Final = _shape(
    "payment_instrument_deletion", "Removing a stored card", OF_CUSTOMER, INSTRUMENT
)
IDENTIFIER_UPDATE: Final = _shape(
    "instrument_identifier_update",
    "What is kept with a card's identifier",
    IDENTIFIER,
    *_FIRST,
    _BILLING,
)
IDENTIFIER_DELETION: Final = _shape(
    "instrument_identifier_deletion", "Removing a card's identifier", IDENTIFIER
)
NETWORK_ENROLMENT: Final = _shape(
    "network_token",
    "Network token for a stored card",
    IDENTIFIER,
    *_CARD[:2],
    _BILLING,
)
NETWORK_DELETION: Final = _shape(
    "network_token_deletion",
    "Removing a network token",
    NETWORK_TOKEN,
    Field("reason", "text", "Why, a word of Cybersource's", length_max=60),
)

NETWORK_EVENT: Final = _shape(
    "network_token_event",
    "What a network token's issuer does, simulated (test accounts only)",
    NETWORK_TOKEN,
    Field("state", "text", "Its state afterwards: ACTIVE, SUSPENDED, DELETED", length_max=20),
    *_CARD[:2],
    Field("last4", "text", "Last digits of the new card", length_max=4),
)
CARD_ART: Final = _shape(
    "card_art",
    "A picture of a card with a network token",
    IDENTIFIER,
    Field("provider", "text", "Token provider: vts, mdes, amexets", required=True, length_max=20),
    Field("asset", "text", "card-art-combined, brand-logo, issuer-logo, icon", required=True),
)


def event_body(fields: Fields) -> dict[str, object]:
    """What the issuer does."""
    card: dict[str, str] = _card(fields, card_type=False)
    if last4 := values.text(fields, "last4"):
        card["last4"] = last4
    state = values.text(fields, "state")
    return {**({"state": state} if state else {}), **({"card": card} if card else {})}


def customer_body(fields: Fields) -> dict[str, object]:
    """A customer's body; of a change, only what is given."""
    about = _given(fields, title="title", comment="comment")
    buyer = _given(fields, customer_number="merchantCustomerID", email="email")
    body: dict[str, object] = {}
    if about:
        body["objectInformation"] = about
    if buyer:
        body["buyerInformation"] = buyer
    if code := values.text(fields, "reference"):
        body["clientReferenceInformation"] = {"code": code}
    for ours, theirs in (
        ("default_instrument", "defaultPaymentInstrument"),
        ("default_address", "defaultShippingAddress"),
    ):
        if id_ := values.text(fields, ours):
            body[theirs] = {"id": id_}
    return body


def shipping_body(fields: Fields) -> dict[str, object]:
    """A shipping address's body."""
    return {"shipTo": address_of(values.group(fields, "shipping")), **_default(fields)}


def instrument_body(fields: Fields) -> dict[str, object]:
    """A payment instrument's body; of a change, only what is given."""
    body: dict[str, object] = {**_default(fields)}
    if card := _card(fields, card_type=True):
        body["card"] = card
    if billing := address_of(values.group(fields, "billing")):
        body["billTo"] = billing
    if identifier := values.text(fields, "identifier_token"):
        body["instrumentIdentifier"] = {"id": identifier}
    return body


def identifier_body(fields: Fields) -> dict[str, object]:
    """What is kept with an instrument identifier: never its number."""
    body: dict[str, object] = {}
    first: dict[str, str] = {}
    if previous := values.text(fields, "previous_transaction"):
        first["previousTransactionId"] = previous
    if fields.get("original_amount") is not None:
        first["originalAuthorizedAmount"] = values.required_money(fields, "original_amount").text
    if first:
        initiator = {"merchantInitiatedTransaction": first}
        body["processingInformation"] = {"authorizationOptions": {"initiator": initiator}}
    if billing := _billing_of_identifier(fields):
        body["billTo"] = billing
    return body


def enrolment_body(fields: Fields) -> dict[str, object]:
    """The body that asks for a network token of a card that is known by its identifier."""
    body: dict[str, object] = {"type": "enrollable card"}
    if card := _card(fields, card_type=False):
        body["card"] = card
    if billing := _billing_of_identifier(fields):
        body["billTo"] = billing
    return body


def _card(fields: Fields, *, card_type: bool) -> dict[str, str]:
    month = values.integer(fields, "expires_month", 0)
    year = values.integer(fields, "expires_year", 0)
    found = {
        "expirationMonth": f"{month:02d}" if month else "",
        "expirationYear": str(year) if year else "",
        "type": values.text(fields, "card_type") if card_type else "",
    }
    return {name: value for name, value in found.items() if value}


def _billing_of_identifier(fields: Fields) -> Mapping[str, str]:
    """An identifier has an address, and no name."""
    unnamed = {"firstName", "lastName", "company", "phoneNumber"}
    billing = address_of(values.group(fields, "billing"))
    return {name: value for name, value in billing.items() if name not in unnamed}


def _default(fields: Fields) -> dict[str, object]:
    return {"default": True} if values.flag(fields, "default") else {}


def _given(fields: Fields, **names: str) -> dict[str, str]:
    return {theirs: value for ours, theirs in names.items() if (value := values.text(fields, ours))}
