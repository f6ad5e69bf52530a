"""What was settled, paid out and charged back, asked for by day: answers instead of files.

Sources: Reporting Developer Guide, "Downloading On-Demand Purchase and Refund Detail Report" (by
submission date, offset, limit of at most 2,000); REST API reference, Net Fundings, Chargeback and
Retrieval Details, Interchange Clearing Level Details, Payment Batch Summaries (404: nothing). How
late a row shows is not documented: a day is asked for again as long as the overlap reaches it.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from tillbridge.canonical.settlements import SettlementLine
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Looked, Poll
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.connector.settlement_sources import SettlementSource, Told
from tillbridge_cybersource import detail_rows as rows
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_windows import chosen, organization_of, plan_of, written
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.statuses import refusal

CALLS = frozenset(
    {
        "purchase_and_refund_details.get_purchase_and_refund_details",
        "net_fundings.get_net_funding_details",
        "chargeback_details.get_chargeback_details",
        "retrieval_details.get_retrieval_details",
        "interchange_clearing_level_details.get_interchange_clearing_level_details",
        "payment_batch_summaries.get_payment_batch_summary",
    }
)
ReadDay: TypeAlias = Callable[[str, date, Mapping[str, Any]], Iterator[SettlementLine]]
LIMIT: Final = 2_000
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Detail:
    """One question. `listed`: where its rows stand; `paged`: it comes in pages."""

    name: str
    title: str
    path: str
    listed: str
    read: ReadDay
    paged: bool = False


DETAILS: Final = (
    Detail(
        "settlements",
        "Purchases and refunds settled",
        "/reporting/v3/purchase-refund-details",
        "settlements",
        rows.settlement_lines,
        paged=True,
    ),
    Detail(
        "deposits",
        "Net fundings",
        "/reporting/v3/net-fundings",
        "netFundingSummaries",
        rows.funding_lines,
    ),
    Detail(
        "chargebacks",
        "Chargebacks",
        "/reporting/v3/chargeback-details",
        "chargebackDetails",
        rows.chargeback_lines,
    ),
    Detail(
        "retrievals",
        "Retrievals",
        "/reporting/v3/retrieval-details",
        "retrievalDetails",
        rows.retrieval_lines,
    ),
    Detail(
        "clearings",
        "Interchange clearing",
        "/reporting/v3/interchange-clearing-level-details",
        "interchangeClearingLevelDetails",
        rows.clearing_lines,
    ),
    Detail(
        "batch_sums",
        "Payment batch summaries",
        "/reporting/v3/payment-batch-summaries",
        "paymentBatchSummaries",
        rows.batch_sums,
    ),
)
_KNOWN: Final = {one.name: one for one in DETAILS}


class SettlementDetails:
    """The polls and settlement sources of the questions a connection asks."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        """Raises Misconfigured for a question or an organization that is none."""
        self._exchange = exchange
        self._organization = organization_of(settings)
        self._clock = opening.clock
        self._plan = plan_of(settings, opening)
        self.polls = {one.name: self._poll(one) for one in DETAILS}
        wanted = chosen(settings.report_details, _KNOWN, "question for details")
        every_s = settings.report_every_s / opening.factor
        self.sources = [self._source(one, every_s) for one in wanted]

    async def count(self, call: Call, name: str, day: date) -> int:
        """How many rows a question has for a day."""
        detail = _KNOWN[name]
        bodies = self._bodies(detail, call, day.isoformat())
        return sum([len(body.get(detail.listed) or ()) async for body in bodies])

    def _poll(self, detail: Detail) -> Poll:
        async def changes(call: Call, _: Fields, cursor: str) -> Changes:
            """The rows of the days a window touches; each comes again until its day is settled."""
            days = await self._days(detail, call, cursor)
            records: list[ChangedRecord] = []
            for day in days.records:
                async for body in self._bodies(detail, call, day.fields["since"]):
                    records += _records(detail, body)
            return Changes(tuple(records), days.cursor, days.more, days.looked)

        return Poll(detail.name, DocumentShape(detail.name, detail.title, ()), (), changes)

    def _source(self, detail: Detail, every_s: float) -> SettlementSource:
        async def ready(call: Call, _: Fields, cursor: str) -> Changes:
            return await self._days(detail, call, cursor)

        async def lines(call: Call, day: ChangedRecord) -> AsyncIterator[Sequence[Told]]:
            async for body in self._bodies(detail, call, day.fields["since"]):
                found = date.fromisoformat(day.fields["since"])
                yield list(detail.read(day.id, found, body))

        name = f"{detail.name} by day"
        poll = Poll(name, DocumentShape(name, detail.title, ()), (), ready)
        return SettlementSource(name, every_s, poll, lines)

    async def _days(self, detail: Detail, call: Call, cursor: str) -> Changes:
        """The days that a window touches, as reports; the version is up to when they are known."""
        window = self._plan.window(cursor, call.now)
        if window is None:
            return Changes((), cursor)
        day, records = window.start.date(), []
        while day <= window.until.date():
            fields = {
                "name": f"{detail.name} {day}",
                "title": detail.title,
                "since": day.isoformat(),
                "until": (day + _DAY).isoformat(),
            }
            until = window.until.isoformat()
            records.append(ChangedRecord(f"{detail.name} {day}", until, fields))
            day += _DAY
        after, more = self._plan.after(window, (), self._clock(), is_last=True)
        looked = Looked(window.start, window.until, is_whole=True)
        return Changes(tuple(records), after, more, looked)

    async def _bodies(
        self, detail: Detail, call: Call, day: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The answers for a day: one, or page by page."""
        start = datetime.combine(date.fromisoformat(day), time(), UTC)
        query = {"startTime": written(start), "endTime": written(start + _DAY)}
        offset = 0
        while True:
            if detail.paged:
                query |= {"viewBy": "submissionDate", "offset": str(offset), "limit": str(LIMIT)}
            asked = urlencode(query | dict(self._organization))
            answer = await self._exchange.read(call, f"{detail.path}?{asked}")
            if answer.status == 404:
                return
            if answer.status != 200:
                raise refusal(self._exchange.name, f"Asking for {detail.title}", answer)
            yield answer.body
            shown = len(answer.body.get(detail.listed) or ())
            if not detail.paged or shown < LIMIT:
                return
            offset += shown


def _records(detail: Detail, body: Mapping[str, Any]) -> Iterator[ChangedRecord]:
    """Each row once: known by all it says."""
    for row in body.get(detail.listed) or ():
        fields = {name: text_of(row, name) for name in sorted(row) if text_of(row, name)}
        about = fields.get("requestId") or fields.get("type") or detail.name
        version = fields.get("time") or fields.get("submissionTime") or ""
        told = "|".join(f"{name}={value}" for name, value in fields.items())
        yield ChangedRecord(about, version or told, fields)
