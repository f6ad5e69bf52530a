"""Money goes back once and never beyond what was captured, whatever happens to the answers."""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.cybersource.conftest import new_call
from tests.journeys.town import Till, Town, open_town, order_document, till, usd

from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.documents import Fields
from tillbridge.journeys.trace import trace
from tillbridge.payments.attempts import of_order
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault, Rule

WEATHER: dict[str, list[Fault]] = {
    "6001": [],
    "6002": [Fault("lose_answer")],
    "6003": [Fault("late", seconds=60)],
    "6004": [Fault("refuse", status=502)],
    "6005": [Fault("refuse", status=429, seconds=1)],
    "6007": [Fault("lose_answer")],
    "6006": [Fault("lose_answer"), Fault("late", seconds=30)],
}
"""By order, what happens to its refund's calls."""
SILENT = ("6003", "6006", "6007")
"""Orders of which no webhook tells."""


async def ask_back(shop: Till, order: str, id_: str = "R-1", amount: str = "") -> None:
    refund: dict[str, Any] = {"id": id_, "reason": "broken"}
    if amount:
        refund["amount"] = {"amount": amount, "currency": "USD"}
    status, _ = await shop.post(
        "/doors/webshop",
        {
            "id": f"refund-{order}-{id_}",
            "type": "refund.requested",
            "order_number": order,
            "occurred_at": "2026-03-09T10:00:00Z",
            "refund": refund,
        },
        f"refund-{order}-{id_}",
    )
    assert status == 202


def given_back(town: Town, order: str) -> list[Decimal]:
    """Refunds that stand at Cybersource."""
    moved = town.cybersource.state.movements.values()
    mine = [one for one in moved if one.code == order and one.kind == "refund"]
    return [one.amount for one in mine if not one.undone]


def told(town: Town, order: str) -> list[tuple[str, str]]:
    """What the shop was told of refunds: status and amount."""
    messages = [
        entry.facts for entry in town.shop.log.entries("shop_message")
        if entry.facts["order_number"] == order
    ]  # fmt: skip
    found = [one for one in messages if str(one["status"]).startswith("refund")]
    return [(str(one["status"]), str(one["amount"])) for one in found]


@pytest.mark.parametrize("fence", ["yes", "no"])
async def test_each_refund_takes_place_once_whatever_happens_to_its_answer(
    tmp_path: Path, dsn: str, fence: str
) -> None:
    options = Options(search_lag_s=2)
    settings = {"fence": fence, "absent_after_s": "100", "search_lag_s": "4"}
    async with (
        open_town(tmp_path, dsn, options=options, settings=settings) as town,
        till(town) as shop,
    ):
        for order in WEATHER:
            await shop.pay(order_document(order))
            await shop.ship(order)
        await town.quiet()
        rules = town.cybersource.faults.rules
        rules += [Rule("webhook", Fault("lost"), subject=order) for order in SILENT]
        for order, faults in WEATHER.items():
            rules += [Rule("refund", fault, subject=order, times=1) for fault in faults]
        rules.append(Rule("timeout_void", Fault("lose_answer"), subject="6007", times=1))
        for order in WEATHER:
            await ask_back(shop, order, amount="10.00")
            await ask_back(shop, order, amount="10.00")
        await town.quiet(60)
        await town.cybersource.settle()
        await town.quiet()

        assert {order: given_back(town, order) for order in WEATHER} == {
            order: [Decimal("10.00")] for order in WEATHER
        }
        for order in WEATHER:
            (attempt,) = await of_order(town.house.database, order)
            assert attempt.refunded == usd("10.00"), order
            assert {amount for _, amount in told(town, order)} == {"10.00 USD"}
            net = [1 if status == "refunded" else -1 for status, _ in told(town, order)]
            assert sum(net) == 1, (order, told(town, order))


