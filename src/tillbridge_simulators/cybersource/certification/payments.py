"""Authorizations, sales, captures, reversals, refunds, credits, voids and time-outs."""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

BILL_TO = {
    "firstName": "Maya", "lastName": "Ortiz", "address1": "1 Market St",
    "locality": "San Francisco", "administrativeArea": "CA", "postalCode": "94105",
    "country": "US", "email": "maya@example.com",
}  # fmt: skip
NOBODY = "1111111111111111111111"
"""The id of no payment."""
_DETAILS = "transaction_details.get_transaction"


def amount(text: str, currency: str = "USD") -> dict[str, Any]:
    """orderInformation with nothing but the amount."""
    return {"orderInformation": {"amountDetails": {"totalAmount": text, "currency": currency}}}


def paying(it: Script, text: str = "25.00", outcome: str = "authorized") -> dict[str, Any]:
    """The body of an authorization; its order is new."""
    order = amount(text)["orderInformation"] | {"billTo": BILL_TO}
    name = it.new("order")
    return {
        "clientReferenceInformation": {"code": name, "transactionId": f"{name}-try"},
        "processingInformation": {"capture": False},
        "paymentInformation": {"paymentInstrument": {"id": it.means.token(outcome)}},
        "orderInformation": order,
    }


def held(it: Script, text: str = "25.00", outcome: str = "authorized") -> Any:
    """The answer to an authorization."""
    return it.do("payments.create_payment", paying(it, text, outcome))


def sold(it: Script, text: str = "25.00") -> Any:
    """The answer to a sale."""
    document = paying(it, text) | {"processingInformation": {"capture": True}}
    return it.do("payments.create_payment", document)


def captured(it: Script, text: str = "25.00") -> Any:
    """The answer to the capture of a new authorization."""
    return it.do("capture.capture_payment", amount(text), id=held(it, text)["id"])


def _authorization(it: Script) -> None:
    document = paying(it)
    made = it.do("payments.create_payment", document)
    code = document["clientReferenceInformation"]["code"]
    wanted = {
        "id": made["id"],
        "clientReferenceInformation.code": code,
        "orderInformation.amountDetails.authorizedAmount": "25.00",
    }
    it.shows(_DETAILS, wanted, id=made["id"])
    it.refused("payments.create_payment", 400, "INVALID_DATA", document | amount("-1.00"))


def _reversal(it: Script) -> None:
    first = held(it)
    it.do("reversal.auth_reversal", _reversing("25.00"), id=first["id"])
    it.refused(
        "capture.capture_payment", 400, "AUTH_ALREADY_REVERSED", amount("1.00"), id=first["id"]
    )
    it.shows(_DETAILS, {"id": first["id"]}, id=first["id"])
    it.refused(
        "reversal.auth_reversal", 400, "AUTH_ALREADY_REVERSED", _reversing("25.00"), id=first["id"]
    )


def _capture(it: Script) -> None:
    first = held(it)
    id_ = first["id"]
    it.refused("capture.capture_payment", 400, "EXCEEDS_AUTH_AMOUNT", amount("25.01"), id=id_)
    taken = it.do("capture.capture_payment", amount("25.00"), id=id_)
    it.shows(_DETAILS, _amount_is("25.00", taken["id"]), id=taken["id"])
    it.refused("capture.capture_payment", 400, "MISSING_AUTH", amount("1"), id=id_)


def _refund(it: Script) -> None:
    taken = captured(it)
    given = it.do("refund.refund_capture", amount("20.00"), id=taken["id"])
    it.shows(_DETAILS, _amount_is("20.00", given["id"]), id=given["id"])
    it.refused("refund.refund_capture", 400, "INVALID_AMOUNT", amount("5.01"), id=taken["id"])
    it.do("void.void_refund", {}, id=given["id"])
    it.shows(_DETAILS, {"id": given["id"]}, id=given["id"])
    it.refused("void.void_refund", 400, "NOT_VOIDABLE", {}, id=given["id"])
    it.do("refund.refund_capture", amount("25.00"), id=taken["id"])


