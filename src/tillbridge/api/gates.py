"""Gates over HTTP: where work waits, and the kill switch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.connections.headroom import Headroom, Spent, headrooms
from tillbridge.journeys import steer
from tillbridge.journeys.backlog import Backlog, backlogs

router = APIRouter(prefix="/gates", tags=["gates"])


@dataclass(frozen=True, slots=True)
class AGate:
    """A connection's gate, what is left of what it may be asked, and what waits there.

    Attributes:
        closed_for_s: until it is probed, while it is tripped.
        limits: in words.
        in_flight: requests, within the last seconds; `in_flight_max` is 0 for no limit.
        parked: runs that wait for it, whatever their target; `oldest_s` since the first of them was
            started.
        drain_s: until its own backlog is gone, if nothing more comes; null when nobody can tell.
    """

    connection: str
    state: str
    reason: str
    failures: int
    closed_for_s: float
    changed_at: datetime
    changed_by: str
    limits: str
    windows: list[Spent]
    in_flight: int
    in_flight_max: int
    processes: int
    parked: int
    oldest_s: float | None
    pace: float
    drain_s: float | None


@dataclass(frozen=True, slots=True)
class AllGates:
    """One gate a connection, by name."""

    gates: list[AGate]


@dataclass(frozen=True, slots=True)
class Switched:
    """A gate after a person switched it."""

    connection: str
    state: str


@router.get("", response_model=AllGates)
async def list_gates(house: AHouse, _caller: Looking) -> Response:
    """Every connection's gate: open, tripped (with how long yet), or paused by hand; its budget,
    and what waits there."""
    rooms = await headrooms(house.database, house.gates.budgets)
    waiting = await backlogs(house.database, rooms)
    return json_answer(200, AllGates([_shown(room, waiting) for room in rooms]))


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
    """Opens the gate again; what waited goes on, the oldest first."""
    await steer.resume(database, connection, caller.name, body.why)
    return json_answer(200, Switched(connection, "open"))


def _shown(room: Headroom, waiting: Sequence[Backlog]) -> AGate:
    gate = room.gate
    parked = [reason for one in waiting for reason in one.reasons if reason.at == gate.connection]
    own = next((one for one in waiting if one.target == gate.connection), None)
    return AGate(
        connection=gate.connection,
        state=gate.state,
        reason=gate.reason,
        failures=gate.failures,
        closed_for_s=gate.closed_for_s,
        changed_at=gate.changed_at,
        changed_by=gate.changed_by,
        limits=room.limits,
        windows=list(room.windows),
        in_flight=room.in_flight,
        in_flight_max=room.in_flight_max,
        processes=room.processes,
        parked=sum(reason.count for reason in parked),
        oldest_s=max((reason.oldest_s for reason in parked), default=None),
        pace=gate.pace,
        drain_s=own.drain_s if own is not None else 0.0,
    )
