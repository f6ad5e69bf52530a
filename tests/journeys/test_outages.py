"""An outside system is down: nothing is refused at the doors, and it all comes right afterwards."""

import asyncio
from decimal import Decimal
from pathlib import Path

from tests.journeys.test_deliver import captured, letters
from tests.journeys.test_giving_up import cancel_order
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.payments.attempts import newest
from tillbridge_simulators.faults import Fault, Rule

TOTAL = Decimal(order_document("1")["total"])


async def closed(town: Town, connection: str) -> None:
    """Waits until its gate takes no work."""
    async with asyncio.timeout(10):
        while True:
            gates = {gate.connection: gate for gate in await town.house.gates.all()}
            if gates[connection].state == "tripped":
                return
            await asyncio.sleep(0.02)


async def test_goods_that_leave_while_cybersource_is_down_are_captured_when_it_is_there_again(
    tmp_path: Path, dsn: str
) -> None:
    orders = [f"72{number:02}" for number in range(6)]
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        for order in orders:
            await shop.pay(order_document(order))
        await town.quiet()
        await town.cybersource.refuse()
        assert [await shop.ship(order) for order in orders] == [202] * len(orders)
        await closed(town, "cybersource")
        status, answer = await shop.pay(order_document("7299"))
        assert (status, answer["error"]["reason"]) == (503, "not_attempted")
        assert answer["safe_to_retry"]

        await town.cybersource.accept()
        await town.quiet()
        assert [captured(town, order) for order in orders] == [TOTAL] * len(orders)
        assert await letters(town) == []


async def test_a_hold_whose_shopper_left_during_an_outage_is_released_afterwards(
    tmp_path: Path, dsn: str
) -> None:
    """The authorization took effect, nobody heard of it, and the shop has cancelled the order."""
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        rules = town.cybersource.faults.rules
        rules += [
            Rule("authorization", Fault("lose_answer")),
            Rule("webhook", Fault("lost")),
            *(Rule(name, Fault("refuse")) for name in ("search", "timeout_reversal", "details")),
        ]
        status, _ = await shop.pay(order_document("7301"))
        assert status == 202
        await cancel_order(shop, "7301")
        assert [one["open"] for one in town.held("7301")] == [str(TOTAL)]

        rules.clear()
        await town.quiet(40)
        assert town.held("7301") == []
        attempt = await newest(town.house.database, "7301")
        assert attempt is not None and not attempt.held


async def test_an_erp_that_is_down_holds_up_its_own_work_alone(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        assert town.dynamics is not None
        await town.dynamics.refuse()
        for number in range(6):
            status, _ = await shop.pay(order_document(f"740{number}"))
            assert status == 200
        await closed(town, "dynamics")
        assert [run.target for run in await town.runs() if run.ended_at is None] == ["dynamics"] * 6

        await town.dynamics.accept()
        await town.quiet()
        assert len(town.dynamics.state()["sales_orders"]) == 6
        assert await letters(town) == []
