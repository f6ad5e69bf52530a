"""What the company takes is read of its own catalogue, and its own columns are written."""

from datetime import date
from decimal import Decimal

import pytest
from tests.sagepro.documents import sales_order
from tests.sagepro.world import World, call_of

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.documents import Field, Value


async def fields_of(world: World) -> dict[str, Field]:
    shape = (await world.session.describe(call_of()))["sales_order"]
    return {field.name: field for field in shape.fields}


async def test_widths_and_digits_are_the_companys_own(world: World) -> None:
    fields = await fields_of(world)
    assert fields["ponum"].length_max == 20
    customer = {field.name: field for field in fields["custno"].of}
    assert customer["company"].length_max == 60
    assert customer["email"].length_max is None, "text has no limit in this company"
    lines = {field.name: field for field in fields["lines"].of}
    assert (lines["qtyord"].digits_max, lines["qtyord"].unit) == (3, "quantity")


async def test_the_sites_own_columns_come_with_their_types(world: World) -> None:
    custom = {field.name: field for field in (await fields_of(world))["custom"].of}
    assert custom["x_channel"] == Field("x_channel", "text", length_max=8)
    assert custom["shpamt"] == Field("shpamt", "money")
    assert custom["revrate"] == Field("revrate", "decimal", digits_max=6)
    assert custom["revdate"] == Field("revdate", "date")
    assert custom["exempt"] == Field("exempt", "boolean")


async def test_what_the_connector_fills_itself_is_not_offered(world: World) -> None:
    custom = {field.name for field in (await fields_of(world))["custom"].of}
    assert custom.isdisjoint({"sono", "ordamt", "id_col", "holdord", "cc_num"})


async def test_every_type_of_column_is_written(world: World) -> None:
    custom: dict[str, Value] = {
        "x_channel": "APP",
        "shpamt": Money(Decimal("2.50"), "USD"),
        "revrate": Decimal("1.250000"),
        "revdate": date(2026, 12, 24),
        "exempt": True,
        "exchfrz": False,
    }
    await world.write("sales_order", sales_order(custom=custom))
    (row,) = world.rows(
        "SELECT x_channel, shpamt, revrate, revdate, exempt, exchfrz FROM somast"
        " WHERE websono <> ''"
    )
    assert [str(value).strip() for value in row] == [
        "APP",
        "2.5000",
        "1.250000",
        "2026-12-24 00:00:00.000",
        "1",
        "0",
    ]


async def test_an_amount_of_another_currency_is_refused(world: World) -> None:
    wrong = sales_order(custom={"shpamt": Money(Decimal(5), "EUR")})
    with pytest.raises(Rejected, match="EUR"):
        await world.write("sales_order", wrong)
