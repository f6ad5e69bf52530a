"""What Cybersource keeps for a customer is written as promised, also when answers are lost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cybersource.account_bench import SETTINGS, account_bench
from tests.cybersource.test_money_moves import visa

from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Write
from tillbridge.connector.conformance import Bench, Harness, conformance_suite
from tillbridge.connector.conformance_bench import Soon, new_call, new_key
from tillbridge.connector.documents import Fields
from tillbridge_cybersource.connector import CONNECTOR, CybersourceSession
from tillbridge_simulators.cybersource import CybersourceSimulator
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.identifiers import identified

_LAG_S = 3600.0
_FOUND = ("shipping_address", "payment_instrument", "network_token")
_ENDS = {"expires_month": 12, "expires_year": 2031}
_ADDRESS = {"line1": "1 Market St", "city": "San Francisco", "country": "US"}


@dataclass
class Tokens:
    """The part of a session that this suite is about, and the account behind it."""

    writes: Mapping[str, Write]
    simulator: CybersourceSimulator

    async def written(self, kind: str, fields: Fields) -> str:
        """Writes what a document follows; its id there."""
        receipt = await self.writes[kind].send(new_call(new_key(), 5.0), fields)
        return receipt.references[0].id

    def rows(self, noun: str) -> list[dict[str, Any]]:
        return list(getattr(self.simulator.state.vault, noun).where(lambda _: True))


def _writes(session: CybersourceSession) -> Mapping[str, Write]:
    return {write.shape.kind: write for write in session._vault.writes}


def _of(at: Bench) -> Tokens:
    assert isinstance(at.session, Tokens)
    return at.session


def _standing(tokens: Tokens, kind: str) -> int:
    """How many effects of a kind the account shows; what is removed counts when it is gone."""
    noun, shows = _SHOWN[kind]
    return sum(shows(row) for row in tokens.rows(noun))


_SHOWN: dict[str, tuple[str, Callable[[dict[str, Any]], int]]] = {
    "customer_token": ("customers", lambda _: 1),
    "customer_token_update": (
        "customers",
        lambda row: row["buyerInformation"]["email"] == "new@example.com",
    ),
    "customer_token_deletion": ("customers", lambda _: -1),
    "shipping_address": ("addresses", lambda _: 1),
    "shipping_address_update": ("addresses", lambda row: row["shipTo"]["locality"] == "Reno"),
    "shipping_address_deletion": ("addresses", lambda _: -1),
    "payment_instrument": ("instruments", lambda _: 1),
    "payment_instrument_update": (
        "instruments",
        lambda row: row["card"]["expirationYear"] == "2035",
    ),
    "payment_instrument_deletion": ("instruments", lambda _: -1),
    "instrument_identifier_update": ("identifiers", lambda row: "processingInformation" in row),
    "instrument_identifier_deletion": ("identifiers", lambda _: -1),
    "network_token": ("tokenized_cards", lambda _: 1),
    "network_token_event": ("tokenized_cards", lambda row: row["state"] == "SUSPENDED"),
    "network_token_deletion": ("tokenized_cards", lambda row: row["state"] == "DELETED"),
}
"""By kind: among which rows its effects are, and how many a row shows."""


def customer(_: Bench) -> dict[str, Any]:
    return {"customer_number": "C-7", "email": "maya@example.com"}


async def made_customer(at: Bench) -> dict[str, Any]:
    return {"customer_token": await _of(at).written("customer_token", customer(at))}


async def shipping_address(at: Bench) -> dict[str, Any]:
    return {**await made_customer(at), "shipping": _ADDRESS}


async def made_address(at: Bench) -> dict[str, Any]:
    fields = await shipping_address(at)
    return {**fields, "address_token": await _of(at).written("shipping_address", fields)}


async def shipping_address_update(at: Bench) -> dict[str, Any]:
    return {**await made_address(at), "shipping": {**_ADDRESS, "city": "Reno"}}


def known_card(at: Bench) -> dict[str, Any]:
    """A card that a payment has brought."""
    account = _of(at).simulator.account
    return {"identifier_token": identified(Ask(account), {"card": {"number": visa()}})}


async def payment_instrument(at: Bench) -> dict[str, Any]:
    return {**await made_customer(at), **known_card(at), **_ENDS}


async def made_instrument(at: Bench) -> dict[str, Any]:
    fields = await payment_instrument(at)
    id_ = await _of(at).written("payment_instrument", fields)
    return {"customer_token": fields["customer_token"], "instrument_token": id_}


async def payment_instrument_update(at: Bench) -> dict[str, Any]:
    return {**await made_instrument(at), "expires_year": 2035}


def instrument_identifier_update(at: Bench) -> dict[str, Any]:
    first = {"previous_transaction": "016150703802094", "original_amount": Money.of("9.00", "USD")}
    return {**known_card(at), **first}


async def network_token_deletion(at: Bench) -> dict[str, Any]:
    await _of(at).written("network_token", known_card(at))
    return {"network_token": _of(at).rows("tokenized_cards")[0]["id"]}


async def network_token_event(at: Bench) -> dict[str, Any]:
    return {**await network_token_deletion(at), "state": "SUSPENDED"}


async def customer_update(at: Bench) -> dict[str, Any]:
    return {**await made_customer(at), "email": "new@example.com"}


_DOCUMENTS: Mapping[str, Callable[[Bench], Soon[Fields]]] = {
    "customer_token": customer,
    "customer_token_update": customer_update,
    "customer_token_deletion": made_customer,
    "shipping_address": shipping_address,
    "shipping_address_update": shipping_address_update,
    "shipping_address_deletion": made_address,
    "payment_instrument": payment_instrument,
    "payment_instrument_update": payment_instrument_update,
    "payment_instrument_deletion": made_instrument,
    "instrument_identifier_update": instrument_identifier_update,
    "instrument_identifier_deletion": known_card,
    "network_token": known_card,
    "network_token_deletion": network_token_deletion,
    "network_token_event": network_token_event,
}

TestVault = conformance_suite(
    Harness(
        connector=CONNECTOR,
        settings=SETTINGS,
        open=lambda: account_bench(
            lambda session, simulator: Tokens(_writes(session), simulator), _standing
        ),
        documents=_DOCUMENTS,
        find_lag_s=dict.fromkeys(_FOUND, _LAG_S),
        late_s=0.05,
    )
)
