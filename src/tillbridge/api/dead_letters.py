"""Dead letters over HTTP: the desk, and what a person does about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.bodies import Correction, Why, body_of, described
from tillbridge.api.callers import ADatabase, AHouse, Looking, Steering
from tillbridge.api.pages import Before, Limit, Number
from tillbridge.canonical.card_data import mask_json
from tillbridge.canonical.codec import read_json
from tillbridge.journeys import clerking, replay_ways, steer
from tillbridge.journeys.clerking import Corrected, Counted, Many
from tillbridge.journeys.house import House
from tillbridge.journeys.replay import replay_dead_letter
from tillbridge.journeys.replay_ways import ReplayWay
from tillbridge.runs import dead_letters
from tillbridge.runs.dead_letters import (
    AtRisk,
    AttemptRow,
    DeadLetter,
    LettersLike,
    LetterState,
    Opened,
    StepRow,
)
from tillbridge.runs.history import EffectRow, run
from tillbridge.runs.patches import Proposal

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


@dataclass(frozen=True, slots=True)
class Desk:
    """Dead letters, newest first, and the money all open ones are about, by currency."""

    dead_letters: list[DeadLetter]
    at_risk: list[AtRisk]


@dataclass(frozen=True, slots=True)
class PatchShown:
    """What a person changed in the input, and why; `confirmed_by` where it took two."""

    number: int
    patched_at: datetime
    operator: str
    why: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    field: str
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class DeadLetterShown:
    """One dead letter: its input as a replay would take it, what was changed and proposed, what it
    did, with which version each attempt ran, and how it may be run again."""

    letter: DeadLetter
    flow_version: str
    journey: str
    content: Mapping[str, Any]
    patches: list[PatchShown]
    proposals: list[Proposal]
    effects: list[EffectRow]
    attempts: list[AttemptRow]
    steps: list[StepRow]
    ways: list[ReplayWay]


@dataclass(frozen=True, slots=True)
class Again:
    """Why it is run again, and how: the first safe way when nothing is said.

    `start` is "start" or "failed_step", `version` "now" or "then".
    """

    why: str
    start: Literal["start", "failed_step"] | None = None
    version: Literal["now", "then"] | None = None


@dataclass(frozen=True, slots=True)
class ManyAgain:
    """Which dead letters are run again, and why; they are only counted unless `dry_run` is false.

    Those are meant that have all in common that is said here.
    """

    why: str
    kind: str = ""
    flow: str = ""
    target: str = ""
    owner: str = ""
    older_than_s: float = 0.0
    dry_run: bool = True

    @property
    def like(self) -> LettersLike:
        return LettersLike(self.kind, self.flow, self.target, self.owner, "", self.older_than_s)


@dataclass(frozen=True, slots=True)
class ManyShown:
    """What is meant, and, unless it was a dry run, what became of it."""

    counted: Counted
    replayed: Many | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The number of the new run, and the way that was taken."""

    run: int
    way: ReplayWay


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The number of the run that was given up."""

    cancelled: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has it in work; "" for nobody."""

    run: int
    owner: str


_Word = Annotated[str, Query(max_length=200)]


def meant(
    kind: _Word = "",
    flow: _Word = "",
    target: _Word = "",
    owner: _Word = "",
    state: Annotated[LetterState | None, Query(description="Only in this state.")] = None,
    *,
    older_than_s: Annotated[float, Query(ge=0, le=1e9)] = 0.0,
    also_resolved: Annotated[bool, Query(description="Resolved ones too.")] = False,
) -> LettersLike:
    """Which are meant: those that have all of this in common."""
    return LettersLike(kind, flow, target, owner, state or "", older_than_s, also_resolved)


@router.get("", response_model=Desk)
async def list_dead_letters(
    database: ADatabase,
    _caller: Looking,
    like: Annotated[LettersLike, Depends(meant)],
    before: Before = 0,
    limit: Limit = 100,
) -> Response:
    """What needs a person: why, whose turn it is, who has it, and the money it is about."""
    found = await dead_letters.dead_letters(database, like, before=before, limit=limit)
    return json_answer(200, Desk(found, await dead_letters.money_at_risk(database)))


@router.get("/{run_id}", response_model=DeadLetterShown)
async def show_dead_letter(house: AHouse, _caller: Looking, run_id: Number) -> Response:
    """One dead letter with everything a person needs to mend it."""
    return json_answer(200, await _shown(house, run_id))


