"""Network tokens as they are kept: made for a card, turned by its issuer, shown without our marks.

Source: REST API reference, Token Management, Network Tokens (states and fields of the answer).
"""

import uuid
from collections.abc import Mapping
from typing import Any, Protocol

from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.token_answers import metadata, new_token_id

PATH = "/tms/v2/tokenized-cards"
NETWORKS = {"001": "visa", "002": "mastercard", "003": "americanexpress"}


class Known(Protocol):
    """A card of which nothing but this is left."""

    @property
    def brand(self) -> str: ...

    @property
    def last4(self) -> str: ...


def tokenized(ask: Ask, card: Known, ends: Mapping[str, Any], *, owner: str = "") -> dict[str, Any]:
    """A network token for this card, kept and told of; `owner` is the card's identifier."""
    vault, id_ = ask.account.state.vault, new_token_id()
    row = {
        "_links": {"self": {"href": f"{PATH}/{id_}"}},
        "id": id_,
        "object": "tokenizedCard",
        "state": "ACTIVE",
        "enrollmentId": uuid.uuid4().hex,
        "tokenReferenceId": uuid.uuid4().hex,
        "type": NETWORKS[card.brand],
        **{name: value for name, value in ends.items() if value},
        "card": {"suffix": card.last4, "type": card.brand},
        "metadata": metadata(ask),
        "_card": getattr(card, "fingerprint", owner),
        "_owner": owner,
    }
    kept = vault.tokenized_cards.put(id_, row)
    _show_owner(ask, kept)
    ask.account.tell("tms.networktoken.provisioned", id_, {"data": {"id": id_}})
    return kept


def turn(ask: Ask, id_: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """Changes it, and the card it stands for shows it."""
    shelf = ask.account.state.vault.tokenized_cards
    row = shelf.put(id_, shelf.copy(id_) | dict(change))
    _show_owner(ask, row)
    ask.account.tell("tms.networktoken.updated", id_, {"data": {"id": id_, "state": row["state"]}})
    return row


def lives(row: Mapping[str, Any]) -> bool:
    """It pays, or may again."""
    return row["state"] in ("ACTIVE", "SUSPENDED")


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as an answer."""
    return {
        name: value for name, value in row.items() if name == "_links" or not name.startswith("_")
    }


def _show_owner(ask: Ask, row: Mapping[str, Any]) -> None:
    shelf = ask.account.state.vault.identifiers
    owner = shelf.find(row["_owner"]) if row["_owner"] else None
    if owner is not None:
        names = ("id", "state", "enrollmentId", "type")
        shelf.put(row["_owner"], owner | {"tokenizedCard": {name: row[name] for name in names}})
