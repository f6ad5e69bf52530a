"""One transaction as search lists it and as its details show it.

Sources: REST API reference, Search Transactions and Transaction Details; answers of the test host
that integrations have recorded: what is empty is there, and each service has its words and its
number (returnCode). Neither has clientReferenceInformation.transactionId; details have comments,
rootId and relatedTransactions.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import utc_text
from tillbridge_simulators.cybersource.batches import has_left
from tillbridge_simulators.cybersource.echoes import echo_of
from tillbridge_simulators.cybersource.follow_on_names import SERVICES
from tillbridge_simulators.cybersource.messages import declined
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.state import Authorization, Movement

_SUMMARY = "TssV2TransactionsPost201ResponseEmbeddedTransactionSummaries"
_SUCCEEDED = (100, 110)
_SETTLES = ("capture", "refund", "credit")
_METHODS = {
    "001": "VI", "002": "MC", "003": "AX", "004": "DI", "005": "DC", "007": "JCB", "024": "MS",
    "062": "CUP",
}  # fmt: skip
_NUMBERS = {"ics_auth": 1010000, "ics_bill": 1260000, "ics_decision": 1320000}
"""Of services that went well; those of others were not seen."""
_EMPTY = (
    "consumerAuthenticationInformation", "errorInformation", "fraudMarkingInformation",
    "merchantInformation", "pointOfSaleInformation", "riskInformation",
)  # fmt: skip


def summary_of(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    """As a search lists it."""
    return {
        **_what_both_show(recorded().known(_SUMMARY, _parts(account, one))),
        "id": one.id,
        "submitTimeUtc": utc_text(one.at_s),
        "merchantId": account.options.merchant_id,
        "applicationInformation": _applications(account, one),
        "clientReferenceInformation": {"code": one.code, "applicationName": "REST API"},
        "_links": {
            "transactionDetail": {"href": f"/tss/v2/transactions/{one.id}", "method": "GET"}
        },
    }


def details_of(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    """As its details show it."""
    related = [other.id for other in account.state.movements.by("about_id", one.id)]
    if isinstance(one, Movement):
        related.append(one.about_id)
    body = {
        **_what_both_show(_parts(account, one)),
        "id": one.id,
        "rootId": _root_id(one),
        "reconciliationId": one.id[-12:],
        "submitTimeUTC": utc_text(one.at_s),
        "merchantId": account.options.merchant_id,
        "applicationInformation": _applications(account, one),
        "clientReferenceInformation": {
            "code": one.code,
            "applicationName": "REST API",
            "comments": one.comments,
        },
        "_links": {
            "self": {"href": f"/tss/v2/transactions/{one.id}", "method": "GET"},
            "relatedTransactions": [
                {"href": f"/tss/v2/transactions/{other}", "method": "GET"} for other in related
            ],
        },
    }
    if isinstance(one, Authorization) and one.stored:
        body["tokenInformation"] = one.stored
    return body


def _root_id(one: Authorization | Movement) -> str:
    return one.id if isinstance(one, Authorization) else one.parent_id


def _what_both_show(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: {} for name in _EMPTY}, **parts}


def _parts(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    """What is known of the request, the card and the processor."""
    parts = echo_of(account, _root_id(one))
    root = account.state.authorizations.get(_root_id(one))
    amount = one.requested if isinstance(one, Authorization) else one.amount
    details = {"totalAmount": str(amount), "currency": one.currency}
    parts["orderInformation"]["amountDetails"] = details
    shown: Authorization | Movement = root or one
    brand, last4 = shown.brand, shown.last4
    parts["paymentInformation"]["card"] |= {"type": brand, "suffix": last4}
    if brand:
        method = {"type": "credit card", "method": _METHODS.get(brand, "")}
        parts["paymentInformation"]["paymentType"] = method
    parts["processorInformation"] = {"processor": {"name": "simulated"}}
    if root is not None:
        details["authorizedAmount"] = str(root.amount)
        parts["processorInformation"] |= _processor(root)
    if isinstance(one, Authorization):
        parts["paymentInformation"] |= one.paid_with
        if one.outcome.reason:
            reason = one.outcome.reason
            parts["errorInformation"] = {"reason": reason, "message": declined(reason)}
    return parts


def _processor(one: Authorization) -> dict[str, Any]:
    return {
        "approvalCode": one.approval_code,
        "networkTransactionId": one.network_id,
        "transactionId": one.network_id,
        "responseCode": str(one.outcome.code),
        "avs": one.outcome.avs,
    }


def _applications(account: Account, one: Authorization | Movement) -> dict[str, Any]:
    if isinstance(one, Movement):
        return _of_movement(account, one)
    outcome = one.outcome
    held = outcome.holds and outcome.reason not in ("AVS_FAILED", "CV_FAILED", "CONTACT_PROCESSOR")
    services = [
        _application(one, "ics_auth", 100, "SOK")
        if held and outcome.code != 110
        else _application(one, "ics_auth", outcome.code, outcome.flag)
    ]
    if one.check:
        services = [_application(one, "ics_ecp_debit", outcome.code, outcome.flag)]
    elif one.sale:
        services.append(_application(one, "ics_bill", 100, "SOK"))
    if outcome.code in (480, 481, 400):
        services.append(_application(one, "ics_decision", outcome.code, outcome.flag))
    overall = {
        "reasonCode": str(outcome.code),
        "rCode": "1" if outcome.code in _SUCCEEDED else "0",
        "rFlag": outcome.flag,
    }
    sold = account.state.movements.get(one.id)
    status = {"status": _status(account, sold)} if sold else {}
    services[-1] |= status if one.sale or one.check else {}
    return overall | {"applications": services} | status


def _of_movement(account: Account, one: Movement) -> dict[str, Any]:
    name = "ics_ecp_credit" if one.check else SERVICES[one.kind]
    if one.kind == "increment" and one.undone:
        refused = _application(one, name, 203, "DCARDREFUSED")
        overall = {"reasonCode": "203", "rCode": "0", "rFlag": "DCARDREFUSED"}
        return overall | {"applications": [refused], "status": one.status}
    status = {"status": _status(account, one)}
    service = _application(one, name, 100, "SOK") | status
    return {"reasonCode": "100", "rCode": "1", "rFlag": "SOK", "applications": [service], **status}


def _status(account: Account, one: Movement) -> str:
    """PENDING until its batch takes it along."""
    if one.voided:
        return "VOIDED"
    if one.kind in _SETTLES and not one.undone and has_left(account, one):
        return "TRANSMITTED"
    return one.status


def _application(
    one: Authorization | Movement, name: str, code: int, flag: str
) -> dict[str, str | int]:
    went_well = code in _SUCCEEDED
    said = {"name": name, "reasonCode": str(code), "rCode": "1" if went_well else "0"}
    if not went_well:
        reason = one.outcome.reason if isinstance(one, Authorization) else "PROCESSOR_DECLINED"
        return {**said, "rFlag": flag, "rMessage": declined(reason)}
    message = "Request was processed successfully."
    number = {"returnCode": _NUMBERS[name]} if name in _NUMBERS else {}
    return {
        **said, "rFlag": flag, "rMessage": message, "reconciliationId": one.id[-12:], **number,
    }  # fmt: skip
