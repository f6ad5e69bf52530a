import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.dynamics365.documents import line_of, sales_order, small_order
from tests.dynamics365.world import FACTOR, World, call_of, opened

from tillbridge.canonical.errors import Misconfigured, Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money, UnitAmount
from tillbridge.connector.documents import Fields
from tillbridge_dynamics365.batch import PartAnswer
from tillbridge_dynamics365.web_api import WebApi
from tillbridge_simulators.dynamics365 import DataverseSimulator
from tillbridge_simulators.dynamics365.service_protection import ServiceProtection
from tillbridge_simulators.dynamics365.standard_tables import ON_HOLD
from tillbridge_simulators.faults import Fault


async def test_an_order_is_created_whole_and_to_the_cent(world: World) -> None:
    receipt = await world.write("sales_order", sales_order())
    (order,) = world.entries("sales_order")
    assert (order["order_number"], order["key"], order["lines"]) == ("1042", "KEY1", 2)
    assert (order["totalamount"], order["currency"], order["totaltax"]) == ("65.11", "USD", "4.13")
    assert (order["payment_id"], order["status"]) == ("7049811234567890123456", 1)
    assert receipt.fields["status"] == "active"
    assert receipt.fields["total"] == "65.11"
    assert {reference.kind: reference.id for reference in receipt.references} == {
        "sales_order": order["id"],
        "sales_order_number": "1042",
    }


async def test_an_order_of_a_known_customer_costs_one_call(world: World) -> None:
    await world.write("sales_order", sales_order("1"), "K1")
    before = len(world.entries("request"))
    await world.write("sales_order", sales_order("2"), "K2")
    assert len(world.entries("request")) == before + 1


async def test_the_same_key_twice_is_one_order(world: World) -> None:
    first = await world.write("sales_order", sales_order())
    again = await world.write("sales_order", sales_order())
    assert first == again
    assert len(world.entries("sales_order")) == 1


async def test_what_a_person_changed_is_not_overwritten(world: World) -> None:
    await world.write("sales_order", sales_order())
    table = world.simulator.organization.table("salesorder")
    (row,) = world.simulator.organization.rows.all(table)
    row["description"] = "Leave with the neighbour"
    await world.write("sales_order", sales_order(description="No note"))
    assert row["description"] == "Leave with the neighbour"


