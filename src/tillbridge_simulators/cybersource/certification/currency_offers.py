"""Currency conversion: an offer, paid by the card it was made for."""

from typing import Any

from tillbridge_simulators.cybersource.certification.payments import NOBODY, paying
from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import Script

_MAKE, _GET = "offers.create_offer", "offers.get_offer"
_DIGITS = "41111111111"
"""What the guide asks about: the first digits of a card, which are no card."""
_OFFER = "orderInformation.currencyConversion.offer.0"


def _asking(it: Script, **amounts: str) -> dict[str, Any]:
    details = {"originalAmount": "100.00", "originalCurrency": "USD", **amounts}
    return {
        "clientReferenceInformation": {"code": it.new("order")},
        "paymentInformation": {"card": {"number": _DIGITS}},
        "orderInformation": {"amountDetails": details, "currencyConversion": {"type": "DCC"}},
    }


def _paying(it: Script, made: Any) -> dict[str, Any]:
    """Of a payment in the currency of the card."""
    conversion = made["orderInformation"]["currencyConversion"]
    offer = conversion["offer"][0]
    named = {"indicator": "1", "id": made["id"], "reconciliationId": conversion["reconciliationId"]}
    document = paying(it)
    document["orderInformation"]["amountDetails"] = {
        "totalAmount": offer["amount"],
        "currency": offer["currency"],
        "originalAmount": offer["originalAmount"],
        "originalCurrency": offer["originalCurrency"],
        "exchangeRate": offer["exchangeRate"],
        "currencyConversion": named,
    }
    return document


def _offer(it: Script) -> None:
    made = it.do(_MAKE, _asking(it))
    offer = made["orderInformation"]["currencyConversion"]["offer"][0]
    names = ("originalAmount", "amount", "currency", "exchangeRate")
    shown = {f"{_OFFER}.{name}": offer[name] for name in names}
    it.shows(_GET, shown | {"status": "PENDING"}, id=made["id"])
    document = _paying(it, made)
    it.do("payments.create_payment", document)
    it.shows(_GET, shown | {"status": "AUTHORIZED"}, id=made["id"])
    it.refused("payments.create_payment", 400, "INVALID_DATA", document)
    it.refused(_MAKE, 400, "INVALID_DATA", _asking(it, originalCurrency="XXQ"))
    it.refused(_GET, 404, "NOT_FOUND", id=NOBODY)


ROWS = (row(_offer, _MAKE, _GET),)
