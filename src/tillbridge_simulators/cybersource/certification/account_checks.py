"""Lookups by a card's first digits, and validation of bank accounts."""

from typing import Any

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_BIN = "bin_lookup.get_account_info"
_BANK = "bank_account_validation.bank_account_validation_request"


def _lookup(it: Script) -> None:
    place = "paymentAccountInformation.card.type"
    visa = {"paymentInformation": {"card": {"number": "411111"}}}
    it.finds(_BIN, visa, {"status": "COMPLETED", place: "001"})
    token = {"paymentInformation": {"instrumentIdentifier": {"id": it.means.identifier()}}}
    it.finds(_BIN, token, {"status": "COMPLETED", place: "001"})
    it.finds(_BIN, {"paymentInformation": {"card": {"number": "999999"}}}, {"status": "NO MATCH"})
    wrong = {"paymentInformation": {"card": {"number": "none"}}}
    it.refused(_BIN, 400, "INVALID_DATA", wrong)


def _validation(it: Script) -> None:
    for routing, result in (("121042882", 0), ("121042883", 4)):
        place = "bankAccountValidation.resultCode"
        it.finds(_BANK, _account(it, routing), {place: result})
    it.refused(_BANK, 400, "INVALID_DATA", _account(it, "1210"))


def _account(it: Script, routing: str) -> dict[str, Any]:
    return {
        "clientReferenceInformation": {"code": it.new("order")},
        "processingInformation": {"validationLevel": 1},
        "paymentInformation": {"bank": {"routingNumber": routing, "account": {"number": "4100"}}},
    }


ROWS = (
    row(_lookup, _BIN),
    row(_validation, _BANK),
)
