"""Reports as files, whatever they tell of and whoever had them made: for people, read by nobody.

Source: REST API reference, Reporting, "Download a Report" (by name and the day it ends on, in the
time zone of its subscription; text/csv or application/xml, as it was made). A report of the list
names its own download, one that is asked for by its id does not.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import Call
from tillbridge.connector.report_orders import ReportFile
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_orders import ReportOrders
from tillbridge_cybersource.report_windows import organization_of
from tillbridge_cybersource.reports import FORMATS, download_of
from tillbridge_cybersource.settings import CybersourceSettings

_A_DAY: Final = timedelta(days=1)
_ANY: Final = ", ".join(FORMATS)


class ReportDownloads:
    """The files of one organization's reports."""

    def __init__(
        self, exchange: Exchange, orders: ReportOrders, settings: CybersourceSettings
    ) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._orders = orders
        self._organization = organization_of(settings)

    @asynccontextmanager
    async def by_id(self, call: Call, id_: str) -> AsyncIterator[ReportFile]:
        one = await self._orders.one(call, id_)
        rows = await self._orders.rows(call, one.since, one.until + _A_DAY, "reportTimeFrame")
        named = {"reportName": one.name, "reportEndTime": one.until.isoformat()}
        row = next((row for row in rows if text_of(row, "reportId") == id_), named)
        target = download_of(row, self._organization)
        async with self._file(call, target, one.name, one.until.date(), one.format or _ANY) as file:
            yield file

    @asynccontextmanager
    async def by_name(self, call: Call, name: str, day: date) -> AsyncIterator[ReportFile]:
        row = {"reportName": name, "reportEndTime": f"{day}T00:00:00Z"}
        target = download_of(row, self._organization)
        async with self._file(call, target, name, day, _ANY) as file:
            yield file

    @asynccontextmanager
    async def _file(
        self, call: Call, target: str, name: str, day: date, accept: str
    ) -> AsyncIterator[ReportFile]:
        async with self._exchange.stream(call, target, accept) as answer:
            if answer.status == 404:
                raise Rejected(
                    f"{self._exchange.name}: there is no file of a report {name!r} that ends on"
                    f" {day}: it is not made yet, or had nothing to tell.",
                    reason="unknown_report",
                    next_step=f"See what was made: tillbridge reports {self._exchange.name}",
                )
            mime = answer.headers.get("content-type", "").partition(";")[0].strip()
            length = answer.headers.get("content-length", "")
            size = int(length) if length.isdecimal() else None
            yield ReportFile(f"{name}_{day}", FORMATS.get(mime, "txt"), size, answer.chunks)
