"""Capture contexts, and what is known of the tokens that come of them."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_MICROFORM = "microform_integration.generate_capture_context"
_UNIFIED = "unified_checkout_capture_context.generate_unified_checkout_capture_context"
_SESSIONS = "unified_checkout_v1_capture_context.generate_unified_checkout_v1_capture_context"
_FLEX = "flex_api.generate_flex_api_capture_context"
_DETAILS = "transient_token_data_v2.get_transaction_for_transient_token"
_BY_ID = "transient_token_data_v2.get_transaction_for_transient_token_jti"
_PAGE = {
    "clientVersion": "v2",
    "targetOrigins": ["https://shop.example.com"],
    "allowedCardNetworks": ["VISA", "MASTERCARD"],
}
_SHOWN = {"paymentInformation.card.number": ANY}


def _microform(it: Script) -> None:
    it.do(_MICROFORM, _PAGE)
    it.shows(_DETAILS, _SHOWN, transientToken=it.means.transient())
    unsafe = _PAGE | {"targetOrigins": ["http://shop.example.com"]}
    it.refused(_MICROFORM, 400, "INVALID_DATA", unsafe)
    it.refused(_DETAILS, 404, "NOT_FOUND", transientToken="nobody")


def _unified(it: Script) -> None:
    amounts = {"totalAmount": "21.00", "currency": "USD"}
    page = _PAGE | {
        "clientVersion": "0.23",
        "allowedPaymentTypes": ["PANENTRY"],
        "country": "US",
        "locale": "en_US",
    }
    paid = {"data": {"orderInformation": {"amountDetails": amounts}}}
    for key in (_UNIFIED, _SESSIONS):
        it.do(key, page | paid)
        it.shows(_DETAILS, _SHOWN, transientToken=it.means.transient())
        it.refused(key, 400, "MISSING_FIELD", page)


def _flex(it: Script) -> None:
    card = {"paymentInformation": {"card": {"number": {"required": True}}}}
    it.do(_FLEX, {"fields": card})
    it.shows(_DETAILS, _SHOWN, transientToken=it.means.transient())
    it.refused(_FLEX, 400, "MISSING_FIELD", {})


def _by_id(it: Script) -> None:
    it.shows(_BY_ID, _SHOWN, jti=it.means.transient())
    it.refused(_BY_ID, 404, "NOT_FOUND", jti="nobody")


ROWS = (
    row(_microform, _MICROFORM, _DETAILS),
    row(_unified, _UNIFIED, _SESSIONS),
    row(_flex, _FLEX),
    row(_by_id, _BY_ID),
)
