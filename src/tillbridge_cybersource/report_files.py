"""Reports from the Secure File Share, for an account whose key may not download them.

Sources: REST API reference, Secure File Share ("Get List of Files", by day; "Download a File with
File Identifier"); the official client's models, which say that its times are PST; its samples,
where a file is called TRRReport-7855d13f-9398-5113-e053-a2588e0a7192.csv. It names no definition:
it is known by the report whose id it holds, or that was made nearest to it under its name, else by
the subscription of its name, or by a name of ours. With such a twin it is the same report under the
same id, so that nothing is read twice where both ways are open.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Looked, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.observations import instant, text_of
from tillbridge_cybersource.report_kinds import REPORT_KINDS
from tillbridge_cybersource.report_orders import ReportOrders, definition_in
from tillbridge_cybersource.report_subscriptions import ReportSubscriptions
from tillbridge_cybersource.report_windows import organization_of, plan_of
from tillbridge_cybersource.reports import FORMATS, GIVES
from tillbridge_cybersource.settings import CybersourceSettings

CALLS = frozenset({"secure_file_share.get_file_detail", "secure_file_share.get_file"})
NAME: Final = "report_files"
NEAR: Final = timedelta(hours=12)
"""A file is made within this of its report: PST said as UTC is less, and the next day more."""
_LIST: Final = "/sfs/v1/file-details"
_FILE: Final = "/sfs/v1/files"
_DAY: Final = timedelta(days=1)
_NUMBERS: Final = {kind.definition: number for number, kind in REPORT_KINDS.items()}


class ReportFiles:
    """The poll `report_files`: files that are reports we know, as `Reports` tells of them."""

    def __init__(
        self,
        exchange: Exchange,
        orders: ReportOrders,
        subscriptions: ReportSubscriptions,
        settings: CybersourceSettings,
        opening: Opening,
    ) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._orders = orders
        self._subscriptions = subscriptions
        self._organization = organization_of(settings)
        self._plan = plan_of(settings, opening)
        self._clock = opening.clock
        shape = DocumentShape(NAME, "Reports in the Secure File Share", ())
        self.poll = Poll(NAME, shape, GIVES, self._changes)

    async def _changes(self, call: Call, _fields: Fields, cursor: str) -> Changes:
        """The files of the days that a window touches; a day earlier, since theirs are PST's."""
        window = self._plan.window(cursor, call.now)
        if window is None:
            return Changes((), cursor)
        files = await self._files(call, window.start - _DAY, window.until)
        records: list[ChangedRecord] = []
        if files:
            twins = await self._twins(call, window.start - 2 * _DAY, call.now)
            names = await self._names(call)
            records = [one for row in files if (one := self._record(row, twins, names))]
        after, more = self._plan.after(window, (), self._clock(), is_last=True)
        looked = Looked(window.start, window.until, is_whole=True)
        return Changes(tuple(records), after, more, looked)

    async def _files(self, call: Call, since: datetime, until: datetime) -> Sequence[Row]:
        days = {"startDate": since.date().isoformat(), "endDate": until.date().isoformat()}
        target, doing = asked(_LIST, days, self._organization), "Listing the shared files"
        rows = await listed(self._exchange, call, target, "fileDetails", doing)
        return [row for row in rows if text_of(row, "mimeType") in FORMATS]

    async def _twins(self, call: Call, since: datetime, until: datetime) -> Sequence[Row]:
        """Reports that were made then; none where the key may not list them."""
        try:
            rows = await self._orders.rows(call, since, until, "executedTime")
        except (Misconfigured, Rejected):
            return ()
        return [row for row in rows if text_of(row, "status") == "COMPLETED"]

    async def _names(self, call: Call) -> Mapping[str, str]:
        """Definitions by the names of their subscriptions; none where the key may not list them."""
        try:
            rows = await self._subscriptions.rows(call)
        except (Misconfigured, Rejected):
            return {}
        return {text_of(row, "reportName"): text_of(row, "reportDefinitionName") for row in rows}

    def _record(
        self, row: Row, twins: Iterable[Row], names: Mapping[str, str]
    ) -> ChangedRecord | None:
        """None for a file that is no report we know."""
        id_, name = text_of(row, "fileId"), text_of(row, "name").rpartition(".")[0]
        twin = _twin(row, name, twins)
        number = text_of(twin, "reportDefinitionId") or _NUMBERS.get(_definition(name, names), "")
        if number not in REPORT_KINDS:
            return None
        fields = {
            "definition": number,
            "name": text_of(twin, "reportName") or name,
            "title": REPORT_KINDS[number].title,
            "format": FORMATS[text_of(row, "mimeType")],
            "since": text_of(twin, "reportStartTime"),
            "until": text_of(twin, "reportEndTime") or text_of(row, "date"),
            "download": asked(f"{_FILE}/{quote(id_, safe='')}", self._organization),
        }
        version = text_of(twin, "reportCompletedTime") or text_of(row, "lastModifiedTime")
        return ChangedRecord(text_of(twin, "reportId") or id_, version, fields)


def _twin(row: Row, name: str, twins: Iterable[Row]) -> Row:
    """The report that a file is: whose id its name holds, or which was made nearest to it of those
    with its name and format; or nothing."""
    made_at = instant(text_of(row, "createdTime"))
    near: list[tuple[timedelta, str, Row]] = []
    for one in twins:
        id_ = text_of(one, "reportId")
        if id_ and name.endswith(f"-{id_}"):
            return one
        is_alike = text_of(one, "reportMimeType") == text_of(row, "mimeType")
        if is_alike and _is_named(name, text_of(one, "reportName")):
            near.append((abs(_completed(one) - made_at), id_, one))
    if not near:
        return {}
    apart, _, twin = min(near, key=lambda one: one[:2])
    return twin if apart < NEAR else {}


def _completed(row: Row) -> datetime:
    stated = text_of(row, "reportCompletedTime")
    return instant(stated) if stated else datetime.max.replace(tzinfo=UTC)


def _definition(name: str, names: Mapping[str, str]) -> str:
    """What the longest name that fits is subscribed to, or what a name of ours says."""
    fitting = [known for known in names if _is_named(name, known)]
    return names[max(fitting, key=len)] if fitting else definition_in(name)


def _is_named(file: str, report: str) -> bool:
    """Whether a file is called so, or so with something behind it: a day, a number."""
    return bool(report) and (
        file == report or (file.startswith(report) and not file[len(report)].isalnum())
    )
