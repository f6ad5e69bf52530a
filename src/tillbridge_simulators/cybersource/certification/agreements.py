"""Billing agreements: mandates, and what is announced of a standing instruction."""

from typing import Any

from tillbridge_simulators.cybersource.certification.payments import NOBODY, amount
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_MAKE = "billing_agreements.billing_agreements_registration"
_CHANGE = "billing_agreements.billing_agreements_de_registration"
_ANNOUNCE = "billing_agreements.billing_agreements_intimation"


def _doing(it: Script, action: str, **more: Any) -> dict[str, Any]:
    return {
        "clientReferenceInformation": {"code": it.new("mandate")},
        "processingInformation": {"actionList": [action]},
        **more,
    }


def _mandate(it: Script, **agreement: str) -> dict[str, Any]:
    """The body of a new one: signed elsewhere where it has a day, else to be signed."""
    made = {
        "agreementInformation": {"id": it.new("mandate"), "type": "recurring", **agreement},
        "buyerInformation": {"merchantCustomerId": "maya"},
        "orderInformation": {"billTo": {"firstName": "Maya", "lastName": "Ortiz", "country": "DE"}},
        "paymentInformation": {
            "bank": {"scheme": "SEPA", "iban": "DE89370400440532013000"},
            "paymentType": {"name": "directDebitSepa", "method": {"name": "SENTENIAL"}},
        },
    }
    if agreement:
        return _doing(it, "AP_IMPORT_AGREEMENT", **made)
    names = ("successUrl", "cancelUrl", "failureUrl")
    pages = dict.fromkeys(names, "https://shop.example/mandate")
    return _doing(it, "BILLING_AGREEMENT_CREATE", **made, merchantInformation=pages)


def _stands(it: Script, id_: str, **wanted: str) -> None:
    places = {name.replace("__", "."): value for name, value in wanted.items()}
    it.finds(_CHANGE, _doing(it, "AP_REFRESH_AGREEMENT_STATUS"), places, id=id_)


def _life(it: Script) -> None:
    document = _mandate(it)
    waiting = it.do(_MAKE, document)
    name = document["agreementInformation"]["id"]
    _stands(it, waiting["id"], status="PENDING", agreementInformation__id=name)
    document = _mandate(it, dateSigned="20260301")
    signed = it.do(_MAKE, document)["id"]
    again = _doing(it, "AP_IMPORT_AGREEMENT") | {
        name: document[name]
        for name in ("agreementInformation", "buyerInformation", "paymentInformation")
    }
    it.refused(_MAKE, 400, "DUPLICATE_REQUEST", again)
    moved = {"billTo": {"address1": "2 Market St"}}
    it.do(_CHANGE, _doing(it, "AP_UPDATE_AGREEMENT", orderInformation=moved), id=signed)
    payer = "orderInformation__billTo__"
    shown = {f"{payer}address1": "2 Market St", f"{payer}lastName": "Ortiz"}
    _stands(it, signed, status="ACTIVE", **shown)
    revoking = _doing(it, "AP_CANCEL_AGREEMENT")
    it.do(_CHANGE, revoking, id=signed)
    _stands(it, signed, status="REVOKED")
    it.finds(_CHANGE, revoking, {"status": "FAILED"}, id=signed)
    it.refused(_CHANGE, 400, "INVALID_DATA", revoking, id=NOBODY)


def _instruction(it: Script) -> None:
    card = {"number": it.means.card(), "expirationMonth": "12", "expirationYear": "2031"}
    limits = {"minAmount": "10", "maxAmount": "100", "alertPreference": "SMS"}
    paying = amount("0.00", "INR") | {"paymentInformation": {"card": card}}
    made = it.do(_MAKE, paying | {"installmentInformation": limits})
    id_, identifier = made["id"], made["installmentInformation"]["identifier"]
    it.do(_ANNOUNCE, amount("60.00", "INR"), id=id_)
    it.refused(_ANNOUNCE, 400, "INVALID_DATA", amount("100.01", "INR"), id=id_)
    more = {"installmentInformation": {"maxAmount": "200"}}
    known = {"status": "SUCCESS", "installmentInformation.identifier": identifier}
    it.finds(_CHANGE, more, known, id=id_)
    it.do(_ANNOUNCE, amount("100.01", "INR"), id=id_)
    it.do(_CHANGE, _doing(it, "CANCEL_AGREEMENT"), id=id_)
    it.refused(_ANNOUNCE, 400, "INVALID_DATA", amount("60.00", "INR"), id=id_)


ROWS = (row(_life, _MAKE, _CHANGE), row(_instruction, _ANNOUNCE))
