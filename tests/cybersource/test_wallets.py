"""Sessions and orders at wallets: opened, changed, ordered once, and asked how they stand."""

from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money


async def test_a_session_is_opened_changed_ordered_and_asked_about(world: Any) -> None:
    async def ask(kind: str, **fields: Any) -> dict[str, str]:
        given = {"order_number": "1042", "way": "PAYPAL", **fields}
        return dict((await world.session.reads[kind].call(world.call(), given)).fields)

    amount = Money.of("25.00", "USD")
    opened = await ask("wallet_session", amount=amount, success_url="https://shop.example/thanks")
    assert opened["status"] == "PENDING"
    assert opened["page"].endswith(opened["id"])
    larger = Money.of("30.00", "USD")
    session = {"session_id": opened["id"]}
    changed = await ask("wallet_session_change", amount=larger, **session)
    assert (changed["id"], changed["amount"]) == (opened["id"], "30.00")
    with pytest.raises(Rejected, match="INVALID_AMOUNT"):
        await ask("wallet_order", amount=amount, **session)
    order = await ask("wallet_order", amount=larger, **session)
    assert (await ask("wallet_state", payment_id=order["id"]))["status"] == "CREATED"
    assert (await ask("wallet_state", payment_id=opened["id"]))["status"] == "COMPLETED"
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await ask("wallet_order", amount=larger, **session)
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await ask("wallet_state", payment_id="1")
    assert not list(world.simulator.log.entries("unknown_fields"))
