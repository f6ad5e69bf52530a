"""Customers are linked by stored reference and never matched by a typed e-mail."""

import pytest
from tests.sagepro.documents import customer, sales_order
from tests.sagepro.world import World, opened

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge_simulators.sagepro import SageProSimulator


async def test_a_new_customer_is_made_with_the_guests_terms(world: World) -> None:
    await world.write("sales_order", sales_order(custno=customer("C-77")))
    (row,) = world.rows(
        "SELECT custno, company, email, pterms, gllink, salesmn, adduser, webcust, cc_num"
        " FROM arcust WHERE custno = 'W000001'"
    )
    assert [str(value).strip() for value in row] == [
        *("W000001", "Ada Byron", "ada@example.org", "Net 30", "001", "WEB", "TILL", "1", ""),
    ]


async def test_the_same_shop_customer_is_the_same_customer(world: World) -> None:
    await world.write("sales_order", sales_order(custno=customer("C-77")))
    again = sales_order("2", custno=customer("C-77", "Ada Lovelace"))
    receipt = await world.write("sales_order", again, "KEY2")
    assert receipt.fields["custno"] == "W000001"
    assert len(world.entries("customer")) == 1


async def test_the_same_email_is_not_the_same_customer(world: World) -> None:
    await world.write("sales_order", sales_order(custno=customer("C-77")))
    receipt = await world.write("sales_order", sales_order("2", custno=customer("C-78")), "KEY2")
    assert receipt.fields["custno"] == "W000002"


async def test_ids_that_differ_in_case_are_two_customers(world: World) -> None:
    await world.write("sales_order", sales_order(custno=customer("c-77")))
    receipt = await world.write("sales_order", sales_order("2", custno=customer("C-77")), "KEY2")
    assert receipt.fields["custno"] == "W000002"


@pytest.mark.parametrize("shop_number", ["C" * 65, "顧客7"])
async def test_an_id_that_would_be_cut_or_lost_is_refused(world: World, shop_number: str) -> None:
    with pytest.raises(Rejected, match=r"custno.id is .*64 plain ASCII"):
        await world.write("sales_order", sales_order(custno=customer(shop_number)))


async def test_numbers_that_are_not_ours_are_stepped_over(world: World) -> None:
    world.rows("UPDATE arcust SET custno = 'W00041    ' WHERE custno = 'SM0001'")
    world.rows("UPDATE arcust SET custno = 'W000007   ' WHERE custno = 'LOCKED01'")
    receipt = await world.write("sales_order", sales_order(custno=customer("C-77")))
    assert receipt.fields["custno"] == "W000008"


async def test_an_order_that_fails_leaves_no_customer(world: World) -> None:
    order = sales_order(custno=customer("C-77"), shipvia="Overnight express")
    with pytest.raises(Rejected):
        await world.write("sales_order", order)
    assert not world.entries("customer")
    assert not world.rows("SELECT * FROM ix_xref")


async def test_a_customer_may_be_fixed_by_the_document(world: World) -> None:
    receipt = await world.write("sales_order", sales_order(custno={"custno": "sm0001"}))
    assert receipt.fields["custno"] == "SM0001"
    with pytest.raises(Rejected, match="no customer NOBODY"):
        await world.write("sales_order", sales_order("2", custno={"custno": "NOBODY"}), "KEY2")


async def test_a_site_may_forbid_new_customers() -> None:
    async with opened(SageProSimulator(), create_customers=False) as world:
        with pytest.raises(Rejected, match="C-77 is not linked"):
            await world.write("sales_order", sales_order(custno=customer("C-77")))


async def test_a_missing_guest_customer_is_the_connections_fault() -> None:
    async with opened(SageProSimulator(), guest_customer="NOGUEST") as world:
        with pytest.raises(Misconfigured, match="no customer NOGUEST"):
            await world.write("sales_order", sales_order())
