"""Trace over HTTP: one order's whole story, by any id."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.journeys.trace import Trace, trace

router = APIRouter(prefix="/trace", tags=["trace"])


@router.get("/{any_id:path}", response_model=Trace)
async def show_trace(
    database: ADatabase,
    _caller: Looking,
    any_id: Annotated[str, Path(max_length=200, description="An id of any system.")],
) -> Response:
    """An order's payments, names and moments across all systems, in time order.

    The id may be an order number, a payment system's request id, an ERP's GUID or order number,
    an effect's key, or a run ("run:17").
    """
    return json_answer(200, await trace(database, any_id))
