"""Payment credentials, and tokens that are stored without a payment."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_TOKENIZE = "tokenize.tokenize"
_V2 = "network_tokens.post_token_payment_credentials"
_V3 = f"{_V2}_v3"
_TRANSIENT = "transient_token_data_v2.get_payment_credentials_for_transient_token"
_IDENTIFIER = "instrument_identifier.get_instrument_identifier"
_ENROLL = "instrument_identifier.post_instrument_identifier_enrollment"


def _stored(it: Script) -> None:
    body = {
        "processingInformation": {"actionTokenTypes": ["customer", "paymentInstrument"]},
        "tokenInformation": {"transientTokenJwt": it.means.transient()},
    }
    told = it.do(_TOKENIZE, body)
    ids = {one["resource"]: one["id"] for one in told["responses"]}
    it.shows("customer.get_customer", {"id": ids["customer"]}, customerId=ids["customer"])
    it.refused(_TOKENIZE, 400, "missingFields", {"tokenInformation": body["tokenInformation"]})


def _credentials(it: Script) -> None:
    id_ = it.means.identifier()
    of_it = {"instrumentIdentifierId": id_}
    it.do(_ENROLL, {"type": "enrollable card"}, **of_it)
    for key in (_V2, _V3):
        it.do(key, {"paymentCredentialType": "NETWORK_TOKEN"}, tokenId=id_)
        it.shows(_IDENTIFIER, {"tokenizedCard.state": ANY}, **of_it)
        it.refused(key, 404, "notFound", {}, tokenId="0" * 32)


def _transient(it: Script) -> None:
    it.shows(_TRANSIENT, {}, paymentCredentialsReference=it.means.transient())
    it.refused(_TRANSIENT, 404, "NOT_FOUND", paymentCredentialsReference="nobody")


ROWS = (
    row(_stored, _TOKENIZE),
    row(_credentials, _V2, _V3),
    row(_transient, _TRANSIENT),
)
