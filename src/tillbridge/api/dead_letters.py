"""Dead letters over HTTP: the desk, and what a person does about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Correction, Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Limit, Number
from tillbridge.canonical.card_data import mask_json
from tillbridge.canonical.codec import read_json
from tillbridge.journeys import steer
from tillbridge.runs import dead_letters
from tillbridge.runs.dead_letters import DeadLetter, Opened
from tillbridge.runs.history import EffectRow, run

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


@dataclass(frozen=True, slots=True)
class Desk:
    """Dead letters, newest first."""

    dead_letters: list[DeadLetter]


@dataclass(frozen=True, slots=True)
class PatchShown:
    """What a person changed in the input, and why."""

    number: int
    patched_at: datetime
    operator: str
    why: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeadLetterShown:
    """One dead letter: its input as a replay would take it, its patches, and what it did."""

    letter: DeadLetter
    flow_version: str
    journey: str
    content: Mapping[str, Any]
    patches: list[PatchShown]
    effects: list[EffectRow]


@dataclass(frozen=True, slots=True)
class Patched:
    """The number of the patch."""

    patch: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The number of the new run."""

    run: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The number of the run that was given up."""

    cancelled: int


@router.get("", response_model=Desk)
async def list_dead_letters(
    database: ADatabase,
    _caller: Looking,
    also_resolved: Annotated[bool, Query(description="Resolved ones too.")] = False,
    limit: Limit = 100,
) -> Response:
    """What needs a person: why, and whose turn it is."""
    found = await dead_letters.dead_letters(database, also_resolved=also_resolved, limit=limit)
    return json_answer(200, Desk(found))


@router.get("/{run_id}", response_model=DeadLetterShown)
async def show_dead_letter(database: ADatabase, _caller: Looking, run_id: Number) -> Response:
    """One dead letter with everything a person needs to mend it."""
    opened = await dead_letters.open_dead_letter(database, run_id)
    _, effects = await run(database, run_id)
    return json_answer(200, _shown(opened, effects))


@router.post(
    "/{run_id}/patch", response_model=Patched, openapi_extra=described(Correction), status_code=201
)
async def patch_dead_letter(
    database: ADatabase,
    caller: Steering,
    run_id: Number,
    correction: Annotated[Correction, Depends(body_of(Correction))],
) -> Response:
    """Changes one field of its input; the original is kept. Refused once a document was written."""
    number = await steer.correct(
        database,
        run_id,
        correction.field,
        correction.value,
        operator=caller.name,
        why=correction.why,
    )
    return json_answer(201, Patched(number))


@router.post(
    "/{run_id}/replay", response_model=Replayed, openapi_extra=described(Why), status_code=201
)
async def replay_dead_letter(
    house: AHouse, caller: Steering, run_id: Number, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """Runs it again as a new run with the same keys: what was done is not done again."""
    number = await steer.replay(house, run_id, caller.name, body.why)
    return json_answer(201, Replayed(number))


@router.post("/{run_id}/cancel", response_model=Cancelled, openapi_extra=described(Why))
async def cancel_dead_letter(
    house: AHouse, caller: Steering, run_id: Number, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """Gives it up for good; a hold it leaves behind is released."""
    await steer.cancel(house, run_id, caller.name, body.why)
    return json_answer(200, Cancelled(run_id))


def _shown(opened: Opened, effects: list[EffectRow]) -> DeadLetterShown:
    return DeadLetterShown(
        letter=opened.letter,
        flow_version=opened.flow_version,
        journey=opened.journey,
        content=mask_json(opened.content),
        patches=[
            PatchShown(
                patch.number,
                patch.patched_at,
                patch.operator,
                patch.why,
                read_json(patch.before),
                read_json(patch.after),
            )
            for patch in opened.patches
        ],
        effects=effects,
    )
