"""Token Management: network tokens and what their issuers make of them."""

from tillbridge_simulators.cybersource.certification.row import row
from tillbridge_simulators.cybersource.certification.script import ANY, Script

_NOUN = "network_tokens"
_GET = f"{_NOUN}.get_tokenized_card"
_NOBODY = {"tokenizedCardId": "0" * 32}


def _life(it: Script) -> None:
    card = {"number": it.means.card(), "expirationMonth": "12", "expirationYear": "2031"}
    made = it.do(f"{_NOUN}.post_tokenized_card", {"source": "ONFILE", "card": card})
    of_it = {"tokenizedCardId": made["id"]}
    it.shows(_GET, {"state": "ACTIVE", "card.suffix": ANY, "_card": None}, **of_it)
    it.refused(f"{_NOUN}.post_tokenized_card", 400, "missingFields", {"source": "ONFILE"})
    it.refused(_GET, 404, "notFound", **_NOBODY)
    event = f"{_NOUN}.post_issuer_life_cycle_simulation"
    it.do(event, {"state": "SUSPENDED"}, **of_it)
    it.shows(_GET, {"state": "SUSPENDED"}, **of_it)
    it.refused(event, 400, "invalidFields", {"state": "LOST"}, **of_it)
    why = {"reason": {"code": "CUSTOMER_CONFIRMED"}}
    it.do(f"{_NOUN}.post_tokenized_card_delete", why, **of_it)
    it.shows(_GET, {"state": "DELETED"}, **of_it)
    it.refused(f"{_NOUN}.post_tokenized_card_delete", 400, "invalidFields", why, **of_it)


def _art(it: Script) -> None:
    place = {
        "instrumentIdentifierId": it.means.identifier(),
        "tokenProvider": "vts",
        "assetType": "card-art-combined",
    }
    it.shows(f"{_NOUN}.get_card_art_asset", {"content.0.data": ANY}, **place)
    wrong = place | {"assetType": "portrait"}
    it.refused(f"{_NOUN}.get_card_art_asset", 400, "invalidFields", **wrong)


ROWS = (
    row(
        _life,
        f"{_NOUN}.post_tokenized_card",
        _GET,
        f"{_NOUN}.post_issuer_life_cycle_simulation",
        f"{_NOUN}.post_tokenized_card_delete",
    ),
    row(_art, f"{_NOUN}.get_card_art_asset"),
)
