"""An order is paid anew, by another card, after its first payment was rejected in review."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_deliver import captured, letter_of, letters, messages
from tests.journeys.test_giving_up import sales_orders, unknown_product
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.canonical.events import Event, EventData, Kind
from tillbridge.journeys.receive import take_events
from tillbridge.journeys.steer import cancel
from tillbridge.payments.attempts import of_order

WHOLE = Decimal("31.95")
ACTIVE, CANCELLED = 1, 4
TELLS = {
    "order-to-cash-dynamics": "order-to-dynamics",
    "order-to-cash-sage": "order-to-sage",
    "order-to-cash-both": "review-decided",
}
"""By template, the flow that tells the shop how a review ended."""


async def pay(shop: Till, order: str, key: str, outcome: str = "authorized") -> dict[str, Any]:
    status, answer = await shop.pay(order_document(order), outcome=outcome, key=f"{order}-{key}")
    assert status == 200, answer
    return answer


async def pay_and_be_refused(town: Town, shop: Till, order: str) -> None:
    """The first attempt: in review, rejected, its hold given back."""
    answer = await pay(shop, order, "first", "review")
    town.cybersource.decide_review(answer["transaction_id"], accept=False)
    await town.quiet()
    assert town.held(order) == []


async def tell_late_reversal(town: Town, order: str) -> None:
    """That the first attempt was given back is told once more, as another message."""
    first, *_ = await of_order(town.house.database, order)
    late = Event(
        id="a late reversal",
        source="cybersource",
        kind=Kind.PAYMENT_REVERSED,
        subject=order,
        occurred_at=town.house.clock(),
        data=EventData(order=first.order, payment=first.payment()),
    )
    async with town.house.database.transaction() as tx:
        await take_events(town.house, tx, [late])


@pytest.mark.parametrize("template", TELLS)
async def test_a_second_review_is_not_decided_by_the_rejection_of_the_first(
    tmp_path: Path, dsn: str, template: str
) -> None:
    async with open_town(tmp_path, dsn, template=template) as town, till(town) as shop:
        await pay_and_be_refused(town, shop, "1101")

        answer = await pay(shop, "1101", "second", "review")
        await town.wait_for("1101", TELLS[template], "decision")
        town.cybersource.decide_review(answer["transaction_id"], accept=True)
        await town.quiet()

        ends = [run.state for run in await town.runs("1101") if run.flow.startswith("order-to-")]
        erps = len(ends) // 2
        assert sorted(ends) == ["cancelled"] * erps + ["done"] * erps
        assert len(messages(town, "1101", "reversed")) == 1
        assert len(messages(town, "1101", "authorized")) == 1
        assert len(town.held("1101")) == 1


async def test_a_shipment_waits_for_the_review_of_the_payment_that_pays_it(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await pay_and_be_refused(town, shop, "1201")

        answer = await pay(shop, "1201", "second", "review")
        await shop.ship("1201")
        await town.wait_for("1201", "capture-when-shipped", "paid")
        town.cybersource.decide_review(answer["transaction_id"], accept=True)
        await town.quiet()

        assert captured(town, "1201") == WHOLE
        assert len(messages(town, "1201")) == 1


async def test_a_late_word_of_the_first_reversal_keeps_no_shipment_from_being_captured(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await pay_and_be_refused(town, shop, "1301")

        await pay(shop, "1301", "second")
        await town.quiet()
        await tell_late_reversal(town, "1301")
        await shop.ship("1301")
        await town.quiet()

        assert captured(town, "1301") == WHOLE
        assert sorted(one["status"] for one in sales_orders(town, "1301")) == [ACTIVE, CANCELLED]


async def test_the_cancelled_order_of_the_first_payment_is_not_taken_for_that_of_the_second(
    tmp_path: Path, dsn: str
) -> None:
    """The ERP is paused when it is to take the second: the shipment waits for that one."""
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await pay_and_be_refused(town, shop, "1401")

        await town.house.gates.pause("dynamics", "month-end", "ada")
        await pay(shop, "1401", "second")
        await shop.ship("1401")
        await town.wait_for("1401", "capture-when-shipped", "ordered")
        assert captured(town, "1401") == 0
        await town.house.gates.resume("dynamics", "ada")
        await town.quiet()

        assert captured(town, "1401") == WHOLE
        assert await letters(town) == []


async def test_giving_up_the_letter_of_the_first_payment_keeps_the_hold_of_the_second(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(unknown_product("1501"), outcome="review", key="1501-first")
        letter = await letter_of(town)
        town.cybersource.decide_review(answer["transaction_id"], accept=False)
        async with asyncio.timeout(10):
            while town.held("1501"):  # noqa: ASYNC110 (nothing in the town rings for a test)
                await asyncio.sleep(0.02)
        await town.quiet()
        await pay(shop, "1501", "second")
        await town.quiet()

        await cancel(town.house, letter.run_id, "ada", "it was paid anew")
        await town.quiet()

        assert len(town.held("1501")) == 1
        assert messages(town, "1501", "reversed") == []
        await shop.ship("1501")
        await town.quiet()
        assert captured(town, "1501") == WHOLE
