"""Ways to pay that a wallet keeps."""

from typing import Any

from tillbridge_simulators.cybersource.certification.payments import amount
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_KEY = "payment_tokens.retrieve_or_delete_payment_token"


def _kept(it: Script) -> None:
    """It is there and pays, and once it is deleted it does neither."""
    token = it.new("token")
    it.means.trigger("wallet.stored", token=token)
    place = "paymentInformation.tokenizedPaymentMethod.id"
    it.finds(_KEY, _asking("TOKEN_RETRIEVE", token), {"status": "COMPLETED", place: token})
    paid = it.do("payments.create_payment", _paying(it, token))
    it.do(_KEY, _asking("TOKEN_DELETE", token))
    it.refused("payments.create_payment", 400, "INVALID_DATA", _paying(it, token))
    it.shows("transaction_details.get_transaction", {"id": ANY}, id=paid["id"])
    for action in ("TOKEN_RETRIEVE", "TOKEN_DELETE"):
        it.refused(_KEY, 400, "INVALID_DATA", _asking(action, token))
    it.refused(_KEY, 400, "INVALID_DATA", _asking("TOKEN_LEND", token))


def _asking(action: str, token: str) -> dict[str, Any]:
    return {
        "processingInformation": {"actionList": [action]},
        "paymentInformation": {
            "paymentType": {"name": "EWALLET", "method": {"name": "PAYPAL"}},
            "tokenizedPaymentMethod": {"id": token},
        },
    }


def _paying(it: Script, token: str) -> dict[str, Any]:
    return {
        "clientReferenceInformation": {"code": it.new("order")},
        "paymentInformation": {"tokenizedPaymentMethod": {"id": token}},
        **amount("25.00"),
    }


ROWS = (row(_kept, _KEY),)
