"""Token Management Service: network tokens (tokenized cards) and how they live.

Source: REST API reference, Token Management, Network Tokens; Token Management Service guide (states
of a network token, simulation of the issuer's life cycle events). Card numbers are taken only where
they are published test numbers, and are forgotten at once; a network token's own number is never
made, so payment credentials are not given out.
"""

import base64
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.identifiers import identified
from tillbridge_simulators.cybersource.token_answers import (
    found_on,
    invalid,
    missing,
    new_token_id,
)
from tillbridge_simulators.cybersource.tokenized_cards import (
    NETWORKS,
    lives,
    shown,
    tokenized,
    turn,
)

STATES = ("ACTIVE", "SUSPENDED", "DELETED", "EXPIRED")
_SOURCES = ("ONFILE", "TOKEN", "ISSUER")
_ENDS = ("expirationMonth", "expirationYear")
_ASSETS = ("card-art-combined", "brand-logo", "issuer-logo", "icon")
_PIXEL = base64.b64encode(b"no picture").decode()


def create(ask: Ask) -> Answer:
    """POST /tms/v2/tokenized-cards: made at once; a second one for the same card is the first."""
    if (source := at(ask.document, "source")) not in _SOURCES:
        raise invalid("source") if source else missing("source")
    number = at(ask.document, "card.number")
    if not number:
        raise missing("card.number")
    card = ask.account.cards.read(number)
    if card is None or card.brand not in NETWORKS:
        raise invalid("card.number")
    ends = {
        name: at(ask.document, f"card.{name}") for name in ("expirationMonth", "expirationYear")
    }
    if absent := [f"card.{name}" for name, value in ends.items() if not value]:
        raise missing(*absent)
    shelf = ask.account.state.vault.tokenized_cards
    known = next(shelf.where(lambda row: row["_card"] == card.fingerprint and lives(row)), None)
    if known is not None:
        return Answer(200, shown(known))
    owner = ""
    if at(ask.document, "createPanInstrumentIdentifier") in (True, "true"):
        owner = identified(ask, {"card": {"number": number}})
    return Answer(201, shown(tokenized(ask, card, ends, owner=owner)))


def get(ask: Ask) -> Answer:
    """GET {id}."""
    return Answer(200, shown(found_on(ask.account.state.vault.tokenized_cards, ask.id)))


def delete(ask: Ask) -> Answer:
    """POST {id}/delete: it stays there to be looked at, and pays nothing more."""
    id_ = ask.ids["tokenizedCardId"]
    if not at(ask.document, "reason.code"):
        raise missing("reason.code")
    row = found_on(ask.account.state.vault.tokenized_cards, id_)
    if row["state"] == "DELETED":
        raise invalid("state")
    return Answer(200, shown(turn(ask, id_, {"state": "DELETED"})))


def live(ask: Ask) -> Answer:
    """POST {id}/issuer-life-cycle-event-simulations: suspended, or for a new card."""
    id_ = ask.ids["tokenizedCardId"]
    row = found_on(ask.account.state.vault.tokenized_cards, id_)
    state = at(ask.document, "state")
    if state is not None and state not in STATES:
        raise invalid("state")
    change: dict[str, Any] = {} if state is None else {"state": state}
    card = at(ask.document, "card") or {}
    change |= {name: card[name] for name in _ENDS if card.get(name)}
    if card.get("last4"):
        change["card"] = row["card"] | {"suffix": str(card["last4"])}
    if not change:
        raise missing("state")
    turn(ask, id_, change)
    return Answer(204, {})


def art(ask: Ask) -> Answer:
    """GET /tms/v2/tokens/{instrumentIdentifierId}/{tokenProvider}/assets/{assetType}."""
    found_on(ask.account.state.vault.identifiers, ask.ids["instrumentIdentifierId"])
    if ask.ids["assetType"] not in _ASSETS:
        raise invalid("assetType")
    content = [{"type": "image/png", "data": _PIXEL, "width": "1", "height": "1"}]
    provider = ask.ids["tokenProvider"]
    return Answer(
        200,
        {"id": new_token_id(), "type": ask.ids["assetType"], "provider": provider,
         "content": content},
    )  # fmt: skip


OFFERS = (
    Offer("network_tokens.post_tokenized_card", "tokenized_card", create),
    Offer("network_tokens.get_tokenized_card", "network_token_read", get),
    Offer("network_tokens.post_tokenized_card_delete", "network_token_deletion", delete),
    Offer("network_tokens.post_issuer_life_cycle_simulation", "network_token_event", live),
    Offer("network_tokens.get_card_art_asset", "card_art", art),
)
