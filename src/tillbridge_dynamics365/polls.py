"""Which orders and accounts changed since: by `modifiedon`, in windows of time.

Sources: learn.microsoft.com, "Query data using the Web API" ($filter, $orderby, $top; there is no
$skip; dates are cut to whole seconds on reading; "$orderby needs a unique column" for stable
pages), table references of salesorder and account (modifiedon). Change tracking would tell of
deletions too; it has to be switched on for a table and for good, its token ends after seven days,
and it takes no filter.

A row that changes while pages are read moves to a later moment, and is in a later page or window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tillbridge.canonical.errors import Misconfigured, Unreconciled
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Looked, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.connector.time_windows import TimeWindow, WindowPlan
from tillbridge_dynamics365.settings import DynamicsSettings
from tillbridge_dynamics365.web_api import WebApi

PAGE = 500
ROWS_MAX = 5_000
"""Rows of one answer at most; so many may have been changed in one second."""
REACH = timedelta(days=400)
SPAN = timedelta(days=1)
SECOND = timedelta(seconds=1)
_STATE = ("statecode", "statuscode")
_TABLES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "sales_orders": (
        "Sales orders that changed",
        "salesorders",
        "salesorderid",
        ("ordernumber", "totalamount", "_customerid_value", *_STATE),
    ),
    "accounts": (
        "Accounts that changed",
        "accounts",
        "accountid",
        ("name", "accountnumber", "emailaddress1", "telephone1", *_STATE),
    ),
}


def polls(web_api: WebApi, settings: DynamicsSettings, opening: Opening) -> Mapping[str, Poll]:
    """The polls by kind. Raises Misconfigured for an overlap that cannot be."""
    if settings.poll_overlap_s < 1:
        raise Misconfigured(
            f"poll_overlap_s is {settings.poll_overlap_s}; it is at least 1.",
            reason="bad_setting",
            next_step="Leave it out, or write a larger number.",
        )
    overlap = timedelta(seconds=settings.poll_overlap_s / opening.factor) + SECOND
    plan = WindowPlan(timedelta(0), overlap, REACH, SPAN)
    return {kind: _Changed(web_api, plan, opening, kind).poll for kind in _TABLES}


@dataclass(frozen=True, slots=True)
class _Changed:
    """The poll of one table."""

    web_api: WebApi
    plan: WindowPlan
    opening: Opening
    kind: str

    @property
    def poll(self) -> Poll:
        title, _, row_id, columns = _TABLES[self.kind]
        shape = DocumentShape(self.kind, title, ())
        return Poll(self.kind, shape, (row_id, *columns, "modifiedon"), self._changes)

    async def _changes(self, call: Call, _fields: Fields, cursor: str) -> Changes:
        window = self.plan.window(cursor, call.now)
        if window is None:
            return Changes((), cursor)
        wanted = window.offset + PAGE
        rows = await self._rows(call, window, wanted)
        is_last = len(rows) < wanted
        page = rows[window.offset :]
        shown = [datetime.fromisoformat(row["modifiedon"]).astimezone(UTC) for row in page]
        now = self.opening.clock()
        after, more = self.plan.after(window, shown, now, is_last=is_last)
        records = tuple(self._record(row) for row in page)
        return Changes(records, after, more, Looked(window.start, window.until, is_last))

    async def _rows(self, call: Call, window: TimeWindow, wanted: int) -> Sequence[dict[str, Any]]:
        """From the window's page on, oldest change first; the offset's rows are read again."""
        _, set_name, row_id, columns = _TABLES[self.kind]
        if wanted > ROWS_MAX:
            raise Unreconciled(
                f"{self.opening.connection}: more than {ROWS_MAX - PAGE} rows of {set_name} were"
                f" changed at {window.since}, in one second.",
                reason="too_many_changes",
                next_step="Bring them in by a file; let the flow begin anew under another name.",
            )
        select = ",".join((row_id, *columns, "modifiedon"))
        times = f"modifiedon%20ge%20{_text(window.since)}%20and%20modifiedon%20le%20"
        answer = await self.web_api.read(
            call,
            f"{set_name}?$select={select}&$filter={times}{_text(window.until)}"
            f"&$orderby=modifiedon,{row_id}&$top={wanted}",
        )
        rows: list[dict[str, Any]] = answer["value"]
        return rows

    def _record(self, row: Mapping[str, Any]) -> ChangedRecord:
        """The version is the row's own, so that two changes within a second are two."""
        _, _, row_id, columns = _TABLES[self.kind]
        names = (row_id, *columns, "modifiedon")
        fields = {name: _written(row.get(name)) for name in names}
        version = str(row["@odata.etag"]).removeprefix('W/"').removesuffix('"')
        return ChangedRecord(str(row[row_id]), version, fields)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _text(moment: datetime) -> str:
    """Whole seconds, downwards: what was changed later in that second is asked for again."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
