"""A payment made elsewhere is verified by its id and adopted, whichever half comes first."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.cybersource.conftest import BILLING, new_call
from tests.journeys.test_pull import no_webhooks, pull
from tests.journeys.town import Till, Town, open_town, order_document, till, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.documents import Fields
from tillbridge.desk.notices import notices
from tillbridge.journeys.adopt import adopt_by_hand, adopt_payments
from tillbridge.payments.adoptions import Adoption, adoptions_of
from tillbridge.payments.attempts import of_order
from tillbridge.payments.finds import open_finds

TOTAL = "31.95"


@pytest.fixture
async def town(tmp_path: Path, dsn: str) -> AsyncIterator[Town]:
    settings = {"search_lag_s": "0", "fence": "no", "pull_every_s": "3600"}
    async with open_town(tmp_path / "folder", dsn, settings=settings) as opened:
        yield opened


@pytest.fixture
async def shop(town: Town) -> AsyncIterator[Till]:
    async with till(town) as opened:
        yield opened


async def pay_elsewhere(
    town: Town, order: str, amount: str = TOTAL, outcome: str = "authorized", currency: str = "USD"
) -> str:
    """The shopper pays on a hosted page; the payment's id."""
    fields: Fields = {
        "order_number": order,
        "amount": usd(amount) if currency == "USD" else usd(amount).of(amount, currency),
        "token_kind": "transient",
        "token": town.cybersource.mint_token(outcome),
        "attempt_key": f"hosted {order}"[:26],
        "billing": BILLING,
    }
    writes = town.house.connections["cybersource"].writes
    receipt = await writes["authorization"].send(new_call(), fields)
    return str(receipt.fields["request_id"])


async def tell(shop: Till, order: str, payment_id: str, **changes: Any) -> int:
    """The shop tells of an order and the payment's id; the answer's status."""
    document = {
        "id": f"paid-{order}-{payment_id}",
        "type": "order.paid",
        "occurred_at": "2026-03-02T10:15:00Z",
        "order": order_document(order) | changes,
        "payment": {"id": payment_id},
    }
    status, _ = await shop.post("/doors/webshop", document, str(document["id"]))
    return status


async def ended(town: Town, order: str) -> Adoption:
    """The newest adoption of an order, when it has ended."""
    async with asyncio.timeout(10):
        while True:
            for one in await adoptions_of(town.house.database, order):
                if one.state != "waiting":
                    return one
            await asyncio.sleep(0.05)


async def state_of(town: Town, order: str) -> list[str]:
    return [str(attempt.state) for attempt in await of_order(town.house.database, order)]


async def test_the_shop_is_first_and_the_order_goes_its_way(town: Town, shop: Till) -> None:
    """It is delivered twice; the payment is made, shown and told of only afterwards."""
    town.cybersource.options.search_lag_s = 20.0
    payment_id = await pay_elsewhere(town, "H-1")
    for _ in range(2):
        assert await tell(shop, "H-1", payment_id) == 202
    done = await ended(town, "H-1")
    assert (done.state, done.why) == ("adopted", "")
    await town.quiet()
    assert await shop.ship("H-1") == 202
    await town.quiet()
    assert await state_of(town, "H-1") == ["captured"]
    assert len(town.cybersource.state.authorizations) == 1


async def test_the_payment_is_first_and_is_a_strangers_until_the_shop_names_it(
    town: Town, shop: Till
) -> None:
    payment_id = await pay_elsewhere(town, "H-2")
    await town.cybersource.settle()
    await pull(town)
    assert [find.request_id for find in await open_finds(town.house.database)] == [payment_id]
    assert await state_of(town, "H-2") == []
    await tell(shop, "H-2", payment_id)
    assert (await ended(town, "H-2")).state == "adopted"
    assert await open_finds(town.house.database) == []
    assert await state_of(town, "H-2") == ["authorized"]


NEVER = {
    "other amount": "The order is 31.95 USD, and cybersource has 75.00 USD.",
    "other currency": "The order is 31.95 USD, and cybersource has 31.95 EUR.",
    "other reference": "has it for 'SOMEBODY'",
    "reversed": "reversed",
    "declined": "no payment that can be taken over",
    "capture": "is a capture",
    "another order's": "has it for 'H-OTHER'",
    "paid already": "has a payment already",
}


async def test_what_is_never_adopted_stands_before_a_person_with_both_values(
    town: Town, shop: Till
) -> None:
    for number, (case, says) in enumerate(NEVER.items()):
        order = f"N-{number}"
        payment_id = await _bad_payment(town, shop, order, case)
        before = await state_of(town, order)
        await tell(shop, order, payment_id)
        done = await ended(town, order)
        assert (case, done.state, says in done.why) == (case, "refused", True), done.why
        assert await state_of(town, order) == before
        (notice,) = [one for one in await notices(town.house.database) if one.subject == order]
        assert done.why in notice.content


