import pytest
from tests.dynamics365.documents import payment, sales_order
from tests.dynamics365.world import World

from tillbridge.canonical.errors import Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge_simulators.faults import Fault


async def test_a_payment_is_written_beside_its_order(world: World) -> None:
    order = await world.write("sales_order", sales_order())
    receipt = await world.write(
        "payment_transaction",
        payment(salesorderid=order.fields["salesorderid"], parentrequestid="1"),
        "K2",
    )
    (row,) = world.entries("payment_transaction")
    assert (row["order_number"], row["request_id"]) == ("1042", "7049811234567890123456")
    assert (row["type"], row["payment_status"]) == ("authorization", "approved")
    assert (row["amount"], row["currency"], row["parent_request_id"]) == ("65.11", "USD", "1")
    assert receipt.references[0].kind == "payment_transaction"


async def test_the_same_request_id_is_one_row(world: World) -> None:
    first = await world.write("payment_transaction", payment(), "K2")
    again = await world.write("payment_transaction", payment(), "K3")
    assert first.references == again.references
    assert len(world.entries("payment_transaction")) == 1


async def test_after_a_lost_answer_the_row_is_found(world: World) -> None:
    world.misbehave("payment_transaction", Fault("lose_answer"))
    with pytest.raises(Transient):
        await world.write("payment_transaction", payment(), "K2")
    await world.write("payment_transaction", payment(), "K2")
    assert len(world.entries("payment_transaction")) == 1


async def test_another_amount_under_the_same_request_id_is_a_conflict(world: World) -> None:
    await world.write("payment_transaction", payment(), "K2")
    with pytest.raises(Unreconciled, match=r"65\.11 USD.*65\.12 USD"):
        await world.write("payment_transaction", payment(amount=Money.of("65.12", "USD")), "K3")


async def test_an_unknown_outcome_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="'perhaps' is not a status"):
        await world.write("payment_transaction", payment(status="perhaps"), "K2")


async def test_a_payment_of_an_order_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="no orders numbered '1042'"):
        await world.write("payment_transaction", payment(ordernumber="1042"), "K2")
