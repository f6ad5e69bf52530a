"""The audit over HTTP: who did what to what, why, before and after."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from tillbridge.access.audit import AuditEntry, entries
from tillbridge.api.answers import json_answer
from tillbridge.api.callers import ADatabase, Looking
from tillbridge.api.pages import Before, Limit, Subject

router = APIRouter(prefix="/audit", tags=["audit"])


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first; `next_before` turns the page, None on the last one."""

    entries: list[AuditEntry]
    next_before: int | None


@router.get("", response_model=AuditPage)
async def list_audit(
    database: ADatabase,
    _caller: Looking,
    subject: Subject = "",
    before: Before = 0,
    limit: Limit = 100,
) -> Response:
    """What people did; it only grows."""
    async with database.connection() as connection:
        found = await entries(
            connection, subject=subject or None, before_number=before or None, limit=limit
        )
    following = found[-1].number if len(found) == limit else None
    return json_answer(200, AuditPage(list(found), following))
