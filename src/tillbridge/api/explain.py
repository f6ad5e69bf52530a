"""Explanations over HTTP: why the fields of a run's documents have their values."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import AHouse, Looking
from tillbridge.api.pages import Number
from tillbridge.journeys.explain import Asked, StepTold, explain_run

router = APIRouter(prefix="/runs", tags=["runs"])

_Step = Annotated[str, Query(max_length=200, description="Only this step of the flow.")]
_Field = Annotated[str, Query(max_length=200, description="Only this field: lines[0].price.")]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of a run that filled fields; texts are hidden from those who may only look."""

    steps: tuple[StepTold, ...]
    hidden: bool


@router.get("/{run_id}/explain", response_model=Explanation)
async def explain(
    house: AHouse, caller: Looking, run_id: Number, step: _Step = "", field: _Field = ""
) -> Response:
    """For each field its mapping's line (of the version pinned to the run), what it read, and the
    lookup row, rate or cut behind it. A viewer sees no texts: they may be a person's."""
    hide = not caller.may_steer
    steps = await explain_run(house, run_id, Asked(step, field), hide=hide)
    return json_answer(200, Explanation(steps, hide))
