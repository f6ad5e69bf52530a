"""Payment credentials, and tokens made without a payment.

Source: REST API reference, Token Management (Payment Credentials, Tokenize) and Flex (Payment
Credentials); the official client's models of their answers. The real ones answer with card numbers,
encrypted; here the answer is signed only, and has a cryptogram but no number: none is kept.
"""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.stored_tokens import store
from tillbridge_simulators.cybersource.token_answers import TokenRefusal, found_on, invalid, missing
from tillbridge_simulators.cybersource.tokens import MintedToken

_KINDS = ("NETWORK_TOKEN", "SECURE_TOKEN", "CLOUD_TOKEN")
_TOKENS = ("customer", "shippingAddress", "paymentInstrument", "instrumentIdentifier")


def of_token(ask: Ask) -> Answer:
    """POST /tms/v2/tokens/{tokenId}/payment-credentials, and v3: of a card's network token."""
    kind = ask.document.get("paymentCredentialType")
    if kind is not None and kind not in _KINDS:
        raise invalid("paymentCredentialType")
    vault, id_ = ask.account.state.vault, ask.ids["tokenId"]
    instrument = vault.instruments.find(id_)
    owner = instrument["instrumentIdentifier"]["id"] if instrument else id_
    token = found_on(vault.identifiers, owner).get("tokenizedCard")
    if token is None:
        raise TokenRefusal(404, "notFound", "The card has no network token")
    if token["state"] != "ACTIVE":
        raise TokenRefusal(409, "conflict", f"The network token is {token['state']}")
    row = vault.tokenized_cards.copy(token["id"])
    names = ("id", "object", "state", "type", "expirationMonth", "expirationYear")
    told: dict[str, Any] = {name: row[name] for name in names if name in row}
    told["cryptogram"] = base64.b64encode(secrets.token_bytes(20)).decode()
    told["card"] = {"suffix": row["card"]["suffix"]}
    return _signed(ask, {"tokenizedCard": told}, "application/jose")


def of_transient(ask: Ask) -> Answer:
    """GET /flex/v2/payment-credentials/{paymentCredentialsReference}: by a token or its id."""
    tokens, now_s = ask.account.tokens, ask.account.now()
    token = ask.id if "." in ask.id else tokens.of_id(ask.id)
    found = tokens.find(token, "transient", now_s)
    if found is None:
        return not_found(now_s)
    card = {"type": found.brand, "suffix": found.last4}
    return _signed(ask, {"paymentInformation": {"card": card}}, "application/jwt")


def tokenize(ask: Ask) -> Answer:
    """POST /tms/v2/tokenize: what a payment with TOKEN_CREATE stores, without the payment."""
    path = "processingInformation.actionTokenTypes"
    wanted = at(ask.document, path)
    if not wanted:
        raise missing(path)
    if set(wanted) - set(_TOKENS):
        raise invalid(path)
    information = at(ask.document, "tokenInformation") or {}
    token = information.get("transientTokenJwt") or ask.account.tokens.of_id(
        str(information.get("jti", ""))
    )
    found = ask.account.tokens.find(str(token or ""), "transient", ask.account.now())
    found = found or _card(ask, information)
    if found is None:
        raise Refusal("INVALID_DATA", ["tokenInformation.transientTokenJwt"])
    buyer = at(information, "customer.buyerInformation.merchantCustomerID")
    known = at(information, "customer.id")
    document = {
        "processingInformation": {"actionTokenTypes": wanted},
        "buyerInformation": {"merchantCustomerId": buyer},
        "paymentInformation": {"customer": {"id": known}},
        "orderInformation": {"billTo": at(information, "paymentInstrument.billTo")},
    }
    stored = store(ask.account, document, found)
    responses = [
        {"resource": name, "httpStatus": 201, "id": stored[name]["id"]}
        for name in _TOKENS
        if name in stored and name in wanted
    ]
    return Answer(200, {"responses": responses})


def _card(ask: Ask, information: Mapping[str, Any]) -> MintedToken | None:
    """A test card that is named by its number."""
    number = at(information, "instrumentIdentifier.card.number")
    card = ask.account.cards.read(number) if number else None
    return MintedToken("card", "authorized", card.brand, card.last4, None) if card else None


def _signed(ask: Ask, told: dict[str, Any], content_type: str) -> Answer:
    token = ask.account.state.context_keys.signed(told)
    status = 200 if content_type == "application/jwt" else 201
    return Answer(status, raw=token.encode(), content_type=content_type)


OFFERS = (
    Offer("network_tokens.post_token_payment_credentials", "payment_credentials", of_token),
    Offer("network_tokens.post_token_payment_credentials_v3", "payment_credentials", of_token),
    Offer(
        "transient_token_data_v2.get_payment_credentials_for_transient_token",
        "transient_credentials",
        of_transient,
    ),
    Offer("tokenize.tokenize", "tokenization", tokenize),
)
