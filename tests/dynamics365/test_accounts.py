import asyncio

import pytest
from tests.dynamics365.documents import sales_order
from tests.dynamics365.world import World

from tillbridge.canonical.errors import Rejected


def _accounts(world: World) -> list[object]:
    return [order["account"] for order in world.entries("sales_order")]


async def test_two_orders_of_one_new_customer_at_once_share_one_account(world: World) -> None:
    await asyncio.gather(
        world.write("sales_order", sales_order("1"), "K1"),
        world.write("sales_order", sales_order("2"), "K2"),
    )
    assert len(world.entries("account")) == 1
    assert len(set(_accounts(world))) == 1


async def test_an_account_made_by_somebody_else_is_found(world: World) -> None:
    organization = world.simulator.organization
    with organization.rows.transaction():
        row = organization.insert(
            organization.table("account"), {"name": "Ada Ltd", "tb_shopcustomer": "C-77"}
        )
    await world.write("sales_order", sales_order())
    assert _accounts(world) == [row["accountid"]]
    assert row["name"] == "Ada Ltd"


async def test_an_account_that_was_deleted_is_created_anew(world: World) -> None:
    await world.write("sales_order", sales_order("1"), "K1")
    organization = world.simulator.organization
    table = organization.table("account")
    with organization.rows.transaction():
        for row in organization.rows.all(table):
            if row.get("tb_shopcustomer") == "C-77":
                organization.rows.delete(table, row)
    await world.write("sales_order", sales_order("2"), "K2")
    assert len(set(_accounts(world))) == 2


async def test_a_guest_is_never_matched_by_e_mail(world: World) -> None:
    await world.write("sales_order", sales_order("1"), "K1")
    guest = {"id": "", "name": "Ada Byron", "emailaddress1": "ada@example.org"}
    await world.write("sales_order", sales_order("2", customer=guest), "K2")
    await world.write("sales_order", sales_order("3", customer={}), "K3")
    first, second, third = _accounts(world)
    assert first != second == third
    assert len(world.entries("account")) == 1


async def test_a_customer_number_with_odd_characters_is_kept_apart(world: World) -> None:
    for key, number in (("K1", "gid://shop/1?a=b"), ("K2", "gid://shop/1&a=b")):
        order = sales_order(key, customer={"id": number, "name": "Ada"})
        await world.write("sales_order", order, key)
    customers = [account["customer"] for account in world.entries("account")]
    assert customers == ["gid~3A~2F~2Fshop~2F1~3Fa~3Db", "gid~3A~2F~2Fshop~2F1~26a~3Db"]


async def test_a_customer_number_too_long_for_its_column_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="too long"):
        await world.write("sales_order", sales_order(customer={"id": "x" * 101}))