def _refund_of_a_sale(it: Script) -> None:
    sale = sold(it)
    given = it.do("refund.refund_payment", amount("25.00"), id=sale["id"])
    it.shows(_DETAILS, _amount_is("25.00", given["id"]), id=given["id"])
    it.refused("refund.refund_payment", 400, "INVALID_AMOUNT", amount("0.01"), id=sale["id"])


def _credit(it: Script) -> None:
    given = it.do("credit.create_credit", paying(it, "7.00"))
    it.shows(_DETAILS, _amount_is("7.00", given["id"]), id=given["id"])
    it.refused("credit.create_credit", 400, "INVALID_DATA", paying(it, "0.00"))
    it.do("void.void_credit", {}, id=given["id"])
    it.shows(_DETAILS, {"id": given["id"]}, id=given["id"])
    it.refused("void.void_credit", 400, "NOT_VOIDABLE", {}, id=given["id"])


def _void(it: Script) -> None:
    taken = captured(it)
    void = it.do("void.void_capture", {}, id=taken["id"])
    it.shows(_DETAILS, {"id": void["id"]}, id=void["id"])
    it.refused("void.void_capture", 400, "NOT_VOIDABLE", {}, id=taken["id"])


def _void_of_a_sale(it: Script) -> None:
    sale = sold(it)
    it.do("void.void_payment", {}, id=sale["id"])
    it.refused(
        "refund.refund_payment", 400, "CAPTURE_ALREADY_VOIDED", amount("1.00"), id=sale["id"]
    )
    it.shows(_DETAILS, {"id": sale["id"]}, id=sale["id"])
    it.refused("void.void_payment", 400, "NOT_VOIDABLE", {}, id=sale["id"])


def _time_out_reversal(it: Script) -> None:
    document = paying(it)
    made = it.do("payments.create_payment", document)
    reference = {"clientReferenceInformation": document["clientReferenceInformation"]}
    undo = _reversing("25.00") | reference
    it.do("reversal.mit_reversal", undo)
    it.shows(_DETAILS, {"id": made["id"]}, id=made["id"])
    it.refused("reversal.mit_reversal", 400, "AUTH_ALREADY_REVERSED", undo)


def _time_out_void(it: Script) -> None:
    first = held(it)
    reference = {"code": it.new("order"), "transactionId": it.new("take")}
    document = amount("25.00") | {"clientReferenceInformation": reference}
    taken = it.do("capture.capture_payment", document, id=first["id"])
    it.do("void.mit_void", {"clientReferenceInformation": reference})
    it.shows(_DETAILS, {"id": taken["id"]}, id=taken["id"])
    it.refused("void.mit_void", 400, "NOT_VOIDABLE", {"clientReferenceInformation": reference})


def _reversing(text: str) -> dict[str, Any]:
    return {"reversalInformation": {"amountDetails": {"totalAmount": text, "currency": "USD"}}}


def _amount_is(text: str, id_: str) -> Mapping[str, Any]:
    return {"id": id_, "orderInformation.amountDetails.totalAmount": text}


def _increment(it: Script) -> None:
    made = held(it)
    more = {"orderInformation": {"amountDetails": {"additionalAmount": "5.00", "currency": "USD"}}}
    it.do("payments.increment_auth", more, id=made["id"])
    whole = {"orderInformation.amountDetails.authorizedAmount": "30.00"}
    it.shows(_DETAILS, whole, id=made["id"])
    it.refused("payments.increment_auth", 400, "MISSING_AUTH", more, id=NOBODY)


ROWS = (
    row(_increment, "payments.increment_auth"),
    row(_authorization, "payments.create_payment"),
    row(_capture, "capture.capture_payment"),
    row(_reversal, "reversal.auth_reversal"),
    row(_refund, "refund.refund_capture", "void.void_refund"),
    row(_refund_of_a_sale, "refund.refund_payment"),
    row(_credit, "credit.create_credit", "void.void_credit"),
    row(_void, "void.void_capture"),
    row(_void_of_a_sale, "void.void_payment"),
    row(_time_out_reversal, "reversal.mit_reversal"),
    row(_time_out_void, "void.mit_void"),
)