async def test_refunds_of_several_parcels_and_by_hand_share_what_was_captured(
    tmp_path: Path, dsn: str
) -> None:
    options = Options(partial_captures=True)
    async with (
        open_town(tmp_path, dsn, options=options, settings={"partial_captures": "yes"}) as town,
        till(town) as shop,
    ):
        await shop.pay(order_document("7001"))
        await parcel(shop, "7001", "1", "20.00")
        await town.quiet()
        await parcel(shop, "7001", "2", "11.95", last=True)
        await town.quiet()
        await by_hand(town, "7001", "5.00")
        await town.cybersource.settle()
        await town.quiet()
        await ask_back(shop, "7001", "R-1", "26.96")
        await ask_back(shop, "7001", "R-2", "20.00")
        await ask_back(shop, "7001", "R-3")
        await town.quiet()

        backs = [Decimal(part) for part in ("5.00", "15.00", "5.00", "6.95")]
        assert sorted(given_back(town, "7001")) == sorted(backs)
        assert [amount for _, amount in sorted(told(town, "7001"))] == [
            "15.00 USD", "5.00 USD", "5.00 USD", "6.95 USD",
        ]  # fmt: skip
        dead = [run for run in await town.runs("7001") if run.state == "dead"]
        assert [run.flow for run in dead] == ["refund-order"]
        assert "26.95 USD of 31.95 USD is left" in str(dead[0].ending)
        story = await trace(town.house.database, "7001")
        assert [line.refunded for line in story.payments] == [usd("31.95")]
        assert sum(moment.what == "refund approved" for moment in story.moments) == 4


async def parcel(
    shop: Till,
    order: str,
    id_: str,
    amount: str,
    *,
    last: bool = False,
    lines: Sequence[dict[str, object]] = (),
) -> None:
    """One of several parcels."""
    money = {"amount": amount, "currency": "USD"}
    fulfilment = {"id": id_, "lines": lines, "complete": last, "amount": money}
    facts = {"id": f"ship-{order}-{id_}", "type": "order.fulfilled", "order_number": order}
    body = facts | {"occurred_at": "2026-03-03T10:00:00Z", "fulfilment": fulfilment}
    assert (await shop.post("/doors/webshop", body, facts["id"]))[0] == 202


async def by_hand(town: Town, order: str, amount: str) -> None:
    """Somebody refunds at Cybersource, under a number of their own."""
    capture = next(
        one for one in town.cybersource.state.movements.values()
        if one.code == order and one.kind == "capture"
    )  # fmt: skip
    fields: Fields = {"order_number": order, "capture_id": capture.id, "amount": usd(amount)}
    await town.house.connections["cybersource"].writes["refund"].send(new_call("by-hand"), fields)


async def test_a_sale_is_taken_at_checkout_undone_when_unknown_and_refunded(
    tmp_path: Path, dsn: str
) -> None:
    options = Options(search_lag_s=1e6)
    async with (
        open_town(tmp_path, dsn, options=options, settings={"sale": "yes"}) as town,
        till(town) as shop,
    ):
        _, answer = await shop.pay(order_document("8001"))
        await town.quiet()
        assert answer["status"] == "authorized"
        (attempt,) = await of_order(town.house.database, "8001")
        assert (attempt.state, attempt.captured) == (AttemptState.CAPTURED, usd("31.95"))
        await shop.ship("8001")
        await ask_back(shop, "8001", amount="10.00")
        await town.quiet()
        assert given_back(town, "8001") == [Decimal("10.00")]
        (hold,) = town.cybersource.holds()["8001"]
        assert (hold["captured"], hold["refunded"]) == ("31.95", "10.00")
        shipped = [run for run in await town.runs("8001") if run.flow == "capture-when-shipped"]
        assert [(run.state, run.ending) for run in shipped] == [
            ("done", "the money was taken at checkout")
        ]

        town.desk.pace = dataclasses.replace(town.desk.pace, read_on_s=0.8, answer_s=0.4)
        town.cybersource.faults.rules.append(Rule("webhook", Fault("lost"), subject="8002"))
        town.cybersource.faults.rules.append(
            Rule("authorization", Fault("late", 30), subject="8002", times=1)
        )
        await shop.pay(order_document("8002"))
        await town.quiet(40)
        await town.cybersource.settle()
        (attempt,) = await of_order(town.house.database, "8002")
        assert attempt.state is AttemptState.ABANDONED
        assert town.held("8002") == []
        assert all(row["captured"] == "0.00" for row in town.cybersource.holds()["8002"])
