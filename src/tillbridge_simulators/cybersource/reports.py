"""Reports: asked for once, listed, told of, downloaded.

Source: REST API reference, Reporting: "Create Adhoc Report", "Retrieve Available Reports" (by the
time they are about or were made), "Get Report Based on Report Id", "Download a Report" (by name and
by the day it ends on, in the time zone of its subscription); Reporting Developer Guide, 404 where
there is nothing. That a link of the list names the time as well is our own: with a fast clock
several reports of one name end on one day.
"""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, not_found, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.documents import text_at
from tillbridge_simulators.cybersource.report_definitions import DEFINITIONS, FORMATS
from tillbridge_simulators.cybersource.report_fields import (
    definition_at,
    fields_at,
    zone_at,
    zone_of,
)
from tillbridge_simulators.cybersource.report_files import as_csv, as_xml
from tillbridge_simulators.cybersource.report_subscriptions import make_due
from tillbridge_simulators.cybersource.reporting import Report
from tillbridge_simulators.cybersource.windows import instant_at, organization_of

PATH = "/reporting/v3/reports"
DOWNLOADS = "/reporting/v3/report-downloads"
STATUSES = ("COMPLETED", "PENDING", "QUEUED", "RUNNING", "ERROR", "NO_DATA")
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "USER_DEFINED", "ADHOC")
_NAME_LENGTH_MAX = 128


def create(ask: Ask) -> Answer:
    """POST: one report, now. Raises Refusal."""
    document = ask.document
    definition = definition_at(document)
    fields = fields_at(document, definition)
    mime = text_at(document, "reportMimeType", length_max=20, required=False) or "application/xml"
    if mime not in FORMATS:
        raise Refusal("INVALID_DATA", ["reportMimeType"])
    start = instant_at(document, "reportStartTime").timestamp()
    end = instant_at(document, "reportEndTime").timestamp()
    if not start < end:
        raise Refusal("INVALID_DATA", ["reportStartTime", "reportEndTime"])
    now_s = ask.account.now()
    report = Report(
        id=str(uuid.uuid4()),
        name=text_at(document, "reportName", length_max=_NAME_LENGTH_MAX, required=True),
        definition=definition.name,
        mime=mime,
        frequency="ADHOC",
        kind="CUSTOM",
        timezone=zone_at(document),
        start_s=start,
        end_s=end,
        queued_s=now_s,
        ready_s=now_s + ask.account.options.report_lag_s / ask.account.factor,
        fields=fields,
        preferences=document.get("reportPreferences") or {},
    )
    ask.account.state.reporting.reports.append(report)
    return Answer(201)


def list_reports(ask: Ask) -> Answer:
    """GET, by the time they are about or were made. Raises Refusal."""
    make_due(ask.account)
    start, end = (instant_at(ask.query, name).timestamp() for name in ("startTime", "endTime"))
    by = ask.query.get("timeQueryType")
    if by not in ("reportTimeFrame", "executedTime"):
        raise Refusal("INVALID_DATA" if by else "MISSING_FIELD", ["timeQueryType"])
    found = [
        _listed(ask.account, one)
        for one in ask.account.state.reporting.reports
        if start <= (one.end_s if by == "reportTimeFrame" else one.ready_s) <= end
        and _fits(ask, one)
    ]
    if not found or organization_of(ask) != ask.account.options.merchant_id:
        return not_found(ask.account.now())
    return Answer(200, {"reportSearchResults": found})


def get(ask: Ask) -> Answer:
    """GET by id."""
    make_due(ask.account)
    for one in ask.account.state.reporting.reports:
        if one.id == ask.id:
            shown = _common(ask.account, one)
            fields = one.fields or [column.id for column in DEFINITIONS[one.definition].columns]
            more = {
                "reportStatus": shown.pop("status"),
                "reportFields": list(fields),
                "reportPreferences": dict(one.preferences),
                "reportFilters": {},
            }
            return Answer(200, shown | more)
    return not_found(ask.account.now())


