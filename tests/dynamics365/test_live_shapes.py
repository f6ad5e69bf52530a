"""What the organization takes is read of its own definitions, and its own columns are written."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.dynamics365.documents import sales_order
from tests.dynamics365.world import World, call_of

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.money import Money
from tillbridge.connector.documents import DocumentShape, Field, Value
from tillbridge_dynamics365.names import Names
from tillbridge_simulators.dynamics365.tables import Column

TIERS = {"Gold": 100, "Silver": 200}


@pytest.fixture
def columned(world: World) -> World:
    """The organization has added columns of every type to its orders."""
    orders = world.simulator.organization.table("salesorder")
    for column in (
        Column("new_loyalty", "new_loyalty", "String", length_max=12, title="Loyalty number"),
        Column("new_points", "new_points", "Integer"),
        Column("new_weight", "new_weight", "Decimal", precision=3),
        Column("new_guess", "new_guess", "Double", precision=2),
        Column("new_bonus", "new_bonus", "Money"),
        Column("new_gift", "new_gift", "Boolean"),
        Column("new_party", "new_party", "DateTime", date_only=True),
        Column("new_called", "new_called", "DateTime"),
        Column("new_tier", "new_tier", "Picklist", labels={v: k for k, v in TIERS.items()}),
        Column("new_sum", "new_sum", "Money", computed=True),
        Column("new_friend", "new_friend", "Lookup"),
    ):
        column.custom = True
        orders.columns[column.name] = column
    return world


async def shape_of(world: World, kind: str) -> DocumentShape:
    return (await world.session.describe(call_of()))[kind]


def field_of(shape: DocumentShape, name: str) -> Field:
    return next(field for field in shape.fields if field.name == name)


async def test_added_columns_come_with_their_types(columned: World) -> None:
    custom = field_of(await shape_of(columned, "sales_order"), "custom")
    assert custom.of == (
        Field("new_loyalty", "text", "Loyalty number", length_max=12),
        Field("new_points", "integer", "new_points"),
        Field("new_weight", "decimal", "new_weight", digits_max=3),
        Field("new_guess", "decimal", "new_guess", digits_max=2, inexact=True),
        Field("new_bonus", "money", "new_bonus"),
        Field("new_gift", "boolean", "new_gift"),
        Field("new_party", "date", "new_party"),
        Field("new_called", "instant", "new_called"),
        Field("new_tier", "choice", "new_tier", options=("Gold", "Silver")),
    )


async def test_widths_and_digits_are_the_organizations_own(world: World) -> None:
    organization = world.simulator.organization
    organization.table("salesorder").columns["shipto_city"].length_max = 40
    organization.table("salesorderdetail").columns["quantity"].precision = 2
    shape = await shape_of(world, "sales_order")
    assert field_of(shape, "shipto_city").length_max == 40
    quantity = next(field for field in field_of(shape, "lines").of if field.name == "quantity")
    assert (quantity.digits_max, quantity.unit) == (2, "quantity")
    payments = await shape_of(world, "payment_transaction")
    assert field_of(payments, "rawstatus").length_max == 4000


async def test_all_tables_are_read_in_one_call(world: World) -> None:
    before = len(world.entries("request"))
    await world.session.describe(call_of())
    assert len(world.entries("request")) == before + 1


async def test_a_required_column_makes_its_group_required(columned: World) -> None:
    columned.simulator.organization.table("salesorder").columns["new_loyalty"].required = True
    custom = field_of(await shape_of(columned, "sales_order"), "custom")
    assert custom.required
    assert custom.of[0].required


async def test_an_organization_before_provisioning_is_described_too(world: World) -> None:
    """The table of payment transactions may not be there yet."""
    tables = world.simulator.organization.tables
    name = Names("tb").payment_table
    del tables._by_name[name]
    shape = await shape_of(world, "payment_transaction")
    assert field_of(shape, "rawstatus").length_max == 4000


async def test_every_type_of_column_is_written(columned: World) -> None:
    custom: dict[str, Value] = {
        "new_loyalty": "L-77",
        "new_points": 12,
        "new_weight": Decimal("1.250"),
        "new_bonus": Money(Decimal("2.50"), "USD"),
        "new_gift": True,
        "new_party": date(2026, 12, 24),
        "new_called": datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        "new_tier": "Silver",
    }
    await columned.write("sales_order", sales_order(custom=custom))
    organization = columned.simulator.organization
    (row,) = organization.rows.all(organization.table("salesorder"))
    assert {name: row[name] for name in custom} == {
        "new_loyalty": "L-77",
        "new_points": 12,
        "new_weight": Decimal("1.250"),
        "new_bonus": Decimal("2.50"),
        "new_gift": True,
        "new_party": "2026-12-24",
        "new_called": "2026-11-21T09:30:00Z",
        "new_tier": 200,
    }


async def test_columns_are_remembered_between_orders(columned: World) -> None:
    reads = []
    for number in ("1", "2"):
        before = len(columned.entries("request"))
        order = sales_order(number, custom={"new_tier": "Gold"})
        await columned.write("sales_order", order, f"K{number}")
        reads.append(len(columned.entries("request")) - before)
    assert reads[1] == 1


@pytest.mark.parametrize(
    ("custom", "told"),
    [
        ({"new_tier": "Golden"}, "Did you mean 'Gold'?"),
        ({"new_bonus": Money(Decimal(5), "EUR")}, "not in the order's currency"),
    ],
)
@pytest.mark.complaint("I27")
async def test_what_a_column_cannot_take_is_refused_before_anything_is_sent(
    columned: World, custom: dict[str, Value], told: str
) -> None:
    with pytest.raises(Rejected, match="new_") as refused:
        await columned.write("sales_order", sales_order(custom=custom))
    assert told in str(refused.value)
    assert columned.entries("sales_order") == []
