"""The simulated shop against a small API that reads it with the shop connector."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.shop.documents import SECRET, call, session

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.orders import check_order
from tillbridge.connector.delivery import Delivery
from tillbridge_simulators.faults import Fault, Rule
from tillbridge_simulators.shop import Options, ShopSimulator
from tillbridge_simulators.shop.belief import ShopOrder
from tillbridge_simulators.shop.shoppers import purchase, shipments


async def mint(outcome: str) -> dict[str, str]:
    return {"kind": "transient", "value": outcome}


class SmallApi:
    """Answers checkouts by their token; `behave` may answer first, by how often a key came, and
    `stands` where a try stands. `meanwhile` is waited for while an answer is on its way.
    """

    def __init__(self) -> None:
        self.connector = session()
        self.attempts: dict[str, int] = {}
        self.deliveries: list[str] = []
        self.behave: Callable[[str, int], web.Response | None] = lambda key, count: None
        self.stands: Callable[[], web.Response | None] = lambda: None
        self.meanwhile: Callable[[str], Awaitable[None]] | None = None
        self.wrong: list[str] = []
        self._tokens: dict[str, str] = {}

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/checkout/payments", self._checkout)
        app.router.add_get("/checkout/payments/{key}", self._status)
        app.router.add_post("/doors/webshop", self._door)
        return app

    async def _checkout(self, request: web.Request) -> web.Response:
        delivery = await self._verified(request)
        asked = self.connector.checkout(delivery)
        try:
            check_order(asked.order)
        except Rejected as error:
            self.wrong.append(str(error))
        key = asked.attempt_key
        self.attempts[key] = self.attempts.get(key, 0) + 1
        self._tokens[key] = asked.token.value
        answer = self.behave(key, self.attempts[key]) or self._answer(key, asked.order.total.text)
        if self.meanwhile is not None:
            await self.meanwhile(key)
        return answer

    async def _status(self, request: web.Request) -> web.Response:
        await self._verified(request)
        return self.stands() or self._answer(request.match_info["key"], "1.00")

    async def _door(self, request: web.Request) -> web.Response:
        delivery = await self._verified(request)
        self.deliveries.append(self.connector.translate(delivery).delivery_id)
        return web.json_response({}, status=202)

    async def _verified(self, request: web.Request) -> Delivery:
        headers = {name.lower(): value for name, value in request.headers.items()}
        delivery = Delivery(
            "webshop", request.method, request.path, headers, await request.read(), _now()
        )
        self.connector.verify(delivery)
        return delivery

    def _answer(self, key: str, amount: str) -> web.Response:
        token = self._tokens[key]
        known = {"authorized": "authorized", "review": "in_review"}
        answer = {
            "status": known.get(token, "declined"),
            "attempt_key": key,
            "transaction_id": "7012",
            "amount": {"amount": amount, "currency": "USD"},
            "reason": "",
            "challenge": None,
        }
        return web.json_response(answer)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def shop(**options: Any) -> AsyncIterator[tuple[ShopSimulator, SmallApi]]:
    api = SmallApi()
    runner = web.AppRunner(api.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    simulator = ShopSimulator(url, SECRET, mint, options=Options(factor=100.0, **options))
    await simulator.start()
    try:
        yield simulator, api
    finally:
        await simulator.stop()
        await runner.cleanup()


def shopper_with(cards: list[str], ending: str, seed: int = 1) -> int:
    """The first shopper of a seed who does just this."""
    for shopper in range(1, 5000):
        found = purchase(seed, shopper, ("USD", "EUR"), "W")
        if list(found.cards[: len(cards)]) == cards and found.ending == ending:
            return shopper
    raise AssertionError(f"no shopper of seed {seed} uses {cards} and ends with {ending}")


@pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "KWD"])
def test_every_shoppers_order_holds_its_equation(currency: str) -> None:
    for shopper in range(200):
        document = purchase(3, shopper, [currency], "W").document
        amounts = {
            name: Decimal(document[name])
            for name in ("total", "tax", "freight", "discount", "rounding")
        }
        goods = sum(Decimal(line["amount"]) for line in document["lines"])
        expected = goods + amounts["tax"] + amounts["freight"] - amounts["discount"]
        assert amounts["total"] == expected + amounts["rounding"] > 0


def test_shipments_amount_to_the_order() -> None:
    split = [purchase(1, shopper, ["USD"], "W") for shopper in range(300)]
    parts = [(bought, shipments(bought)) for bought in split]
    two = [(bought, both) for bought, both in parts if len(both) == 2]
    assert two
    for bought, both in two:
        total = sum(Decimal(part["amount"]["amount"]) for part in both)
        assert total == Decimal(bought.document["total"])
        assert [part["complete"] for part in both] == [False, True]


def test_a_shopper_of_a_seed_is_always_the_same() -> None:
    first, again = purchase(5, 9, ["USD"], "W"), purchase(5, 9, ["USD"], "W")
    assert first.cards == again.cards
    assert first.document["lines"] == again.document["lines"]


async def test_an_order_is_paid_and_shipped_through_the_real_connector() -> None:
    async with shop() as (simulator, api):
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert order.state == "shipped"
        assert order.held == order.total
        assert api.deliveries == [f"ship-{order.number}-1"]
        assert api.wrong == []


async def test_after_a_decline_another_card_is_another_try() -> None:
    async with shop() as (simulator, api):
        shopper = shopper_with(["insufficient_fund", "authorized"], "ship")
        order = await simulator.shop_once(shopper)
        assert [attempt.status for attempt in order.attempts] == ["declined", "authorized"]
        assert len(api.attempts) == 2


async def test_an_unavailable_api_is_asked_again_with_the_same_key() -> None:
    async with shop() as (simulator, api):
        body = {"error": {"reason": "gate_closed", "safe_to_retry": True}}
        api.behave = lambda key, count: web.json_response(body, status=503) if count < 3 else None
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert list(api.attempts.values()) == [3]
        assert order.attempts[0].answers == [503, 503, 200]


async def test_a_pending_payment_is_asked_for_at_its_status_address() -> None:
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response(
            {"status": "pending", "status_url": f"/checkout/payments/{key}"}, status=202
        )
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert order.attempts[0].answers == [202, 200]
        assert order.state == "shipped"


async def test_a_try_that_came_to_nothing_is_made_again_with_a_new_key() -> None:
    async with shop() as (simulator, api):
        gone = {"status": "abandoned", "amount": None, "reason": "fenced"}
        api.behave = lambda key, count: web.json_response(gone) if len(api.attempts) < 3 else None
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert [attempt.outcome for attempt in order.attempts] == ["authorized"] * 3
        assert order.state == "shipped"


async def test_an_order_that_is_paid_already_is_looked_up_not_paid_again() -> None:
    paid = {"error": {"reason": "order_paid"}}

    def behave(key: str, count: int) -> web.Response | None:
        if len(api.attempts) > 1:
            return web.json_response(paid, status=409)
        return web.json_response({"status": "abandoned"})

    async with shop() as (simulator, api):
        api.behave = behave
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert order.attempts[0].status == "authorized"
        assert (order.state, len(api.attempts)) == ("shipped", 2)


async def test_an_answer_nobody_knows_is_not_taken_for_a_decline() -> None:
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response({"status": "quantum"})
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert (order.state, len(api.attempts)) == ("unanswered", 1)


async def test_another_try_in_flight_is_waited_for() -> None:
    busy = {"error": {"reason": "attempt_in_flight"}}
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response(busy, status=409) if count < 3 else None
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert order.attempts[0].answers == [409, 409, 200]


async def test_a_shopper_leaves_whose_try_is_never_begun() -> None:
    busy = {"error": {"reason": "attempt_in_flight"}}
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response(busy, status=409)
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert (order.state, set(order.attempts[0].answers)) == ("gave_up", {409})


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (202, {"status": "pending"}, "unanswered"),
        (503, {"safe_to_retry": True}, "gave_up"),
        (500, {}, "unanswered"),
    ],
)
async def test_before_a_shopper_leaves_the_shop_asks_where_the_try_stands(
    status: int, body: dict[str, Any], state: str
) -> None:
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response({}, status=500 if count < 3 else 503)
        api.stands = lambda: web.json_response(body, status=status)
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert order.state == state


async def test_a_try_that_was_authorized_after_all_is_shipped() -> None:
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response({}, status=500)
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert (order.state, order.attempts[0].status) == ("shipped", "authorized")


async def test_a_refused_checkout_is_not_sent_again() -> None:
    async with shop() as (simulator, api):
        api.behave = lambda key, count: web.json_response(
            {"error": {"reason": "card_data", "message": "no"}}, status=400
        )
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert (order.state, list(api.attempts.values())) == ("refused", [1])


@pytest.mark.parametrize("kind", ["twice", "lose_answer"])
async def test_faults_repeat_the_same_key(kind: Any) -> None:
    async with shop() as (simulator, api):
        simulator.faults.rules = [Rule("checkout", Fault(kind), times=1)]
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert list(api.attempts.values()) == [2]
        assert order.state == "shipped"


async def test_a_late_shipment_is_overtaken() -> None:
    async with shop() as (simulator, api):
        simulator.faults.rules = [Rule("fulfilment", Fault("late", 5.0), times=1)]
        order = await simulator.shop_once(shopper_with(["authorized"], "ship_in_two"))
        assert api.deliveries == [f"ship-{order.number}-2", f"ship-{order.number}-1"]


async def test_deliveries_come_twice_or_never_on_request() -> None:
    async with shop() as (simulator, api):
        simulator.faults.rules = [Rule("cancellation", Fault("twice"))]
        order = await simulator.shop_once(shopper_with(["authorized"], "cancel"))
        assert api.deliveries == [f"cancel-{order.number}"] * 2
        simulator.faults.rules = [Rule("fulfilment", Fault("lost"))]
        await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert len(api.deliveries) == 2
        assert len(list(simulator.log.entries("delivery_lost"))) == 1


async def test_an_order_in_review_ships_when_the_message_comes() -> None:
    async with shop() as (simulator, api):
        order = await simulator.shop_once(shopper_with(["review"], "ship"))
        assert (order.state, api.deliveries) == ("in_review", [])
        await send_message(simulator, order, "authorized")
        await simulator.idle()
        assert order.state == "shipped"


@pytest.mark.parametrize(
    ("told", "state"),
    [("authorized", "shipped"), ("reversed", "declined"), ("declined", "declined")],
)
async def test_an_answer_overtaken_by_its_reviews_end_does_not_bring_the_review_back(
    told: str, state: str
) -> None:
    async with shop() as (simulator, api):
        shopper = shopper_with(["review"], "ship")

        async def decided(key: str) -> None:
            (order,) = simulator.orders.values()
            await send_message(simulator, order, told, str(order.total), key)

        api.meanwhile = decided
        order = await simulator.shop_once(shopper)
        await simulator.idle()
        assert (order.state, order.attempts[0].status) == (state, "in_review")
        assert api.deliveries == ([f"ship-{order.number}-1"] if state == "shipped" else [])


async def test_the_end_of_another_trys_review_does_not_end_this_one() -> None:
    async with shop() as (simulator, api):

        async def decided(key: str) -> None:
            (order,) = simulator.orders.values()
            await send_message(simulator, order, "reversed", str(order.total), f"before-{key}")

        api.meanwhile = decided
        order = await simulator.shop_once(shopper_with(["review"], "ship"))
        assert (order.state, api.deliveries) == ("in_review", [])


async def test_who_was_told_meanwhile_does_not_give_up_for_want_of_an_answer() -> None:
    async with shop(posts_max=2) as (simulator, api):

        async def decided(key: str) -> None:
            (order,) = simulator.orders.values()
            await send_message(simulator, order, "authorized", str(order.total), key)

        api.behave = lambda key, count: web.json_response({}, status=500)
        api.meanwhile = decided
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        assert (order.state, order.held) == ("shipped", order.total)


async def test_the_shop_believes_what_it_is_told() -> None:
    async with shop() as (simulator, _):
        order = await simulator.shop_once(shopper_with(["authorized"], "ship"))
        await send_message(simulator, order, "captured", str(order.total))
        assert order.paid == order.total


async def test_the_control_routes_steer_from_another_process() -> None:
    async with shop() as (simulator, _), aiohttp.ClientSession() as http:
        control = f"{simulator.url}/_simulator"
        rules = [{"operation": "fulfilment", "fault": {"kind": "lost"}, "times": 1}]
        await http.post(f"{control}/faults", json={"rules": rules})
        await http.post(f"{control}/shoppers", json={"first": 1, "count": 6, "at_once": 3})
        await simulator.idle()
        state = await (await http.get(f"{control}/state")).json()
        log = await (await http.get(f"{control}/log?after=0")).json()
        assert len(state["orders"]) == 6
        assert [row["number"] for row in log] == list(range(1, len(log) + 1))
        assert sum(row["kind"] == "delivery_lost" for row in log) == 1


async def send_message(
    simulator: ShopSimulator, order: ShopOrder, status: str, amount: str = "", attempt_key: str = ""
) -> None:
    from_tillbridge = session(simulator.status_url)
    fields: dict[str, Any] = {"order_number": order.number, "status": status}
    if attempt_key:
        fields["attempt_key"] = attempt_key
    if amount:
        fields["amount"] = {"amount": amount, "currency": order.currency}
    await from_tillbridge.writes["payment_status"].send(call(), fields)
    await from_tillbridge.close()
