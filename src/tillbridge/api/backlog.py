"""The backlog over HTTP: how much waits, since when, why, and how long it will take."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import AHouse, Looking
from tillbridge.connections.headroom import headrooms
from tillbridge.journeys.backlog import Backlog, backlogs

router = APIRouter(prefix="/backlog", tags=["gates"])


@dataclass(frozen=True, slots=True)
class AllBacklogs:
    """One backlog a target that has open runs; `depth` of all of them together."""

    depth: int
    backlogs: list[Backlog]


@router.get("", response_model=AllBacklogs)
async def list_backlogs(house: AHouse, _caller: Looking) -> Response:
    """What waits at each target, and why. A sender is never turned away for it."""
    rooms = await headrooms(house.database, house.gates.budgets)
    found = await backlogs(house.database, rooms)
    return json_answer(200, AllBacklogs(sum(one.depth for one in found), found))
