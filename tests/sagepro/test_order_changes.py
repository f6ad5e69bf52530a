"""Release and cancellation of an order, and the payments noted beside it."""

import pytest
from tests.sagepro.documents import PAYMENT_ID, payment, sales_order
from tests.sagepro.world import World

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge_simulators.faults import Fault


async def test_a_held_order_is_released_once(world: World) -> None:
    await world.write("sales_order", sales_order(hold=True))
    first = await world.write("sales_order_release", {"sono": "10001"}, "RELEASE")
    again = await world.write("sales_order_release", {"sono": "10001"}, "RELEASE")
    assert first == again
    assert world.simulator.web_orders()[0]["release"] == "Y"
    assert len(world.entries("sales_order_release")) == 1


async def test_a_release_whose_answer_was_lost_is_not_done_again(world: World) -> None:
    """Somebody held the order again meanwhile: the replay must not undo that."""
    await world.write("sales_order", sales_order(hold=True))
    world.misbehave("sales_order_release", Fault("lose_answer"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order_release", {"sono": "10001"}, "RELEASE")
    assert caught.value.sent == "perhaps"
    world.rows("UPDATE somast SET release = 'N' WHERE websono = '1042'")
    await world.write("sales_order_release", {"sono": "10001"}, "RELEASE")
    assert world.simulator.web_orders()[0]["release"] == "N"


async def test_a_cancellation_voids_header_and_lines_and_the_open_total(world: World) -> None:
    await world.write("sales_order", sales_order())
    receipt = await world.write("sales_order_cancellation", {"sono": "10001"}, "CANCEL")
    assert receipt.fields["ordamt"] == "81.92"
    (order,) = world.simulator.web_orders()
    assert order["sostat"] == "V"
    assert world.rows("SELECT DISTINCT sostat FROM sotran") == [("X",)]
    assert str(world.simulator.on_order("WEBGUEST")) == "0.0000"


async def test_a_cancellation_twice_takes_the_order_off_once(world: World) -> None:
    await world.write("sales_order", sales_order())
    await world.write("sales_order_cancellation", {"sono": "10001"}, "CANCEL")
    await world.write("sales_order_cancellation", {"sono": "10001"}, "CANCEL")
    await world.write("sales_order_cancellation", {"sono": "10001"}, "ANOTHER")
    assert str(world.simulator.on_order("WEBGUEST")) == "0.0000"
    assert len(world.entries("sales_order_cancellation")) == 1


async def test_what_has_been_shipped_is_not_cancelled(world: World) -> None:
    await world.write("sales_order", sales_order())
    world.rows("UPDATE sotran SET qtyshp = '1.000' WHERE tranlineno = 1")
    with pytest.raises(Rejected, match="partly shipped"):
        await world.write("sales_order_cancellation", {"sono": "10001"}, "CANCEL")
    assert world.simulator.web_orders()[0]["sostat"] == ""


async def test_an_order_in_an_unknown_status_is_left_alone(world: World) -> None:
    await world.write("sales_order", sales_order())
    world.rows("UPDATE somast SET sostat = 'Q' WHERE websono = '1042'")
    with pytest.raises(Rejected, match="unknown status 'Q' and cannot be cancelled"):
        await world.write("sales_order_cancellation", {"sono": "10001"}, "CANCEL")


@pytest.mark.parametrize("kind", ["sales_order_release", "sales_order_cancellation"])
async def test_an_order_being_edited_makes_us_wait(world: World, kind: str) -> None:
    await world.write("sales_order", sales_order(hold=True))
    world.simulator.lock_row("somast", "     10001")
    with pytest.raises(Transient, match="Order 10001 is being edited by MARY") as caught:
        await world.write(kind, {"sono": "10001"}, "CHANGE")
    assert caught.value.sent == "no"
    assert caught.value.wait_s is not None
    world.simulator.lock_row("somast", "     10001", locked=False)
    await world.write(kind, {"sono": "10001"}, "CHANGE")


async def test_an_order_that_is_not_there_or_closed_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="no order 4711"):
        await world.write("sales_order_release", {"sono": "4711"}, "A")
    with pytest.raises(Rejected, match="closed into history"):
        await world.write("sales_order_cancellation", {"sono": "9998"}, "B")
    with pytest.raises(Rejected, match="void and cannot be released"):
        await world.write("sales_order_release", {"sono": "9999"}, "C")


async def test_a_capture_is_noted_once_on_its_order(world: World) -> None:
    await world.write("sales_order", sales_order())
    first = await world.write("payment_transaction", payment("10001"), "CAPTURE")
    again = await world.write("payment_transaction", payment("10001"), "CAPTURE")
    assert first == again
    (row,) = world.rows(
        "SELECT docno, transaction_id, amount, currency FROM ix_xref WHERE doctype = 'capture'"
    )
    assert [str(value).strip() for value in row] == ["10001", PAYMENT_ID, "81.9200", "USD"]


async def test_a_payment_finds_its_order_by_the_shops_number(world: World) -> None:
    await world.write("sales_order", sales_order())
    receipt = await world.write("payment_transaction", payment("", websono="1042"), "CAPTURE")
    assert receipt.fields["sono"] == "10001"
    with pytest.raises(Rejected, match="No sales order was written for the shop's order 4711"):
        await world.write("payment_transaction", payment("", websono="4711"), "OTHER")
