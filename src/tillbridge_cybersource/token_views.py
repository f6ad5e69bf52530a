"""What is worth reading of a token's answer, as fields of text; and what a refusal means.

Source: REST API reference, Token Management Service (answers and errors of each noun).
"""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge.canonical.errors import Misconfigured, Place, Rejected, TillbridgeError
from tillbridge_cybersource.exchange import Answer
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.statuses import refusal

GONE: Final = (404, 410)
_PROFILE: Final = 424
"""Failed dependency: the profile may not exist (Token Management Service, HTTP Status Codes)."""


def token_refusal(system: str, doing: str, answer: Answer) -> TillbridgeError:
    """The error for a refusal in the shape of this service: {"errors": [{type, message, details}]}.

    In any other shape it is read as every other refusal.
    """
    if answer.status == _PROFILE:
        return Misconfigured(
            f"{system}: {doing} was refused: the profile of the token vault is not there.",
            reason="token_profile",
            next_step="Ask Cybersource's support which profile the account's tokens are kept in.",
        )
    errors = answer.body.get("errors")
    error = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(error, Mapping):
        return refusal(system, doing, answer)
    fields = [text_of(one, "name") for one in error.get("details") or () if isinstance(one, dict)]
    named = f" Fields: {', '.join(fields)}." if fields else ""
    word = text_of(error, "type")
    return Rejected(
        f"{system}: {doing} was refused: {word}. {text_of(error, 'message')}.{named}",
        reason="unknown_token" if answer.status in GONE else "token_refused",
        place=Place(field=fields[0]) if fields else None,
        next_step="Correct the data and send it again.",
    )


def shown_customer(body: Mapping[str, Any]) -> dict[str, str]:
    """A customer."""
    return {
        "id": text_of(body, "id"),
        "customer_number": text_of(part(body, "buyerInformation"), "merchantCustomerID"),
        "email": text_of(part(body, "buyerInformation"), "email"),
        "reference": text_of(part(body, "clientReferenceInformation"), "code"),
        "default_instrument": text_of(part(body, "defaultPaymentInstrument"), "id"),
        "default_address": text_of(part(body, "defaultShippingAddress"), "id"),
    }


def shown_address(body: Mapping[str, Any]) -> dict[str, str]:
    """A stored shipping address."""
    ship_to = part(body, "shipTo")
    names = ("address1", "locality", "administrativeArea", "postalCode", "country")
    return {
        "id": text_of(body, "id"),
        "default": "true" if body.get("default") is True else "",
        "address": ", ".join(value for name in names if (value := text_of(ship_to, name))),
    }


def shown_instrument(body: Mapping[str, Any]) -> dict[str, str]:
    """A stored card."""
    card = part(body, "card")
    embedded = part(body, "_embedded", "instrumentIdentifier", "card")
    return {
        "id": text_of(body, "id"),
        "state": text_of(body, "state"),
        "default": "true" if body.get("default") is True else "",
        "identifier_token": text_of(part(body, "instrumentIdentifier"), "id"),
        "card_type": text_of(card, "type"),
        "last4": text_of(embedded, "number")[-4:],
        "expires_month": text_of(card, "expirationMonth"),
        "expires_year": text_of(card, "expirationYear"),
    }


def shown_identifier(body: Mapping[str, Any]) -> dict[str, str]:
    """A card, with the network token it has."""
    tokenized = part(body, "tokenizedCard")
    options = part(body, "processingInformation", "authorizationOptions", "initiator")
    first = part(options, "merchantInitiatedTransaction")
    return {
        "id": text_of(body, "id"),
        "state": text_of(body, "state"),
        "last4": text_of(part(body, "card"), "number")[-4:],
        "previous_transaction": text_of(first, "previousTransactionId"),
        "network_token": text_of(tokenized, "id"),
        "network_token_state": text_of(tokenized, "state"),
    }


def shown_network_token(body: Mapping[str, Any]) -> dict[str, str]:
    """A network token."""
    return {
        "id": text_of(body, "id"),
        "state": text_of(body, "state"),
        "reason": text_of(body, "reason"),
        "card_type": text_of(body, "type"),
        "last4": text_of(part(body, "card"), "suffix"),
        "expires_month": text_of(body, "expirationMonth"),
        "expires_year": text_of(body, "expirationYear"),
    }
