"""The main job, end to end, over real sockets and a real PostgreSQL."""

from pathlib import Path
from typing import Any

from tests.journeys.town import Town, open_town, order_document, till

from tillbridge_simulators.faults import Fault, Rule


async def test_an_authorized_order_is_written_captured_when_shipped_and_the_shop_is_told(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town:
        order = await town.shop.shop_once(1)
        await town.quiet()

        assert order.state == "shipped"
        (message,) = order.messages
        assert message["status"] == "captured"
        assert town.held(order.number) == []


async def test_a_declined_card_holds_nothing_and_makes_no_sales_order(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        status, answer = await shop.pay(order_document("1001"), outcome="expired_card")
        await town.quiet()

        assert (status, answer["status"], answer["reason"]) == (200, "declined", "EXPIRED_CARD")
        assert town.held("1001") == []
        assert sales_orders(town) == []


async def test_a_shipment_that_comes_before_its_payment_waits_for_it(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        assert await shop.ship("1002") == 202
        await town.wait_for("1002", "capture-when-shipped", "attempt")
        await shop.pay(order_document("1002"))
        await town.quiet()

        assert captured(town, "1002") == "31.95"


async def test_an_order_in_review_is_on_hold_until_the_decision(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("1003"), outcome="review")
        assert answer["status"] == "in_review"
        await town.wait_for("1003", "order-to-dynamics", "decision")
        assert [order["status"] for order in sales_orders(town)] == [2]

        town.cybersource.decide_review(answer["transaction_id"], accept=True)
        await shop.ship("1003")
        await town.quiet()

        assert [order["status"] for order in sales_orders(town)] == [1]
        assert captured(town, "1003") == "31.95"


async def test_a_rejected_review_reverses_the_hold_and_cancels_the_order(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("1004"), outcome="review")
        await town.wait_for("1004", "order-to-dynamics", "decision")
        town.cybersource.decide_review(answer["transaction_id"], accept=False)
        await town.quiet()

        assert town.held("1004") == []
        assert [order["status"] for order in sales_orders(town)] == [4]


async def test_a_lost_review_decision_is_found_by_asking(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        town.cybersource.faults.rules.append(Rule("webhook", Fault("lost")))
        _, answer = await shop.pay(order_document("1005"), outcome="review")
        town.cybersource.decide_review(answer["transaction_id"], accept=False)
        await town.wait_for("1005", "order-to-dynamics", "decision")
        await town.quiet(40)

        assert town.held("1005") == []


async def test_a_risk_decline_is_told_as_a_decline_and_its_hold_reversed(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("1006"), outcome="risk_declined")
        await town.quiet()

        assert answer["status"] == "declined"
        assert town.held("1006") == []
        assert sales_orders(town) == []


async def test_the_sage_template_does_the_same_job(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn, template="order-to-cash-sage") as town, till(town) as shop:
        await shop.pay(order_document("1007"))
        await shop.ship("1007")
        await town.quiet()

        assert town.sage is not None
        (order,) = town.sage.web_orders()
        assert order["websono"] == "1007"
        assert captured(town, "1007") == "31.95"


def sales_orders(town: Town) -> list[dict[str, Any]]:
    assert town.dynamics is not None
    orders: list[dict[str, Any]] = town.dynamics.state()["sales_orders"]
    return orders


def captured(town: Town, order: str) -> str:
    (authorization,) = town.cybersource.holds()[order]
    return authorization["captured"]
