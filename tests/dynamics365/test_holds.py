import pytest
from tests.dynamics365.documents import sales_order
from tests.dynamics365.world import FACTOR, World

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge_simulators.faults import Fault


async def _held(world: World) -> dict[str, str]:
    receipt = await world.write("sales_order", sales_order(hold=True))
    return {"salesorderid": receipt.fields["salesorderid"]}


async def test_a_held_order_is_released_once(world: World) -> None:
    order = await _held(world)
    for _ in range(2):
        receipt = await world.write("sales_order_release", order, "K2")
        assert receipt.fields["status"] == "active"
    assert len(world.entries("sales_order_release")) == 1


async def test_an_order_is_released_by_its_number(world: World) -> None:
    await _held(world)
    await world.write("sales_order_release", {"ordernumber": "1042"}, "K2")
    assert len(world.entries("sales_order_release")) == 1


async def test_after_a_lost_answer_the_release_is_seen_to_be_done(world: World) -> None:
    order = await _held(world)
    world.misbehave("sales_order_release", Fault("lose_answer"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order_release", order, "K2")
    assert caught.value.sent == "perhaps"
    await world.write("sales_order_release", order, "K2")
    assert len(world.entries("sales_order_release")) == 1


async def test_a_release_that_comes_late_does_not_undo_a_later_hold(world: World) -> None:
    """It carries the version it saw: whatever changed since wins."""
    order = await _held(world)
    world.misbehave("sales_order_release", Fault("late", seconds=0.05 * FACTOR))
    with pytest.raises(Transient):
        await world.write("sales_order_release", order, "K2")
    await world.write("sales_order_release", order, "K2")
    assert len(world.entries("sales_order_release")) == 1


async def test_an_active_order_is_cancelled_once(world: World) -> None:
    order = await _held(world)
    for _ in range(2):
        receipt = await world.write("sales_order_cancellation", order, "K3")
        assert receipt.fields["status"] == "canceled"
    assert len(world.entries("sales_order_cancellation")) == 1


async def test_after_a_lost_answer_the_cancellation_is_seen_to_be_done(world: World) -> None:
    order = await _held(world)
    world.misbehave("sales_order_cancellation", Fault("lose_answer"))
    with pytest.raises(Transient):
        await world.write("sales_order_cancellation", order, "K3")
    await world.write("sales_order_cancellation", order, "K3")
    assert len(world.entries("sales_order_cancellation")) == 1


async def test_a_cancelled_order_is_not_released(world: World) -> None:
    order = await _held(world)
    await world.write("sales_order_cancellation", order, "K3")
    with pytest.raises(Rejected, match="1042 was cancelled"):
        await world.write("sales_order_release", order, "K2")


async def test_a_fulfilled_order_is_not_cancelled(world: World) -> None:
    order = await _held(world)
    organization = world.simulator.organization
    row = organization.rows.get(organization.table("salesorder"), order["salesorderid"])
    row["statecode"], row["statuscode"] = 3, 100001
    with pytest.raises(Rejected, match="fulfilled or invoiced"):
        await world.write("sales_order_cancellation", order, "K3")


async def test_an_order_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="no orders numbered '77'"):
        await world.write("sales_order_release", {"ordernumber": "77"})
    with pytest.raises(Rejected, match="Does Not Exist"):
        await world.write(
            "sales_order_cancellation", {"salesorderid": "00000000-0000-0000-0000-000000000001"}
        )
