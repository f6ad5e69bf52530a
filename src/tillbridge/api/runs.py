"""Runs over HTTP: listed by order and state, shown with their effects."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.api.pages import Before, Limit, Number, Subject
from tillbridge.runs import history
from tillbridge.runs.history import EffectRow, RunRow
from tillbridge.runs.run import RunState

router = APIRouter(prefix="/runs", tags=["runs"])


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs, newest first; `next_before` turns the page, None on the last one."""

    runs: list[RunRow]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class RunShown:
    """One run and what it did in other systems."""

    run: RunRow
    effects: list[EffectRow]


@router.get("", response_model=RunPage)
async def list_runs(
    database: ADatabase,
    _caller: Looking,
    subject: Subject = "",
    state: Annotated[RunState | None, Query(description="Only in this state.")] = None,
    before: Before = 0,
    limit: Limit = 50,
) -> Response:
    """Runs, newest first, by order number and state."""
    found = await history.runs(
        database, subject=subject, state=state or "", before=before, limit=limit
    )
    following = found[-1].id if len(found) == limit else None
    return json_answer(200, RunPage(found, following))


@router.get("/{run_id}", response_model=RunShown)
async def show_run(database: ADatabase, _caller: Looking, run_id: Number) -> Response:
    """One run with its effects."""
    row, effects = await history.run(database, run_id)
    return json_answer(200, RunShown(row, effects))