async def test_after_a_lost_answer_sending_again_finds_the_order(world: World) -> None:
    world.misbehave("sales_order", Fault("lose_answer"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"
    receipt = await world.write("sales_order", sales_order())
    assert receipt.fields["ordernumber"] == "1042"
    assert len(world.entries("sales_order")) == 1
    assert len(world.entries("account")) == 1


async def test_a_commit_after_the_deadline_makes_no_second_order(world: World) -> None:
    world.misbehave("sales_order", Fault("late", seconds=0.1 * FACTOR))
    with pytest.raises(Transient):
        await world.write("sales_order", sales_order())
    await world.write("sales_order", sales_order())
    await asyncio.sleep(0.2)
    assert len(world.entries("late")) == 1
    assert len(world.entries("sales_order")) == 1


async def test_two_sends_of_one_key_at_once_make_one_order(world: World) -> None:
    first, second = await asyncio.gather(
        world.write("sales_order", sales_order()), world.write("sales_order", sales_order())
    )
    assert first.references == second.references
    assert len(world.entries("sales_order")) == 1


async def test_a_connection_cut_before_it_acted_leaves_nothing(world: World) -> None:
    world.misbehave("sales_order", Fault("break_before"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"
    assert not world.entries("sales_order")


async def test_a_total_that_differs_is_put_on_hold_and_named(world: World) -> None:
    wrong = sales_order(totalamount=Money.of("65.12", "USD"))
    for _ in range(2):
        with pytest.raises(Unreconciled, match=r"65\.11 USD .* 65\.12 USD"):
            await world.write("sales_order", wrong)
    assert len(world.entries("sales_order")) == 1
    assert [hold["status"] for hold in world.entries("sales_order_hold")] == [2]


async def test_a_hold_that_broke_leaves_the_order_unknown_and_sending_again_holds_it(
    world: World,
) -> None:
    wrong = sales_order(totalamount=Money.of("65.12", "USD"))
    world.misbehave("sales_order_hold", Fault("break_before"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", wrong)
    assert caught.value.sent == "perhaps"
    with pytest.raises(Unreconciled):
        await world.write("sales_order", wrong)
    assert len(world.entries("sales_order_hold")) == 1


async def test_an_order_in_review_is_created_on_hold(world: World) -> None:
    receipt = await world.write("sales_order", sales_order(hold=True))
    assert receipt.fields["status"] == "on_hold"
    assert world.entries("sales_order")[0]["status"] == 2


async def test_the_hold_status_of_a_solution_can_be_used() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0, on_hold=True)
    async with opened(simulator, hold_status=ON_HOLD) as world:
        await world.write("sales_order", sales_order(hold=True))
        assert world.entries("sales_order")[0]["status"] == ON_HOLD


async def test_an_unknown_product_is_named_and_nothing_is_created(world: World) -> None:
    lines = [line_of("MUG-BLUE", "1", "9.99", "0"), line_of("NO-SUCH", "1", "1.00", "0")]
    with pytest.raises(Rejected, match="NO-SUCH") as caught:
        await world.write("sales_order", sales_order(lines=lines))
    assert caught.value.reason == "unknown_product"
    assert not world.entries("sales_order")
    assert not world.entries("account")


async def test_tax_and_rounding_that_no_line_carries_become_lines(world: World) -> None:
    order = sales_order(
        totaltax=Money.of("5.00", "USD"),
        rounding=Money.of("-0.01", "USD"),
        totalamount=Money.of("65.97", "USD"),
    )
    await world.write("sales_order", order)
    (effect,) = world.entries("sales_order")
    assert (effect["totalamount"], effect["totaltax"]) == ("65.97", "5.00")
    assert (effect["lines"], effect["write_in_lines"]) == (4, 2)


async def test_a_line_discount_and_a_write_in_are_kept(world: World) -> None:
    gift_wrap: Fields = {
        "productdescription": "Gift wrap",
        "quantity": Decimal(1),
        "priceperunit": UnitAmount.of("4.50", "USD"),
        "manualdiscountamount": Money.of("0.50", "USD"),
    }
    await world.write(
        "sales_order",
        sales_order(
            lines=[gift_wrap],
            totaltax=Money.zero("USD"),
            totalamount=Money.of("6.00", "USD"),
        ),
    )
    assert world.entries("sales_order")[0]["write_in_lines"] == 1


@pytest.mark.parametrize(("currency", "price"), [("JPY", "9800"), ("KWD", "19.625")])
async def test_yen_have_no_decimals_and_dinars_three(
    world: World, currency: str, price: str
) -> None:
    receipt = await world.write("sales_order", small_order("7", currency, price))
    assert receipt.fields["total"] == price
    assert world.entries("sales_order")[0]["currency"] == currency


@pytest.mark.complaint("I22")
async def test_a_currency_dynamics_would_round_is_refused_before_anything_is_sent(
    world: World,
) -> None:
    organization = world.simulator.organization
    for row in organization.rows.all(organization.table("transactioncurrency")):
        if row["isocurrencycode"] == "KWD":
            row["currencyprecision"] = 2
    with pytest.raises(Misconfigured, match="keeps 2 decimals of KWD"):
        await world.write("sales_order", small_order("7", "KWD", "19.625"))
    assert not world.entries("sales_order")


async def test_a_price_with_more_decimals_than_dynamics_keeps_is_refused(world: World) -> None:
    order = small_order("7", "USD", "1.25")
    order["lines"] = [line_of("KETTLE-1L", "1000", "0.00125", "0")]
    with pytest.raises(Rejected, match=r"0\.00125 USD of line 1"):
        await world.write("sales_order", order)


async def test_a_currency_that_is_not_set_up_is_named(world: World) -> None:
    with pytest.raises(Misconfigured, match="SEK"):
        await world.write("sales_order", small_order("7", "SEK", "10.00"))


async def test_a_column_that_does_not_exist_is_the_mappings_fault(world: World) -> None:
    with pytest.raises(Misconfigured, match="new_gift"):
        await world.write("sales_order", sales_order(custom={"new_gift": "yes"}))
    with pytest.raises(Rejected, match="statuscode"):
        await world.write("sales_order", sales_order(custom={"statuscode": "2"}))


async def test_a_text_too_long_is_refused_with_its_column(world: World) -> None:
    with pytest.raises(Rejected, match="shipto_city"):
        await world.write("sales_order", sales_order(shipto_city="x" * 81))


async def test_stale_ids_are_read_anew(world: World) -> None:
    await world.write("sales_order", sales_order("1"), "K1")
    organization = world.simulator.organization
    table = organization.table("pricelevel")
    with organization.rows.transaction():
        for row in organization.rows.all(table):
            if row["name"] == "Web USD":
                organization.rows.delete(table, row)
                values = {"name": "Web USD"} | {
                    name: row[name] for name in ("_transactioncurrencyid_value",)
                }
                organization.insert(table, dict(values))
    await world.write("sales_order", sales_order("2"), "K2")
    assert len(world.entries("sales_order")) == 2


async def test_an_order_that_is_there_but_cannot_be_read_is_unknown_not_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One part of a batch that fails alone cannot be provoked at the simulator."""
    batch = WebApi.batch

    async def unreadable(*given: Any, **named: Any) -> list[PartAnswer]:
        written, _ = await batch(*given, **named)
        return [written, PartAnswer(503)]

    await world.write("sales_order", sales_order())
    monkeypatch.setattr(WebApi, "batch", unreadable)
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.reason) == ("perhaps", "unfinished")


async def test_a_429_waits_as_long_as_it_is_told(world: World) -> None:
    world.misbehave("sales_order", Fault("refuse", seconds=17 * FACTOR, status=429))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.wait_s, caught.value.gate) == ("no", 17, True)


async def test_the_enforced_limit_answers_429() -> None:
    simulator = DataverseSimulator(factor=FACTOR, key_lag_s=0)
    async with opened(simulator) as world:
        simulator.limit = ServiceProtection(requests_max=1)
        await world.session.probe(call_of())
        with pytest.raises(Transient, match="0x80072322") as caught:
            await world.session.probe(call_of())
        assert caught.value.wait_s is not None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_leaves_the_write_unknown(world: World, status: int) -> None:
    world.misbehave("sales_order", Fault("refuse", status=status))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"


async def test_an_answer_that_is_not_a_batch_leaves_the_write_unknown(world: World) -> None:
    world.simulator.odd.add("sales_order")
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"


async def test_an_order_is_looked_up_by_number(world: World) -> None:
    look_up = world.session.reads["sales_order"].call
    assert (await look_up(call_of(), {"ordernumber": "O'Hara 1"})).fields == {"found": "no"}
    await world.write("sales_order", sales_order("O'Hara 1"))
    found = await look_up(call_of(), {"ordernumber": "O'Hara 1"})
    assert (found.fields["found"], found.fields["total"]) == ("yes", "65.11")


async def test_a_key_that_is_not_active_yet_creates_nothing_and_waits() -> None:
    simulator = DataverseSimulator(factor=1, key_lag_s=60)
    async with opened(simulator, provision=False, key_wait_s=0) as world:
        lines = await world.session.provision(call_of())
        assert "salesorder: Pending" in lines[-1].detail
        with pytest.raises(Transient) as caught:
            await world.write("sales_order", sales_order())
        assert caught.value.reason == "key_not_active"
        assert not world.entries("sales_order")
