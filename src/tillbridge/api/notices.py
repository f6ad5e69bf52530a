"""Notices over HTTP: what flows tell people on our own desk."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.api.pages import Limit
from tillbridge.desk.notices import Notice, notices

router = APIRouter(prefix="/notices", tags=["notices"])


@dataclass(frozen=True, slots=True)
class Notices:
    """Newest first."""

    notices: list[Notice]


@router.get("", response_model=Notices)
async def list_notices(
    database: ADatabase, _caller: Looking, limit: Limit = 50, before: int = 0
) -> Response:
    """What was told; `before` is the last id of the page before."""
    return json_answer(200, Notices(await notices(database, before=before, limit=limit)))
