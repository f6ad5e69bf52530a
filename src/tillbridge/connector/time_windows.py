"""Windows of time, for polls of systems that can only be asked what happened between two moments.

    |----- settled -----|
                  |--- window ---|           the bound is read before the question
                  overlap        until       what shows later than that is in the next window

Nothing is left out: a window begins before the end of the last one, by more than the other side is
late; both its ends belong to it; its pages go on from the moment of the last record seen, not from
a count of records, so that what appears among those already seen moves nothing out of sight.
Records come again where windows and pages overlap: their ids tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tillbridge.canonical.errors import Misconfigured

_OPEN = "open"
_SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """What is asked next, all UTC.

    Attributes:
        start, until: the whole window; both belong to it.
        since: where this page begins: `start`, or the moment of the last record seen.
        offset: records from `since` on that earlier pages have shown already.
    """

    start: datetime
    until: datetime
    since: datetime
    offset: int = 0

    def cursor(self) -> str:
        """In the middle of this window, as text."""
        return f"{_OPEN} {_text(self.start)} {_text(self.until)} {_text(self.since)} {self.offset}"


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """How windows follow each other.

    Attributes:
        lag: what is younger is not asked for yet.
        overlap: a window begins so long before the end of the last one.
        reach: no window begins longer ago than that.
        span: no window reaches further than so long behind what is settled: after a pause, what
            was missed is asked for in steps.
    """

    lag: timedelta
    overlap: timedelta
    reach: timedelta
    span: timedelta

    def window(self, cursor: str, now: datetime) -> TimeWindow | None:
        """What to ask now; None when it is too early for more. "" begins with the last overlap.

        Raises:
            Misconfigured: the cursor is none of ours.
        """
        bound = now.astimezone(UTC) - self.lag
        if not cursor:
            return TimeWindow(bound - self.overlap, bound, bound - self.overlap)
        read = _read(cursor)
        if isinstance(read, TimeWindow):
            return read
        if bound <= read:
            return None
        start = max(read - self.overlap, now.astimezone(UTC) - self.reach)
        until = min(bound, max(read, start) + self.span)
        return TimeWindow(start, until, start)

    def after(
        self, window: TimeWindow, shown: Sequence[datetime], now: datetime, *, is_last: bool
    ) -> tuple[str, bool]:
        """The cursor behind a page, and whether there is more to ask now: another page, or, after
        a pause, another window.

        Args:
            shown: the moments of the page's records, at least one unless it is the last; they may
                be cut to whole seconds.
            is_last: the window has no further records.
        """
        if is_last:
            behind = now.astimezone(UTC) - self.lag - window.until
            return f"{_SETTLED} {_text(window.until)}", behind > self.overlap
        newest = max(shown)
        if newest > window.since:
            return replace(window, since=newest, offset=0).cursor(), True
        return replace(window, offset=window.offset + len(shown)).cursor(), True


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _read(cursor: str) -> TimeWindow | datetime:
    """The window a cursor stands in, or up to when all is settled."""
    try:
        match cursor.split(" "):
            case ["open", start, until, since, offset]:
                return TimeWindow(_moment(start), _moment(until), _moment(since), int(offset))
            case ["settled", until]:
                return _moment(until)
    except ValueError:
        pass
    raise Misconfigured(
        f"{cursor!r} is no cursor of a poll by time.",
        reason="bad_cursor",
        next_step="It was kept for another poll: give the flow another name.",
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
