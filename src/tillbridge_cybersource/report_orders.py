"""One-off reports: of days that were lost, or that nobody subscribed to.

Sources: REST API reference, Reporting: "Create Adhoc Report" (201 without a body), "Retrieve
Available Reports" (by the time a report is about or was made, and by its name), "Get Report Based
on Report Id". A report is ordered under a name that its definition and time make, so that a lost
answer ends by a look. How soon a list shows what was ordered is not documented.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector.abilities import Call
from tillbridge.connector.report_orders import MadeReport, Ordered, ReportState
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.observations import instant, text_of
from tillbridge_cybersource.report_definitions import ReportDefinitions, definition_named
from tillbridge_cybersource.report_kinds import REPORT_KINDS, kind_named
from tillbridge_cybersource.report_subscriptions import PREFIX
from tillbridge_cybersource.report_windows import organization_of, written
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {"reports.create_report", "reports.get_report_by_report_id", "reports.search_reports"}
)
_PATH: Final = "/reporting/v3/reports"
_LONGEST: Final = timedelta(days=7)
"""A report that tells of a day ends at most so long after it; monthly ones are not looked for."""
_STATES: Final[Mapping[str, ReportState]] = {
    "COMPLETED": "ready",
    "NO_DATA": "empty",
    "ERROR": "failed",
}
"""PENDING, QUEUED, RUNNING and RERUN wait, and so does a word that is not known."""


class ReportOrders:
    """The reports of one organization that were made, and one more."""

    def __init__(
        self, exchange: Exchange, definitions: ReportDefinitions, settings: CybersourceSettings
    ) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._definitions = definitions
        self._organization = organization_of(settings)

    async def made(self, call: Call, since: datetime) -> Sequence[MadeReport]:
        rows = [
            row
            for by in ("executedTime", "reportTimeFrame")
            for row in await self.rows(call, since, call.now, by)
        ]
        found = {text_of(row, "reportId"): row for row in rows}
        reports = [await self._report(call, row) for row in found.values()]
        return sorted(reports, key=lambda one: (one.made_at or call.now, one.name))

    async def about(
        self, call: Call, definition: str, since: datetime, until: datetime
    ) -> Sequence[MadeReport]:
        wanted = definition_named(definition)
        own = name_of(wanted, since, until)
        rows = await self.rows(call, since, until + _LONGEST, "reportTimeFrame")
        reports = [
            await self._report(call, row) for row in rows if text_of(row, "reportName") != own
        ]
        return [
            one
            for one in reports
            if one.definition == wanted and one.since < until and one.until > since
        ]

    async def order(self, call: Call, definition: str, since: datetime, until: datetime) -> Ordered:
        wanted = definition_named(definition)
        name = name_of(wanted, since, until)
        if (there := await self._named(call, name, since, until)) is not None:
            return Ordered(name, there, is_new=False)
        document = {
            "reportDefinitionName": wanted,
            "reportFields": list(await self._definitions.columns_for(call, wanted)),
            "reportMimeType": "text/csv",
            "reportName": name,
            "timezone": "GMT",
            "reportStartTime": written(since),
            "reportEndTime": written(until),
        }
        target = asked(_PATH, self._organization)
        try:
            answer = await self._exchange.manage(call, "POST", target, document)
        except Transient as error:
            if error.sent == "no":
                raise
            if (there := await self._named(call, name, since, until)) is None:
                raise self._unanswered(name) from error
            return Ordered(name, there, is_new=True)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, f"Ordering the report {wanted}", answer)
        return Ordered(name, await self._named(call, name, since, until), is_new=True)

    async def one(self, call: Call, id_: str) -> MadeReport:
        target = asked(f"{_PATH}/{quote(id_, safe='')}", self._organization)
        answer = await self._exchange.read(call, target)
        if answer.status == 404:
            raise Rejected(
                f"{self._exchange.name}: there is no report {id_!r}.",
                reason="unknown_report",
                next_step=f"See what was made: tillbridge reports {self._exchange.name}",
            )
        if answer.status != 200:
            raise refusal(self._exchange.name, f"Reading the report {id_}", answer)
        return await self._report(call, answer.body)

    async def _named(
        self, call: Call, name: str, since: datetime, until: datetime
    ) -> MadeReport | None:
        """The newest of that name which has not failed."""
        rows = await self.rows(call, since, until, "reportTimeFrame", reportName=name)
        queued = sorted(rows, key=lambda row: text_of(row, "queuedTime"))
        reports = [await self._report(call, row) for row in queued]
        fitting = [one for one in reports if one.name == name and one.state != "failed"]
        return fitting[-1] if fitting else None

    async def rows(
        self, call: Call, since: datetime, until: datetime, by: str, **more: str
    ) -> Sequence[Row]:
        """Reports as they are listed: `by` the time they are about, or were made."""
        times = {"startTime": written(since), "endTime": written(until), "timeQueryType": by}
        target = asked(_PATH, times, more, self._organization)
        doing = "Listing the reports"
        return await listed(self._exchange, call, target, "reportSearchResults", doing)

    async def _report(self, call: Call, row: Row) -> MadeReport:
        """A row of the list, or one that was asked for by its id."""
        number = text_of(row, "reportDefinitionId")
        definition = await self._definitions.name_of(call, number)
        status = text_of(row, "status") or text_of(row, "reportStatus")
        made = text_of(row, "reportCompletedTime")
        state = _STATES.get(status, "waiting")
        kind = REPORT_KINDS.get(number) or kind_named(definition)
        return MadeReport(
            id=text_of(row, "reportId"),
            name=text_of(row, "reportName"),
            definition=definition,
            state=state,
            format=text_of(row, "reportMimeType"),
            since=instant(text_of(row, "reportStartTime")),
            until=instant(text_of(row, "reportEndTime")),
            made_at=instant(made) if made and state != "waiting" else None,
            read_as=kind.name if kind else "",
        )

    def _unanswered(self, name: str) -> Transient:
        return Transient(
            f"{self._exchange.name}: the order of the report {name} was not answered, and no list"
            " shows it.",
            sent="perhaps",
            reason="order_unanswered",
            next_step="Give the same command again in some minutes: it looks for the report first.",
        )


def name_of(definition: str, since: datetime, until: datetime) -> str:
    """What a one-off report of this time is called: the same time has the same name."""
    start, end = (f"{one.astimezone(UTC):%Y%m%dT%H%M%S}" for one in (since, until))
    return f"{PREFIX}{definition}_{start}_{end}"


def definition_in(name: str) -> str:
    """The definition that a name of ours says; "" for a name of somebody else."""
    return name.removeprefix(PREFIX).partition("_")[0] if name.startswith(PREFIX) else ""
