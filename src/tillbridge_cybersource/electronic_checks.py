"""Electronic checks: what a request says when a bank account is paid from instead of a card.

A check is never authorized alone: the account is debited at once, like a sale, and money goes back
as a credit to it. Source: Payments Developer Guide, Electronic Check Services (paymentType CHECK,
bankTransferOptions.secCode; services ics_ecp_debit and ics_ecp_credit).
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_cybersource.settings import CybersourceSettings


def as_paid_by(
    settings: CybersourceSettings, document: Mapping[str, Any], *, refund: bool = False
) -> Mapping[str, object]:
    """The same request, of a check where the connection takes checks.

    A refund says of what kind the payment was, and nothing of the transfer.
    """
    if settings.payment_type != "check":
        return document
    payment = {**document.get("paymentInformation", {}), "paymentType": {"name": "CHECK"}}
    if refund:
        return {**document, "paymentInformation": payment}
    options = {"secCode": settings.check_code}
    processing = {**document.get("processingInformation", {}), "bankTransferOptions": options}
    return {**document, "paymentInformation": payment, "processingInformation": processing}
