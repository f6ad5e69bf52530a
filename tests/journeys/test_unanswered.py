"""Checkouts that were not answered: each ends by evidence or by a fence, never by a guess."""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.journeys.test_checkout import ask, asked, authorizations, ended, fault
from tests.journeys.town import SECRET, Till, Town, open_town, order_document, till

from tillbridge.assembly import close_house, open_house
from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.checkout import checkout
from tillbridge.payments.attempts import of_order
from tillbridge.runs.dead_letters import dead_letters
from tillbridge.runs.history import unknowns
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.shop.signing import signed

NEVER_S = 1e6


def blind() -> Options:
    """A gateway whose search shows nothing within a test's time."""
    return Options(search_lag_s=NEVER_S)


@contextlib.asynccontextmanager
async def hasty_town(
    folder: Path, dsn: str, options: Options | None = None, **settings: str
) -> AsyncIterator[Town]:
    """A town that gives up on an answer after a second of a test's time."""
    quick = {"fence_after_s": "10"} | settings
    async with open_town(folder, dsn, options=options, settings=quick) as town:
        town.desk.pace = dataclasses.replace(town.desk.pace, read_on_s=0.8, answer_s=0.4)
        yield town


def no_webhooks(town: Town) -> None:
    town.cybersource.faults.rules.append(Rule("webhook", Fault("lost")))


async def lose_answer(shop: Till, town: Town, order: str, outcome: str = "authorized") -> None:
    fault(town, "lose_answer")
    await shop.pay(order_document(order), outcome=outcome)


async def test_a_lost_answer_is_fenced_and_the_order_is_payable_again(
    tmp_path: Path, dsn: str
) -> None:
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        no_webhooks(town)
        await lose_answer(shop, town, "3001")

        answer = await ended(shop, "key-3001")

        assert (answer["status"], answer["reason"]) == ("abandoned", "fenced")
        assert town.held("3001") == []
        assert (await shop.pay(order_document("3001"), key="new"))[1]["status"] == "authorized"
        assert len(town.held("3001")) == 1


async def test_while_it_is_unknown_nothing_else_is_sent_for_the_same_debt(
    tmp_path: Path, dsn: str
) -> None:
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        no_webhooks(town)
        await lose_answer(shop, town, "3002")

        status, answer = await shop.pay(order_document("3002"), key="new")

        assert (status, answer["error"]["reason"]) == (409, "attempt_in_flight")
        assert asked(town) == 1


async def test_a_webhook_proves_what_the_reply_did_not_and_no_fence_is_sent(
    tmp_path: Path, dsn: str
) -> None:
    """Search shows nothing yet: a fence now would undo a payment that the order stands on."""
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        await lose_answer(shop, town, "3003")
        await shop.ship("3003")
        await town.quiet()

        assert (await ask(shop, "key-3003"))[1]["status"] == "authorized"
        assert asked(town, "timeout_reversal") == 0
        (authorization,) = authorizations(town, "3003")
        assert authorization["captured"] == "31.95"
        assert await unknowns(town.house.database) == []


async def test_a_webhook_that_comes_after_the_fence_revives_nothing(
    tmp_path: Path, dsn: str
) -> None:
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        town.cybersource.faults.rules.append(Rule("webhook", Fault("slow", 80)))
        await lose_answer(shop, town, "3004")
        assert (await ended(shop, "key-3004"))["reason"] == "fenced"

        await town.cybersource.settle()
        await town.quiet()

        assert town.held("3004") == []
        (attempt,) = await of_order(town.house.database, "3004")
        assert attempt.state is AttemptState.ABANDONED
        assert await dead_letters(town.house.database) == []


async def test_what_the_gateway_does_after_the_deadline_holds_nothing(
    tmp_path: Path, dsn: str
) -> None:
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        fault(town, "late", 60)
        await shop.pay(order_document("3005"))
        assert (await ended(shop, "key-3005"))["reason"] == "fenced"

        await town.cybersource.settle()
        await town.quiet()

        (authorization,) = authorizations(town, "3005")
        assert authorization["state"] == "undone"
        assert town.held("3005") == []


@pytest.mark.parametrize("fence", ["yes", "no"])
async def test_search_is_evidence_with_or_without_a_fence(
    tmp_path: Path, dsn: str, fence: str
) -> None:
    async with hasty_town(tmp_path, dsn, fence=fence) as town, till(town) as shop:
        no_webhooks(town)
        await lose_answer(shop, town, "3006")

        answer = await ended(shop, "key-3006")

        assert answer["status"] == "authorized"
        assert len(town.held("3006")) == 1
        assert asked(town, "timeout_reversal") == 0


