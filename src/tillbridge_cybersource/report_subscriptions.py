"""Report subscriptions: what we read is made every day, whoever set the account up.

Source: REST API reference, Reporting: "Get All Subscriptions" (404 where there is none), "Create
Report Subscription for a Report Name by Organization" and "Create a Standard or Classic Report
Subscription" (PUT, which change one of the same name; 304 where nothing changes), "Get" and
"Delete Subscription of a Report Name by Organization". Somebody's own subscription of the same
report does as well, when it has the columns we need.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from tillbridge.canonical.errors import Rejected, TillbridgeError, Transient
from tillbridge.connector.abilities import Call, CheckLine
from tillbridge.connector.report_orders import ReportSubscription, SubscriptionForm
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_columns import meaning_of
from tillbridge_cybersource.report_definitions import ReportDefinitions, definition_named
from tillbridge_cybersource.report_kinds import ReportKind, kind_named, report_kinds
from tillbridge_cybersource.report_windows import organization_of
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "report_subscriptions.get_all_subscriptions",
        "report_subscriptions.get_subscription",
        "report_subscriptions.create_subscription",
        "report_subscriptions.create_standard_or_classic_subscription",
        "report_subscriptions.delete_subscription",
    }
)
PREFIX: Final = "Tillbridge_"
_PATH: Final = "/reporting/v3/report-subscriptions"
_PREDEFINED: Final = "/reporting/v3/predefined-report-subscriptions"
_FORMATS: Final = ("text/csv", "application/xml")


class ReportSubscriptions:
    """Looks which reports are subscribed to, subscribes to what is missing, ends what is asked."""

    def __init__(
        self, exchange: Exchange, definitions: ReportDefinitions, settings: CybersourceSettings
    ) -> None:
        """Raises Misconfigured for a report that is none, or an organization that is none."""
        self._exchange = exchange
        self._definitions = definitions
        self._query = organization_of(settings)
        self._kinds = report_kinds(settings)

    async def ensure(self, call: Call) -> list[CheckLine]:
        """Subscribes to those that are missing; one that is there is left as it is."""
        try:
            rows = await self.rows(call)
        except TillbridgeError as error:
            next_step = "Let the key manage reports, or set report_every_s to 0."
            return [CheckLine("Report subscriptions", False, error.message, next_step)]
        return [await self._line(call, kind, rows) for kind in self._kinds]

    async def every(self, call: Call) -> Sequence[ReportSubscription]:
        found = map(_subscription, await self.rows(call))
        return sorted(found, key=lambda one: one.name)

    async def one(self, call: Call, name: str) -> ReportSubscription:
        found = await self._find(call, name)
        if found is None:
            raise Rejected(
                f"{self._exchange.name}: nothing is subscribed to under the name {name!r}.",
                reason="unknown_subscription",
                next_step=f"See what is: tillbridge reports {self._exchange.name}",
            )
        return found

    async def subscribe(
        self, call: Call, definition: str, form: SubscriptionForm
    ) -> ReportSubscription:
        wanted = definition_named(definition)
        name = f"{PREFIX}{wanted}" + ("" if form == "custom" else f"_{form.title()}")
        there = await self._find(call, name)
        if there is not None and not there.lacks:
            return there
        path = _PATH if form == "custom" else _PREDEFINED
        document = {"reportDefinitionName": wanted, "reportName": name}
        if form == "custom":
            document |= _daily(await self._definitions.columns_for(call, wanted))
        else:
            document |= {"subscriptionType": form.upper(), "reportMimeType": _FORMATS[0]}
        try:
            await self._put(call, path, document, f"Subscribing to {wanted}")
        except Transient as error:
            found = await self._find(call, name) if error.sent == "perhaps" else None
            if found is None or found.lacks:
                raise
            return found
        return await self.one(call, name)

    async def unsubscribe(self, call: Call, name: str) -> None:
        try:
            answer = await self._exchange.manage(call, "DELETE", self._of(name))
        except Transient as error:
            if error.sent == "no" or await self._find(call, name) is not None:
                raise
            return
        if answer.status == 404:
            await self.one(call, name)
        if answer.status not in (200, 204):
            raise refusal(self._exchange.name, f"Ending the report subscription {name}", answer)

    async def rows(self, call: Call) -> Sequence[Row]:
        """Every subscription as it is told."""
        target, doing = asked(_PATH, self._query), "Listing the report subscriptions"
        return await listed(self._exchange, call, target, "subscriptions", doing)

    async def _find(self, call: Call, name: str) -> ReportSubscription | None:
        answer = await self._exchange.read(call, self._of(name))
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refusal(self._exchange.name, f"Reading the report subscription {name}", answer)
        return _subscription(answer.body)

    async def _line(self, call: Call, kind: ReportKind, rows: Sequence[Row]) -> CheckLine:
        title = f"Report subscription: {kind.title}"
        mine = [row for row in rows if text_of(row, "reportDefinitionName") == kind.definition]
        fitting = [row for row in mine if not _lack(row, kind)]
        if fitting:
            return CheckLine(title, True, text_of(fitting[0], "reportName"))
        lack = "; ".join(f"{text_of(row, 'reportName')}: {_lack(row, kind)}" for row in mine)
        name = f"{PREFIX}{kind.definition}"
        document = {"reportDefinitionName": kind.definition, "reportName": name}
        try:
            await self._put(
                call, _PATH, document | _daily(kind.fields), f"Subscribing to {kind.title}"
            )
        except TillbridgeError as error:
            return CheckLine(title, False, error.message, error.next_step)
        return CheckLine(title, True, f"{name} is made every day from now on. {lack}".strip())

    async def _put(self, call: Call, path: str, document: Mapping[str, object], doing: str) -> None:
        answer = await self._exchange.manage(call, "PUT", asked(path, self._query), document)
        if answer.status not in (200, 201):
            raise refusal(self._exchange.name, doing, answer)

    def _of(self, name: str) -> str:
        return asked(f"{_PATH}/{quote(name, safe='')}", self._query)


def _daily(fields: Sequence[str]) -> dict[str, Any]:
    """What a custom subscription says besides its name."""
    return {
        "reportFields": list(fields),
        "reportMimeType": _FORMATS[0],
        "reportFrequency": "DAILY",
        "timezone": "GMT",
        "startTime": "0000",
    }


def _subscription(row: Row) -> ReportSubscription:
    definition = text_of(row, "reportDefinitionName")
    kind = kind_named(definition)
    return ReportSubscription(
        name=text_of(row, "reportName"),
        definition=definition,
        format=text_of(row, "reportMimeType"),
        every=text_of(row, "reportFrequency").lower(),
        starts=f"{_time_of(text_of(row, 'startTime'))} {text_of(row, 'timezone')}".strip(),
        read_as=kind.name if kind else "",
        lacks=_lack(row, kind) if kind else "",
    )


def _time_of(stated: str) -> str:
    """A time of day: an instant of some day is told there, and hhmm is what is sent."""
    if len(stated) == 4 and stated.isdigit():
        return f"{stated[:2]}:{stated[2:]}"
    return stated.partition("T")[2][:5] or stated


def _lack(row: Row, kind: ReportKind) -> str:
    """Why a subscription does not do; "" when it does."""
    if text_of(row, "reportFrequency") != "DAILY":
        return "it is not made every day"
    if text_of(row, "reportMimeType") not in _FORMATS:
        return f"it is {text_of(row, 'reportMimeType')}"
    fields = row.get("reportFields") or ()
    has = {meaning_of(str(name)) for name in fields}
    missing = [name for name in kind.fields if meaning_of(name) not in has]
    return f"it lacks {', '.join(missing)}" if fields and missing else ""
