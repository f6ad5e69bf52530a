"""Decision Manager, verification: addresses and export compliance.

Source: REST API reference, Verification; the official client's models (COMPLETED, DECLINED, their
messages). What makes an answer DECLINED is made up: a postal code of zeros is not in the database,
and somebody called Denied is on a list.
"""

from typing import Any

from tillbridge_simulators.cybersource.answers import Answer, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at, text_at

_BILLED = "orderInformation.billTo"


def verify_address(ask: Ask) -> Answer:
    """POST /risk/v1/address-verifications."""
    head = _head(ask, ("address1", "locality", "country"))
    written = {
        "address1": {"withApartment": str(at(ask.document, f"{_BILLED}.address1")).upper()},
        "locality": str(at(ask.document, f"{_BILLED}.locality")).upper(),
        "administrativeArea": at(ask.document, f"{_BILLED}.administrativeArea") or "",
        "postalCode": at(ask.document, f"{_BILLED}.postalCode") or "",
        "isoCountry": at(ask.document, f"{_BILLED}.country"),
    }
    if str(written["postalCode"]).strip("0") or not written["postalCode"]:
        information = {"statusCode": "100", "matchScore": 100, "standardAddress": written}
        return Answer(
            201, head | {"status": "COMPLETED", "addressVerificationInformation": information}
        )
    return _declined(head, "POSTAL_CODE_NOT_FOUND", "Postal code not found in database.")


def check_export(ask: Ask) -> Answer:
    """POST /risk/v1/export-compliance-inquiries."""
    head = _head(ask, ("address1", "locality", "country", "firstName", "lastName"))
    names = (f"{_BILLED}.lastName", "orderInformation.shipTo.lastName")
    denied = [name for place in names if (name := str(at(ask.document, place))) == "Denied"]
    if not denied:
        return Answer(201, head | {"status": "COMPLETED"})
    matches = [{"sanctionList": "OFAC", "aliases": denied, "addresses": [], "programs": ["SDGT"]}]
    message = "The customer matched the Denied Parties List"
    found = _declined(head, "CUSTOMER_WATCHLIST_MATCH", message)
    told = {"exportComplianceInformation": {"watchList": {"matches": matches}}}
    return Answer(201, {**found.body, **told})


def _head(ask: Ask, required: tuple[str, ...]) -> dict[str, Any]:
    """What every answer begins with. Raises Refusal for what is missing."""
    code = text_at(ask.document, "clientReferenceInformation.code", length_max=50, required=True)
    for name in required:
        text_at(ask.document, f"{_BILLED}.{name}", length_max=60, required=True)
    now_s = ask.account.now()
    return {
        "id": ask.account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "clientReferenceInformation": {"code": code},
    }


def _declined(head: dict[str, Any], reason: str, message: str) -> Answer:
    error = {"reason": reason, "message": message}
    return Answer(201, head | {"status": "DECLINED", "message": message, "errorInformation": error})


OFFERS = (
    Offer("verification.verify_customer_address", "address_verification", verify_address),
    Offer("verification.validate_export_compliance", "export_compliance", check_export),
)
