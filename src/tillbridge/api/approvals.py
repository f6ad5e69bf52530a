"""Approvals over HTTP: questions that runs wait for."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit
from tillbridge.desk.approvals import Approval, open_approvals
from tillbridge.journeys.approval import answer_approval

router = APIRouter(prefix="/approvals", tags=["approvals"])


@dataclass(frozen=True, slots=True)
class Approvals:
    """Longest waiting first."""

    approvals: list[Approval]


@router.get("", response_model=Approvals)
async def list_approvals(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """Open questions, with what stands beside them, who may answer, and until when."""
    return json_answer(200, Approvals(await open_approvals(database, limit)))


@router.post("/{number}/approve", response_model=Approval, openapi_extra=described(Why))
async def approve(
    house: AHouse, caller: Steering, number: int, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """A yes: the run that asked goes on."""
    found = await answer_approval(house, number, caller.name, body.why, approved=True)
    return json_answer(200, found)


@router.post("/{number}/refuse", response_model=Approval, openapi_extra=described(Why))
async def refuse(
    house: AHouse, caller: Steering, number: int, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """A no: the run takes what its flow says for it."""
    found = await answer_approval(house, number, caller.name, body.why, approved=False)
    return json_answer(200, found)
