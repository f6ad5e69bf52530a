"""Figures for Prometheus: this process's own, and how the house stands."""

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.api.callers import AHouse, Looking
from tillbridge.journeys.standing import figures
from tillbridge.watch.meter import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
async def metrics(house: AHouse, _caller: Looking) -> Response:
    """In Prometheus's text format; scrape it with a viewer's token."""
    return Response(await figures(house), media_type=CONTENT_TYPE)
