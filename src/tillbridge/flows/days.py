"""Days: which days of a calendar a schedule counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

DayOf: TypeAlias = Literal[
    "every_day",
    "working_days",
    "first_working_day",
    "last_working_day",
    "last_day_of_month",
]

WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Days:
    """Which days count.

    Attributes:
        kind: which of the days that `weekdays` and `of_month` leave.
        weekdays: 0 for Monday to 6 for Sunday; empty: all.
        of_month: 1 to 31; empty: all.
        holidays: days that are not working days, whatever weekday they are.
        working_only: a holiday never counts, whatever else is said.
    """

    kind: DayOf = "every_day"
    weekdays: frozenset[int] = frozenset()
    of_month: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()
    working_only: bool = False

    def include(self, day: date) -> bool:
        """Whether this day counts."""
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        if self.of_month and day.day not in self.of_month:
            return False
        if self.working_only and day in self.holidays:
            return False
        match self.kind:
            case "every_day":
                return True
            case "working_days":
                return self.works(day)
            case "last_day_of_month":
                return (day + timedelta(days=1)).day == 1
            case "first_working_day":
                return self.works(day) and not any(map(self.works, _before(day)))
            case "last_working_day":
                return self.works(day) and not any(map(self.works, _behind(day)))

    def works(self, day: date) -> bool:
        """Whether this is a working day: Monday to Friday and no holiday."""
        return day.weekday() < _SATURDAY and day not in self.holidays


def _before(day: date) -> Iterator[date]:
    """The earlier days of its month."""
    return (day.replace(day=number) for number in range(1, day.day))


def _behind(day: date) -> Iterator[date]:
    """The later days of its month."""
    later = day + timedelta(days=1)
    while later.month == day.month:
        yield later
        later += timedelta(days=1)