async def test_without_evidence_and_without_a_fence_it_stays_unknown_with_its_age(
    tmp_path: Path, dsn: str
) -> None:
    async with (
        hasty_town(tmp_path, dsn, blind(), fence="no") as town,
        till(town) as shop,
    ):
        no_webhooks(town)
        await lose_answer(shop, town, "3007")
        await asyncio.sleep(2)

        assert (await ask(shop, "key-3007"))[0] == 202
        (unknown,) = await unknowns(town.house.database)
        assert (unknown.subject, unknown.effect) == ("3007", "authorization")
        assert (await shop.pay(order_document("3007"), key="new"))[0] == 409
        assert await dead_letters(town.house.database) == []


async def test_a_fence_that_was_refused_proves_nothing_and_search_decides_later(
    tmp_path: Path, dsn: str
) -> None:
    options = Options(fence="forgets")
    async with hasty_town(tmp_path, dsn, options) as town, till(town) as shop:
        no_webhooks(town)
        fault(town, "late", 60)
        await shop.pay(order_document("3008"))

        answer = await ended(shop, "key-3008")

        assert answer["status"] == "authorized"
        assert asked(town, "timeout_reversal") >= 1
        assert len(town.held("3008")) == 1


async def test_a_lost_decline_ends_and_the_order_stays_payable(tmp_path: Path, dsn: str) -> None:
    async with hasty_town(tmp_path, dsn) as town, till(town) as shop:
        no_webhooks(town)
        await lose_answer(shop, town, "3009", "insufficient_fund")

        assert (await ended(shop, "key-3009"))["status"] == "declined"
        assert (await shop.pay(order_document("3009"), key="new"))[1]["status"] == "authorized"


async def test_an_outage_after_a_lost_answer_is_waited_out(tmp_path: Path, dsn: str) -> None:
    async with hasty_town(tmp_path, dsn, blind()) as town, till(town) as shop:
        no_webhooks(town)
        await lose_answer(shop, town, "3010")
        town.cybersource.faults.down = True
        await asyncio.sleep(3)
        assert (await ask(shop, "key-3010"))[0] == 202
        assert await dead_letters(town.house.database) == []

        town.cybersource.faults.down = False

        assert (await ended(shop, "key-3010", 30))["reason"] == "fenced"
        assert town.held("3010") == []


@pytest.mark.parametrize("done_there", [True, False])
async def test_an_api_that_dies_in_the_middle_of_a_call_is_survived(
    tmp_path: Path, dsn: str, done_there: bool
) -> None:
    async with hasty_town(tmp_path, dsn) as town, till(town) as shop:
        no_webhooks(town)
        fault(town, "slow" if done_there else "break_before", 20)
        doomed = await open_house(town.site, dsn, role="doomed", pool=4)
        doomed.pace = town.desk.pace
        call = asyncio.create_task(checkout(doomed, _delivery(town, "3011")))
        await asyncio.sleep(0.3)
        call.cancel()
        for task in list(doomed.calls):
            task.cancel()
        await asyncio.gather(call, *doomed.calls, return_exceptions=True)
        await close_house(doomed)

        answer = await ended(shop, "key-3011")
        await town.quiet()

        assert answer["status"] == ("authorized" if done_there else "abandoned")
        assert len(town.held("3011")) == int(done_there)
        assert await unknowns(town.house.database) == []


async def test_who_wakes_late_does_not_end_an_attempt_that_was_begun_again(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own try never left, which says nothing of the one that is on its way now."""
    async with hasty_town(tmp_path, dsn) as town, till(town) as shop:
        awake, patience = asyncio.Event(), town.desk.patience
        town.stack.callback(awake.set)

        async def stall(*_: object) -> None:
            await awake.wait()

        with monkeypatch.context() as stalled:
            stalled.setattr(type(town.desk.gates), "failed", stall)
            town.desk.patience = dataclasses.replace(patience, send_window_s=-1.0)
            await shop.pay(order_document("3012"))
            told = await ended(shop, "key-3012")  # a worker has taken over
            assert told["error"]["reason"] == "not_attempted"

        town.desk.patience = patience
        fault(town, "slow", 6.0)
        paying = asyncio.create_task(shop.pay(order_document("3012")))
        async with asyncio.timeout(10):
            while not asked(town):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.02)
        awake.set()
        await paying

        assert (await ended(shop, "key-3012"))["status"] == "authorized"
        assert len(town.held("3012")) == 1


def _delivery(town: Town, order: str) -> Delivery:
    body = json.dumps(
        {
            "order": order_document(order),
            "token": {"kind": "transient", "value": town.cybersource.mint_token()},
        }
    ).encode()
    path = "/checkout/payments"
    headers = {name.lower(): value for name, value in signed(SECRET, "POST", path, body).items()}
    headers["idempotency-key"] = f"key-{order}"
    return Delivery("webshop", "POST", path, headers, body, town.house.clock())
