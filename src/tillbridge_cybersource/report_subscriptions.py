"""Report subscriptions: what we read is made every day, whoever set the account up.

Source: REST API reference, Reporting: "Get All Subscriptions" (404 where there is none) and "Create
Report Subscription for a Report Name by Organization" (PUT, which changes one of the same name).
Somebody's own subscription of the same report does as well, when it has the columns we need.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from tillbridge.canonical.errors import TillbridgeError
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_columns import meaning_of
from tillbridge_cybersource.report_kinds import ReportKind, report_kinds
from tillbridge_cybersource.report_windows import organization_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {"report_subscriptions.get_all_subscriptions", "report_subscriptions.create_subscription"}
)
PREFIX: Final = "Tillbridge_"
_PATH: Final = "/reporting/v3/report-subscriptions"
_FORMATS: Final = ("text/csv", "application/xml")


class ReportSubscriptions:
    """Looks which reports are subscribed to, and subscribes to what is missing."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings) -> None:
        """Raises Misconfigured for a report that is none, or an organization that is none."""
        self._exchange = exchange
        self._query = organization_of(settings)
        self._kinds = report_kinds(settings)

    async def ensure(self, call: Call) -> list[CheckLine]:
        """Subscribes to those that are missing; one that is there is left as it is."""
        try:
            rows = await self._rows(call)
        except TillbridgeError as error:
            next_step = "Let the key manage reports, or set report_every_s to 0."
            return [CheckLine("Report subscriptions", False, error.message, next_step)]
        return [await self._line(call, kind, rows) for kind in self._kinds]

    async def _line(
        self, call: Call, kind: ReportKind, rows: Sequence[Mapping[str, Any]]
    ) -> CheckLine:
        title = f"Report subscription: {kind.title}"
        mine = [row for row in rows if text_of(row, "reportDefinitionName") == kind.definition]
        fitting = [row for row in mine if not _lack(row, kind)]
        if fitting:
            return CheckLine(title, True, text_of(fitting[0], "reportName"))
        lack = "; ".join(f"{text_of(row, 'reportName')}: {_lack(row, kind)}" for row in mine)
        try:
            await self._subscribe(call, kind)
        except TillbridgeError as error:
            return CheckLine(title, False, error.message, error.next_step)
        made = f"{PREFIX}{kind.definition} is made every day from now on."
        return CheckLine(title, True, f"{made} {lack}".strip())

    async def _rows(self, call: Call) -> Sequence[Mapping[str, Any]]:
        answer = await self._exchange.read(call, self._at(_PATH))
        if answer.status == 404:
            return ()
        if answer.status != 200:
            raise refusal(self._exchange.name, "Listing the report subscriptions", answer)
        return answer.body.get("subscriptions") or ()

    async def _subscribe(self, call: Call, kind: ReportKind) -> None:
        document = {
            "reportDefinitionName": kind.definition,
            "reportFields": list(kind.fields),
            "reportMimeType": "text/csv",
            "reportFrequency": "DAILY",
            "reportName": f"{PREFIX}{kind.definition}",
            "timezone": "GMT",
            "startTime": "0000",
        }
        answer = await self._exchange.manage(call, "PUT", self._at(_PATH), document)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, f"Subscribing to {kind.title}", answer)

    def _at(self, path: str) -> str:
        return f"{path}?{urlencode(self._query)}" if self._query else path


def _lack(row: Mapping[str, Any], kind: ReportKind) -> str:
    """Why a subscription does not do; "" when it does."""
    if text_of(row, "reportFrequency") != "DAILY":
        return "it is not made every day"
    if text_of(row, "reportMimeType") not in _FORMATS:
        return f"it is {text_of(row, 'reportMimeType')}"
    fields = row.get("reportFields") or ()
    has = {meaning_of(str(name)) for name in fields}
    missing = [name for name in kind.fields if meaning_of(name) not in has]
    return f"it lacks {', '.join(missing)}" if fields and missing else ""
