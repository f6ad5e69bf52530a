"""What is left of an order is authorized anew: what is said, what is checked, how it ends."""

from typing import Any

import pytest
from tests.cybersource.conftest import now

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge_cybersource.payment_documents import payment_document
from tillbridge_simulators.cybersource.tokens import MintedToken


def again(world: Any, token: str, **credential: Any) -> dict[str, Any]:
    """The fields of a reauthorization of 15.00 with a stored card."""
    told = {
        "use": "use", "initiator": "merchant", "reason": "reauthorization",
        "original_amount": Money.of("25.00", "USD"),
    }  # fmt: skip
    fields: dict[str, Any] = world.payment(attempt_key=f"again-{len(world.simulator.holds())}")
    return fields | {
        "token_kind": "tms",
        "token": token,
        "amount": Money.of("15.00", "USD"),
        "stored_credential": told | credential,
    }


async def test_the_rest_of_an_order_is_authorized_with_the_card_that_was_stored(
    world: Any,
) -> None:
    first = await world.write("authorization", world.payment("review") | {"store_token": True})
    token, network = first.observations[0].token, first.fields["network_transaction"]
    fields = again(world, token, previous_transaction=network)

    processing: Any = payment_document(fields, world.settings)["processingInformation"]
    assert processing["authorizationOptions"] == {
        "initiator": {
            "type": "merchant",
            "storedCredentialUsed": True,
            "merchantInitiatedTransaction": {
                "reason": "3",
                "previousTransactionId": network,
                "originalAuthorizedAmount": "25.00",
            },
        },
        "ignoreAvsResult": True,
        "ignoreCvResult": True,
        "partialAuthIndicator": False,
    }
    assert processing["actionList"] == ["DECISION_SKIP"]

    sent = await world.write("authorization", fields)
    (told,) = sent.observations
    find = world.session.writes["authorization"].find
    found = await find(world.call("effect-key-1"), fields, now())
    assert found.receipt.references == sent.references
    assert found.receipt.observations[0].token == token
    assert (told.verdict.value, told.amount) == ("approved", Money.of("15.00", "USD"))
    assert told.token == token
    assert world.session.captures_once
    assert list(world.simulator.log.entries("unknown_fields")) == []

    tokens = world.simulator.account.tokens
    tokens.put(token, MintedToken("tms", "insufficient_fund", "001", "1111", None))
    declined = await world.write(
        "authorization", fields | {"attempt_key": "again-declined"}, "again-declined"
    )
    assert declined.fields["verdict"] == "declined"


@pytest.mark.parametrize(
    ("previous", "reason"),
    [(None, "missing_field"), ("016150703802094", "invalid_data"), ("other card", "invalid_data")],
)
async def test_one_that_names_no_payment_with_this_card_is_refused(
    world: Any, previous: str | None, reason: str
) -> None:
    first = await world.write("authorization", world.payment() | {"store_token": True})
    if previous == "other card":
        token = world.simulator.account.tokens.mint(brand="002", last4="4444")
        other = world.payment(attempt_key="another", token=token) | {"store_token": True}
        previous = (await world.write("authorization", other, "other")).fields[
            "network_transaction"
        ]
    named = {"previous_transaction": previous} if previous else {}

    with pytest.raises(Rejected) as refused:
        await world.write("authorization", again(world, first.observations[0].token, **named))

    assert refused.value.reason == reason