def download(ask: Ask) -> Answer:
    """GET of the file: the newest of that name that ends on that day. Raises Refusal."""
    make_due(ask.account)
    name = text_at(ask.query, "reportName", length_max=_NAME_LENGTH_MAX, required=True)
    day = _day_at(ask.query, "reportDate")
    time_ = ask.query.get("reportTime", "")
    account = ask.account
    fitting = [
        one
        for one in account.state.reporting.reports
        if one.name == name
        and end_day(one) == day
        and (not time_ or _end(one).strftime("%H:%M:%S.%f") == time_)
        and one.ready_s <= account.now()
    ]
    if not fitting or organization_of(ask) != account.options.merchant_id:
        return not_found(account.now())
    content = content_of(account, fitting[-1])
    if not fitting[-1].rows:
        return not_found(account.now())
    return Answer(200, raw=content, content_type=fitting[-1].mime)


def content_of(account: Account, report: Report) -> bytes:
    """The file, made from the state when it is asked for first and then kept."""
    if report.content is None:
        definition = DEFINITIONS[report.definition]
        rows = list(definition.rows(account, report.start_s, report.end_s))
        report.rows = len(rows)
        if report.mime == "text/csv":
            report.content = as_csv(report, definition, rows)
        else:
            report.content = as_xml(report, definition, rows, account.options.merchant_id)
    return report.content


def end_day(report: Report) -> date:
    """By which day it is downloaded."""
    return _end(report).date()


def status_of(account: Account, report: Report) -> str:
    """RUNNING until it is ready; then whether it has a row."""
    if report.ready_s > account.now():
        return "RUNNING"
    content_of(account, report)
    return "COMPLETED" if report.rows else "NO_DATA"


def _fits(ask: Ask, report: Report) -> bool:
    wanted = {
        "reportMimeType": report.mime,
        "reportFrequency": report.frequency,
        "reportName": report.name,
        "reportDefinitionId": str(DEFINITIONS[report.definition].number),
        "reportStatus": status_of(ask.account, report),
    }
    known = {"reportFrequency": FREQUENCIES, "reportMimeType": FORMATS, "reportStatus": STATUSES}
    for name, values in known.items():
        if ask.query.get(name, values[0]) not in values:
            raise Refusal("INVALID_DATA", [name])
    return all(ask.query.get(name, value) == value for name, value in wanted.items())


def _listed(account: Account, report: Report) -> dict[str, Any]:
    query = {
        "organizationId": account.options.merchant_id,
        "reportName": report.name,
        "reportDate": end_day(report).isoformat(),
        "reportTime": _end(report).strftime("%H:%M:%S.%f"),
    }
    link = {"href": f"{DOWNLOADS}?{urlencode(query)}", "method": "GET"}
    return _common(account, report) | {
        "_link": {"reportDownload": link},
        "queuedTime": utc_text(report.queued_s),
        "reportGeneratingTime": utc_text(report.queued_s),
        "reportCompletedTime": utc_text(report.ready_s),
        "subscriptionType": report.kind,
    }


def _common(account: Account, report: Report) -> dict[str, Any]:
    return {
        "reportId": report.id,
        "organizationId": account.options.merchant_id,
        "reportDefinitionId": str(DEFINITIONS[report.definition].number),
        "reportName": report.name,
        "reportMimeType": report.mime,
        "reportFrequency": report.frequency,
        "status": status_of(account, report),
        "reportStartTime": utc_text(report.start_s),
        "reportEndTime": utc_text(report.end_s),
        "timezone": report.timezone,
    }


def _end(report: Report) -> datetime:
    return datetime.fromtimestamp(report.end_s, zone_of(report.timezone))


def _day_at(query: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(text_at(query, name, length_max=10, required=True))
    except ValueError:
        raise Refusal("INVALID_DATA", [name]) from None


OFFERS = (
    Offer("reports.create_report", "report_order", create),
    Offer("reports.search_reports", "report", list_reports),
    Offer("reports.get_report_by_report_id", "report", get),
    Offer("report_downloads.download_report", "report_download", download),
)
