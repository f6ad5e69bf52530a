"""Why a field has its value, months later, from what the run has kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.explain import HIDDEN, Asked, FieldTold, StepTold, explain_run, runs_of
from tillbridge.journeys.keep import keep


@pytest.fixture
async def town(tmp_path: Path, dsn: str) -> AsyncIterator[Town]:
    """A town in which one order was paid, written, shipped and captured."""
    async with open_town(tmp_path, dsn) as town:
        async with till(town) as shop:
            await shop.pay(order_document("1001"))
            await shop.ship("1001")
            await town.quiet()
        yield town


async def explained(town: Town, asked: Asked = Asked(), *, hide: bool = False) -> list[StepTold]:  # noqa: B008  # a frozen value
    runs = await runs_of(town.house.database, "1001")
    return [
        step
        for run_id in reversed(runs)
        for step in await explain_run(town.house, run_id, asked, hide=hide)
    ]


def field_of(steps: list[StepTold], step: str, field: str) -> FieldTold:
    return next(
        each for told in steps if told.step == step for each in told.fields if each.field == field
    )


async def test_every_document_of_an_order_is_explained(town: Town, tmp_path: Path) -> None:
    steps = await explained(town)
    assert {"sales_order", "capture", "transaction", "shop_told"} <= {told.step for told in steps}

    total = field_of(steps, "sales_order", "totalamount")
    assert (total.value, total.file) == ("31.95 USD", "mappings/dynamics-sales-order.yaml")
    lines = (tmp_path / total.file).read_text().split("\n")
    assert total.line is not None
    assert lines[total.line - 1].strip() == "totalamount: order.total"
    assert [(part.text, part.value) for part in total.inputs] == [("order.total", "31.95 USD")]

    product = field_of(steps, "sales_order", "lines[0].productnumber")
    [row] = product.rows
    assert (row.lookup, row.key, row.file) == ("products", "MUG-BLUE", "lookups/products.csv")
    assert row.line is not None
    rows = (tmp_path / row.file).read_text().split("\n")
    assert rows[row.line - 1] == "MUG-BLUE,MUG-BLUE"

    number = field_of(steps, "transaction", "requestid")
    assert [part.text for part in number.inputs] == ["captured.references.capture"]
    assert number.value, "what an earlier step's answer was is known"


async def test_what_is_explained_is_of_the_version_the_run_is_pinned_to(
    town: Town, tmp_path: Path
) -> None:
    mapping = tmp_path / "mappings" / "dynamics-sales-order.yaml"
    mapping.write_text(mapping.read_text().replace("'Web order '", "'Changed '"))
    name = field_of(await explained(town), "sales_order", "name")
    assert name.value == "Web order 1001"


async def test_one_field_of_one_step_is_asked_for(town: Town) -> None:
    [told] = await explained(town, Asked("sales_order", "lines[0].quantity"))
    assert [(each.field, each.value) for each in told.fields] == [("lines[0].quantity", "2")]


async def test_a_viewer_sees_the_way_but_no_text_of_a_person(town: Town) -> None:
    steps = await explained(town, hide=True)
    told = str(steps)
    assert "Lovelace" not in told
    assert "High Street" not in told
    name = field_of(steps, "sales_order", "shipto_name")
    assert (name.value, name.inputs[0].text) == (HIDDEN, "order.shipping.name")
    assert field_of(steps, "sales_order", "totalamount").value == "31.95 USD"


async def test_explaining_writes_nothing(town: Town) -> None:
    tables = ("runs", "steps", "effects", "events", "lanes", "observations")
    count = "SELECT count(*) FROM "
    before = [await town.house.database.fetch_value(count + table) for table in tables]
    assert town.dynamics is not None
    requests = list(town.dynamics.log.entries("request"))
    await explained(town)
    assert [await town.house.database.fetch_value(count + table) for table in tables] == before
    assert list(town.dynamics.log.entries("request")) == requests


async def test_a_refused_document_is_explained_up_to_what_refused_it(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        order = order_document("1002")
        order["lines"][0]["product"] = "NO-SUCH-THING"
        await shop.pay(order)
        await town.quiet()
        [told] = [
            step
            for run_id in await runs_of(town.house.database, "1002")
            for step in await explain_run(town.house, run_id, Asked("sales_order"))
        ]
        assert "NO-SUCH-THING" in told.refused
        last = told.fields[-1]
        assert (last.field, last.filled) == ("lines[0].productnumber", False)
        assert [(row.lookup, row.line) for row in last.rows] == [("products", None)]


async def test_what_cannot_be_explained_says_why(town: Town) -> None:
    database = town.house.database
    for asked in ("nobody", "run:x", "run:99999999999999999999"):
        with pytest.raises(Rejected, match="no order and no run"):
            await runs_of(database, asked)
    number = await database.fetch_value("SELECT id FROM runs WHERE journey <> 'deliver' LIMIT 1")
    with pytest.raises(Rejected, match="fills no document"):
        await explain_run(town.house, number, Asked())
    with pytest.raises(Rejected, match="There is no run 4711"):
        await explain_run(town.house, 4711, Asked())


async def test_a_run_that_has_left_the_working_tables_is_explained_as_before(
    town: Town, tmp_path: Path
) -> None:
    before = await explained(town)
    house = town.house
    later = house.clock() + timedelta(days=200)
    kept = await keep(house.database, house.retention, tmp_path / "archive", later, budget_s=30)
    assert kept.moved["runs"] >= 3
    assert await house.database.fetch_value("SELECT count(*) FROM runs") == 0
    assert await explained(town) == before
