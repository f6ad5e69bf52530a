"""An order whose runs have left the working tables goes on as if they had not, and never twice."""

from datetime import timedelta
from pathlib import Path

from tests.journeys.test_order_to_cash import captured, sales_orders
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.journeys.keep import keep


async def put_away(town: Town, folder: Path) -> None:
    """Half a year passes."""
    house = town.house
    later = house.clock() + timedelta(days=200)
    kept = await keep(house.database, house.retention, folder / "archive", later, budget_s=30)
    assert kept.moved["runs"] > 0
    assert await house.database.fetch_value("SELECT count(*) FROM runs") == 0
    assert await house.database.fetch_value("SELECT count(*) FROM events WHERE envelope <> ''") == 0


async def test_goods_that_leave_half_a_year_later_are_captured(tmp_path: Path, dsn: str) -> None:
    """The shipment's run hears of the order and its payment in the past."""
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("1001"))
        await town.quiet()
        await put_away(town, tmp_path)
        assert await shop.ship("1001") == 202
        await town.quiet()

        assert captured(town, "1001") == "31.95"
        assert {run.state for run in await town.runs("1001")} == {"done"}


async def test_what_comes_again_meets_what_was_done(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, first = await shop.pay(order_document("1001"))
        await shop.ship("1001")
        await town.quiet()
        await put_away(town, tmp_path)

        _, again = await shop.pay(order_document("1001"))
        await shop.ship("1001")
        await town.quiet()
        assert again["transaction_id"] == first["transaction_id"]
        assert len(sales_orders(town)) == 1
        assert captured(town, "1001") == "31.95"
        assert town.held("1001") == []
        assert await town.runs("1001") == [], "nothing was begun anew"
