"""Ways to pay that a wallet keeps: read, deleted, and gone for payments as well."""

from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge_simulators.cybersource.triggers import pull

TOKEN = {"wallet_token": "8kk8451t", "way": "PAYPAL"}


async def read(world: Any) -> dict[str, str]:
    receipt = await world.session.reads["wallet_token"].call(world.call(), TOKEN)
    return dict(receipt.fields)


async def test_a_token_is_read_and_deleted_and_then_it_is_gone(world: Any) -> None:
    pull(world.simulator.account, "wallet.stored", {"token": TOKEN["wallet_token"]})
    found = await read(world)
    assert (found["usage"], found["payer"], found["country"]) == ("MERCHANT", "PAYER8kk8451t", "US")
    for _ in range(2):
        deleted = await world.write("wallet_token_deletion", TOKEN)
        assert deleted.fields == {"state": "deleted"}
        assert deleted.references[0].id == TOKEN["wallet_token"]
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await read(world)
    assert not list(world.simulator.log.entries("unknown_fields"))


async def test_a_deletion_whose_answer_was_lost_is_asked_for_again(world: Any) -> None:
    pull(world.simulator.account, "wallet.stored", {"token": TOKEN["wallet_token"]})
    world.fault("wallet_token", "lose_answer")
    with pytest.raises(Transient) as lost:
        await world.write("wallet_token_deletion", TOKEN)
    assert lost.value.sent == "perhaps"
    assert (await world.write("wallet_token_deletion", TOKEN)).fields == {"state": "deleted"}


async def test_a_refusal_about_anything_else_is_no_deletion(world: Any) -> None:
    pull(world.simulator.account, "wallet.stored", {"token": TOKEN["wallet_token"]})
    world.fault("wallet_token", "refuse", status=400)
    with pytest.raises(Rejected):
        await world.write("wallet_token_deletion", TOKEN)
    assert (await read(world))["usage"] == "MERCHANT"
