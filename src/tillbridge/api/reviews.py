"""Reviews over HTTP: payments that are held and wait for somebody's decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.canonical.money import Money
from tillbridge.journeys.review import decide
from tillbridge.payments.attempts import Attempt, reviews

router = APIRouter(prefix="/reviews", tags=["reviews"])


@dataclass(frozen=True, slots=True)
class Review:
    """One payment in review; `review` says of which kind, `reason` why."""

    order_number: str
    connection: str
    state: str
    amount: Money
    review: str
    reason: str
    authorization_id: str
    authorized_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reviews:
    """Longest waiting first."""

    reviews: list[Review]


@router.get("", response_model=Reviews)
async def list_reviews(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """What is held and not yet trusted."""
    found = await reviews(database, limit)
    return json_answer(200, Reviews([_review(attempt) for attempt in found]))


@router.post("/{order_number}/accept", response_model=Review, openapi_extra=described(Why))
async def accept_review(
    house: AHouse,
    caller: Steering,
    order_number: str,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """The payment is trusted: its order is released and may be captured."""
    attempt = await decide(house, order_number, accept=True, operator=caller.name, why=body.why)
    return json_answer(200, _review(attempt))


@router.post("/{order_number}/reject", response_model=Review, openapi_extra=described(Why))
async def reject_review(
    house: AHouse,
    caller: Steering,
    order_number: str,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """The payment is refused: its hold is released and its order cancelled."""
    attempt = await decide(house, order_number, accept=False, operator=caller.name, why=body.why)
    return json_answer(200, _review(attempt))


def _review(attempt: Attempt) -> Review:
    return Review(
        order_number=attempt.order_number,
        connection=attempt.connection,
        state=attempt.state,
        amount=attempt.amount,
        review=attempt.review,
        reason=attempt.reason,
        authorization_id=attempt.authorization_id,
        authorized_at=attempt.authorized_at,
    )
