"""The doors: where shops and payment systems deliver. Plain Starlette: this is the hot path."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tillbridge.api.answering import Answering, trace_of
from tillbridge.api.answers import error_answer, json_answer
from tillbridge.api.contexts import context_door
from tillbridge.api.delivery import database_lost, delivery_of
from tillbridge.canonical.card_text import mask
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connector.abilities import VerifiesDeliveries
from tillbridge.connector.delivery import Delivery
from tillbridge.database.database import BROKEN
from tillbridge.database.migrate import check_schema
from tillbridge.journeys.answer import Answer
from tillbridge.journeys.card_guard import count_refusal
from tillbridge.journeys.checkout import checkout, status_of
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import is_door, receive

WELL_S = 5.0
"""Who asks whether a door is open gets an answer within so long."""
PAYMENTS = "/checkout/payments"
_STATUS = {"pending": 202, "conflict": 409, "not_attempted": 503}


def doors(house_of: Callable[[], House], shop_of: Callable[[House], str]) -> list[Route]:
    """Routes for deliveries and for checkouts; `shop_of` names the shop connection of a checkout
    that does not say which (header `tillbridge-shop`)."""

    async def deliver(request: Request) -> Response:
        house, door = house_of(), request.path_params["connection"]
        with Answering(house, "delivery", door) as seen:
            try:
                delivery = await delivery_of(request, house, door)
                seen.begin()
                with house.watch.span("delivery", "server", {}, trace_of(request)):
                    received = await receive(house, delivery)
            except TillbridgeError as error:
                await count_refusal(house.database, f"POST /doors/{door}", error)
                return error_answer(seen.refused(error))
            except BROKEN as error:
                return error_answer(seen.refused(database_lost(error)))
            seen.ended, seen.delivery = received.verdict, received.delivery_id
            return json_answer(202, received)

    async def pay(request: Request) -> Response:
        house = house_of()
        shop = request.headers.get("tillbridge-shop") or shop_of(house)
        with Answering(house, "checkout") as seen:
            try:
                delivery = await delivery_of(request, house, shop)
                seen.begin()
                with house.watch.span("checkout", "server", {}, trace_of(request)):
                    answer = await checkout(house, delivery)
            except TillbridgeError as error:
                await count_refusal(house.database, f"POST {PAYMENTS}", error)
                return error_answer(seen.refused(error))
            except BROKEN as error:
                return error_answer(seen.refused(database_lost(error)))
            seen.ended, seen.reason = answer.status, answer.reason
            return _answer(answer, request.headers.get("idempotency-key", ""))

    async def ask(request: Request) -> Response:
        house = house_of()
        shop = request.headers.get("tillbridge-shop") or shop_of(house)
        key = request.path_params["attempt_key"]
        try:
            delivery = await delivery_of(request, house, shop)
            verify(house, delivery)
            answer = await status_of(house, shop, key)
        except TillbridgeError as error:
            return error_answer(error)
        except BROKEN as error:
            return error_answer(database_lost(error))
        return _answer(answer, key)

    return [
        Route("/doors/{connection}", deliver, methods=["POST"]),
        _health(house_of),
        Route(PAYMENTS, pay, methods=["POST"]),
        context_door(house_of, shop_of),
        Route(PAYMENTS + "/{attempt_key}", ask, methods=["GET"]),
    ]


def _health(house_of: Callable[[], House]) -> Route:
    """Asked by whoever delivers at a door: 200 while deliveries can be kept."""

    async def well(request: Request) -> Response:
        house = house_of()
        if not is_door(house, request.path_params["connection"]):
            return json_answer(404, {"accepting": False})
        try:
            await asyncio.wait_for(check_schema(house.database), WELL_S)
        except (TillbridgeError, TimeoutError, *BROKEN):
            return json_answer(503, {"accepting": False})
        return json_answer(200, {"accepting": True})

    return Route("/doors/{connection}/health", well, methods=["GET", "POST"])


def verify(house: House, delivery: Delivery) -> None:
    """Asks who is there. Raises Rejected(reason="bad_signature")."""
    session = house.connections[delivery.connection].session
    assert isinstance(session, VerifiesDeliveries), "a shop verifies its requests"
    session.verify(delivery)


def _answer(answer: Answer, attempt_key: str) -> Response:
    status = _STATUS.get(answer.status, 200)
    attempt = answer.attempt
    if status in (409, 503):
        return json_answer(
            status,
            {
                "error": {
                    "reason": answer.reason,
                    "message": mask(answer.message),
                    "next_step": answer.next_step,
                },
                "safe_to_retry": status == 503,
            },
            {"retry-after": "1"} if status == 503 else None,
        )
    content: dict[str, object] = {
        "status": answer.status,
        "attempt_key": attempt_key,
        "reason": answer.reason or None,
    }
    if attempt is not None:
        content |= {
            "order_number": attempt.order_number,
            "transaction_id": attempt.authorization_id or None,
            "amount": attempt.amount,
            "token": attempt.token or None,
            "card": attempt.card,
        }
    if answer.owed is not None:
        content |= {"held": answer.held, "owed": answer.owed}
    if answer.page:
        content["authentication"] = answer.page
    if status == 202:
        content["status_url"] = f"{PAYMENTS}/{attempt_key}"
        return json_answer(202, content, {"location": f"{PAYMENTS}/{attempt_key}"})
    return json_answer(200, content)
