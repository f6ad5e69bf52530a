"""Alerts over HTTP: what people have to know of."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.alerts.alerts import Alert
from tillbridge.alerts.alerts import alerts as newest
from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.journeys.alert import acknowledge_alert

router = APIRouter(prefix="/alerts", tags=["alerts"])


@dataclass(frozen=True, slots=True)
class Alerts:
    """Newest first."""

    alerts: list[Alert]


@router.get("", response_model=Alerts)
async def list_alerts(
    database: ADatabase,
    _caller: Looking,
    limit: Limit = 100,
    before: int = 0,
    ended: bool = False,
) -> Response:
    """What holds now; with `ended=true` also what is over, page by page (`before`: the last id)."""
    found = await newest(database, also_ended=ended, before=before, limit=limit)
    return json_answer(200, Alerts(found))


@router.post("/{number}/acknowledge", response_model=Alert, openapi_extra=described(Why))
async def acknowledge(
    house: AHouse, caller: Steering, number: int, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """Takes it up: nobody else is told of it."""
    return json_answer(200, await acknowledge_alert(house, number, caller.name, body.why))
