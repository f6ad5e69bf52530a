"""Token Management: instrument identifiers."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_NOUN = "instrument_identifier"
_NOBODY = {"instrumentIdentifierId": "0" * 32}


def _by_card(it: Script) -> str:
    """The id of a test card, by its number."""
    card = {"card": {"number": it.means.card()}}
    return str(it.do(f"{_NOUN}.post_instrument_identifier", card)["id"])


def _identifiers(it: Script) -> None:
    of_it = {"instrumentIdentifierId": _by_card(it)}
    it.refused(f"{_NOUN}.post_instrument_identifier", 400, "missingFields", {"card": {}})
    change = {"billTo": {"address1": it.new("street")}}
    it.do(f"{_NOUN}.patch_instrument_identifier", change, **of_it)
    it.refused(f"{_NOUN}.patch_instrument_identifier", 404, "notFound", change, **_NOBODY)
    wanted = {"billTo.address1": change["billTo"]["address1"], "state": "ACTIVE"}
    it.shows(f"{_NOUN}.get_instrument_identifier", wanted, **of_it)
    it.refused(f"{_NOUN}.get_instrument_identifier", 404, "notFound", **_NOBODY)


def _enrollment(it: Script) -> None:
    of_it = {"instrumentIdentifierId": it.means.identifier()}
    card = {"type": "enrollable card"}
    key = f"{_NOUN}.post_instrument_identifier_enrollment"
    it.do(key, card, **of_it)
    it.shows(f"{_NOUN}.get_instrument_identifier", {"tokenizedCard.state": ANY}, **of_it)
    it.refused(key, 404, "notFound", card, **_NOBODY)


def _uses(it: Script) -> None:
    of_it = {"instrumentIdentifierId": _by_card(it)}
    body = {"instrumentIdentifier": {"id": of_it["instrumentIdentifierId"]}}
    made = it.do("payment_instrument.post_payment_instrument", body)["id"]
    key = f"{_NOUN}.get_instrument_identifier_payment_instruments_list"
    listed = it.shows(key, {"_embedded.paymentInstruments.0.id": ANY}, **of_it)
    it.refused(key, 404, "notFound", **_NOBODY)
    it.refused(
        f"{_NOUN}.delete_instrument_identifier", 409, "instrumentIdentifierDeletionError", **of_it
    )
    users = [one["id"] for one in listed["_embedded"]["paymentInstruments"]]
    for one in {made, *users}:
        it.do("payment_instrument.delete_payment_instrument", paymentInstrumentId=one)
    it.do(f"{_NOUN}.delete_instrument_identifier", **of_it)
    it.refused(f"{_NOUN}.get_instrument_identifier", 404, "notFound", **of_it)
    it.shows(f"{_NOUN}.get_instrument_identifier", {}, instrumentIdentifierId=_by_card(it))


ROWS = (
    row(
        _identifiers,
        f"{_NOUN}.post_instrument_identifier",
        f"{_NOUN}.get_instrument_identifier",
        f"{_NOUN}.patch_instrument_identifier",
    ),
    row(_enrollment, f"{_NOUN}.post_instrument_identifier_enrollment"),
    row(
        _uses,
        f"{_NOUN}.get_instrument_identifier_payment_instruments_list",
        f"{_NOUN}.delete_instrument_identifier",
    ),
)
