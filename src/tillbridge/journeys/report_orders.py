"""Reports that a person orders, subscribes to, downloads or no longer wants: and in the audit.

No money moves by any of it. An order whose answer was lost is looked for under its name before it
is given anew; a subscription is set by its name; what is ended is gone either way.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime

from tillbridge.access.audit import record
from tillbridge.canonical.errors import Misconfigured
from tillbridge.connections.connections import Connection
from tillbridge.connector.abilities import Call
from tillbridge.connector.report_orders import (
    MadeReport,
    Ordered,
    OrdersReports,
    ReportFile,
    ReportSubscription,
    SubscriptionForm,
)
from tillbridge.journeys.house import House


def desk_of(at: Connection) -> OrdersReports:
    """Where a connection's reports are ordered. Raises Misconfigured where none are."""
    if not isinstance(at.session, OrdersReports):
        raise Misconfigured(
            f"{at.name} ({at.configured.connector.title}) has no reports to order.",
            reason="no_reports",
            next_step="Name a connection to a payment system.",
        )
    return at.session


@dataclass(frozen=True, slots=True)
class ReportClerk:
    """Does for an operator what he wants of one connection's reports."""

    house: House
    at: Connection
    operator: str

    async def covering(
        self, definition: str, since: datetime, until: datetime
    ) -> Sequence[MadeReport]:
        """Reports whose rows tell of some of that time already, or will."""
        found = await self._desk.report_orders.about(self._call(), definition, since, until)
        return [one for one in found if one.state in ("ready", "waiting")]

    async def order(self, definition: str, since: datetime, until: datetime) -> Ordered:
        """One more report. Raises as `MakesReports.order`."""
        ordered = await self._desk.report_orders.order(self._call(), definition, since, until)
        if ordered.is_new:
            await self._note("order a report", ordered.name)
        return ordered

    async def report(self, id_: str) -> MadeReport:
        """One as it stands now."""
        return await self._desk.report_orders.one(self._call(), id_)

    async def subscription(self, name: str) -> ReportSubscription:
        """One that is there. Raises Rejected."""
        return await self._desk.report_subscriptions.one(self._call(), name)

    async def subscribe(self, definition: str, form: SubscriptionForm) -> ReportSubscription:
        """Has a report made from now on. Raises as `SubscribesReports.subscribe`."""
        made = await self._desk.report_subscriptions.subscribe(self._call(), definition, form)
        await self._note("subscribe to a report", made.name)
        return made

    async def unsubscribe(self, name: str) -> None:
        """Has it made no more. Raises as `SubscribesReports.unsubscribe`."""
        await self._desk.report_subscriptions.unsubscribe(self._call(), name)
        await self._note("end a report subscription", name)

    @asynccontextmanager
    async def download(self, report: str, day: date | None) -> AsyncIterator[ReportFile]:
        """The file of a report: by its id, or by its name and the day it ends on.

        It may tell of persons: who takes it is noted. Raises as `DownloadsReports`.
        """
        files, call = self._desk.report_downloads, self._call()
        wanted = files.by_name(call, report, day) if day else files.by_id(call, report)
        async with wanted as file:
            await self._note("download a report", file.name)
            yield file

    @property
    def _desk(self) -> OrdersReports:
        return desk_of(self.at)

    async def _note(self, action: str, name: str) -> None:
        async with self.house.database.transaction() as tx:
            await record(tx, self.operator, action, f"{name} of {self.at.name}")

    def _call(self) -> Call:
        now = self.house.clock()
        return Call("", now, self.at.timeout_s, f"reports of {self.at.name}", lambda: None)
