"""The requests of an uploaded file, done one after the other as if each had been sent alone.

Source: Offline Transaction File Submission Implementation Guide ("the same information for a
batched request as for an individually submitted request"); "Simple Order API and REST" field names
of the API field reference. What became of each is told as "Viewing the Results of Transaction
Processing" does: ACCEPT, REVIEW or REJECT.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tillbridge_simulators.cybersource import fences, followons, payments, voids
from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Refusal
from tillbridge_simulators.cybersource.ask import Act, Ask
from tillbridge_simulators.cybersource.batch_texts import BatchFlawError, BatchText, services_of
from tillbridge_simulators.cybersource.documents import at, money_flaws, with_currencies
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.uploaded_batch import BatchedRequest

_SERVING = (*payments.OFFERS, *followons.OFFERS, *fences.OFFERS, *voids.OFFERS)
_ACTS: Mapping[str, Act] = {offer.key: offer.act for offer in _SERVING}
_PAY = "payments.create_payment"
_ABOUT: Mapping[frozenset[str], tuple[str, str]] = {
    frozenset({"ccAuth"}): (_PAY, ""),
    frozenset({"ccAuth", "ccCapture"}): (_PAY, ""),
    frozenset({"ecDebit"}): (_PAY, ""),
    frozenset({"ccCapture"}): ("capture.capture_payment", "ccCaptureService_authRequestID"),
    frozenset({"ccCredit"}): ("refund.refund_capture", "ccCreditService_captureRequestID"),
    frozenset({"ecCredit"}): ("refund.refund_payment", "ecCreditService_debitRequestID"),
    frozenset({"ccAuthReversal"}): (
        "reversal.auth_reversal",
        "ccAuthReversalService_authRequestID",
    ),
    frozenset({"void"}): ("void.void_capture", "voidService_voidRequestID"),
}
"""By services: the operation, and the field with the id of what it follows."""
_CREDIT = "credit.create_credit"
_AMOUNT = "orderInformation.amountDetails"
_PLACES: Mapping[str, str] = {
    "merchantReferenceCode": "clientReferenceInformation.code",
    "purchaseTotals_grandTotalAmount": f"{_AMOUNT}.totalAmount",
    "purchaseTotals_currency": f"{_AMOUNT}.currency",
    "billTo_firstName": "orderInformation.billTo.firstName",
    "billTo_lastName": "orderInformation.billTo.lastName",
    "billTo_street1": "orderInformation.billTo.address1",
    "billTo_street2": "orderInformation.billTo.address2",
    "billTo_city": "orderInformation.billTo.locality",
    "billTo_state": "orderInformation.billTo.administrativeArea",
    "billTo_postalCode": "orderInformation.billTo.postalCode",
    "billTo_country": "orderInformation.billTo.country",
    "billTo_email": "orderInformation.billTo.email",
    "billTo_phoneNumber": "orderInformation.billTo.phoneNumber",
    "card_accountNumber": "paymentInformation.card.number",
    "card_expirationMonth": "paymentInformation.card.expirationMonth",
    "card_expirationYear": "paymentInformation.card.expirationYear",
    "card_cvNumber": "paymentInformation.card.securityCode",
    "recurringSubscriptionInfo_subscriptionID": "paymentInformation.paymentInstrument.id",
    "check_accountNumber": "paymentInformation.bank.account.number",
    "check_accountType": "paymentInformation.bank.account.type",
    "check_bankTransitNumber": "paymentInformation.bank.routingNumber",
}
"""Where a field of the Simple Order API stands in a REST body; other fields are read over."""
_DECISIONS = {
    "DECLINED": "REJECT",
    "AUTHORIZED_RISK_DECLINED": "REJECT",
    "AUTHORIZED_PENDING_REVIEW": "REVIEW",
    "PENDING_REVIEW": "REVIEW",
}


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: str
    id: str
    document: dict[str, Any]


def do_requests(account: Account, batch: BatchText) -> list[BatchedRequest]:
    """Every request of the file. Raises BatchFlawError before any of them is done."""
    wanted = [_wanted(batch.kind, request) for request in batch.requests]
    return [_done(account, one) for one in wanted]


def _wanted(kind: str, request: Mapping[str, str]) -> _Wanted:
    services = services_of(kind, request)
    if not services:
        raise BatchFlawError("112 Missing required field in Data Record: a service to run.")
    if services not in _ABOUT:
        raise BatchFlawError(f"110 Unsupported service: {', '.join(sorted(services))}.")
    key, place = _ABOUT[services]
    id_ = request.get(place, "")
    if services == {"ccCredit"} and not id_:
        key = _CREDIT
    document = _document(request)
    if key == _PAY:
        document["processingInformation"] = {"capture": services != {"ccAuth"}}
    if key == "reversal.auth_reversal":
        document["reversalInformation"] = document.pop("orderInformation", {})
    return _Wanted(key, id_, document)


def _document(request: Mapping[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in request.items():
        if value and (place := _PLACES.get(name)):
            *steps, last = place.split(".")
            inner = document
            for step in steps:
                inner = inner.setdefault(step, {})
            inner[last] = value
    return document


def _done(account: Account, wanted: _Wanted) -> BatchedRequest:
    document = with_currencies(wanted.document)
    noun = "reversalInformation" if "reversalInformation" in document else "orderInformation"
    details = at(document, f"{noun}.amountDetails") or {}
    told = {
        "code": str(at(document, "clientReferenceInformation.code") or ""),
        "amount": str(details.get("totalAmount", "")),
        "currency": str(details.get("currency", "")),
    }
    try:
        answer = _acted(wanted.key, Ask(account, {"id": wanted.id}, {}, document))
    except Refusal as refusal:
        id_ = account.state.new_id(account.now())
        return BatchedRequest(id_, "REJECT", refusal.reason, **told)
    status, error = str(answer.get("status")), answer.get("errorInformation")
    reason = str(error.get("reason", "")) if isinstance(error, Mapping) else ""
    return BatchedRequest(str(answer["id"]), _DECISIONS.get(status, "ACCEPT"), reason, **told)


def _acted(key: str, ask: Ask) -> Mapping[str, object]:
    """The answer of the service. Raises Refusal, for a body that it is not recorded to take too."""
    index = recorded()
    if flaws := index.flaws(index.operations[key].body, ask.document) or money_flaws(ask.document):
        raise Refusal("INVALID_DATA", flaws)
    return _ACTS[key](ask).body
