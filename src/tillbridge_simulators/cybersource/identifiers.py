"""Token Management Offer: instrument identifiers, one for each card or bank account.

Source: REST API reference, Token Management, Instrument Identifier. The same number has the same
id for ever; the answer shows the number masked, and nothing else of it is kept.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.answers import Answer
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import at
from tillbridge_simulators.cybersource.shelf import merged
from tillbridge_simulators.cybersource.token_answers import (
    TokenRefusal,
    found_on,
    invalid,
    listed,
    metadata,
    missing,
)
from tillbridge_simulators.cybersource.tokenized_cards import NETWORKS, tokenized
from tillbridge_simulators.cybersource.tokens import MintedToken

PATH = "/tms/v1/instrumentidentifiers"
_KEPT = ("processingInformation", "billTo", "issuer", "tokenProvisioningInformation")


def create(ask: Ask) -> Answer:
    """POST: 201 for a new number, 200 with the id it has had since for a known one."""
    id_, row, token = _read(ask, ask.document)
    known = ask.account.state.vault.identifiers.find(id_)
    if known is not None:
        return Answer(200, known)
    ask.account.tokens.put(id_, token)
    return Answer(201, ask.account.state.vault.identifiers.put(id_, row))


def identified(ask: Ask, document: Mapping[str, Any]) -> str:
    """The id of the card or account in `document`, which is kept when it is new."""
    id_, row, token = _read(ask, document)
    if ask.account.state.vault.identifiers.find(id_) is None:
        ask.account.tokens.put(id_, token)
        ask.account.state.vault.identifiers.put(id_, row)
    return id_


def get(ask: Ask) -> Answer:
    """GET {id}."""
    return Answer(200, found_on(ask.account.state.vault.identifiers, ask.id))


def patch(ask: Ask) -> Answer:
    """PATCH {id}: everything but the number."""
    shelf = ask.account.state.vault.identifiers
    row = found_on(shelf, ask.id)
    if at(ask.document, "card.number") or at(ask.document, "bankAccount.number"):
        raise TokenRefusal(
            400, "unsupportedPaymentMethodModification", "The payment method cannot be changed"
        )
    change = {name: ask.document[name] for name in _KEPT if name in ask.document}
    return Answer(200, shelf.put(ask.id, merged(row, change)))


def delete(ask: Ask) -> Answer:
    """DELETE {id}: only one that no payment instrument uses."""
    found_on(ask.account.state.vault.identifiers, ask.id)
    if any(_instruments_of(ask)):
        raise TokenRefusal(
            409,
            "instrumentIdentifierDeletionError",
            "Action cannot be performed as the Instrument Identifier is associated with one or"
            " more Payment Instruments",
        )
    ask.account.state.vault.identifiers.drop(ask.id)
    ask.account.tokens.drop(ask.id)
    return Answer(204, {})


def instruments(ask: Ask) -> Answer:
    """GET {id}/paymentinstruments."""
    id_ = ask.ids["instrumentIdentifierId"]
    found_on(ask.account.state.vault.identifiers, id_)
    return listed(
        ask, f"{PATH}/{id_}/paymentinstruments", "paymentInstruments", _instruments_of(ask)
    )


def enroll(ask: Ask) -> Answer:
    """POST {id}/enrollment: asks for a network token, which is made at once here."""
    shelf = ask.account.state.vault.identifiers
    row = found_on(shelf, ask.ids["instrumentIdentifierId"])
    if "card" not in row:
        raise invalid("card")
    card = ask.account.tokens.known(row["id"])
    if card.brand not in NETWORKS:
        raise invalid("card")
    if row.get("tokenizedCard", {}).get("state") not in ("ACTIVE", "SUSPENDED"):
        ends = ("expirationMonth", "expirationYear")
        said = {name: at(ask.document, f"card.{name}") for name in ends}
        tokenized(ask, card, said, owner=row["id"])
    return Answer(202, {})


def _instruments_of(ask: Ask) -> Any:
    id_ = ask.ids["instrumentIdentifierId"]
    return ask.account.state.vault.instruments.where(
        lambda row: row.get("instrumentIdentifier", {}).get("id") == id_
    )


def _read(ask: Ask, document: Mapping[str, Any]) -> tuple[str, dict[str, Any], MintedToken]:
    number, account = at(document, "card.number"), at(document, "bankAccount.number")
    if bool(number) == bool(account):
        raise missing("card.number") if not number else invalid("card", "bankAccount")
    if number:
        card = ask.account.cards.read(number)
        if card is None:
            raise invalid("card.number")
        shown: dict[str, Any] = {"card": {"number": f"{card.first6}XXXXXX{card.last4}"}}
        token = MintedToken("tms", "authorized", card.brand, card.last4, None, card.authentication)
        id_ = _id_of(card.fingerprint) + card.last4
    else:
        if not at(document, "bankAccount.routingNumber"):
            raise missing("bankAccount.routingNumber")
        digits = str(account)
        shown = {"bankAccount": {"number": f"XXXXX{digits[-4:]}"}}
        shown["bankAccount"]["routingNumber"] = at(document, "bankAccount.routingNumber")
        token = MintedToken("tms", "authorized", "", digits[-4:], None)
        key = ask.account.options.secret_key.encode()
        id_ = _id_of(hmac.new(key, digits.encode(), hashlib.sha256).hexdigest()) + digits[-4:]
    kept = {name: document[name] for name in _KEPT if name in document}
    row = {
        "_links": {
            "self": {"href": f"{PATH}/{id_}"},
            "paymentInstruments": {"href": f"{PATH}/{id_}/paymentinstruments"},
        },
        "id": id_,
        "object": "instrumentIdentifier",
        "state": "ACTIVE",
        **shown,
        **kept,
        "metadata": metadata(ask),
    }
    return id_, row, token


def _id_of(fingerprint: str) -> str:
    """A 7, fifteen digits, and the last four of the number follow: 16 to 19 as theirs."""
    return "7" + f"{int(fingerprint[:14], 16) % 10**11:011d}"


OFFERS = (
    Offer("instrument_identifier.post_instrument_identifier", "instrument_identifier", create),
    Offer("instrument_identifier.get_instrument_identifier", "instrument_identifier_read", get),
    Offer(
        "instrument_identifier.patch_instrument_identifier", "instrument_identifier_update", patch
    ),
    Offer(
        "instrument_identifier.delete_instrument_identifier",
        "instrument_identifier_deletion",
        delete,
    ),
    Offer(
        "instrument_identifier.get_instrument_identifier_payment_instruments_list",
        "payment_instruments",
        instruments,
    ),
    Offer("instrument_identifier.post_instrument_identifier_enrollment", "network_token", enroll),
)