async def _bad_payment(town: Town, shop: Till, order: str, case: str) -> str:
    """A payment that is not to be adopted; its id."""
    writes = town.house.connections["cybersource"].writes
    payment_id = await pay_elsewhere(
        town,
        "SOMEBODY" if case == "other reference" else order,
        "75.00" if case == "other amount" else TOTAL,
        "processor_declined" if case == "declined" else "authorized",
        "EUR" if case == "other currency" else "USD",
    )
    about: Fields = {"order_number": order, "authorization_id": payment_id, "amount": usd(TOTAL)}
    if case == "reversed":
        await writes["reversal"].send(new_call("reversal-key-1"), about)
    if case == "capture":
        receipt = await writes["capture"].send(new_call("capture-key-1"), about)
        return str(receipt.fields["request_id"])
    if case == "another order's":
        await shop.pay(order_document("H-OTHER"))
        (attempt,) = await of_order(town.house.database, "H-OTHER")
        return attempt.authorization_id
    if case == "paid already":
        await shop.pay(order_document(order))
    return payment_id


async def test_what_was_captured_elsewhere_counts_and_is_not_captured_again(
    town: Town, shop: Till
) -> None:
    payment_id = await pay_elsewhere(town, "H-3")
    about: Fields = {"order_number": "H-3", "authorization_id": payment_id, "amount": usd(TOTAL)}
    writes = town.house.connections["cybersource"].writes
    await writes["capture"].send(new_call("made-elsewhere-1"), about)
    await tell(shop, "H-3", payment_id)
    assert (await ended(town, "H-3")).state == "adopted"
    (attempt,) = await of_order(town.house.database, "H-3")
    assert (attempt.state, attempt.captured) == (AttemptState.CAPTURED, usd(TOTAL))
    claimed = await town.house.database.fetch_value("SELECT claimed FROM attempts")
    assert claimed == attempt.captured.amount


async def test_a_person_vouches_for_another_reference_and_for_no_other_amount(
    town: Town, shop: Till
) -> None:
    right, wrong = [await pay_elsewhere(town, "CART-77", one) for one in (TOTAL, "75.00")]
    await tell(shop, "H-4", right)
    assert (await ended(town, "H-4")).state == "refused"
    done = await adopt_by_hand(town.house, "H-4", wrong, "ada", "The shopper called.")
    assert (done.state, "75.00 USD" in done.why) == ("refused", True)
    done = await adopt_by_hand(town.house, "H-4", right, "ada", "The cart's number was sent.")
    assert (done.state, await state_of(town, "H-4")) == ("adopted", ["authorized"])
    rows = await town.house.database.fetch("SELECT who, action, why FROM audit ORDER BY number")
    assert [row["who"] for row in rows if row["action"] == "adopt"] == ["ada", "ada"]
    again = await adopt_by_hand(town.house, "H-4", right, "ada", "Once more.")
    assert (again.state, await state_of(town, "H-4")) == ("adopted", ["authorized"])
    with pytest.raises(Rejected, match="No shop has told"):
        await adopt_by_hand(town.house, "NEVER", right, "ada", "A guess.")


async def test_many_who_adopt_the_same_make_one_payment(town: Town, shop: Till) -> None:
    no_webhooks(town)
    payment_id = await pay_elsewhere(town, "H-5")
    await asyncio.gather(
        *(tell(shop, "H-5", payment_id) for _ in range(5)),
        *(adopt_payments(house) for house in (town.house, town.desk) for _ in range(5)),
    )
    await asyncio.gather(
        *(adopt_by_hand(town.desk, "H-5", payment_id, "ada", "Again.") for _ in range(5)),
        *(adopt_payments(town.house) for _ in range(5)),
    )
    assert (await ended(town, "H-5")).state == "adopted"
    assert await state_of(town, "H-5") == ["authorized"]
    await town.quiet()
    flows = [run.flow for run in await town.runs("H-5")]
    assert len(set(flows)) == len(flows)


async def test_a_payment_that_is_not_shown_is_waited_for(town: Town, shop: Till) -> None:
    await tell(shop, "H-6", "7000000000000000000001")
    async with asyncio.timeout(10):
        while True:
            (one,) = await adoptions_of(town.house.database, "H-6")
            if one.why:
                break
            await asyncio.sleep(0.05)
    assert (one.state, one.why) == ("waiting", "cybersource does not show the payment yet.")
