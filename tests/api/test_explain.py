"""Why a field has its value, over HTTP and by command: the same, but viewers see no texts."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result
from tests.api.conftest import open_api
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.cli.main import main


async def tell(town: Town, *arguments: str) -> Result:
    environment = {
        "TILLBRIDGE_FOLDER": str(town.site.folder),
        "TILLBRIDGE_DATABASE_URL": town.dsn,
        "TZ": "UTC",
    }
    return await asyncio.to_thread(
        CliRunner().invoke, main, ("explain", *arguments), env=environment
    )


async def test_an_order_is_explained_over_http_and_by_command(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("1001"))
        await shop.ship("1001")
        await town.quiet()
        number = next(run.id for run in await town.runs("1001") if run.flow == "order-to-dynamics")

        async with open_api(town.site, dsn, town.house.database) as api:
            where = f"/runs/{number}/explain?step=sales_order&field=shipto_name"
            status, seen = await api.ask("GET", where)
            assert (status, seen["hidden"]) == (200, False)
            [field] = seen["steps"][0]["fields"]
            assert (field["value"], field["file"]) == (
                "Ada Lovelace",
                "mappings/dynamics-sales-order.yaml",
            )
            status, seen = await api.ask("GET", where, role="viewer")
            assert (status, seen["hidden"]) == (200, True)
            [field] = seen["steps"][0]["fields"]
            assert (field["value"], field["inputs"][0]["text"]) == (
                "(hidden)",
                "order.shipping.name",
            )
            assert (await api.ask("GET", "/runs/4711/explain"))[0] == 404
            assert (await api.ask("GET", where, role=""))[0] == 401

        whole = (await tell(town, "1001", "--step", "sales_order")).stdout
        line = next(line for line in whole.split("\n") if line.startswith("totalamount"))
        assert "31.95 USD" in line
        assert "mappings/dynamics-sales-order.yaml:" in line

        one = (await tell(town, f"run:{number}", "lines[0].productnumber")).stdout
        assert "lines[0].productnumber is MUG-BLUE, by mappings/dynamics-sales-order.yaml:" in one
        assert "lookups/products.csv:" in one
        assert "line.product" in one

        none = await tell(town, "1001", "nonsense")
        assert (none.exit_code, "No step of 1001 filled nonsense" in none.stderr) == (1, True)
