"""What a payment stores with TOKEN_CREATE: a customer, his card, and its identifier.

Source: REST API reference, Payments (`actionTokenTypes`, `tokenInformation` of the answer); Token
Management Service guide, "Create a token with an authorization". What is stored stands in the vault
like all else there.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.customers import create as create_customer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.identifiers import identified
from tillbridge_simulators.cybersource.payment_instruments import create as create_instrument
from tillbridge_simulators.cybersource.token_answers import metadata
from tillbridge_simulators.cybersource.tokens import MintedToken

_ALL = ("customer", "paymentInstrument", "instrumentIdentifier")
_CUSTOMER = "paymentInformation.customer.id"
_ENDS = {"expirationMonth": "05", "expirationYear": "2030"}
_PATH = "/tms/v1/instrumentidentifiers"


def wants_stored_token(document: Mapping[str, Any]) -> bool:
    """Whether a payment asks for it."""
    return "TOKEN_CREATE" in (at(document, "processingInformation.actionList") or ())


def store(account: Account, document: Mapping[str, Any], token: MintedToken) -> dict[str, Any]:
    """Stores what the payment names, and answers its tokenInformation."""
    wanted = at(document, "processingInformation.actionTokenTypes") or _ALL
    number = at(document, "paymentInformation.card.number")
    known = len(account.state.vault.identifiers)
    identifier = (
        identified(Ask(account), {"card": {"number": number}})
        if number
        else _identifier(account, token)
    )
    stored: dict[str, Any] = {
        "instrumentidentifierNew": len(account.state.vault.identifiers) > known,
        "instrumentIdentifier": {"id": identifier, "state": "ACTIVE"},
    }
    customer = str(at(document, _CUSTOMER) or "")
    if not customer and "customer" in wanted:
        buyer = at(document, "buyerInformation.merchantCustomerId")
        said = {"buyerInformation": {"merchantCustomerID": buyer}} if buyer else {}
        customer = str(create_customer(Ask(account, document=said)).body["id"])
        account.tokens.put(customer, token_of(token))
    if customer:
        stored["customer"] = {"id": customer}
    if "paymentInstrument" in wanted:
        body = {
            "card": {**_ends(document), "type": token.brand},
            "billTo": at(document, "orderInformation.billTo") or {},
            "instrumentIdentifier": {"id": identifier},
        }
        ids = {"customerId": customer} if customer else {}
        stored["paymentInstrument"] = {
            "id": create_instrument(Ask(account, ids, document=body)).body["id"]
        }
    return stored


def _ends(document: Mapping[str, Any]) -> dict[str, str]:
    """When the card ends, as the request says; a token does not say it."""
    said = at(document, "paymentInformation.card") or {}
    return {name: str(said.get(name) or usual) for name, usual in _ENDS.items()}


def token_of(token: MintedToken) -> MintedToken:
    """The same card, stored: it pays as the transient one did."""
    return MintedToken("tms", token.outcome, token.brand, token.last4, None, token.authentication)


def _identifier(account: Account, token: MintedToken) -> str:
    """A card that came without its number has an identifier of its own each time."""
    id_ = f"7{uuid.uuid4().int % 10**11:011d}{token.last4}"
    row = {
        "_links": {
            "self": {"href": f"{_PATH}/{id_}"},
            "paymentInstruments": {"href": f"{_PATH}/{id_}/paymentinstruments"},
        },
        "id": id_,
        "object": "instrumentIdentifier",
        "state": "ACTIVE",
        "card": {"number": f"411111XXXXXX{token.last4}"},
        "metadata": metadata(Ask(account)),
    }
    account.state.vault.identifiers.put(id_, row)
    account.tokens.put(id_, token_of(token))
    return id_