@router.post(
    "/{run_id}/patch",
    response_model=Corrected,
    openapi_extra=described(Correction),
    status_code=201,
)
async def patch_dead_letter(
    database: ADatabase,
    caller: Steering,
    run_id: Number,
    correction: Annotated[Correction, Depends(body_of(Correction))],
) -> Response:
    """Changes one field of its input; the original is kept. Refused once a document was written.

    A field that bears money is only proposed (202): a second person approves it.
    """
    done = await clerking.correct(
        database,
        run_id,
        correction.field,
        correction.value,
        operator=caller.name,
        why=correction.why,
    )
    return json_answer(201 if done.patch is not None else 202, done)


@router.post("/proposals/{number}/approve", response_model=Proposal, openapi_extra=described(Why))
async def approve_proposal(
    database: ADatabase,
    caller: Steering,
    number: Number,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """A second person approves a change of money: it holds from now on."""
    return json_answer(200, await clerking.confirm(database, number, caller.name, body.why))


@router.post("/proposals/{number}/refuse", response_model=Proposal, openapi_extra=described(Why))
async def refuse_proposal(
    database: ADatabase,
    caller: Steering,
    number: Number,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """A change of money is not made."""
    return json_answer(200, await clerking.refuse(database, number, caller.name, body.why))


@router.post("/{run_id}/take", response_model=Taken, openapi_extra=described(Why))
async def take_dead_letter(
    database: ADatabase,
    caller: Steering,
    run_id: Number,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """Takes it into work: others leave it alone until it is handed back or resolved."""
    await clerking.take(database, run_id, caller.name, body.why)
    return json_answer(200, Taken(run_id, caller.name))


@router.post("/{run_id}/hand-back", response_model=Taken, openapi_extra=described(Why))
async def hand_back_dead_letter(
    database: ADatabase,
    caller: Steering,
    run_id: Number,
    body: Annotated[Why, Depends(body_of(Why))],
) -> Response:
    """Nobody has it in work any more."""
    await clerking.hand_back(database, run_id, caller.name, body.why)
    return json_answer(200, Taken(run_id, ""))


@router.post("/replay", response_model=ManyShown, openapi_extra=described(ManyAgain))
async def replay_dead_letters(
    house: AHouse, caller: Steering, body: Annotated[ManyAgain, Depends(body_of(ManyAgain))]
) -> Response:
    """Runs many again, at most a thousand at once; counts them only unless dry_run is false.

    They are queued: lanes, gates and budgets hold for them as for all work.
    """
    steer.reason_of(body.why)
    counted = await clerking.count_like(house.database, body.like)
    done = None
    if not body.dry_run:
        done = await clerking.replay_like(house, body.like, caller.name, body.why)
    return json_answer(200, ManyShown(counted, done))


@router.post(
    "/{run_id}/replay", response_model=Replayed, openapi_extra=described(Again), status_code=201
)
async def replay_one(
    house: AHouse,
    caller: Steering,
    run_id: Number,
    body: Annotated[Again, Depends(body_of(Again))],
) -> Response:
    """Runs it again as a new run with the same keys: what was done is not done again."""
    why = steer.reason_of(body.why)
    done = await replay_dead_letter(
        house, run_id, caller.name, why, start=body.start, version=body.version
    )
    return json_answer(201, Replayed(done.run_id, done.way))


@router.post("/{run_id}/cancel", response_model=Cancelled, openapi_extra=described(Why))
async def cancel_dead_letter(
    house: AHouse, caller: Steering, run_id: Number, body: Annotated[Why, Depends(body_of(Why))]
) -> Response:
    """Gives it up for good; a hold it leaves behind is released."""
    await steer.cancel(house, run_id, caller.name, body.why)
    return json_answer(200, Cancelled(run_id))


async def _shown(house: House, run_id: int) -> DeadLetterShown:
    opened: Opened = await dead_letters.open_dead_letter(house.database, run_id)
    _, effects = await run(house.database, run_id)
    is_open = opened.letter.resolved_at is None
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
                patch.field,
                patch.confirmed_by,
            )
            for patch in opened.patches
        ],
        proposals=list(opened.proposals),
        effects=effects,
        attempts=list(opened.attempts),
        steps=list(opened.steps),
        ways=list(await replay_ways.replay_ways(house, opened)) if is_open else [],
    )
