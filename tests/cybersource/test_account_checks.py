"""What is known of a kept card, and whether a bank account can be one."""

from typing import Any

import pytest
from tests.cybersource.test_tokens import customer, instrument, send

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge_cybersource.connector import CybersourceSession


async def read(world: Any, kind: str, **fields: Any) -> Any:
    session: CybersourceSession = world.session
    return (await session.reads[kind].call(world.call(), fields)).fields


async def test_a_kept_card_is_known_by_its_token(world: Any) -> None:
    his = await customer(world)
    made = await instrument(world, his)
    identifier = made["instrumentIdentifier"]["id"]
    for fields in ({"customer": his}, {"instrument": made["id"]}, {"identifier": identifier}):
        found = await read(world, "card_details", **fields)
        assert found == {
            "status": "COMPLETED",
            "brand": "001",
            "brand_name": "VISA",
            "funding": "CREDIT",
            "issuer": "Simulated Bank",
            "country": "US",
        }


@pytest.mark.parametrize("fields", [{}, {"customer": "1", "instrument": "2"}])
async def test_what_is_asked_about_is_one_thing(world: Any, fields: dict[str, str]) -> None:
    with pytest.raises(Rejected, match="One of customer, instrument, identifier is needed"):
        await read(world, "card_details", **fields)


async def test_an_unknown_token_is_refused(world: Any) -> None:
    with pytest.raises(Rejected, match="lookup of a card"):
        await read(world, "card_details", identifier="0" * 32)


async def test_digits_that_fit_several_records_say_so(world: Any) -> None:
    for digits, status in (("411111", "COMPLETED"), ("400000", "MULTIPLE"), ("999999", "NO MATCH")):
        body = {"paymentInformation": {"card": {"number": digits}}}
        code, told = await send(world, "POST", "/bin/v1/binlookup", body)
        assert (code, told["status"]) == (201, status)


@pytest.mark.parametrize(("routing", "good"), [("121042882", "yes"), ("121042883", "no")])
async def test_a_bank_account_is_asked_about_encrypted(
    sealed: Any, routing: str, good: str
) -> None:
    found = await read(sealed, "bank_account", routing_number=routing, account_number="4100")
    assert found["good"] == good
    (one,) = [entry.facts for entry in sealed.simulator.log.entries("request")]
    assert (one["operation"], one["encrypted"]) == ("bank_account_validation", True)


async def test_a_routing_number_that_is_none_is_refused(sealed: Any) -> None:
    with pytest.raises(Rejected, match="validation of a bank account"):
        await read(sealed, "bank_account", routing_number="1210", account_number="4100")


async def test_without_encryption_no_bank_account_leaves(world: Any) -> None:
    with pytest.raises(Misconfigured, match="only asked about encrypted"):
        await read(world, "bank_account", routing_number="121042882", account_number="4100")
    assert not list(world.simulator.log.entries("request"))
