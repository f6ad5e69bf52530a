"""Adoptions over HTTP: payments that were made elsewhere, and the orders they are to pay."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.canonical.money import Money
from tillbridge.journeys.adopt import adopt_by_hand
from tillbridge.payments.adoptions import Adoption, adoptions

router = APIRouter(prefix="/adoptions", tags=["adoptions"])


@dataclass(frozen=True, slots=True)
class Adopt:
    """Which payment pays which order, and why a person says so."""

    order_number: str
    payment_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """One payment that is said to pay one order; `why`: why it waits or is refused."""

    number: int
    connection: str
    payment_id: str
    order_number: str
    amount: Money
    asked_by: str
    asked_at: datetime
    state: str
    why: str
    tries: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Adoptions:
    """Newest first."""

    adoptions: list[Adopted]


@router.get("", response_model=Adoptions)
async def list_adoptions(
    database: ADatabase, _caller: Looking, limit: Limit = 100, before: int = 0
) -> Response:
    """What shops and people said was paid elsewhere, and what came of it."""
    found = await adoptions(database, before=before, limit=limit)
    return json_answer(200, Adoptions([_shown(one) for one in found]))


@router.post("", response_model=Adopted, openapi_extra=described(Adopt))
async def adopt(
    house: AHouse, caller: Steering, body: Annotated[Adopt, Depends(body_of(Adopt))]
) -> Response:
    """The payment is looked up by its id and, if it fits the order, taken over. Nothing is
    charged; `state` says what came of it."""
    done = await adopt_by_hand(house, body.order_number, body.payment_id, caller.name, body.why)
    return json_answer(200, _shown(done))


def _shown(adoption: Adoption) -> Adopted:
    return Adopted(
        number=adoption.number,
        connection=adoption.connection,
        payment_id=adoption.payment_id,
        order_number=adoption.order_number,
        amount=adoption.order.total,
        asked_by=adoption.asked_by,
        asked_at=adoption.asked_at,
        state=adoption.state,
        why=adoption.why,
        tries=adoption.tries,
        ended_at=adoption.ended_at,
    )
