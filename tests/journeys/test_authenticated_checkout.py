"""3-D Secure over real sockets: the shop comes back with one key until its shopper is known."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_checkout import ask, asked, authorizations, ended, fault
from tests.journeys.test_giving_up import sales_orders
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.database.database import Database
from tillbridge.journeys import authenticate, resolve
from tillbridge.journeys.resolve import end_authorization
from tillbridge.payments.attempts import of_order
from tillbridge.payments.authentications import Standing, standing_authentication
from tillbridge_simulators.cybersource.triggers import pull
from tillbridge_simulators.faults import Fault, Rule

COLLECTED = {
    "step": "collect",
    "browser": {"ip": "203.0.113.7", "user_agent": "Mozilla/5.0", "screen_width": 1920},
    "return_url": "https://shop.example.com/back",
}
CONFIRMED = {"step": "confirm"}
NOT_SENT_YET = "UPDATE attempts SET state = 'abandoned', reason = 'not_sent' WHERE attempt_key = $1"
REQUIRED = {"payer_authentication": "required"}


class Shopper:
    """One shopper's checkout: one order, one key, one token."""

    def __init__(self, town: Town, shop: Till, number: str, outcome: str = "challenge") -> None:
        self.town = town
        self.shop = shop
        self.key = f"key-{number}"
        self.order = order_document(number)
        self.token = town.cybersource.mint_token(outcome)

    async def post(self, returned: Any = None) -> tuple[int, dict[str, Any]]:
        body: dict[str, Any] = {
            "order": self.order,
            "token": {"kind": "transient", "value": self.token},
        }
        if returned is not None:
            body["authentication"] = returned
        return await self.shop.post("/checkout/payments", body, self.key)

    async def challenged(self) -> None:
        """Up to his bank's question."""
        _, answer = await self.post()
        assert answer["authentication"]["step"] == "collect"
        _, answer = await self.post(COLLECTED)
        assert answer["authentication"]["step"] == "confirm"

    def presses(self, button: str) -> None:
        """He answers the question of his bank that waits."""
        known = self.town.cybersource.state.authentications.values()
        waiting = [
            one.id
            for one in known
            if one.code == self.order["number"] and one.state == "challenged"
        ]
        chosen = {"authentication": waiting[-1]}
        pull(self.town.cybersource.account, f"challenge.{button}", chosen)


