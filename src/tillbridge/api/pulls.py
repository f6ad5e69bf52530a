"""Pulls over HTTP: what payment systems were asked, and what was found that webhooks lost."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.journeys.pull import set_find_aside
from tillbridge.payments.finds import Find, finds, open_finds
from tillbridge.triggers.pulls import PullRow, all_pulls

router = APIRouter(prefix="/pulls", tags=["pulls"])


@dataclass(frozen=True, slots=True)
class Pulls:
    """Every payment system that is asked, by name."""

    pulls: list[PullRow]


@dataclass(frozen=True, slots=True)
class Finds:
    """What was found; of those that wait for a person the oldest first, else the newest."""

    finds: list[Find]


@router.get("", response_model=Pulls)
async def list_pulls(database: ADatabase, _caller: Looking) -> Response:
    """How far each payment system was looked at, what was unheard of, when the next look is."""
    return json_answer(200, Pulls(await all_pulls(database)))


@router.get("/finds", response_model=Finds)
async def list_finds(
    database: ADatabase,
    _caller: Looking,
    limit: Limit = 100,
    before: int = 0,
    all: bool = False,  # noqa: A002 (the word in the address)
) -> Response:
    """What fits no payment of ours or could not be read; with `all` everything that was found."""
    if all:
        return json_answer(200, Finds(await finds(database, before=before, limit=limit)))
    return json_answer(200, Finds(await open_finds(database, limit)))


@router.post("/finds/{number}/set-aside", response_model=Find, openapi_extra=described(Why))
async def set_aside(
    database: ADatabase,
    caller: Steering,
    number: int,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """A person knows what it is; nothing is sent, and nobody is told of it any more."""
    return json_answer(200, await set_find_aside(database, number, caller.name, body.why))
