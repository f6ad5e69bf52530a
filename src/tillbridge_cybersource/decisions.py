"""What people decided about authorizations in review, asked for: the Conversion Detail Report.

Sources: Reporting Developer Guide, "Downloading On-Demand Conversion Detail Report" (start and end
in ISO 8601; 404: "report not found or no transactions are available"); the official client's model
ReportingV3ConversionDetailsGet200ResponseConversionDetails; Cybersource's own commerce plugin (no
more than 24 hours at once; ACCEPT and REJECT). How late a decision shows and how far back the
report reaches is not documented: both are settings.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tillbridge.canonical.errors import Unreconciled
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Call
from tillbridge.connector.connector import Opening
from tillbridge_cybersource.exchange import Exchange
from tillbridge_cybersource.instants import Instants
from tillbridge_cybersource.listings import asked, listed
from tillbridge_cybersource.observations import instant, text_of
from tillbridge_cybersource.report_windows import organization_of, written
from tillbridge_cybersource.settings import CybersourceSettings

CALLS = frozenset({"conversion_details.get_conversion_detail"})

WINDOW_MAX = timedelta(hours=24)
OVERLAP = timedelta(minutes=10)
"""Of neighbouring windows, for clocks that differ and because it is not documented whether a
window's ends belong to it."""
WINDOWS_MAX = 8
"""Windows of one call; the next call goes on where it ended."""
_PATH = "/reporting/v3/conversion-details"
_WORDS: Mapping[str, Verdict | None] = {
    "ACCEPT": Verdict.APPROVED,
    "REJECT": Verdict.DECLINED,
    "REVIEW": None,
}
"""newDecision; REVIEW passes a case on and decides nothing."""


class Decisions:
    """Reads one account's report, and remembers up to when it held no decision for whom."""

    def __init__(self, exchange: Exchange, settings: CybersourceSettings, opening: Opening) -> None:
        self._exchange = exchange
        self._organization = organization_of(settings)
        self._reach = timedelta(days=settings.decision_reach_days)
        self._lag = timedelta(seconds=settings.decision_lag_s / opening.factor)
        self._undecided = Instants()

    async def about(self, call: Call, authorization: Observation) -> list[Observation]:
        """What was decided about an authorization in review; empty proves nothing.

        Raises:
            Unreconciled: a decision in a word that is not known.
            Rejected, Transient, Misconfigured: as for every read.
        """
        request_id = authorization.request_id
        undecided = self._undecided.get(request_id) or authorization.occurred_at
        since = max(undecided - OVERLAP, call.now - self._reach)
        for start, end in windows(since, call.now):
            rows = await self._rows(call, start, end)
            ours = [row for row in rows if text_of(row, "requestId") == request_id]
            decided = [found for row in ours if (found := _decision(row, authorization))]
            if decided:
                self._undecided.forget(request_id)
                return decided
            self._undecided.keep(request_id, max(undecided, min(end, call.now - self._lag)))
        return []

    async def probe(self, call: Call) -> None:
        """Reads the last minutes. Raises when the report cannot be read at all."""
        await self._rows(call, call.now - OVERLAP, call.now)

    async def _rows(
        self, call: Call, start: datetime, end: datetime
    ) -> Sequence[Mapping[str, Any]]:
        query = {"startTime": written(start), "endTime": written(end)}
        doing = f"Reading the decisions from {start} to {end}"
        target = asked(_PATH, query, self._organization)
        return await listed(self._exchange, call, target, "conversionDetails", doing)


def windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """At most WINDOWS_MAX windows from `since` on, none longer than WINDOW_MAX, overlapping."""
    start = since
    for _ in range(WINDOWS_MAX):
        if start >= until:
            return
        end = min(start + WINDOW_MAX, until)
        yield start, end
        if end == until:
            return
        start = end - OVERLAP


def _decision(row: Mapping[str, Any], authorization: Observation) -> Observation | None:
    word = text_of(row, "newDecision")
    if word not in _WORDS:
        raise Unreconciled(
            f"The decision about {authorization.request_id} (order {authorization.order_number})"
            f" is {word!r}, which is not known.",
            reason="unknown_decision",
            next_step="Look the case up in the Business Center and decide.",
        )
    verdict = _WORDS[word]
    if verdict is None:
        return None
    return Observation(
        operation=Operation.REVIEW,
        verdict=verdict,
        source=Source.REPORT,
        order_number=authorization.order_number,
        request_id=authorization.request_id,
        occurred_at=instant(text_of(row, "conversionTime")),
        attempt_key=authorization.attempt_key,
        parent_id=authorization.request_id,
        review="decision_manager",
    )