async def test_a_challenged_shopper_pays_with_one_key_and_one_authorization(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        one = Shopper(town, shop, "3001")
        status, answer = await one.post()
        assert (status, answer["status"]) == (200, "challenge")
        assert set(answer["authentication"]) == {"step", "url", "access_token", "reference_id"}
        status, answer = await one.post(COLLECTED)
        assert (status, answer["status"]) == (200, "challenge")
        assert answer["authentication"]["step"] == "confirm"
        assert (await ask(shop, one.key))[1]["authentication"] == answer["authentication"]
        assert asked(town) == 0

        twins = [Shopper(town, shop, "3003") for _ in range(2)]
        twins[1].token = twins[0].token
        await twins[0].post()
        told = await asyncio.gather(*(twin.post(COLLECTED) for twin in twins))
        assert told[0] == told[1]  # of two enrolments at once one counts
        assert await twins[0].post(COLLECTED) == told[0]  # and a late one asks nothing anew

        one.presses("passed")
        answers = await asyncio.gather(*(one.post(CONFIRMED) for _ in range(4)))
        assert {(status, answer["status"]) for status, answer in answers} == {(200, "authorized")}
        assert await one.post(CONFIRMED) == answers[0]
        assert (asked(town), len(authorizations(town, "3001"))) == (1, 1)
        await town.quiet()
        assert len(sales_orders(town, "3001")) == 1

        two = Shopper(town, shop, "3002", "authorized")  # his bank asks him nothing
        await two.post()
        status, answer = await two.post(COLLECTED)
        assert (status, answer["status"]) == (200, "authorized")
        assert "authentication" not in answer


async def test_a_post_that_looked_just_before_another_went_on_tells_what_that_one_did(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        one = Shopper(town, shop, "3004")
        await one.challenged()
        one.presses("passed")
        faster: list[tuple[int, dict[str, Any]]] = []

        async def overtaken(database: Database, wire_key: str) -> Standing | None:
            monkeypatch.undo()
            faster.append(await one.post(CONFIRMED))
            return await standing_authentication(database, wire_key)

        monkeypatch.setattr(authenticate, "standing_authentication", overtaken)
        slower = await one.post(CONFIRMED)
        assert slower == faster[0]
        assert slower[1]["status"] == "authorized"
        assert len(authorizations(town, "3004")) == 1


async def test_what_is_refused_or_not_finished_charges_nobody(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        refused = Shopper(town, shop, "3010")
        await refused.challenged()
        refused.presses("failed")
        status, answer = await refused.post(CONFIRMED)
        assert (status, answer["status"]) == (200, "declined")
        assert answer["reason"] == "CONSUMER_AUTHENTICATION_FAILED"
        (attempt,) = await of_order(town.house.database, "3010")
        assert attempt.state == "declined"

        lost = Shopper(town, shop, "3011", "authentication_unavailable")
        await lost.post()
        assert (await lost.post(COLLECTED))[1]["reason"] == "AUTHENTICATION_UNAVAILABLE"

        left = Shopper(town, shop, "3012")
        await left.challenged()
        again = Shopper(town, shop, "3012", "authorized")
        again.key = "another"
        await again.post()
        assert (await again.post(COLLECTED))[1]["status"] == "authorized"
        assert (await ask(shop, left.key))[1]["status"] == "abandoned"
        left.presses("passed")
        assert (await left.post(CONFIRMED))[1]["status"] == "abandoned"
        assert [len(authorizations(town, number)) for number in ("3010", "3011", "3012")] == [
            0,
            0,
            1,
        ]


async def test_steps_that_do_not_fit_begin_again_and_no_other_card_pays(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        one = Shopper(town, shop, "3020")
        assert (await one.post(CONFIRMED))[1]["authentication"]["step"] == "collect"
        await one.challenged()
        one.presses("passed")
        honest, one.token = one.token, town.cybersource.mint_token("challenge")
        _, answer = await one.post(CONFIRMED)
        assert answer["authentication"]["step"] == "collect"
        one.token = honest
        await one.challenged()
        one.order = order_document("3020", total="99.95")
        status, answer = await one.post(CONFIRMED)
        assert (status, answer["error"]["reason"]) == (409, "key_reused")
        assert asked(town) == 0
        for bad, place in (
            ({"step": "jump"}, "authentication.step"),
            ({"step": "collect", "browser": {"nose": "x"}}, "authentication.browser.nose"),
        ):
            status, answer = await one.post(bad)
            assert (status, answer["error"]["place"]) == (400, place)


async def test_lost_answers_are_asked_again_and_a_lost_authorization_is_one(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_told = asyncio.Event()

    async def later(*asked: Any) -> None:
        await is_told.wait()
        await end_authorization(*asked)

    monkeypatch.setattr(resolve, "end_authorization", later)  # no worker is faster than the answer
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        town.cybersource.faults.rules.append(Rule("webhook", Fault("lost")))  # and no webhook
        one = Shopper(town, shop, "3030")
        for step, returned in (("_setup", None), ("", COLLECTED), ("_result", CONFIRMED)):
            if returned is CONFIRMED:
                one.presses("passed")
            lose = Rule(f"authentication{step}", Fault("lose_answer"), times=1)
            town.cybersource.faults.rules.append(lose)
            status, answer = await one.post(returned)
            assert (status, answer["safe_to_retry"]) == (503, True)
            if returned is not CONFIRMED:
                assert (await one.post(returned))[1]["status"] == "challenge"
        fault(town, "lose_answer")
        status, _ = await one.post(CONFIRMED)
        assert status == 202
        is_told.set()
        assert (await ended(shop, one.key))["status"] == "authorized"
        assert (asked(town), len(authorizations(town, "3030"))) == (1, 1)


async def test_what_certainly_never_left_may_be_posted_again_with_what_the_page_gave(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, settings=REQUIRED) as town, till(town) as shop:
        one = Shopper(town, shop, "3035")
        await one.challenged()
        one.presses("passed")
        await town.house.database.execute(NOT_SENT_YET, one.key)  # as a refused connection does
        assert (await one.post(CONFIRMED))[1]["status"] == "authorized"
        assert len(authorizations(town, "3035")) == 1


async def test_only_who_asks_for_it_authenticates(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        one = Shopper(town, shop, "3040", "authorized")
        assert (await one.post())[1]["status"] == "authorized"
        entries = town.cybersource.log.entries("request")
        operations = {str(entry.facts["operation"]) for entry in entries}
        assert not any(operation.startswith("authentication") for operation in operations)


async def test_a_challenge_of_the_authorization_itself_ends_the_attempt_for_the_shop(
    tmp_path: Path, dsn: str
) -> None:
    settings = {"payer_authentication": "where_possible"}
    async with open_town(tmp_path, dsn, settings=settings) as town, till(town) as shop:
        one = Shopper(town, shop, "3050", "challenge_unavailable")
        await one.challenged()
        town.cybersource.account.tokens.put(
            one.token,
            town.cybersource.account.tokens.known(town.cybersource.mint_token("challenge")),
        )
        _, answer = await one.post(CONFIRMED)
        assert answer["status"] == "challenge"
        assert "authentication" not in answer
        assert (await one.post(CONFIRMED))[1]["status"] == "challenge"
        assert asked(town) == 1
