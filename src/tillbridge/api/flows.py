"""Flows over HTTP: which are active, when they start next; pausing, resuming, starting by hand."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import AHouse, Looking, Steering
from tillbridge.journeys import steer
from tillbridge.journeys.ask import ask_for_run, given_texts
from tillbridge.journeys.flow_view import FlowView, flow_view, flow_views
from tillbridge.triggers.planned_times import Firing

router = APIRouter(prefix="/flows", tags=["flows"])


@dataclass(frozen=True, slots=True)
class Flows:
    """By name."""

    flows: list[FlowView]


@dataclass(frozen=True, slots=True)
class Shown:
    """A flow, and its newest planned times that were considered, newest first."""

    flow: FlowView
    planned: list[Firing]


@dataclass(frozen=True, slots=True)
class Switched:
    """A flow after a person switched it."""

    flow: str
    state: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is started with: the flow's inputs by name, what it is about, a key, and why."""

    why: str
    given: dict[str, Any] = field(default_factory=dict)
    subject: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """What the started run is about."""

    flow: str
    subject: str


@router.get("", response_model=Flows)
async def list_flows(house: AHouse, _caller: Looking) -> Response:
    """Every active flow."""
    return json_answer(200, Flows(await flow_views(house)))


@router.get("/{flow}", response_model=Shown)
async def show_flow(house: AHouse, _caller: Looking, flow: str) -> Response:
    """One flow, with its next and last planned times."""
    view, fired = await flow_view(house, flow)
    return json_answer(200, Shown(view, fired))


@router.post("/{flow}/pause", response_model=Switched, openapi_extra=described(Why))
async def pause_flow(
    house: AHouse, caller: Steering, flow: str, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """What arrives for the flow is kept, and its runs wait."""
    await steer.pause_flow(house, flow, caller.name, body.why)
    return json_answer(200, Switched(flow, "paused"))


@router.post("/{flow}/resume", response_model=Switched, openapi_extra=described(Why))
async def resume_flow(
    house: AHouse, caller: Steering, flow: str, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """The flow goes on; what waited is taken within a minute."""
    await steer.resume_flow(house, flow, caller.name, body.why)
    return json_answer(200, Switched(flow, "active"))


@router.post("/{flow}/run", response_model=Started, openapi_extra=described(Asked))
async def run_flow(
    house: AHouse, caller: Steering, flow: str, body: Annotated[Asked, Depends(body_of(Asked))]
) -> Response:
    """Starts a run by hand; the same key again starts nothing more."""
    given = given_texts(body.given)
    subject = await ask_for_run(
        house, flow, given, who=caller.name, why=body.why, subject=body.subject, key=body.key
    )
    return json_answer(202, Started(flow, subject))
