"""Gates over HTTP: where work waits, and the kill switch."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.connections.gates import Gate
from tillbridge.journeys import steer

router = APIRouter(prefix="/gates", tags=["gates"])


@dataclass(frozen=True, slots=True)
class AllGates:
    """One gate a connection, by name."""

    gates: list[Gate]


@dataclass(frozen=True, slots=True)
class Switched:
    """A gate after a person switched it."""

    connection: str
    state: str


@router.get("", response_model=AllGates)
async def list_gates(house: AHouse, _caller: Looking) -> Response:
    """Every connection's gate: open, tripped (with how long yet), or paused by hand."""
    return json_answer(200, AllGates(await house.gates.all()))


@router.post("/{connection}/pause", response_model=Switched, openapi_extra=described(Why))
async def pause_gate(
    database: ADatabase,
    caller: Steering,
    connection: str,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """The kill switch: nothing more goes to this connection; its work waits and is not lost."""
    await steer.pause(database, connection, caller.name, body.why)
    return json_answer(200, Switched(connection, "paused"))


@router.post("/{connection}/resume", response_model=Switched, openapi_extra=described(Why))
async def resume_gate(
    database: ADatabase,
    caller: Steering,
    connection: str,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """Opens the gate again; parked work looks again within a minute."""
    await steer.resume(database, connection, caller.name, body.why)
    return json_answer(200, Switched(connection, "open"))
