"""What was done on the account, whoever did it: transaction search by time.

Sources: Transaction Search API, "Filtering Using submitTimeUtc" (ranges of Unix milliseconds, both
ends included by square brackets) and "Creating a Transaction Search Request" (sort, offset, limit
of at most 2,500); Transaction Details API ("If the response is an HTTP 404 status code, retry").
How late a transaction shows is not documented: windows overlap by more than the search lag.
"""

from collections.abc import Sequence
from datetime import UTC, timedelta

from tillbridge.canonical.errors import Misconfigured, Transient
from tillbridge.canonical.payments import Observation, Operation
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Looked, Poll, Pull
from tillbridge.connector.connector import Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.connector.time_windows import TimeWindow, WindowPlan
from tillbridge_cybersource.search import Listed, Search
from tillbridge_cybersource.settings import CybersourceSettings

PAYMENTS = "payments"
PAGE_MAX = 2_500
SPAN = timedelta(days=1)
"""After a pause so much time is asked for at once."""
_LEAST = {"pull_every_s": 0, "pull_overlap_s": 0, "pull_reach_days": 1, "search_lag_s": 0}
GIVES = (
    *("operation", "order_number", "amount", "currency", "submitted_at"),
    *("reason_code", "application"),
)


class Pulls:
    """The poll `payments`, and the pull that goes by it."""

    def __init__(self, search: Search, settings: CybersourceSettings, opening: Opening) -> None:
        """Raises Misconfigured for a page or a time that cannot be."""
        self._search = search
        self._page = settings.pull_page
        self._clock = opening.clock
        self._name = opening.connection
        _check(settings)
        lag = timedelta(seconds=settings.search_lag_s / opening.factor)
        self._plan = WindowPlan(
            lag=lag,
            overlap=lag + timedelta(seconds=settings.pull_overlap_s / opening.factor),
            reach=timedelta(days=settings.pull_reach_days),
            span=SPAN,
        )
        shape = DocumentShape(PAYMENTS, "Transactions of the account, by time", ())
        self.poll = Poll(PAYMENTS, shape, GIVES, self._changes)
        self.pull: Pull | None = None
        if settings.pull_every_s:
            every_s = settings.pull_every_s / opening.factor
            self.pull = Pull(every_s, self.poll, self._observe)

    async def _changes(self, call: Call, _fields: Fields, cursor: str) -> Changes:
        window = self._plan.window(cursor, call.now)
        if window is None:
            return Changes((), cursor)
        page = await self._search.between(
            call, window.since, window.until, offset=window.offset, limit=self._page
        )
        is_last = window.offset + len(page.rows) >= page.total
        if not page.rows and not is_last:
            raise Transient(
                f"{self._name}: search counts {page.total} transactions and shows none of them"
                f" from {window.offset} on.",
                reason="short_page",
            )
        shown = [row.submitted_at for row in page.rows]
        after, more = self._plan.after(window, shown, self._clock(), is_last=is_last)
        records = tuple(_record(row) for row in page.rows if row.operation is not None)
        return Changes(records, after, more, _looked(window, is_whole=is_last))

    async def _observe(self, call: Call, request_id: str) -> Sequence[Observation]:
        """One transaction; an authorization that was reversed since is UNDONE."""
        hit = await self._search.one(call, request_id)
        observation = self._search.observation(hit) if hit is not None else None
        if hit is None or observation is None:
            return ()
        if hit.operation is Operation.AUTHORIZATION and hit.held:
            for other_id in hit.related:
                other = await self._search.one(call, other_id)
                if other is not None and other.operation is Operation.REVERSAL and other.held:
                    return (self._search.decided(hit, undone=True),)
        return (observation,)


def _check(settings: CybersourceSettings) -> None:
    if not 1 <= settings.pull_page <= PAGE_MAX:
        raise Misconfigured(
            f"pull_page is {settings.pull_page}; a page has 1 to {PAGE_MAX} transactions.",
            reason="bad_setting",
            next_step="Leave it out, or write a number between.",
        )
    for name, least in _LEAST.items():
        if getattr(settings, name) < least:
            raise Misconfigured(
                f"{name} is {getattr(settings, name)}; it is at least {least}.",
                reason="bad_setting",
                next_step="Leave it out, or write a larger number.",
            )


def _record(row: Listed) -> ChangedRecord:
    submitted_at = row.submitted_at.astimezone(UTC).isoformat()
    fields = {
        "operation": row.operation.value if row.operation else "",
        "order_number": row.order_number,
        "amount": row.amount.text if row.amount else "",
        "currency": row.amount.currency if row.amount else "",
        "submitted_at": submitted_at,
        "reason_code": row.reason_code,
        "application": row.application,
    }
    return ChangedRecord(row.id, submitted_at, fields)


def _looked(window: TimeWindow, *, is_whole: bool) -> Looked:
    return Looked(window.start, window.until, is_whole)
