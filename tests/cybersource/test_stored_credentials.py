"""Stored cards: consent, what a merchant initiates later, and whose card it is."""

from typing import Any

import pytest
from tests.cybersource.conftest import now

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge_cybersource.payment_documents import payment_document

STORE = {"use": "store"}
MINE = {"use": "use", "initiator": "merchant", "previous_transaction": "016150703802094"}


@pytest.mark.parametrize(
    ("credential", "initiator", "indicator"),
    [
        (STORE, {"type": "customer", "credentialStoredOnFile": True}, "internet"),
        (
            STORE | {"reason": "recurring"},
            {
                "type": "customer",
                "credentialStoredOnFile": True,
                "merchantInitiatedTransaction": {"reason": "7"},
            },
            "internet",
        ),
        ({"use": "use"}, {"type": "customer", "storedCredentialUsed": True}, "internet"),
        (
            MINE | {"reason": "recurring"},
            {
                "type": "merchant",
                "storedCredentialUsed": True,
                "merchantInitiatedTransaction": {
                    "reason": "7",
                    "previousTransactionId": "016150703802094",
                },
            },
            "recurring",
        ),
        (
            MINE | {"reason": "installment", "agreement": "A-1"},
            {
                "type": "merchant",
                "storedCredentialUsed": True,
                "merchantInitiatedTransaction": {
                    "reason": "9",
                    "previousTransactionId": "016150703802094",
                    "agreementId": "A-1",
                },
            },
            "install",
        ),
        (
            MINE | {"reason": "unscheduled", "original_amount": Money.of("9.00", "USD")},
            {
                "type": "merchant",
                "storedCredentialUsed": True,
                "merchantInitiatedTransaction": {
                    "reason": "10",
                    "previousTransactionId": "016150703802094",
                    "originalAuthorizedAmount": "9.00",
                },
            },
            "internet",
        ),
    ],
)
async def test_who_initiates_and_why_is_said_as_the_networks_want_it(
    world: Any, credential: dict[str, Any], initiator: dict[str, Any], indicator: str
) -> None:
    fields = world.payment() | {"stored_credential": credential}
    processing: Any = payment_document(fields, world.settings)["processingInformation"]
    assert processing["authorizationOptions"]["initiator"] == initiator
    assert processing["commerceIndicator"] == indicator
    receipt = await world.write("authorization", fields)
    assert receipt.references[1].kind == "network_transaction"
    assert receipt.references[1].id == receipt.fields["network_transaction"]
    assert list(world.simulator.log.entries("unknown_fields")) == []


async def test_a_payment_that_is_found_tells_its_network_id_too(world: Any) -> None:
    fields = world.payment() | {"stored_credential": STORE}
    sent = await world.write("authorization", fields)
    find = world.session.writes["authorization"].find
    found = await find(world.call("effect-key-1"), fields, now())
    assert found.receipt.references == sent.references


async def test_an_ordinary_payment_says_nothing_of_it_and_keeps_nothing(world: Any) -> None:
    fields = world.payment()
    document: Any = payment_document(fields, world.settings)
    assert "authorizationOptions" not in document["processingInformation"]
    receipt = await world.write("authorization", fields)
    assert [one.kind for one in receipt.references] == ["payment"]


async def test_a_payment_stores_a_customer_and_his_next_card_joins_him(world: Any) -> None:
    first = await world.write("authorization", world.payment() | {"store_token": True})
    token = first.observations[0].token
    reads = world.session.reads
    told = await reads["payment_instrument"].call(world.call(), {"instrument_token": token})
    assert (told.fields["state"], told.fields["last4"]) == ("ACTIVE", "1111")
    (customer,) = world.simulator.state.vault.customers.where(lambda _: True)
    named = {"customer_token": customer["id"]}

    second = world.payment(attempt_key="second-key") | named | {"store_token": True}
    await world.write("authorization", second)
    cards = await reads["payment_instruments"].call(world.call(), named)
    assert cards.fields["count"] == "2"
    assert cards.fields["default"] == token

    stored = {"token_kind": "tms", "token": token, "attempt_key": "third-key"}
    paid = await world.write("authorization", world.payment() | stored | named)
    assert paid.fields["verdict"] == "approved"
    assert list(world.simulator.log.entries("unknown_fields")) == []


async def test_what_is_stored_is_read_changed_and_removed(world: Any) -> None:
    writes, reads = world.session.writes, world.session.reads

    async def write(kind: str, **fields: Any) -> Any:
        return await writes[kind].send(world.call("key"), fields)

    async def read(kind: str, **fields: Any) -> dict[str, str]:
        return dict((await reads[kind].call(world.call(), fields)).fields)

    made = await write("customer_token", customer_number="C-7", email="maya@example.com")
    customer = {"customer_token": made.references[0].id}
    assert (await read("customer_token", **customer))["customer_number"] == "C-7"
    ship_to = {"line1": "1 Market St", "city": "Reno", "country": "US"}
    address = await write("shipping_address", shipping=ship_to, **customer)
    place = customer | {"address_token": address.references[0].id}
    assert (await read("shipping_address", **place))["address"] == "1 Market St, Reno, US"
    assert (await read("shipping_addresses", **customer))["ids"] == place["address_token"]

    paid = await world.write("authorization", world.payment() | {"store_token": True, **customer})
    card = {"instrument_token": paid.observations[0].token, **customer}
    await write("payment_instrument_update", expires_month=1, expires_year=2036, **card)
    told = await read("payment_instrument", **card)
    assert (told["expires_month"], told["expires_year"]) == ("01", "2036")
    identifier = {"identifier_token": told["identifier_token"]}
    await write("network_token", **identifier)
    seen = await read("instrument_identifier", **identifier)
    assert (seen["network_token_state"], seen["last4"]) == ("ACTIVE", "1111")
    art = await read("card_art", provider="vts", asset="icon", **identifier)
    assert (art["media_type"], bool(art["data"])) == ("image/png", True)
    network = {"network_token": seen["network_token"]}
    await write("network_token_event", state="SUSPENDED", expires_month=3, last4="4242", **network)
    told = await read("network_token", **network)
    assert (told["state"], told["last4"], told["expires_month"]) == ("SUSPENDED", "4242", "03")
    await write("network_token_deletion", **network)
    await write("network_token_deletion", **network)
    assert (await read("network_token", **network))["state"] == "DELETED"

    await write("customer_token_deletion", **customer)
    await write("customer_token_deletion", **customer)
    with pytest.raises(Rejected) as gone:
        await read("customer_token", **customer)
    assert gone.value.reason == "unknown_token"
    with pytest.raises(Rejected) as wrong:
        await write("payment_instrument", **{"identifier_token": "nobody"})
    assert wrong.value.reason == "unknown_token"
