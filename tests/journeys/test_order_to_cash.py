"""The main job, end to end, over real sockets and a real PostgreSQL."""

from pathlib import Path

from tests.journeys.town import open_town


async def test_an_authorized_order_is_written_captured_when_shipped_and_the_shop_is_told(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town:
        order = await town.shop.shop_once(1)
        await town.quiet()
        print(order, await town.runs())
        assert order.state == "shipped"
