"""What follows a payment happens once in every system, whatever breaks on the way."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.assembly import worker
from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.clerking import correct
from tillbridge.journeys.steer import cancel, replay
from tillbridge.runs.dead_letters import DeadLetter, dead_letters
from tillbridge.runs.history import unknowns
from tillbridge_simulators.cybersource.followons import capture_answer
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.effects import EffectLog
from tillbridge_simulators.faults import Fault, Faults, Rule

BREAKS = [
    Fault("lose_answer"),
    Fault("late", seconds=15),
    Fault("break_before"),
    Fault("refuse", seconds=1, status=503),
    Fault("refuse", status=500),
    Fault("slow", seconds=50),
]
"""At a factor of 20: an answer is awaited for 1.5 s, the last one takes 2.5 s."""
ACCEPTED = "payments.capture.status.accepted"


def misbehave(
    faults: Faults, operation: str, fault: Fault, order: str = "", times: int = 1
) -> None:
    faults.rules.append(Rule(operation, fault, order, times=times))


def facts(log: EffectLog, kind: str, **wanted: str) -> list[dict[str, Any]]:
    """Effects of a kind with these facts."""
    entries = (dict(entry.facts) for entry in log.entries(kind))
    return [one for one in entries if wanted.items() <= one.items()]


def captured(town: Town, order: str) -> Decimal:
    """What the gateway took for an order in the end."""
    return sum((Decimal(one["captured"]) for one in town.cybersource.holds()[order]), Decimal(0))


def messages(town: Town, order: str, status: str = "captured") -> list[dict[str, Any]]:
    return facts(town.shop.log, "shop_message", order_number=order, status=status)


async def letters(town: Town) -> list[DeadLetter]:
    return await dead_letters(town.house.database)


async def buy(shop: Till, *orders: str) -> None:
    """Every order is paid, then every order is shipped."""
    for order in orders:
        _, answer = await shop.pay(order_document(order))
        assert answer["status"] == "authorized"
    for order in orders:
        assert await shop.ship(order) == 202


def assert_once_each(town: Town, order: str) -> None:
    """One sales order, one capture of the whole, one note beside it, one message."""
    assert town.dynamics is not None
    assert len(facts(town.dynamics.log, "sales_order", order_number=order)) == 1
    assert captured(town, order) == Decimal("31.95")
    assert len(facts(town.dynamics.log, "payment_transaction", order_number=order)) == 1
    assert len(messages(town, order)) == 1
    assert town.held(order) == []


SYSTEMS: dict[str, Callable[[Town], Faults]] = {
    "sales_order": lambda town: town.dynamics.faults if town.dynamics else Faults(),
    "payment_transaction": lambda town: town.dynamics.faults if town.dynamics else Faults(),
    "capture": lambda town: town.cybersource.faults,
    "payment_status": lambda town: town.shop.faults,
}


@pytest.mark.parametrize("document", SYSTEMS)
async def test_every_break_of_every_write_ends_in_one_effect(
    tmp_path: Path, dsn: str, document: str
) -> None:
    soon = {"fence_after_s": "10"}
    async with open_town(tmp_path, dsn, settings=soon) as town, till(town) as shop:
        orders = [f"41{number:02d}" for number in range(len(BREAKS))]
        for order, fault in zip(orders, BREAKS, strict=True):
            misbehave(SYSTEMS[document](town), document, fault, order)
        await buy(shop, *orders)
        await town.quiet(60)

        assert await letters(town) == []
        assert await unknowns(town.house.database) == []
        for order in orders:
            assert_once_each(town, order)


async def test_a_capture_whose_answer_is_lost_is_found_or_fenced_and_taken_once(
    tmp_path: Path, dsn: str
) -> None:
    """Search lags and webhooks are lost: only the fence can end it, and it is taken again."""
    options = Options(search_lag_s=1e6)
    async with (
        open_town(tmp_path, dsn, options=options, settings={"fence_after_s": "10"}) as town,
        till(town) as shop,
    ):
        misbehave(town.cybersource.faults, "webhook", Fault("lost"), times=100)
        misbehave(town.cybersource.faults, "capture", Fault("lose_answer"))
        await buy(shop, "4201")
        await town.quiet(40)

        assert len(facts(town.cybersource.log, "capture", order="4201")) == 2
        assert len(facts(town.cybersource.log, "undone_by_fence", order="4201")) == 1
        assert captured(town, "4201") == Decimal("31.95")
        assert len(messages(town, "4201")) == 1


async def test_a_capture_that_a_webhook_told_of_is_neither_fenced_nor_taken_again(
    tmp_path: Path, dsn: str
) -> None:
    options = Options(search_lag_s=1e6)
    async with (
        open_town(tmp_path, dsn, options=options, settings={"fence_after_s": "10"}) as town,
        till(town) as shop,
    ):
        misbehave(town.cybersource.faults, "capture", Fault("lose_answer"))
        await buy(shop, "4251")
        await town.quiet(40)

        assert len(facts(town.cybersource.log, "capture", order="4251")) == 1
        assert facts(town.cybersource.log, "undone_by_fence", order="4251") == []
        assert_once_each(town, "4251")


async def test_a_capture_that_was_taken_for_absent_is_done_once_it_is_told_of(
    tmp_path: Path, dsn: str
) -> None:
    """Search knew nothing of it for longer than was declared, and the second one was refused."""
    options, blind = Options(search_lag_s=1e6), {"fence": "no", "absent_after_s": "10"}
    async with (
        open_town(tmp_path, dsn, options=options, settings=blind) as town,
        till(town) as shop,
    ):
        misbehave(town.cybersource.faults, "webhook", Fault("lost"), times=100)
        misbehave(town.cybersource.faults, "capture", Fault("lose_answer"))
        await buy(shop, "4261")
        letter = await letter_of(town)
        assert letter.reason == "missing_auth"

        town.cybersource.faults.rules.clear()
        [taken] = town.cybersource.state.movements.values()
        town.cybersource.webhooks.tell(ACCEPTED, "4261", capture_answer(taken))
        await town.cybersource.settle()
        await replay(town.house, letter.run_id, "ada", "Cybersource has it")
        await town.quiet(40)

        assert_once_each(town, "4261")


async def test_an_unknown_capture_whose_fence_is_refused_keeps_its_claim_on_a_desk(
    tmp_path: Path, dsn: str
) -> None:
    """It may have taken place: neither another capture nor a reversal may have its money."""
    options = Options(search_lag_s=1e6)
    async with (
        open_town(tmp_path, dsn, options=options, settings={"fence_after_s": "10"}) as town,
        till(town) as shop,
    ):
        misbehave(town.cybersource.faults, "webhook", Fault("lost"), times=100)
        misbehave(town.cybersource.faults, "capture", Fault("lose_answer"))
        misbehave(town.cybersource.faults, "timeout_void", Fault("refuse", status=400))
        await buy(shop, "4271")

        letter = await letter_of(town)

        assert letter.flow == "capture-when-shipped"
        claimed = await town.house.database.fetch_value("SELECT claimed FROM attempts")
        assert claimed == Decimal("31.95")
        with pytest.raises(Rejected, match="not known yet"):
            await cancel(town.house, letter.run_id, "ada", "the parcel came back")


async def test_an_outage_of_the_erp_is_waited_out_without_a_deadletter_of(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        assert town.dynamics is not None
        town.dynamics.faults.down = True
        orders = [f"43{number:02d}" for number in range(8)]
        await buy(shop, *orders)
        await asyncio.sleep(3)
        assert await letters(town) == []
        tries = [run.tries for run in await town.runs()]
        assert max(tries) == 0

        town.dynamics.faults.down = False
        await town.quiet(40)

        for order in orders:
            assert_once_each(town, order)


async def test_refused_credentials_are_an_outage_and_no_dead_letters(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        assert town.dynamics is not None
        right = town.dynamics.sign_in.client_secret
        town.dynamics.sign_in.client_secret = "changed"
        town.dynamics.sign_in.revoke()
        await buy(shop, "4401", "4402")
        await asyncio.sleep(2)
        assert await letters(town) == []
        assert [gate.state for gate in await town.house.gates.all()][1:2] == ["tripped"]

        town.dynamics.sign_in.client_secret = right
        await town.quiet(40)

        assert_once_each(town, "4401")
        assert_once_each(town, "4402")


async def test_a_paused_erp_holds_up_nothing_that_is_done_there(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        town.shop.faults.down = True
        await buy(shop, "4501")
        await town.wait_for("4501", "capture-when-shipped", "")
        async with asyncio.timeout(10):
            while town.dynamics and not facts(town.dynamics.log, "payment_transaction"):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.05)
        await town.house.gates.pause("dynamics", "month-end", "ada")
        town.shop.faults.down = False
        await town.quiet()

        assert_once_each(town, "4501")


@pytest.mark.complaint("I37")
async def test_a_look_up_without_a_row_is_a_dead_letter_that_names_the_place_and_is_mended(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        order = order_document("4601")
        order["lines"][0]["product"] = "MUG-PINK"
        await shop.pay(order)
        await shop.ship("4601")
        letter = await letter_of(town)
        assert (letter.kind, letter.flow, letter.step) == (
            "invalid_data",
            "order-to-dynamics",
            "sales_order",
        )
        assert "MUG-PINK" in letter.message
        assert "dynamics-sales-order.yaml" in letter.message

        await correct(
            town.house.database,
            letter.run_id,
            "data.order.lines.0.product",
            "MUG-BLUE",
            operator="ada",
            why="renamed",
        )
        await replay(town.house, letter.run_id, "ada", "renamed")
        await town.quiet()

        assert_once_each(town, "4601")


async def test_two_shipments_are_captured_each_for_its_own_amount(tmp_path: Path, dsn: str) -> None:
    options = Options(partial_captures=True)
    settings = {"partial_captures": "true"}
    async with (
        open_town(tmp_path, dsn, options=options, settings=settings) as town,
        till(town) as shop,
    ):
        await shop.pay(order_document("4701"))
        for number, amount in (("1", "20.00"), ("2", "11.95")):
            await ship_part(shop, "4701", number, amount, last=number == "2")
        await town.quiet()

        taken = facts(town.cybersource.log, "capture", order="4701")
        assert sorted(one["amount"] for one in taken) == ["11.95", "20.00"]
        assert len(messages(town, "4701")) == 2


async def test_a_shipment_worth_more_than_is_held_is_a_dead_letter_and_takes_nothing(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("4801"))
        await ship_part(shop, "4801", "1", "31.96", last=True)

        letter = await letter_of(town)

        assert (letter.kind, letter.reason) == ("rejected_by_rule", "over_capture")
        assert captured(town, "4801") == 0


async def test_the_same_shipment_with_another_amount_is_told_and_takes_nothing_more(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("4901"))
        await ship_part(shop, "4901", "1", "10.00", last=False, event="a")
        await town.quiet()
        await ship_part(shop, "4901", "1", "31.95", last=True, event="b")

        letter = await letter_of(town)

        assert letter.reason == "claimed_before"
        assert captured(town, "4901") == Decimal("10.00")


async def test_another_worker_goes_on_where_one_stopped(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        second = worker(town.desk)
        task = asyncio.create_task(second.run(dsn))
        try:
            await buy(shop, *(f"51{number:02d}" for number in range(6)))
            await town.quiet()
        finally:
            second.stop()
            await asyncio.wait_for(task, 10)

        for number in range(6):
            assert_once_each(town, f"51{number:02d}")


async def letter_of(town: Town, timeout_s: float = 15) -> DeadLetter:
    async with asyncio.timeout(timeout_s):
        while not (found := await letters(town)):  # noqa: ASYNC110 (nothing rings for a test)
            await asyncio.sleep(0.05)
    (letter,) = found
    return letter


async def ship_part(
    shop: Till, order: str, number: str, amount: str, *, last: bool, event: str = ""
) -> None:
    document = {
        "id": f"ship-{order}-{number}{event}",
        "type": "order.fulfilled",
        "order_number": order,
        "occurred_at": "2026-03-03T10:00:00Z",
        "fulfilment": {
            "id": number,
            "lines": [],
            "complete": last,
            "amount": {"amount": amount, "currency": "USD"},
        },
    }
    body = json.dumps(document).encode()
    status, answer = await shop.send("POST", "/doors/webshop", body, f"{number}{event}")
    assert status == 202, answer
