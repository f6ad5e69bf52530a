"""Stored cards in an authorization: who initiates it, why, and after which first payment.

Sources: Credentialed Transactions guide (customer- and merchant-initiated transactions); the
official client's models of authorizationOptions.initiator, whose description numbers the reasons.
"""

from collections.abc import Mapping
from typing import Any, Final

from tillbridge.connector import values
from tillbridge.connector.documents import Field, Fields
from tillbridge_cybersource.observations import part, text_of

NETWORK_TRANSACTION: Final = "network_transaction"
"""The kind of reference under which a first payment's network id is kept."""
REASONS: Final = {
    "resubmission": "1",
    "delayed_charge": "2",
    "reauthorization": "3",
    "no_show": "4",
    "increment": "5",
    "partial_shipment": "6",
    "recurring": "7",
    "standing_order": "8",
    "installment": "9",
    "unscheduled": "10",
}
_INDICATORS: Final = {
    "recurring": "recurring",
    "standing_order": "recurring",
    "installment": "install",
}
"""commerceIndicator of what the merchant initiates; all else is "internet"."""
_ESTABLISHING: Final = frozenset({"recurring", "standing_order"})
"""Reasons that are said of the first payment too, which the customer makes (Mastercard)."""

STORED_CREDENTIAL = Field(
    "stored_credential",
    "group",
    "How the payment stands to a stored card",
    of=(
        Field("use", "choice", "Storing a card, or using one", options=("store", "use")),
        Field("initiator", "choice", "Who asks", options=("customer", "merchant")),
        Field("reason", "choice", "Why the merchant asks", options=tuple(REASONS)),
        Field("previous_transaction", "text", "Network's id of the first payment", length_max=60),
        Field("previous_payment", "text", "Where that id is looked up: our id of that payment"),
        Field("original_amount", "money", "What was authorized then, for Discover and Diners"),
        Field("agreement", "text", "Merchant's id of the agreement"),
    ),
)


def initiator_of(fields: Fields) -> Mapping[str, object]:
    """authorizationOptions.initiator; empty where no card is stored or used."""
    credential = values.group(fields, "stored_credential")
    use, reason = values.text(credential, "use"), values.text(credential, "reason")
    if not use:
        return {}
    by_merchant = values.text(credential, "initiator") == "merchant"
    found: dict[str, object] = {"type": "merchant" if by_merchant else "customer"}
    found["credentialStoredOnFile" if use == "store" else "storedCredentialUsed"] = True
    told: dict[str, str] = {}
    if reason and (by_merchant or reason in _ESTABLISHING):
        told["reason"] = REASONS[reason]
    if previous := values.text(credential, "previous_transaction"):
        told["previousTransactionId"] = previous
    if credential.get("original_amount") is not None:
        told["originalAuthorizedAmount"] = values.required_money(credential, "original_amount").text
    if agreement := values.text(credential, "agreement"):
        told["agreementId"] = agreement
    if told:
        found["merchantInitiatedTransaction"] = told
    return found


def indicator_of(fields: Fields) -> str:
    """commerceIndicator: what the issuer's authentication said, else what the credential asks."""
    authenticated = values.text(values.group(fields, "authentication"), "commerce_indicator")
    credential = values.group(fields, "stored_credential")
    if authenticated or values.text(credential, "initiator") != "merchant":
        return authenticated or "internet"
    return _INDICATORS.get(values.text(credential, "reason"), "internet")


def is_reauthorization(fields: Fields) -> bool:
    """Whether the merchant authorizes anew what is left of an order that was accepted before."""
    credential = values.group(fields, "stored_credential")
    told = (values.text(credential, "initiator"), values.text(credential, "reason"))
    return told == ("merchant", "reauthorization")


def network_transaction(body: Mapping[str, Any]) -> str:
    """The network's id of a payment; "" where the processor gives none."""
    processor = part(body, "processorInformation")
    return text_of(processor, "networkTransactionId") or text_of(processor, "transactionId")
