"""Whether all of a day's chargebacks and retrievals are there: counted, beside those listed.

Sources: REST API reference, Chargeback Summaries and Retrieval Summaries (how many a day; 404 where
there is none); the official client's models. A dispute that is not answered in time is lost, so a
flow by the clock compares what is counted with what the details list.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from tillbridge.canonical.errors import Rejected
from tillbridge.connector import values
from tillbridge.connector.abilities import Call, Read, Receipt
from tillbridge.connector.documents import DocumentShape, Field, Fields
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.listings import Row, asked, listed
from tillbridge_cybersource.observations import text_of
from tillbridge_cybersource.report_windows import organization_of, written
from tillbridge_cybersource.settings import CybersourceSettings
from tillbridge_cybersource.settlement_details import SettlementDetails

CALLS = frozenset(
    {
        "chargeback_summaries.get_chargeback_summaries",
        "retrieval_summaries.get_retrieval_summary",
    }
)
DISPUTE_COUNTS: Final = DocumentShape(
    "dispute_counts",
    "Chargebacks and retrievals of a day, counted",
    (Field("day", "date", "Day", required=True),),
)
_COUNTED: Final = {
    "chargebacks": ("/reporting/v3/chargeback-summaries", "chargebackSummaries"),
    "retrievals": ("/reporting/v3/retrieval-summaries", "retrievalSummaries"),
}
"""By the question for details: where it is counted, and what the counts are called."""


class DisputeCounts:
    """The read `dispute_counts`."""

    def __init__(
        self, exchange: Exchange, details: SettlementDetails, settings: CybersourceSettings
    ) -> None:
        """Raises Misconfigured for an organization that is none."""
        self._exchange = exchange
        self._details = details
        self._organization = organization_of(settings)
        self.read = Read(DISPUTE_COUNTS.kind, DISPUTE_COUNTS, self._read)

    async def _read(self, call: Call, fields: Fields) -> Receipt:
        """`chargebacks` and `retrievals` as counted, `chargebacks_listed` and `retrievals_listed`
        as the details show them; `complete` is yes when they are as many."""
        day = values.day(fields, "day")
        if day is None:
            raise values.missing("day")
        told: dict[str, str] = {}
        for name in _COUNTED:
            told[name] = str(await self._counted(call, name, day))
            told[f"{name}_listed"] = str(await self._details.count(call, name, day))
        agrees = all(told[name] == told[f"{name}_listed"] for name in _COUNTED)
        return Receipt(fields=told | {"complete": "yes" if agrees else "no"})

    async def _counted(self, call: Call, name: str, day: date) -> int:
        path, rows = _COUNTED[name]
        start = datetime.combine(day, time(), UTC)
        times = {"startTime": written(start), "endTime": written(start + timedelta(days=1))}
        target, doing = asked(path, times, self._organization), f"Counting the {name} of {day}"
        return sum(map(_count, await listed(self._exchange, call, target, rows, doing)))


def _count(row: Row) -> int:
    """A count, which the model has as a number with decimals."""
    stated = text_of(row, "count")
    try:
        return int(Decimal(stated))
    except (InvalidOperation, ValueError):
        raise Rejected(f"{stated!r} is no count of disputes.", reason="bad_report") from None
