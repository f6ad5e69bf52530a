"""Sessions, orders and states of wallets."""

from typing import Any

from tillbridge_simulators.cybersource.certification.payments import NOBODY, amount
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_STATE = "payments.refresh_payment_status"


def _asking(it: Script, action: str, text: str = "25.00") -> dict[str, Any]:
    return {
        "clientReferenceInformation": {"code": it.new("order")},
        "processingInformation": {"actionList": [action]},
        "paymentInformation": {"paymentType": {"name": "EWALLET", "method": {"name": "PAYPAL"}}},
        **amount(text),
    }


def _stands(it: Script, id_: str, text: str, status: str) -> None:
    about = {"status": status, "orderInformation.amountDetails.totalAmount": text}
    it.shows(_STATE, about, id=id_)


def _session(it: Script) -> None:
    made = it.do("payments.create_session_request", _asking(it, "AP_SESSIONS"))
    _stands(it, made["id"], "25.00", "PENDING")
    it.refused("payments.create_session_request", 400, "INVALID_DATA", _asking(it, "x", "-1"))
    change = _asking(it, "AP_SESSIONS", "30.00")
    it.do("payments.update_session_request", change, id=made["id"])
    _stands(it, made["id"], "30.00", "PENDING")
    it.refused("payments.update_session_request", 400, "INVALID_DATA", change, id=NOBODY)


def _order(it: Script) -> None:
    made = it.do("payments.create_session_request", _asking(it, "AP_SESSIONS"))
    order = it.do("payments.create_order_request", _asking(it, "AP_ORDER"), id=made["id"])
    _stands(it, order["id"], "25.00", "CREATED")
    again = _asking(it, "AP_ORDER")
    it.refused("payments.create_order_request", 400, "INVALID_DATA", again, id=made["id"])


def _state(it: Script) -> None:
    made = it.do("payments.create_session_request", _asking(it, "AP_SESSIONS"))
    it.do(_STATE, {}, id=made["id"])
    _stands(it, made["id"], "25.00", "PENDING")
    it.refused(_STATE, 400, "INVALID_DATA", {}, id=NOBODY)


ROWS = (
    row(_session, "payments.create_session_request", "payments.update_session_request"),
    row(_order, "payments.create_order_request"),
    row(_state, _STATE),
)
