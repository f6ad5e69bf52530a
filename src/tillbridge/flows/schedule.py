"""Schedules: at which instants a flow starts, by the clock on the wall of a named zone.

A wall clock skips an hour in spring and shows one twice in autumn. A planned time that the clock
skips starts at the first instant after the gap; one that it shows twice starts at the first of the
two. A schedule that goes by every hour or minute goes by time that passes: it neither misses nor
repeats an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

from tillbridge.canonical.errors import Place
from tillbridge.flows.cron import Cron
from tillbridge.flows.days import Days

DAYS_AHEAD_MAX: Final = 366 * 9
"""How far the next start is looked for: over eight years without a 29th of February."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a flow starts.

    Attributes:
        days: the days that count.
        times: the wall clock's times on such a day, ascending; empty when `cron` says them.
        cron: an expression of five fields; None when `times` are given.
        zone: an IANA time zone.
        missed: what follows a time when nothing ran: "once" starts one run for all that was
            missed, "all" one for each, "skip" none.
    """

    days: Days
    times: tuple[time, ...]
    cron: Cron | None
    zone: ZoneInfo
    missed: Literal["once", "all", "skip"]
    place: Place

    def after(self, instant: datetime) -> datetime | None:
        """The first start later than an instant; None when there is none for years. UTC."""
        return next(self.starts(instant), None)

    def starts(self, instant: datetime) -> Iterator[datetime]:
        """Every start later than an instant, ascending, UTC."""
        day = (instant.astimezone(self.zone) - timedelta(days=1)).date()
        last = day + timedelta(days=DAYS_AHEAD_MAX)
        before = instant.astimezone(UTC)
        while day < last:
            for start in self._of(day) if self._counts(day) else ():
                if start > before:
                    before, last = start, day + timedelta(days=DAYS_AHEAD_MAX)
                    yield start
            day += timedelta(days=1)

    def next_starts(self, instant: datetime, count: int = 5) -> tuple[datetime, ...]:
        """The next starts after an instant, UTC, for people."""
        return tuple(islice(self.starts(instant), count))

    def planned_between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every start later than `after` and not later than `until`, UTC."""
        for start in self.starts(after):
            if start > until:
                return
            yield start

    def _counts(self, day: date) -> bool:
        return self.days.include(day) and (self.cron is None or self.cron.has_day(day))

    def _of(self, day: date) -> list[datetime]:
        """The starts of one day of the wall clock, ascending."""
        if self.cron is None:
            return sorted({self._once(day, at) for at in self.times})
        if not self.cron.every_hour:
            return sorted({self._once(day, at) for at in self.cron.times()})
        return list(self._passing(day, self.cron))

    def _once(self, day: date, at: time) -> datetime:
        """The one instant of a planned time. Python reads a skipped one by the offset that held
        before the gap, which is exactly as long after the gap as was planned after its start; so
        the gap's end is looked for."""
        local = datetime.combine(day, at, self.zone)
        instant = local.astimezone(UTC)
        if instant.astimezone(self.zone).replace(tzinfo=None) == local.replace(tzinfo=None):
            return instant
        return _end_of_gap(local, self.zone)

    def _passing(self, day: date, cron: Cron) -> Iterator[datetime]:
        """Every minute that passes on that day and that the expression names."""
        start = self._once(day, time())
        end = self._once(day + timedelta(days=1), time())
        at = start
        while at < end:
            shown = at.astimezone(self.zone)
            if cron.has_time(shown.time()):
                yield at
            at += timedelta(minutes=1)


def _end_of_gap(local: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the gap that swallows a wall clock's time, to the second."""
    early = local.replace(fold=1).astimezone(UTC)
    late = local.replace(fold=0).astimezone(UTC)
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        middle = middle.replace(microsecond=0)
        if middle <= early:
            break
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late
