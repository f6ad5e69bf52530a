"""What the date and time functions of the mapping language do. `functions` declares them.

Formats are written with a few strict codes, the same for reading and writing: %Y %m %d %H %M %S
%y %j %f %%. Names of months and days are left out: they depend on a language.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tillbridge.canonical.errors import Rejected

_WRITTEN: dict[str, Callable[[datetime], str]] = {
    "Y": lambda at: f"{at.year:04d}",
    "y": lambda at: f"{at.year % 100:02d}",
    "m": lambda at: f"{at.month:02d}",
    "d": lambda at: f"{at.day:02d}",
    "j": lambda at: f"{at.timetuple().tm_yday:03d}",
    "H": lambda at: f"{at.hour:02d}",
    "M": lambda at: f"{at.minute:02d}",
    "S": lambda at: f"{at.second:02d}",
    "f": lambda at: f"{at.microsecond:06d}",
    "%": lambda _: "%",
}
_TIME_CODES = frozenset("HMSf")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_DAYS_MAX = 4_000_000


def day_of(instant: datetime, zone: str) -> date:
    """The calendar day in a zone."""
    return _local(instant, zone).date()


def day_from(text: str) -> date:
    """A date written 2026-11-21. Raises Rejected."""
    if _ISO_DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise Rejected(
        f"{text[:40]!r} is not a date.",
        reason="bad_date",
        next_step="Write year, month and day: 2026-11-21.",
    )


def plus_days(day: date, days: int) -> date:
    """The day so many days later. Raises Rejected outside the calendar."""
    try:
        return day + timedelta(days=max(-_DAYS_MAX, min(days, _DAYS_MAX)))
    except OverflowError:
        raise Rejected(f"{days} days from {day} is no date.", reason="bad_date") from None


def date_format(day: date, pattern: str) -> str:
    """A date written by a format. Raises Rejected for codes of the time of day."""
    for code in codes_of(pattern):
        if code in _TIME_CODES:
            raise Rejected(
                f"A date has no %{code}.",
                reason="bad_format",
                next_step="Write an instant with instant_format(instant, format, zone).",
            )
    return _written(datetime(day.year, day.month, day.day, tzinfo=UTC), pattern)


def instant_format(instant: datetime, pattern: str, zone: str) -> str:
    """An instant written by a format, in a zone."""
    return _written(_local(instant, zone), pattern)


def instant(text: str, pattern: str, zone: str) -> datetime:
    """The earlier of two when the clock was set back in that hour."""
    if "%Y" not in codes_with_percent(pattern):
        raise Rejected(f"The format {pattern!r} does not say the year (%Y).", reason="bad_format")
    python = "".join(piece for _, piece in _pieces(pattern))
    try:
        local = datetime.strptime(text, python)  # the zone follows below
    except ValueError:
        raise _not_in_form(text, pattern) from None
    if _written(local.replace(tzinfo=UTC), pattern) != text:
        raise _not_in_form(text, pattern)
    found = _local(local.replace(tzinfo=_zone(zone)), "UTC").replace(tzinfo=UTC)
    if _local(found, zone).replace(tzinfo=None) != local:
        raise Rejected(
            f"{text!r} does not exist in {zone}: clocks were set forward over it.",
            reason="bad_instant",
        )
    return found


def instant_from(text: str) -> datetime:
    """An instant in RFC 3339 with its offset ("2026-11-21T09:30:00Z"). Raises Rejected."""
    try:
        found = datetime.fromisoformat(text) if _ISO_INSTANT.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise Rejected(
            f"{text[:40]!r} is not an instant.",
            reason="bad_instant",
            next_step="Write it with its offset: 2026-11-21T09:30:00Z.",
        )
    return _local(found, "UTC").replace(tzinfo=UTC)


def instant_text(instant: datetime) -> str:
    """RFC 3339, UTC, with a Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def check_zone(name: str) -> None:
    """Raises Rejected unless it is a time zone."""
    _zone(name)


def check_format(pattern: str) -> None:
    """Raises Rejected unless every % code is one we read."""
    codes_of(pattern)


def codes_of(pattern: str) -> list[str]:
    """The letters of the codes in a format. Raises Rejected for one we do not read."""
    return [code for code, _ in _pieces(pattern) if code]


def codes_with_percent(pattern: str) -> set[str]:
    """The codes as they are written: %Y, %m."""
    return {f"%{code}" for code in codes_of(pattern)}


@lru_cache(maxsize=256)
def _pieces(pattern: str) -> tuple[tuple[str, str], ...]:
    """Code letter ("" for plain text) and what stands there, in order."""
    if len(pattern) > 100:
        raise Rejected("A format has at most 100 characters.", reason="bad_format")
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(pattern):
        if pattern[at] != "%":
            found.append(("", pattern[at]))
            at += 1
            continue
        code = pattern[at + 1 : at + 2]
        if code not in _WRITTEN:
            raise Rejected(
                f"%{code} is not read in a format.",
                reason="bad_format",
                next_step=f"Use {' '.join(f'%{known}' for known in _WRITTEN)}.",
            )
        found.append((code, f"%{code}"))
        at += 2
    return tuple(found)


def _local(instant: datetime, zone: str) -> datetime:
    try:
        return instant.astimezone(_zone(zone))
    except OverflowError:
        raise Rejected(
            f"{instant} is outside the calendar in {zone}.", reason="bad_instant"
        ) from None


def _written(at: datetime, pattern: str) -> str:
    return "".join(_WRITTEN[code](at) if code else piece for code, piece in _pieces(pattern))


@lru_cache(maxsize=128)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Rejected(
            f"{name[:60]!r} is not a time zone.",
            reason="bad_zone",
            next_step=_near_zone(name),
        ) from None


def _near_zone(name: str) -> str:
    near = get_close_matches(name[:60], sorted(available_timezones()), n=1)
    return f"Did you mean {near[0]!r}?" if near else "Use a name such as America/New_York or UTC."


def _not_in_form(text: str, pattern: str) -> Rejected:
    return Rejected(f"{text[:60]!r} is not written in the form {pattern!r}.", reason="bad_instant")
