"""Ways to pay that shoppers let their wallet keep for the merchant: told of by id, and deleted.

Source: the official client, PaymentTokensApi ("two flavours - for retrieval or deletion of vault
id") and its models. Wallets make them where shoppers agree to it, which is out of this account's
sight: here the trigger wallet.stored does. What an unknown one is answered is not documented.
"""

from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, text_at
from tillbridge_simulators.cybersource.tokens import MintedToken

_ACTIONS = "processingInformation.actionList"
_TOKEN = "paymentInformation.tokenizedPaymentMethod.id"  # noqa: S105 (where it stands)
_WAY = "paymentInformation.paymentType.name"
_SHIP_TO = {
    "firstName": "Maya",
    "lastName": "Ortiz",
    "address1": "1 Market St",
    "locality": "San Francisco",
    "administrativeArea": "CA",
    "postalCode": "94105",
    "country": "US",
}


def store(account: Account, token: str) -> None:
    """A shopper lets the wallet keep a way to pay under this id."""
    account.state.wallet_tokens.put(token, {"id": token, "usageType": "MERCHANT"})
    account.tokens.put(token, MintedToken("tms", "authorized", "", "", None))


def retrieve_or_delete(ask: Ask) -> Answer:
    """POST /pts/v2/payment-tokens. Raises Refusal."""
    actions = at(ask.document, _ACTIONS)
    if not actions:
        raise Refusal("MISSING_FIELD", [_ACTIONS])
    act = _DOING.get(actions[0]) if len(actions) == 1 else None
    if act is None:
        raise Refusal("INVALID_DATA", [_ACTIONS])
    text_at(ask.document, _WAY, length_max=50, required=True)
    token = text_at(ask.document, _TOKEN, length_max=255, required=True)
    kept = ask.account.state.wallet_tokens.find(token)
    if kept is None:
        raise Refusal("INVALID_DATA", [_TOKEN])
    id_ = ask.account.state.new_id(ask.account.now())
    return Answer(201, {"id": id_, "status": "COMPLETED", **act(ask.account, kept)})


def _retrieve(_: Account, kept: dict[str, Any]) -> dict[str, Any]:
    paid_with = {
        "tokenizedPaymentMethod": kept,
        "eWallet": {"accountId": f"PAYER{kept['id'][-8:]}"},
    }
    return {"paymentInformation": paid_with, "orderInformation": {"shipTo": _SHIP_TO}}


def _delete(account: Account, kept: dict[str, Any]) -> dict[str, Any]:
    account.state.wallet_tokens.drop(kept["id"])
    account.tokens.drop(kept["id"])
    return {"paymentInformation": {"tokenizedPaymentMethod": {"id": kept["id"]}}}


_DOING = {"TOKEN_RETRIEVE": _retrieve, "TOKEN_DELETE": _delete}

OFFERS = (
    Offer("payment_tokens.retrieve_or_delete_payment_token", "wallet_token", retrieve_or_delete),
)
