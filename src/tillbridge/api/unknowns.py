"""Unknowns over HTTP: what was sent and not answered, with its age."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Happened, Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.journeys.witness import say_it_did_not, say_it_happened
from tillbridge.runs import history
from tillbridge.runs.history import UnknownRow

router = APIRouter(prefix="/unknowns", tags=["unknowns"])


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Open effects, oldest first: in flight ("intended") or not answered ("unknown")."""

    unknowns: list[UnknownRow]


@dataclass(frozen=True, slots=True)
class Ended:
    """An unknown that a person has ended: "done" or "never"."""

    effect: str
    subject: str
    ended: str


@router.get("", response_model=Unknowns)
async def list_unknowns(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """What may or may not have happened; nothing else is sent for it meanwhile."""
    return json_answer(200, Unknowns(await history.unknowns(database, limit)))


@router.post("/{key}/happened", response_model=Ended, openapi_extra=described(Happened))
async def say_happened(
    house: AHouse,
    caller: Steering,
    key: str,
    body: Annotated[Happened, Depends(body_of(Happened))],
) -> Response:
    """A person has found the effect in the other system; its run goes on."""
    effect = await say_it_happened(house, key, body.reference, operator=caller.name, why=body.why)
    return json_answer(200, Ended(effect.effect, effect.subject, "done"))


@router.post("/{key}/did-not", response_model=Ended, openapi_extra=described(Why))
async def say_did_not(
    house: AHouse,
    caller: Steering,
    key: str,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """A person has made sure that the effect never took place and cannot any more."""
    effect = await say_it_did_not(house, key, operator=caller.name, why=body.why)
    return json_answer(200, Ended(effect.effect, effect.subject, "never"))
