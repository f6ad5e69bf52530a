"""Whatever breaks, repeats or races: one order for one key, one number for one order, no gap."""

import asyncio
import time

import pytest
from tests.sagepro.documents import customer, sales_order
from tests.sagepro.world import FACTOR, World, call_of, opened

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge_simulators.faults import Fault
from tillbridge_simulators.sagepro import SageProSimulator


async def test_after_a_lost_answer_to_commit_the_order_is_there_once(world: World) -> None:
    world.misbehave("sales_order", Fault("lose_answer"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"
    again = await world.write("sales_order", sales_order())
    assert again.fields == {"sono": "10001", "custno": "WEBGUEST", "ordamt": "81.92"}
    assert len(world.simulator.web_orders()) == 1
    assert world.simulator.counter() == 10001


async def test_a_second_answer_is_the_first(world: World) -> None:
    first = await world.write("sales_order", sales_order())
    assert await world.write("sales_order", sales_order()) == first


async def test_a_break_before_commit_leaves_nothing(world: World) -> None:
    world.misbehave("sales_order", Fault("break_before"))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.gate) == ("no", True)
    assert not world.simulator.web_orders()
    assert world.simulator.counter() == 10000
    assert (await world.write("sales_order", sales_order())).fields["sono"] == "10001"


async def test_a_commit_that_comes_late_is_found_by_the_next_send(world: World) -> None:
    world.misbehave("sales_order", Fault("late", seconds=0.1 * FACTOR))
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert caught.value.sent == "perhaps"
    assert not world.simulator.web_orders()
    again = await world.write("sales_order", sales_order())
    assert again.fields["sono"] == "10001"
    assert len(world.simulator.web_orders()) == 1


async def test_a_commit_that_is_not_answered_in_time_is_unknown(world: World) -> None:
    world.misbehave("sales_order", Fault("slow", seconds=2.0 * FACTOR))
    started = time.monotonic()
    with pytest.raises(Transient, match="no answer in time") as caught:
        await world.session.writes["sales_order"].send(
            call_of("KEY1", timeout_s=0.8), sales_order()
        )
    assert caught.value.sent == "perhaps"
    assert time.monotonic() - started < 1.8


async def test_sixteen_sends_of_eight_orders_make_eight_orders_without_a_gap(world: World) -> None:
    """Losers of a race may be told to wait; after one more round all know the same numbers."""
    keys = [f"KEY{at % 8}" for at in range(16)]

    async def send(key: str) -> str:
        for _ in range(20):
            try:
                receipt = await world.write("sales_order", sales_order(key), key)
            except Transient as error:
                assert error.sent == "no"
                await asyncio.sleep(0.02)
            else:
                return receipt.fields["sono"]
        raise AssertionError("told to wait for ever")

    numbers = await asyncio.gather(*(send(key) for key in keys))
    assert numbers[:8] == numbers[8:]
    orders = world.simulator.web_orders()
    assert sorted({str(order["websono"]) for order in orders}) == sorted(set(keys))
    sonos = sorted(int(str(order["sono"])) for order in orders)
    assert sonos == [10001, 10002, 10004, 10006, 10007, 10008, 10009, 10010], "taken: 10003, 10005"
    assert world.simulator.counter() == world.simulator.counter_mirror() == 10010
    assert str(world.simulator.on_order("WEBGUEST")) == "655.3600"


async def test_orders_of_one_new_customer_at_once_make_one_customer(world: World) -> None:
    orders = [sales_order(str(at), custno=customer("C-77")) for at in range(4)]
    receipts = await asyncio.gather(
        *(world.write("sales_order", order, f"KEY{at}") for at, order in enumerate(orders))
    )
    assert {receipt.fields["custno"] for receipt in receipts} == {"W000001"}
    made = [row for row in world.simulator.customers() if row["custno"].startswith("W0")]
    assert made == [{"custno": "W000001", "company": "Ada Byron", "onorder": "327.6800"}]


class _Guard:
    """Refuses the nth time it is asked."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Transient("The lease is gone.", sent="no", reason="lease")


@pytest.mark.parametrize(("nth", "claimed"), [(1, False), (2, True), (3, True)])
async def test_the_guard_is_asked_before_each_write_and_before_commit(
    world: World, nth: int, claimed: bool
) -> None:
    with pytest.raises(Transient, match="lease"):
        await world.session.writes["sales_order"].send(
            call_of("KEY1", guard=_Guard(nth)), sales_order()
        )
    assert not world.simulator.web_orders()
    sent = [str(facts["operation"]) for facts in world.entries("request")]
    assert "COMMIT TRANSACTION" not in sent
    assert any(text.startswith("INSERT INTO dbo.ix_xref") for text in sent) is claimed


async def test_a_call_that_was_given_up_sends_no_commit(world: World) -> None:
    """The thread goes on when its caller is cancelled; the guard stops it."""
    world.misbehave("sales_order", Fault("slow", seconds=0))
    world.simulator.store.owner = "somebody else"
    sending = asyncio.create_task(world.write("sales_order", sales_order()))
    await asyncio.sleep(0.1)
    sending.cancel()
    world.simulator.store.owner = None
    await asyncio.sleep(0.4)
    assert not world.simulator.web_orders()


async def test_a_lock_that_is_not_let_go_is_transient(world: World) -> None:
    world.simulator.store.owner = "somebody else"
    with pytest.raises(Transient, match="1222") as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.gate) == ("no", False)
    world.simulator.store.owner = None
    await world.write("sales_order", sales_order())


async def test_a_pooled_connection_that_died_is_replaced(world: World) -> None:
    await world.write("sales_order", sales_order())
    world.simulator.cut_clients()
    await asyncio.sleep(0.02)
    await world.write("sales_order", sales_order("2"), "KEY2")
    assert len(world.simulator.web_orders()) == 2


async def test_a_server_that_is_down_is_waited_for_at_the_gate(world: World) -> None:
    world.simulator.faults.down = True
    with pytest.raises(Transient) as caught:
        await world.write("sales_order", sales_order())
    assert (caught.value.sent, caught.value.gate) == ("no", True)
    world.simulator.faults.down = False
    await world.write("sales_order", sales_order())


async def test_a_refused_connection_is_waited_for_at_the_gate() -> None:
    simulator = SageProSimulator()
    async with opened(simulator) as world:
        await simulator.stop()
        with pytest.raises(Transient) as caught:
            await world.write("sales_order", sales_order())
        assert (caught.value.sent, caught.value.gate) == ("no", True)


async def test_wrong_credentials_are_misconfigured_and_show_no_secret() -> None:
    async with opened(SageProSimulator(), provision=False, password="pa55-w0rd") as world:
        with pytest.raises(Misconfigured, match="Login failed") as caught:
            await world.write("sales_order", sales_order())
        error: BaseException | None = caught.value
        while error is not None:
            assert "pa55-w0rd" not in f"{error} {error!r}"
            error = error.__cause__ or error.__context__
    async with opened(SageProSimulator(), provision=False, company_database="PRO99") as world:
        with pytest.raises(Misconfigured, match="PRO99"):
            await world.session.probe(call_of())
