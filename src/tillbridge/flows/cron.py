"""Cron: the five fields of a crontab line, read strictly.

Minute, hour, day of month, month, day of week (0 and 7 are Sunday; names in English). `*`, lists,
ranges and steps. As in every cron, where day of month and day of week are both given, a day counts
that fits one of them. Source: crontab, POSIX.1-2017.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from tillbridge.canonical.errors import Misconfigured, Place
from tillbridge.mapping.text import Scalar, shown

MONTHS: Final = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    ("day of week", 0, 7, {name: number for number, name in enumerate(DAYS)}),
)
_DAYS_OF_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Cron:
    """A crontab line's five fields, as the numbers they name.

    Attributes:
        weekdays: 0 for Monday to 6 for Sunday, as Python counts.
        by_day, by_weekday: whether the day of month, the day of week is anything but `*`.
        every_hour: whether the hour is `*`: such a line goes by time that passes.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    by_day: bool
    by_weekday: bool
    every_hour: bool

    def has_day(self, day: date) -> bool:
        """Whether it names this day."""
        if day.month not in self.months:
            return False
        on_day, on_weekday = day.day in self.days, day.weekday() in self.weekdays
        if self.by_day and self.by_weekday:
            return on_day or on_weekday
        return on_day and on_weekday

    def has_time(self, at: time) -> bool:
        """Whether it names this minute."""
        return at.hour in self.hours and at.minute in self.minutes

    def times(self) -> tuple[time, ...]:
        """Every time of a day it names, ascending."""
        return tuple(
            time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)
        )


def read_cron(scalar: Scalar) -> Cron:
    """A crontab line. Raises Misconfigured at its place."""
    parts = scalar.text.lower().split()
    if len(parts) != len(_FIELDS):
        raise _wrong(
            scalar.place,
            f"{shown(scalar.text)} has {len(parts)} fields; a schedule has five.",
            "Write minute, hour, day of month, month and day of week, such as 0 6 * * 1-5.",
        )
    minutes, hours, days, months, weekdays = (
        _numbers(part, scalar.place, field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    by_day, by_weekday = (parts[at] != "*" for at in (2, 4))
    if not by_weekday and not any(
        day <= _DAYS_OF_MONTHS[month - 1] for day in days for month in months
    ):
        raise _wrong(
            scalar.place,
            f"{shown(scalar.text)} names a day that no year has.",
            "Name a day that the month has.",
        )
    return Cron(
        text=scalar.text,
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset((day - 1) % 7 for day in weekdays),
        by_day=by_day,
        by_weekday=by_weekday,
        every_hour=parts[1] == "*",
    )


def _numbers(
    part: str, place: Place, field: tuple[str, int, int, Mapping[str, int]]
) -> frozenset[int]:
    what, least, most, names = field
    found: set[int] = set()
    for item in part.split(","):
        span, slash, step = item.partition("/")
        first, dash, last = span.partition("-")
        low = least if span == "*" else _number(first, place, what, names)
        high = most if span == "*" or (slash and not dash) else low
        if dash:
            high = _number(last, place, what, names)
        width = _number(step, place, what, {}) if slash else 1
        if not (least <= low <= high <= most) or width < 1:
            raise _wrong(
                place,
                f"{shown(item)} is not a {what}: it goes from {least} to {most}.",
                "Mend it; see crontab(5).",
            )
        found.update(range(low, high + 1, width))
    return frozenset(found)


def _number(text: str, place: Place, what: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()) or len(text) > 2:
        raise _wrong(
            place,
            f"{shown(text)} is not a {what}.",
            f"Write a number{', or ' + ', '.join(names) if names else ''}.",
        )
    return int(text)


def _wrong(place: Place, message: str, next_step: str) -> Misconfigured:
    return Misconfigured(message, reason="bad_schedule", place=place, next_step=next_step)
