"""Recurring billing: what is kept of plans and subscriptions, and when a subscription is due."""

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tillbridge_simulators.cybersource.shelf import Shelf


@dataclass(slots=True)
class Recurring:
    """Plans and subscriptions by id; `codes` is the last one given out."""

    plans: Shelf = field(default_factory=Shelf)
    subscriptions: Shelf = field(default_factory=Shelf)
    codes: int = 0


def due_on(start_on: date, length: int, unit: str, cycle: int) -> date:
    """When cycle 1, 2, 3 ... is billed. A month without that day ends sooner, never later."""
    if unit in ("D", "W"):
        return start_on + timedelta(days=length * (cycle - 1) * (7 if unit == "W" else 1))
    months = length * (cycle - 1) * (12 if unit == "Y" else 1)
    year, month = divmod(start_on.year * 12 + start_on.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start_on.day, last))


def day_of(seconds: float) -> date:
    """The day of an instant, in UTC as everything here."""
    return datetime.fromtimestamp(seconds, UTC).date()
