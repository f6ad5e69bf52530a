"""An order that several cards pay: its parts are held, captured, refunded and released together."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.journeys.test_authenticated_checkout import COLLECTED, Shopper
from tests.journeys.test_deliver import captured, letters, messages, misbehave, ship_part
from tests.journeys.test_giving_up import cancel_order, sales_orders
from tests.journeys.test_reauthorizations import dying
from tests.journeys.test_refunds import ask_back, given_back
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.canonical.payments import AttemptState
from tillbridge.journeys.steer import cancel
from tillbridge.payments.attempts import COUNTED, of_order
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault

SETTINGS = {"partial_authorizations": "yes", "partial_captures": "yes"}
PART_PAID = """
flow: part-paid
lane: webshop
starts_on: [payment.partly_authorized]
steps:
  - write: shop_told
    to: webshop
    document: payment_status
    ordinal: concat(payment.attempt_key, ' ', amount_text(payment.authorized))
    fields: {order_number: payment.order_number, status: payment.state, amount: payment.authorized}
"""
UNDONE = """\
    undo:
      - write: voided
        to: cybersource
        document: void
        ordinal: captured.references.capture
        fields: {order_number: fulfilment.order_number, capture_id: captured.references.capture}
  - branch: minds_changed
    cases:
      - when: fulfilment.order_number == '7004'
        steps:
          - stop: changed our mind
            outcome: failed
            undo: true
