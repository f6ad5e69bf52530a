"""Reports: which are ready, and what stands in them, read as they are downloaded.

Sources: REST API reference, Reporting: "Retrieve Available Reports" (by the time they were made;
404 where there is none), "Download a Report" (by name and the day it ends on, in the time zone of
its subscription). A listed report names its own download; where it does not, that is used.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tillbridge.canonical.errors import Place, Rejected, Transient
from tillbridge.connector.abilities import Call, ChangedRecord, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.connector.http import Stream
from tillbridge.connector.settlement_sources import SettlementSource, Told
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import instant, text_of
from tillbridge_cybersource.report_csv import CsvReport
from tillbridge_cybersource.report_kinds import REPORT_KINDS
from tillbridge_cybersource.report_row import ReportRow
from tillbridge_cybersource.report_windows import organization_of
from tillbridge_cybersource.report_xml import XmlReport
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.time_lists import TimeList, by_time

CALLS = frozenset({"reports.search_reports", "report_downloads.download_report"})
NAME: Final = "reports"
GIVES: Final = ("definition", "name", "title", "format", "since", "until", "download")
_PATH: Final = "/reporting/v3/reports"
_DOWNLOAD: Final = "/reporting/v3/report-downloads"
FORMATS: Final = {"text/csv": "csv", "application/xml": "xml"}


class Reports:
    """The poll `reports`, and the source of settlement lines that reads them."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._organization = organization_of(settings)
        listed = TimeList(
            DocumentShape(NAME, "Reports that are ready to be read", ()),
            _PATH,
            "reportSearchResults",
            GIVES,
            self._ready,
            {"timeQueryType": "executedTime"} | dict(self._organization),
        )
        self.poll = by_time(listed, exchange, settings, opening)
        self._every_s = settings.report_every_s / opening.factor

    def source(self, ready: Poll | None = None) -> SettlementSource:
        """Reads what `ready` lists, by default what is listed here. Whoever lists a report, it is
        the same one: source and cursor have one name."""
        return SettlementSource(NAME, self._every_s, ready or self.poll, self.lines)

    def _ready(self, row: Mapping[str, Any], _: Fields) -> ChangedRecord | None:
        return _record(row, self._organization) if _is_ours(row) else None

    async def lines(self, call: Call, report: ChangedRecord) -> AsyncIterator[Sequence[Told]]:
        """What stands in one report, some rows at a time.

        Raises:
            Rejected: it is not what it should be, with file, line and column.
            Transient: it is not there, or breaks off: it is read again from its first line.
        """
        fields = report.fields
        read = REPORT_KINDS[fields["definition"]].read
        async with self._exchange.stream(call, fields["download"], _accept(fields)) as answer:
            if answer.status == 404:
                raise Transient(f"{self._exchange.name}: the report {report.id} is not there yet.")
            async for rows in _rows(answer, fields):
                yield [told for row in rows for told in read(report.id, row)]


async def _rows(answer: Stream, fields: Mapping[str, str]) -> AsyncIterator[list[ReportRow]]:
    """The rows of a file, some at a time."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    form = FORMATS.get(kind, fields["format"])
    name = f"{fields['name']} ({fields['until']})"
    file = XmlReport(name) if form == "xml" else CsvReport(name)
    async for chunk in answer.chunks:
        if rows := file.feed(chunk):
            yield rows
    if rows := file.end():
        yield rows


def _is_ours(row: Mapping[str, Any]) -> bool:
    """Finished, with rows, and of a kind that says what became of money."""
    is_known = text_of(row, "reportDefinitionId") in REPORT_KINDS
    return is_known and text_of(row, "status") == "COMPLETED"


def _record(row: Mapping[str, Any], organization: Mapping[str, str]) -> ChangedRecord:
    until = text_of(row, "reportEndTime")
    fields = {
        "definition": text_of(row, "reportDefinitionId"),
        "name": text_of(row, "reportName"),
        "title": REPORT_KINDS[text_of(row, "reportDefinitionId")].title,
        "format": FORMATS.get(text_of(row, "reportMimeType"), ""),
        "since": text_of(row, "reportStartTime"),
        "until": until,
        "download": download_of(row, organization),
    }
    if not fields["format"]:
        raise Rejected(
            f"The report {fields['name']!r} is {text_of(row, 'reportMimeType')!r}.",
            reason="bad_report",
            place=Place(field="reportMimeType"),
            next_step="Subscribe to it as text/csv or application/xml.",
        )
    return ChangedRecord(text_of(row, "reportId"), text_of(row, "reportCompletedTime"), fields)


def download_of(row: Mapping[str, Any], organization: Mapping[str, str]) -> str:
    """Where it is downloaded: as its link says, on our own host; else by name and last day."""
    link = row.get("_link") or {}
    href = urlsplit(str((link.get("reportDownload") or {}).get("href") or ""))
    if href.path == _DOWNLOAD and href.query:
        return f"{_DOWNLOAD}?{href.query}"
    day = instant(text_of(row, "reportEndTime")).astimezone(UTC).date()
    query = {"reportName": text_of(row, "reportName"), "reportDate": day.isoformat()}
    return f"{_DOWNLOAD}?{urlencode(query | dict(organization))}"


def _accept(fields: Mapping[str, str]) -> str:
    return "application/xml" if fields["format"] == "xml" else "text/csv"
