"""The inbox over HTTP: how much came, and what nothing could be made of."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.api.pages import Limit
from tillbridge.inbox import inbox
from tillbridge.inbox.inbox import Counts, KeptBack
from tillbridge.inbox.sightings import Sighting, sightings

router = APIRouter(prefix="/inbox", tags=["inbox"])


@dataclass(frozen=True, slots=True)
class KeptBackDeliveries:
    """Deliveries nothing was made of, newest first."""

    kept_back: list[KeptBack]


@dataclass(frozen=True, slots=True)
class Sightings:
    """Card data that was kept out, newest first."""

    sightings: list[Sighting]


@router.get("", response_model=Counts)
async def count_deliveries(database: ADatabase, _caller: Looking) -> Response:
    """How many deliveries were kept, and how many repeats were caught."""
    return json_answer(200, await inbox.counts(database))


@router.get("/kept-back", response_model=KeptBackDeliveries)
async def list_kept_back(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """Deliveries nothing was made of, with why; none of them is lost."""
    return json_answer(200, KeptBackDeliveries(await inbox.kept_back(database, limit)))


@router.get("/card-data", response_model=Sightings)
async def list_sightings(database: ADatabase, _caller: Looking, limit: Limit = 100) -> Response:
    """Card data that was refused or masked: which way, which field, how often; never what."""
    return json_answer(200, Sightings(await sightings(database, limit)))
