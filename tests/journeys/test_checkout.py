"""Checkout over real sockets: every answer a shop can get, and what it leaves behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.room import PLANTED, Room
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.canonical.payments import AttemptState
from tillbridge.payments.attempts import of_order
from tillbridge_simulators.faults import Fault, Rule


def authorizations(town: Town, order: str) -> list[dict[str, str]]:
    """Every authorization the gateway made for an order."""
    return town.cybersource.holds().get(order, [])


def asked(town: Town, operation: str = "authorization") -> int:
    """How often the gateway was asked."""
    entries = town.cybersource.log.entries("request")
    return sum(entry.facts["operation"] == operation for entry in entries)


def fault(town: Town, kind: Any, seconds: float = 0.0, **where: Any) -> None:
    """The gateway misbehaves at the next authorization."""
    rule = Rule("authorization", Fault(kind, seconds), times=1)
    for name, value in where.items():
        setattr(rule, name, value)
    town.cybersource.faults.rules.append(rule)


async def ask(shop: Till, key: str) -> tuple[int, dict[str, Any]]:
    """Where an attempt stands."""
    return await shop.send("GET", f"/checkout/payments/{key}", b"", key)


async def ended(shop: Till, key: str, timeout_s: float = 20.0) -> dict[str, Any]:
    """What becomes of an attempt that is still open."""
    async with asyncio.timeout(timeout_s):
        while True:
            status, answer = await ask(shop, key)
            if status != 202:
                return answer
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("outcome", "said", "live"),
    [
        ("authorized", "authorized", 1),
        ("insufficient_fund", "declined", 0),
        ("review", "in_review", 1),
        ("challenge", "challenge", 0),
    ],
)
async def test_the_shop_is_told_at_once_what_the_issuer_said(
    tmp_path: Path, dsn: str, outcome: str, said: str, live: int
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        status, answer = await shop.pay(order_document("2001"), outcome=outcome)

        assert (status, answer["status"]) == (200, said)
        assert len(town.held("2001")) == live


async def test_a_partial_authorization_is_told_as_a_decline_and_its_hold_reversed(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("2002"), outcome="partial")
        await town.quiet()

        assert answer["status"] == "declined"
        assert town.held("2002") == []
        status, again = await shop.pay(order_document("2002"), key="another")
        assert (status, again["status"]) == (200, "authorized")


async def test_a_slow_gateway_is_read_on_and_the_shop_asks_at_the_status_address(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        fault(town, "slow", 40)
        status, answer = await shop.pay(order_document("2003"))

        assert (status, answer["status"]) == (202, "pending")
        assert answer["status_url"] == "/checkout/payments/key-2003"
        assert (await ended(shop, "key-2003"))["status"] == "authorized"
        assert len(authorizations(town, "2003")) == 1


async def test_the_same_key_again_is_the_same_attempt_however_many_ask_at_once(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        fault(town, "slow", 10)
        token = town.cybersource.mint_token()
        tries = [shop.pay(order_document("2004"), token=token) for _ in range(5)]

        answers = await asyncio.gather(*tries)

        assert {(status, answer["status"]) for status, answer in answers} == {(200, "authorized")}
        assert len({answer["transaction_id"] for _, answer in answers}) == 1
        assert asked(town) == 1


async def test_the_same_key_with_another_order_is_a_conflict(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("2005"), key="k")

        for other in (order_document("2006"), order_document("2005", total="99.95")):
            status, answer = await shop.pay(other, key="k")
            assert (status, answer["error"]["reason"]) == (409, "key_reused")

        assert asked(town) == 1


async def test_a_second_attempt_while_one_is_in_flight_is_a_conflict(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        fault(town, "slow", 40)
        first, second = await asyncio.gather(
            shop.pay(order_document("2007"), key="one"), _soon(shop, "2007", "two")
        )

        assert first[0] == 202
        assert (second[0], second[1]["error"]["reason"]) == (409, "attempt_in_flight")
        await ended(shop, "one")
        assert len(authorizations(town, "2007")) == 1


async def test_of_many_attempts_begun_at_once_for_one_order_one_is_sent(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        fault(town, "slow", 10)
        tries = [shop.pay(order_document("2020"), key=f"key-{number}") for number in range(6)]

        answers = await asyncio.gather(*tries)

        assert sorted(status for status, _ in answers) == [200, *[409] * 5]
        assert asked(town) == 1
        assert len(authorizations(town, "2020")) == 1


async def test_a_paid_order_is_not_charged_again(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("2008"), key="one")

        status, answer = await shop.pay(order_document("2008"), key="two")

        assert (status, answer["error"]["reason"]) == (409, "order_paid")
        assert asked(town) == 1


async def test_a_shopper_may_pay_again_at_once_after_a_decline(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        for number in range(4):
            status, answer = await shop.pay(
                order_document("2009"), key=f"k{number}", outcome="insufficient_fund"
            )
            assert (status, answer.get("status")) == (200, "declined")

        status, answer = await shop.pay(order_document("2009"), key="good")

        assert (status, answer["status"]) == (200, "authorized")


async def test_a_challenge_nobody_finished_makes_way_for_a_new_attempt(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("2010"), key="one", outcome="challenge")

        _, answer = await shop.pay(order_document("2010"), key="two")

        assert answer["status"] == "authorized"
        assert (await ask(shop, "one"))[1]["status"] == "abandoned"


async def test_a_closed_gate_sends_nothing_and_the_same_key_works_when_it_is_open(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await town.desk.gates.pause("cybersource", "the kill switch", "ada")
        status, answer = await shop.pay(order_document("2011"))
        assert (status, answer["safe_to_retry"]) == (503, True)
        assert asked(town) == 0

        await town.desk.gates.resume("cybersource", "ada")
        status, answer = await shop.pay(order_document("2011"))

        assert (status, answer["status"]) == (200, "authorized")


async def test_an_attempt_can_be_asked_about_while_the_gate_is_closed(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("2012"))
        await town.desk.gates.pause("cybersource", "the kill switch", "ada")

        assert (await shop.pay(order_document("2012")))[1]["status"] == "authorized"
        assert (await ask(shop, "key-2012"))[1]["status"] == "authorized"


async def test_a_refused_connection_was_not_attempted_and_the_same_key_works_later(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        port = town.cybersource.port
        await town.cybersource.stop()
        for _ in range(2):
            status, answer = await shop.pay(order_document("2013"), token="any")
            assert (status, answer["safe_to_retry"]) == (503, True)

        await town.cybersource.start(port)
        status, answer = await shop.pay(order_document("2013"))

        assert (status, answer["status"]) == (200, "authorized")
        assert len(authorizations(town, "2013")) == 1


async def test_the_key_of_an_attempt_that_never_left_stays_bound_to_its_order(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        port = town.cybersource.port
        await town.cybersource.stop()
        await shop.pay(order_document("2014"), key="k", token="any")
        await town.cybersource.start(port)

        status, answer = await shop.pay(order_document("2014", total="99.95"), key="k")

        assert (status, answer["error"]["reason"]) == (409, "key_reused")


async def test_a_request_the_gateway_refuses_ends_the_attempt_and_not_the_order(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("2015"), key="one", token="forged")
        assert answer["status"] == "abandoned"

        assert (await shop.pay(order_document("2015"), key="two"))[1]["status"] == "authorized"


def _without(order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (order | changes).items() if value is not None}


BAD_ORDERS = {
    "amount_equation": _without(order_document("2016"), total="31.96"),
    "line_equation": _without(
        order_document("2016"),
        lines=[{"product": "MUG", "quantity": "2", "unit_price": "12.50", "amount": "25.01"}],
    ),
    "no_lines": _without(order_document("2016"), lines=[]),
    "unknown_currency": _without(order_document("2016"), currency="XXQ"),
    "bad_total": _without(
        order_document("2016"), lines=[{"product": "M", "quantity": "1", "unit_price": "0"}],
        tax="0", freight="0", total="0",
    ),
    "missing": _without(order_document("2016"), number=None),
    "bad_quantity": _without(
        order_document("2016"), lines=[{"product": "M", "quantity": "-1", "unit_price": "1"}]
    ),
}  # fmt: skip


async def test_an_order_that_does_not_hold_is_refused_before_any_money_moves(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        for reason, order in BAD_ORDERS.items():
            status, answer = await shop.pay(order, key=f"k-{reason}")
            assert (status, answer["error"]["reason"]) == (400, reason)
            assert answer["error"]["place"]

        assert asked(town) == 0
        assert await of_order(town.house.database, "2016") == []


async def test_a_card_number_is_refused_wherever_it_hides_and_stands_nowhere_afterwards(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        plain = PLANTED.replace(" ", "")
        order = order_document("2017")
        places: list[tuple[dict[str, Any], str]] = [
            (order | {"custom": {"note": f"card {PLANTED}"}}, "k1"),
            (order | {"billing": order["billing"] | {"line2": PLANTED}}, "k2"),
            (order | {"number": plain}, "k3"),
            (order | {"customer": {"id": int(plain)}}, "k4"),
            (order, plain),
        ]
        for document, key in places:
            status, answer = await shop.pay(document, key=key)
            assert (status, answer["error"]["reason"]) == (400, "card_data"), document
            assert PLANTED not in str(answer)

        assert asked(town) == 0
        assert await Room(town.house, town.subscription).holds(PLANTED) == []


async def test_a_token_may_look_like_a_card_and_is_never_stored(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        plain = PLANTED.replace(" ", "")

        status, _ = await shop.pay(order_document("2018"), token=plain)

        assert status == 200
        assert await Room(town.house, town.subscription).holds(PLANTED) == []


async def test_an_unsigned_checkout_is_refused(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        status, answer = await shop.send("POST", "/checkout/payments", b"{}", "k", secret="x" * 40)

        assert (status, answer["error"]["reason"]) == (401, "bad_signature")
        assert asked(town) == 0


async def test_the_status_of_an_unknown_attempt_is_not_found(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        status, answer = await ask(shop, "nobody")

        assert (status, answer["error"]["reason"]) == (404, "unknown_attempt")


async def test_an_attempt_that_ended_is_never_changed_by_asking_again(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("2019"), outcome="insufficient_fund")

        _, again = await shop.pay(order_document("2019"), outcome="authorized")

        assert again["status"] == "declined"
        (attempt,) = await of_order(town.house.database, "2019")
        assert attempt.state is AttemptState.DECLINED


async def _soon(shop: Till, order: str, key: str) -> tuple[int, dict[str, Any]]:
    await asyncio.sleep(0.3)
    return await shop.pay(order_document(order), key=key)