"""
HALF, REST = "15.98", "15.97"
"""What the simulated issuer holds of 31.95, and what is owed then."""


def options(**changes: Any) -> Options:
    return Options(partial_captures=True, **changes)


async def pay_rest(
    shop: Till,
    order: str,
    *,
    owed: str = REST,
    outcome: str = "authorized",
    key: str = "rest",
    **changes: Any,
) -> tuple[int, dict[str, Any]]:
    """Another card for what is owed."""
    token = shop.town.cybersource.mint_token(outcome)
    body = {
        "order": order_document(order) | changes,
        "token": {"kind": "transient", "value": token},
        "owed": owed,
    }
    return await shop.post("/checkout/payments", body, f"{key}-{order}")


async def pay_in_two(shop: Till, *orders: str) -> None:
    for order in orders:
        _, first = await shop.pay(order_document(order), outcome="partial")
        assert first["status"] == "partial"
        _, second = await pay_rest(shop, order)
        assert second["status"] == "authorized"
    await shop.town.quiet()


async def expect_no_orphan(town: Town, *orders: str) -> None:
    """Every hold at the gateway is a part that counts, with its amount; each that nothing was
    captured of is there."""
    await town.cybersource.settle()
    for order in orders:
        attempts = await of_order(town.house.database, order)
        counted = [one for one in attempts if one.state in COUNTED]
        ours = {(one.authorization_id, (one.amount - one.captured).amount) for one in counted}
        there = {(row["id"], Decimal(row["open"])) for row in town.held(order)}
        untouched = {
            (one.authorization_id, one.amount.amount) for one in counted if not one.captured
        }
        assert untouched <= there <= ours, order


async def states(town: Town, order: str) -> list[AttemptState]:
    return [one.state for one in await of_order(town.house.database, order)]


async def kinds(town: Town, order: str) -> list[str]:
    rows = await town.house.database.fetch(
        "SELECT kind FROM events WHERE subject = $1 AND kind LIKE 'payment.%' ORDER BY number",
        order,
    )
    return [row["kind"].removeprefix("payment.") for row in rows]


def taken(town: Town, order: str) -> list[str]:
    """What was captured of each hold, by part."""
    return [row["captured"] for row in town.cybersource.holds()[order]]


async def until_released(town: Town, *orders: str) -> None:
    async with asyncio.timeout(20):
        for order in orders:
            while town.held(order):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.05)
    await town.cybersource.settle()


def telling(folder: Path) -> None:
    """The flow that docs/how_to/split_tender.md shows."""
    page = Path(__file__).parents[2] / "docs" / "how_to" / "split_tender.md"
    flow = page.read_text().split("```yaml\nflow:")[1].split("```")[0]
    (folder / "flows" / "rest-not-paid.yaml").write_text(f"flow:{flow}")
    (folder / "flows" / "part-paid.yaml").write_text(PART_PAID)


def hasty(folder: Path) -> None:
    """The last shipment waits a second for those that it may have overtaken; one is undone."""
    path = folder / "flows" / "capture-when-shipped.yaml"
    text = path.read_text().replace("timeout: 1d", "timeout: 20s")
    taken = "    fields: capture\n    ordinal: fulfilment.id\n"
    path.write_text(text.replace(taken, taken + UNDONE))


async def test_two_cards_pay_one_sales_order_and_each_hold_gives_what_it_has(
    tmp_path: Path, dsn: str
) -> None:
    async with (
        open_town(tmp_path, dsn, options=options(), settings=SETTINGS, extend=hasty) as town,
        till(town) as shop,
    ):
        _, first = await shop.pay(order_document("7001"), outcome="partial")
        assert [first[name]["amount"] for name in ("amount", "held", "owed")] == [HALF, HALF, REST]
        await town.quiet()
        assert await kinds(town, "7001") == ["partly_authorized"]
        assert not any(run.flow for run in await town.runs("7001"))

        _, second = await pay_rest(shop, "7001")
        assert [second["status"], second["owed"]["amount"]] == ["authorized", "0.00"]
        await town.quiet()
        assert await states(town, "7001") == [AttemptState.AUTHORIZED] * 2
        await ship_part(shop, "7001", "1", "20.00", last=False)
        await town.quiet()
        assert taken(town, "7001") == [HALF, "4.02"]
        await ship_part(shop, "7001", "2", "11.95", last=True)
        await town.quiet()
        assert taken(town, "7001") == [HALF, REST]
        assert len(sales_orders(town, "7001")) == 1
        assert len(messages(town, "7001")) == 2
        told = await kinds(town, "7001")
        assert told == ["partly_authorized", "authorized", *["captured"] * 3]

        await ask_back(shop, "7001", amount="20.00")
        await town.quiet()
        assert given_back(town, "7001") == [Decimal(HALF), Decimal("4.02")]

        await pay_in_two(shop, "7002", "7003")
        await ship_part(shop, "7002", "1", "10.00", last=True)
        await ship_part(shop, "7003", "1", "31.96", last=True)
        async with asyncio.timeout(20):
            while not (found := await letters(town)):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.05)
        assert [one.reason for one in found] == ["over_capture"]
        await pay_in_two(shop, "7004")
        await ship_part(shop, "7004", "1", "31.95", last=True)
        await town.quiet()
        (undone,) = [one for one in await letters(town) if one.subject == "7004"]
        assert undone.reason == "captured_in_parts"
        await cancel(town.house, undone.run_id, "ada", "given up")
        await town.quiet()
        (by_hand,) = [one for one in await letters(town) if one.subject == "7004"]
        assert (by_hand.reason, by_hand.run_id != undone.run_id) == ("captured_in_parts", True)
        assert taken(town, "7004") == [HALF, REST]
        assert captured(town, "7003") == 0
        await until_released(town, "7002")
        assert taken(town, "7002") == ["10.00", "0"]
        await expect_no_orphan(town, "7001", "7002", "7003")


async def test_what_a_shop_is_told_of_an_order_that_is_paid_in_part(
    tmp_path: Path, dsn: str
) -> None:
    async with (
        open_town(tmp_path, dsn, options=options(), settings=SETTINGS) as town,
        till(town) as shop,
    ):
        assert await _refusal(pay_rest(shop, "7101")) == "nothing_owed"
        await shop.pay(order_document("7101"), outcome="partial")
        assert await _refusal(shop.pay(order_document("7101"), key="plain")) == "order_partly_paid"
        assert await _refusal(pay_rest(shop, "7101", owed="15.98")) == "not_owed"
        assert await _refusal(pay_rest(shop, "7101", freight="4.00", total="30.95")) == (
            "order_changed"
        )
        for outcome, ends in (
            ("insufficient_fund", AttemptState.DECLINED),
            ("review", AttemptState.REVERSED),
            ("risk_declined", AttemptState.REVERSED),
        ):
            _, no = await pay_rest(shop, "7101", outcome=outcome, key=outcome)
            await town.quiet()
            assert (no["status"], (await states(town, "7101"))[-1]) == ("declined", ends)
        assert [row["amount"] for row in town.held("7101")] == [HALF]

        _, less = await pay_rest(shop, "7101", outcome="partial", key="third")
        assert [less["status"], less["held"]["amount"], less["owed"]["amount"]] == [
            *("partial", "23.96", "7.99")
        ]
        other = order_document("7101")["billing"] | {"line1": "2 Low Street"}
        answers = await asyncio.gather(
            *(pay_rest(shop, "7101", owed="7.99", key=f"k{n}", billing=other) for n in range(4))
        )
        said = sorted(answer.get("status", "refused") for _, answer in answers)
        assert said == ["authorized", "refused", "refused", "refused"]
        await town.quiet()
        assert [row["amount"] for row in town.held("7101")] == [HALF, "7.98", "7.99"]
        _, again = await shop.pay(order_document("7101"), outcome="partial")
        assert (again["status"], again["held"]["amount"]) == ("authorized", "31.95")
        assert len(sales_orders(town, "7101")) == 1

        await pay_in_two(shop, "7102")
        await shop.pay(order_document("7103"), outcome="partial")
        await cancel_order(shop, "7101")
        await cancel_order(shop, "7102")
        await cancel_order(shop, "7103")
        await until_released(town, "7101", "7102", "7103")
        assert (await kinds(town, "7103"))[:2] == ["partly_authorized", "lapsed"]
        async with asyncio.timeout(10):
            while any(run.ended_at is None for run in await town.runs("7102")):
                await town.cybersource.settle()
                await asyncio.sleep(0.05)
        assert await states(town, "7102") == [AttemptState.REVERSED] * 2
        assert [len(messages(town, one, "reversed")) for one in ("7101", "7102")] == [1, 1]
        assert not await letters(town)


async def test_the_rest_is_authenticated_and_each_hold_may_give_one_capture(
    tmp_path: Path, dsn: str
) -> None:
    settings = {"partial_authorizations": "yes", "payer_authentication": "required"}
    async with open_town(tmp_path, dsn, settings=settings) as town, till(town) as shop:
        for owed, outcome, status in (
            ("", "partial", "partial"),
            (REST, "challenge", "authorized"),
        ):
            token = {"kind": "transient", "value": town.cybersource.mint_token(outcome)}
            body: dict[str, Any] = {"order": order_document("7401"), "token": token}
            body |= {"owed": owed} if owed else {}
            path, key = "/checkout/payments", f"k{owed}"
            _, answer = await shop.post(path, body, key)
            assert answer["authentication"]["step"] == "collect"
            _, answer = await shop.post(path, body | {"authentication": COLLECTED}, key)
            if answer["status"] == "challenge":
                Shopper(town, shop, "7401").presses("passed")
                _, answer = await shop.post(
                    path, body | {"authentication": {"step": "confirm"}}, key
                )
            assert answer["status"] == status
        assert await _refusal(pay_rest(shop, "7401")) == "nothing_owed"
        await ship_part(shop, "7401", "1", "31.95", last=True)
        await town.quiet()
        assert taken(town, "7401") == [HALF, REST]
        asked = [one.amount for one in town.cybersource.state.authentications.values()]
        assert asked[-1] == Decimal(REST)


async def _refusal(asked: Any) -> str:
    status, answer = await asked
    assert status == 409, answer
    return str(answer["error"]["reason"])


async def test_parts_are_given_back_when_nobody_pays_the_rest_in_time(
    tmp_path: Path, dsn: str
) -> None:
    settings = SETTINGS | {"rest_within_s": "30"}
    async with (
        open_town(tmp_path, dsn, options=options(), settings=settings, extend=telling) as town,
        till(town) as shop,
    ):
        others = {"7201": "", "7202": "insufficient_fund", "7203": "partial"}
        for order, other in others.items():
            await shop.pay(order_document(order), outcome="partial")
            if other:
                await pay_rest(shop, order, outcome=other)
        await until_released(town, *others)
        await town.quiet()
        for order, other in others.items():
            ended = {AttemptState.REVERSED, AttemptState.DECLINED}
            assert set(await states(town, order)) <= ended
            assert (await kinds(town, order)).count("lapsed") == 1
            assert len(messages(town, order, "reversed")) == 1
            parts = 2 if other == "partial" else 1
            assert len(messages(town, order, "partial")) == parts
            _, answer = await shop.send("GET", f"/checkout/payments/key-{order}", b"", "")
            assert (answer["status"], answer["reason"]) == ("declined", "REST_NOT_PAID")
        assert await _refusal(pay_rest(shop, "7201", key="late")) == "nothing_owed"
        _, anew = await shop.pay(order_document("7201"), key="anew")
        assert anew["status"] == "authorized"
        await town.quiet()
        assert len(sales_orders(town, "7201")) == 1


WEATHER: dict[str, tuple[list[Fault], list[Fault]]] = {
    "7301": ([Fault("lose_answer")], []),
    "7302": ([], [Fault("lose_answer")]),
    "7303": ([Fault("late", seconds=60)], []),
    "7304": ([], [Fault("late", seconds=60)]),
    "7305": ([], [Fault("refuse", status=502)]),
    "7306": ([Fault("lose_answer")], [Fault("lose_answer")]),
}
"""By order, what happens to the calls that authorize its first and its second part."""
SILENT = ("7303", "7304", "7306")
"""Orders of which no webhook tells."""


async def test_no_hold_is_left_whatever_happens_to_the_answers(tmp_path: Path, dsn: str) -> None:
    settings = SETTINGS | {"absent_after_s": "100", "search_lag_s": "4"}
    async with (
        open_town(tmp_path, dsn, options=options(search_lag_s=2), settings=settings) as town,
        till(town) as shop,
    ):
        faults = town.cybersource.faults
        for order in SILENT:
            misbehave(faults, "webhook", Fault("lost"), order=order, times=100)
        for order, (bad, _) in WEATHER.items():
            for fault in bad:
                misbehave(faults, "authorization", fault, order=order)
        tries = [shop.pay(order_document(order), outcome="partial") for order in WEATHER]
        await asyncio.gather(*tries)
        await town.quiet(60)
        for order, (_, bad) in WEATHER.items():
            for fault in bad:
                misbehave(faults, "authorization", fault, order=order)
        await asyncio.gather(*(pay_rest(shop, order) for order in WEATHER))
        await town.quiet(60)
        await expect_no_orphan(town, *WEATHER)
        for order in WEATHER:  # what was undone meanwhile is paid anew
            status, answer = await pay_rest(shop, order, key="again")
            if status == 409 and answer["error"]["reason"] == "nothing_owed":
                await shop.pay(order_document(order), key=f"anew-{order}")
        await town.quiet(60)
        for order in WEATHER:
            held = sum(Decimal(row["amount"]) for row in town.held(order))
            assert (held, len(sales_orders(town, order))) == (Decimal("31.95"), 1), order
        await expect_no_orphan(town, *WEATHER)

        writes = town.house.connections["cybersource"].writes
        assert isinstance(writes, dict)
        alive = {"7301": "before capture", "7302": "after capture"}
        kept = writes["capture"]
        writes["capture"] = replace(kept, send=dying("capture", kept.send, alive))
        misbehave(faults, "capture", Fault("lose_answer"), order="7303", times=2)
        for order in WEATHER:
            await ship_part(shop, order, "1", "31.95", last=True)
        await town.quiet(60)
        assert not alive
        for order in WEATHER:
            assert captured(town, order) == Decimal("31.95"), order
        await expect_no_orphan(town, *WEATHER)
        assert not await letters(town)
