"""A connection that takes money at checkout: it is noted once, told once, and goes back whole."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.journeys.test_deliver import facts, letter_of, letters, ship_part
from tests.journeys.test_giving_up import cancel_order, sales_orders, unknown_product
from tests.journeys.test_refunds import given_back
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.journeys.steer import cancel

SHIPPED, CANCELLED, TOO_LATE, UNKNOWN = "8201", "8202", "8203", "8204"
WHOLE = [Decimal("31.95")]


def notes(town: Town, order: str) -> list[tuple[str, str]]:
    """What stands beside the sales order."""
    assert town.dynamics is not None
    rows = facts(town.dynamics.log, "payment_transaction", order_number=order)
    return sorted((str(one["type"]), str(one["amount"])) for one in rows)


def heard(town: Town, order: str) -> list[str]:
    """The statuses the shop was told, in turn."""
    rows: list[dict[str, Any]] = facts(town.shop.log, "shop_message", order_number=order)
    return [str(one["status"]) for one in rows]


async def test_what_was_taken_at_checkout_is_noted_told_and_given_back_where_it_is_not_due(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, settings={"sale": "yes"}) as town, till(town) as shop:
        for order in (SHIPPED, CANCELLED, TOO_LATE):
            await shop.pay(order_document(order))
        await shop.pay(unknown_product(UNKNOWN))
        for number, amount, last in (("1", "20.00", False), ("2", "11.95", True)):
            await ship_part(shop, SHIPPED, number, amount, last=last)
        await shop.ship(TOO_LATE)
        letter = await letter_of(town)
        await cancel(town.house, letter.run_id, "ada", "nobody makes it")
        for order in (CANCELLED, TOO_LATE):
            await cancel_order(shop, order)
        await town.quiet(40)

        assert await letters(town) == []
        assert given_back(town, SHIPPED) == given_back(town, TOO_LATE) == []
        assert given_back(town, CANCELLED) == given_back(town, UNKNOWN) == WHOLE
        assert heard(town, SHIPPED) == heard(town, TOO_LATE) == ["captured"]
        assert heard(town, CANCELLED) == ["captured", "refunded"]
        assert heard(town, UNKNOWN) == ["refunded"]
        assert notes(town, SHIPPED) == notes(town, TOO_LATE) == [("sale", "31.95")]
        assert notes(town, CANCELLED) == [("refund", "31.95"), ("sale", "31.95")]
        assert [one["status"] for one in sales_orders(town, CANCELLED)] == [4]
        assert [one["status"] for one in sales_orders(town, SHIPPED)] == [1]
        assert sales_orders(town, UNKNOWN) == []
