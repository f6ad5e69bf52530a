"""Token Management: what Cybersource keeps for the shop's customers, written and read by its ids.

Source: REST API reference, Token Management Service; Token Management Service guide, network token
life cycle. How a lost answer is settled:

- a change or a removal ends the same however often it is sent;
- a stored card, an address and a network token are found in the lists of what they belong to;
- a customer has no list: a lost answer waits for a person. He holds nothing yet, so that a second
  one does no harm.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Finding, Read, Receipt, Send, Write
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource import token_documents as documents
from tillbridge_cybersource.exchange import Answer, Exchange
from tillbridge_cybersource.kept import Kept
from tillbridge_cybersource.observations import part, text_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.token_views import (
    GONE,
    shown_address,
    shown_customer,
    shown_identifier,
    shown_instrument,
    shown_network_token,
    token_refusal,
)

_INSTRUMENTS = "customer_payment_instrument"
CALLS = frozenset(
    {
        *(f"customer.{verb}_customer" for verb in ("post", "get", "patch", "delete")),
        "customer_shipping_address.post_customer_shipping_address",
        "customer_shipping_address.get_customer_shipping_address",
        "customer_shipping_address.get_customer_shipping_addresses_list",
        "customer_shipping_address.patch_customers_shipping_address",
        "customer_shipping_address.delete_customer_shipping_address",
        f"{_INSTRUMENTS}.post_customer_payment_instrument",
        f"{_INSTRUMENTS}.get_customer_payment_instrument",
        f"{_INSTRUMENTS}.get_customer_payment_instruments_list",
        f"{_INSTRUMENTS}.patch_customers_payment_instrument",
        f"{_INSTRUMENTS}.delete_customer_payment_instrument",
        *(f"payment_instrument.{v}_payment_instrument" for v in ("post", "get", "patch", "delete")),
        *(f"instrument_identifier.{v}_instrument_identifier" for v in ("get", "patch", "delete")),
        "instrument_identifier.get_instrument_identifier_payment_instruments_list",
        "instrument_identifier.post_instrument_identifier_enrollment",
        "network_tokens.get_tokenized_card",
        "network_tokens.post_tokenized_card_delete",
        "network_tokens.post_issuer_life_cycle_simulation",
        "network_tokens.get_card_art_asset",
    }
)
CUSTOMERS: Final = "/tms/v2/customers"
ALONE: Final = "/tms/v1/paymentinstruments"
IDENTIFIERS: Final = "/tms/v1/instrumentidentifiers"
NETWORK_TOKENS: Final = "/tms/v2/tokenized-cards"
PAGE: Final = 100
PAGES_MAX: Final = 50
"""A customer with more cards than these pages hold is no customer."""

_DONE = (200, 201, 202, 204)
_REASON_TO_DELETE = "CUSTOMER_CONFIRMED"


class Vault:
    """The writes and reads of one account's tokens."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        self._exchange = exchange
        self._settings = settings
        self._opening = opening
        self.writes = (
            Write(documents.CUSTOMER_TOKEN, "none", self._make_customer),
            Write(documents.CUSTOMER_UPDATE, "natural_key", self._change_customer),
            Write(
                documents.CUSTOMER_DELETION,
                "natural_key",
                self._remove("customer_token", _customer),
            ),
            Write(documents.SHIPPING_ADDRESS, "find", self._make_address, find=self._find_address),
            Write(documents.SHIPPING_UPDATE, "natural_key", self._change_address),
            Write(
                documents.SHIPPING_DELETION,
                "natural_key",
                self._remove("shipping_address", _address),
            ),
            Write(
                documents.PAYMENT_INSTRUMENT,
                "find",
                self._make_instrument,
                find=self._find_instrument,
            ),
            Write(documents.INSTRUMENT_UPDATE, "natural_key", self._change_instrument),
            Write(
                documents.INSTRUMENT_DELETION,
                "natural_key",
                self._remove("payment_instrument", _instrument),
            ),
            Write(documents.IDENTIFIER_UPDATE, "natural_key", self._change_identifier),
            Write(
                documents.IDENTIFIER_DELETION,
                "natural_key",
                self._remove("instrument_identifier", _identifier),
            ),
            Write(documents.NETWORK_ENROLMENT, "find", self._enrol, find=self._find_enrolment),
            Write(documents.NETWORK_DELETION, "natural_key", self._remove_network_token),
            Write(documents.NETWORK_EVENT, "natural_key", self._happen),
        )
        self.reads = (
            self._reads("customer_token", "A customer", _customer, shown_customer),
            self._reads("shipping_address", "A stored address", _address, shown_address),
            self._reads("payment_instrument", "A stored card", _instrument, shown_instrument),
            self._reads("instrument_identifier", "A card", _identifier, shown_identifier),
            self._reads("network_token", "A network token", _network_token, shown_network_token),
            self._lists("shipping_addresses", "A customer's addresses", _addresses),
            self._lists("payment_instruments", "Stored cards of a customer or card", _instruments),
            Read("card_art", documents.CARD_ART, self._art),
        )

    async def _make_customer(self, call: Call, fields: Fields) -> Receipt:
        body = documents.customer_body(fields)
        answer = await self._send(call, "POST", CUSTOMERS, body, "Making a customer")
        return self._receipt("customer_token", shown_customer(answer.body))

    async def _change_customer(self, call: Call, fields: Fields) -> Receipt:
        body = documents.customer_body(fields)
        answer = await self._send(call, "PATCH", _customer(fields), body, "Changing a customer")
        id_ = values.required_text(fields, documents.CUSTOMER.name)
        return self._receipt("customer_token", shown_customer(answer.body), id_)

    async def _make_address(self, call: Call, fields: Fields) -> Receipt:
        path, body = _addresses(fields), documents.shipping_body(fields)
        answer = await self._send(call, "POST", path, body, "Storing an address")
        return self._receipt("shipping_address", shown_address(answer.body))

    async def _find_address(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        wanted = documents.shipping_body(fields)["shipTo"]
        rows = await self._rows(call, _addresses(fields), "shippingAddresses")
        same = [row for row in rows if part(row, "shipTo") == wanted]
        return self._finding(call, sent_at, "shipping_address", same, shown_address)

    async def _change_address(self, call: Call, fields: Fields) -> Receipt:
        path, body = _address(fields), documents.shipping_body(fields)
        answer = await self._send(call, "PATCH", path, body, "Changing an address")
        id_ = values.required_text(fields, documents.ADDRESS_ID.name)
        return self._receipt("shipping_address", shown_address(answer.body), id_)

    async def _make_instrument(self, call: Call, fields: Fields) -> Receipt:
        customer = values.text(fields, "customer_token")
        path = _of_customer(customer, "payment-instruments") if customer else ALONE
        body = documents.instrument_body(fields)
        answer = await self._send(call, "POST", path, body, "Storing a card")
        return self._receipt("payment_instrument", shown_instrument(answer.body))

    async def _find_instrument(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        """By the card, its end and its owner: what has all three alike is the same stored card."""
        wanted = documents.instrument_body(fields)
        card = wanted.get("card", {})
        rows = await self._rows(call, _instruments(fields), "paymentInstruments")
        same = [
            row
            for row in rows
            if part(row, "instrumentIdentifier") == wanted["instrumentIdentifier"]
            and isinstance(card, Mapping)
            and card.items() <= part(row, "card").items()
        ]
        return self._finding(call, sent_at, "payment_instrument", same, shown_instrument)

    async def _change_instrument(self, call: Call, fields: Fields) -> Receipt:
        path, body = _instrument(fields), documents.instrument_body(fields)
        answer = await self._send(call, "PATCH", path, body, "Changing a stored card")
        id_ = values.required_text(fields, documents.INSTRUMENT.name)
        return self._receipt("payment_instrument", shown_instrument(answer.body), id_)

    async def _change_identifier(self, call: Call, fields: Fields) -> Receipt:
        path, body = _identifier(fields), documents.identifier_body(fields)
        answer = await self._send(call, "PATCH", path, body, "Changing a card's identifier")
        id_ = values.required_text(fields, documents.IDENTIFIER.name)
        return self._receipt("instrument_identifier", shown_identifier(answer.body), id_)

    async def _enrol(self, call: Call, fields: Fields) -> Receipt:
        """Asked for; the network makes it in its own time, and an event tells."""
        id_ = values.required_text(fields, "identifier_token")
        path, body = f"{_identifier(fields)}/enrollment", documents.enrolment_body(fields)
        await self._send(call, "POST", path, body, "Asking for a network token")
        return self._receipt("instrument_identifier", {"id": id_})

    async def _find_enrolment(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        body = await self._one(call, _identifier(fields))
        found = [body] if part(body, "tokenizedCard") else []
        return self._finding(call, sent_at, "instrument_identifier", found, shown_identifier)

    async def _remove_network_token(self, call: Call, fields: Fields) -> Receipt:
        reason = values.text(fields, "reason") or _REASON_TO_DELETE
        path, body = f"{_network_token(fields)}/delete", {"reason": {"code": reason}}
        try:
            await self._send(call, "POST", path, body, "Removing a network token", gone=True)
        except Rejected:  # perhaps it was removed before
            there = await self._one(call, _network_token(fields))
            if text_of(there, "state") != "DELETED":
                raise
        id_ = values.required_text(fields, "network_token")
        return self._receipt("network_token", {"id": id_})

    async def _happen(self, call: Call, fields: Fields) -> Receipt:
        path = f"{_network_token(fields)}/issuer-life-cycle-event-simulations"
        await self._send(call, "POST", path, documents.event_body(fields), "The issuer's event")
        id_ = values.required_text(fields, "network_token")
        return self._receipt("network_token", {"id": id_})

    async def _art(self, call: Call, fields: Fields) -> Receipt:
        """The first picture of it: its media type, and its bytes in base64."""
        place = "/".join(_id(fields, name) for name in ("identifier_token", "provider"))
        path = f"/tms/v2/tokens/{place}/assets/{_id(fields, 'asset')}"
        body = await self._one(call, path)
        content = body.get("content")
        picture = content[0] if isinstance(content, list) and content else {}
        told = {"media_type": text_of(picture, "type"), "data": text_of(picture, "data")}
        return Receipt(fields={"id": text_of(body, "id"), **told})

    def _remove(self, kind: str, path_of: Callable[[Fields], str]) -> Send:
        """A removal; of what is not there any more, too."""

        async def remove(call: Call, fields: Fields) -> Receipt:
            path = path_of(fields)
            await self._send(call, "DELETE", path, None, "Removing a token", gone=True)
            return self._receipt(kind, {"id": unquote(path.rpartition("/")[2])})

        return remove

    def _reads(
        self,
        kind: str,
        title: str,
        path_of: Callable[[Fields], str],
        shown: Callable[[Mapping[str, Any]], Mapping[str, str]],
    ) -> Read:
        async def read(call: Call, fields: Fields) -> Receipt:
            return self._receipt(kind, shown(await self._one(call, path_of(fields))))

        return Read(kind, DocumentShape(kind, title, _TAKES[kind]), read)

    def _lists(self, kind: str, title: str, path_of: Callable[[Fields], str]) -> Read:
        rows = "shippingAddresses" if kind == "shipping_addresses" else "paymentInstruments"

        async def read(call: Call, fields: Fields) -> Receipt:
            found = await self._rows(call, path_of(fields), rows)
            default = [text_of(row, "id") for row in found if row.get("default") is True]
            told = {
                "count": str(len(found)),
                "ids": " ".join(text_of(row, "id") for row in found),
                "default": default[0] if default else "",
            }
            return Receipt(fields={name: value for name, value in told.items() if value})

        return Read(kind, DocumentShape(kind, title, _TAKES[kind]), read)

    async def _send(
        self,
        call: Call,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        doing: str,
        *,
        gone: bool = False,
    ) -> Answer:
        """One change. `gone`: what is not there any more is as it should be."""
        answer = await self._exchange.manage(call, method, path, body)
        if gone and answer.status in GONE:
            return answer
        if answer.status in _DONE:
            self._kept("token").expect_done(answer.body)
            return answer
        raise token_refusal(self._exchange.name, doing, answer)

    async def _one(self, call: Call, path: str) -> Mapping[str, Any]:
        answer = await self._exchange.read(call, path)
        if answer.status != 200:
            raise token_refusal(self._exchange.name, "Reading a token", answer)
        return answer.body

    async def _rows(self, call: Call, path: str, name: str) -> Sequence[Mapping[str, Any]]:
        """All pages of a list; empty for what is not there."""
        rows: list[Mapping[str, Any]] = []
        for number in range(PAGES_MAX):
            page = f"{path}?offset={number * PAGE}&limit={PAGE}"
            answer = await self._exchange.read(call, page)
            if answer.status in GONE:
                return rows
            if answer.status != 200:
                raise token_refusal(self._exchange.name, "Listing tokens", answer)
            rows += part(answer.body, "_embedded").get(name) or ()
            if len(rows) >= int(text_of(answer.body, "total") or 0):
                return rows
        return rows

    def _finding(
        self,
        call: Call,
        sent_at: datetime,
        kind: str,
        found: Sequence[Mapping[str, Any]],
        shown: Callable[[Mapping[str, Any]], Mapping[str, str]],
    ) -> Finding:
        """The newest that fits."""
        receipt = self._receipt(kind, shown(found[-1])) if found else None
        return self._kept(kind).finding(call, receipt, sent_at)

    def _receipt(self, kind: str, fields: Mapping[str, str], known: str = "") -> Receipt:
        """`known`: the id of what was changed. Raises Transient("perhaps") for what was made and
        is not named."""
        id_ = fields["id"] or known
        if not id_:
            raise Transient(
                f"{self._exchange.name}: a {kind} was made, and the answer does not name it.",
                sent="perhaps",
                reason="unreadable",
            )
        return self._kept(kind).receipt(id_, {**fields, "id": id_})

    def _kept(self, kind: str) -> Kept:
        return Kept(self._exchange, self._settings, self._opening, kind, "", "", "total")


_TAKES: Mapping[str, tuple[Field, ...]] = {
    "customer_token": (documents.CUSTOMER,),
    "shipping_address": (documents.CUSTOMER, documents.ADDRESS_ID),
    "payment_instrument": (documents.OF_CUSTOMER, documents.INSTRUMENT),
    "instrument_identifier": (documents.IDENTIFIER,),
    "network_token": (documents.NETWORK_TOKEN,),
    "shipping_addresses": (documents.CUSTOMER,),
    "payment_instruments": (
        documents.OF_CUSTOMER,
        Field("identifier_token", "text", "Instrument identifier, where no customer is named"),
    ),
}


def _customer(fields: Fields) -> str:
    return f"{CUSTOMERS}/{_id(fields, 'customer_token')}"


def _of_customer(customer: str, noun: str) -> str:
    return f"{CUSTOMERS}/{quote(customer, safe='')}/{noun}"


def _addresses(fields: Fields) -> str:
    return _of_customer(values.required_text(fields, "customer_token"), "shipping-addresses")


def _address(fields: Fields) -> str:
    return f"{_addresses(fields)}/{_id(fields, 'address_token')}"


def _instruments(fields: Fields) -> str:
    customer = values.text(fields, "customer_token")
    if customer:
        return _of_customer(customer, "payment-instruments")
    return f"{_identifier(fields)}/paymentinstruments"


def _instrument(fields: Fields) -> str:
    customer = values.text(fields, "customer_token")
    path = _of_customer(customer, "payment-instruments") if customer else ALONE
    return f"{path}/{_id(fields, 'instrument_token')}"


def _identifier(fields: Fields) -> str:
    return f"{IDENTIFIERS}/{_id(fields, 'identifier_token')}"


def _network_token(fields: Fields) -> str:
    return f"{NETWORK_TOKENS}/{_id(fields, 'network_token')}"


def _id(fields: Fields, name: str) -> str:
    return quote(values.required_text(fields, name), safe="")
