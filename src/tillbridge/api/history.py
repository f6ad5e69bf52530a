"""History over HTTP: what became of anything, and the months it is kept in."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, AHouse, Looking
from tillbridge.archive.months import Month, months
from tillbridge.journeys.history import History, history

router = APIRouter(tags=["history"])


@dataclass(frozen=True, slots=True)
class MonthPage:
    """Every month there is a past of, oldest first."""

    months: list[Month]


@router.get("/history/{any_id:path}", response_model=History)
async def show_history(
    house: AHouse,
    _caller: Looking,
    any_id: Annotated[str, Path(max_length=200, description="An id of any system.")],
) -> Response:
    """An order's runs, payments, names and moments, wherever they are kept by now: in the working
    tables, in the history, or in archived files.

    The id may be an order number, the shop's key of an attempt, a payment system's request id, an
    ERP's GUID or order number, a customer's reference, an event's id, an effect's key, or a run
    ("run:17"). `next_step` says in one sentence what to do.
    """
    root = house.folder / house.retention.archive
    return json_answer(200, await history(house.database, root, any_id))


@router.get("/archive", response_model=MonthPage)
async def list_months(database: ADatabase, _caller: Looking) -> Response:
    """Months of the past, and where each is kept."""
    return json_answer(200, MonthPage(await months(database)))
