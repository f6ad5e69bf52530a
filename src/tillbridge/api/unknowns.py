"""Unknowns over HTTP: what was sent and not answered, with its age."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.api.pages import Limit
from tillbridge.runs import history
from tillbridge.runs.history import UnknownRow

router = APIRouter(prefix="/unknowns", tags=["unknowns"])


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Open effects, oldest first: in flight ("intended") or not answered ("unknown")."""

    unknowns: list[UnknownRow]


@router.get("", response_model=Unknowns)
async def list_unknowns(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """What may or may not have happened; nothing else is sent for it meanwhile."""
    return json_answer(200, Unknowns(await history.unknowns(database, limit)))
