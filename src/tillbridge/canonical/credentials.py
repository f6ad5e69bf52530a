"""A stored card: consent to keep it, and payments that are made with it later."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

CredentialUse: TypeAlias = Literal["store", "use"]
"""The shopper lets his card be kept with this payment; this payment is made with a kept one."""
Initiator: TypeAlias = Literal["customer", "merchant"]
"""Who asks for the payment: the shopper is there, or the merchant does it alone."""


class CredentialReason(StrEnum):
    """Why a payment is made with a stored card, as the card networks tell them apart."""

    RESUBMISSION = "resubmission"
    DELAYED_CHARGE = "delayed_charge"
    REAUTHORIZATION = "reauthorization"
    NO_SHOW = "no_show"
    INCREMENT = "increment"
    PARTIAL_SHIPMENT = "partial_shipment"
    RECURRING = "recurring"
    STANDING_ORDER = "standing_order"
    INSTALLMENT = "installment"
    UNSCHEDULED = "unscheduled"


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """How a payment stands to a stored card.

    Attributes:
        reason: "" where none is needed: of what a shopper pays himself.
        first_order: the order with whose payment the card was stored; the network's id of that
            payment is then found by it.
        previous_transaction: the network's id of that payment itself.
        agreement: the merchant's own id of what was agreed with the cardholder.
    """

    use: CredentialUse
    initiator: Initiator = "customer"
    reason: CredentialReason | Literal[""] = ""
    first_order: str = ""
    previous_transaction: str = ""
    agreement: str = ""
