"""The door where a shop asks for a capture context, before its page takes a card."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tillbridge.api.answering import trace_of
from tillbridge.api.answers import error_answer, json_answer
from tillbridge.api.delivery import database_lost, delivery_of
from tillbridge.canonical.errors import TillbridgeError
from tillbridge.database.database import BROKEN
from tillbridge.journeys.card_guard import count_refusal
from tillbridge.journeys.house import House
from tillbridge.journeys.shopper import make_context

CONTEXTS = "/checkout/contexts"


def context_door(house_of: Callable[[], House], shop_of: Callable[[House], str]) -> Route:
    """POST, signed as every request of the shop is; answered with what the page needs."""

    async def make(request: Request) -> Response:
        house = house_of()
        shop = request.headers.get("tillbridge-shop") or shop_of(house)
        try:
            delivery = await delivery_of(request, house, shop)
            with house.watch.span("capture context", "server", {}, trace_of(request)):
                made = await make_context(house, delivery)
        except TillbridgeError as error:
            await count_refusal(house.database, f"POST {CONTEXTS}", error)
            return error_answer(error)
        except BROKEN as error:
            return error_answer(database_lost(error))
        return json_answer(200, made, {"cache-control": "no-store"})

    return Route(CONTEXTS, make, methods=["POST"])
