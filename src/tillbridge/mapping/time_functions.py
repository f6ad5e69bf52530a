"""What the date and time functions of the mapping language do. `functions` declares them.

Formats are written with a few strict codes, the same for reading and writing: %Y %m %d %H %M %S
%y %j %I %p %f %z %%. Names of months and days are left out: they depend on a language. A two-digit
year is of 1969 to 2068, as POSIX has it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tillbridge.canonical.errors import Rejected

_TIME_CODES = frozenset("HMSIpfz")
TWICE = ("earlier", "later", "refuse")
SKIPPED = ("forward", "refuse")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_DAYS_MAX = 4_000_000
_UNIX_START = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_MAX = Decimal(10) ** 18


def day_of(instant: datetime, zone: str) -> date:
    """The calendar day in a zone."""
    return _local(instant, zone).date()


def day_from(text: str, pattern: str = "") -> date:
    """A date written 2026-11-21, or by a format. Raises Rejected."""
    if pattern:
        _refuse_time_codes(pattern)
        return _read(text, pattern).date()
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


def plus_seconds(at: datetime, seconds: int) -> datetime:
    """The instant so many seconds later. Raises Rejected outside the calendar."""
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        raise Rejected(
            f"{seconds} seconds from {at} is no instant.", reason="bad_instant"
        ) from None


def date_format(day: date, pattern: str) -> str:
    """A date written by a format. Raises Rejected for codes of the time of day."""
    _refuse_time_codes(pattern)
    return _written(datetime(day.year, day.month, day.day, tzinfo=UTC), pattern)


def instant_format(instant: datetime, pattern: str, zone: str) -> str:
    """An instant written by a format, in a zone."""
    return _written(_local(instant, zone), pattern)


def instant(
    text: str, pattern: str, zone: str, twice: str = "refuse", skipped: str = "refuse"
) -> datetime:
    """An instant from local text.

    A local time that comes twice, because the clock was set back, or never, because it was set
    forward, is refused unless it is said what is meant: the earlier or later of the two; the
    time that much further on. Raises Rejected.
    """
    check_twice(twice)
    check_skipped(skipped)
    read = _read(text, pattern)
    if read.tzinfo is not None:
        return _local(read, "UTC").replace(tzinfo=UTC)
    early, late = (
        _local(read.replace(tzinfo=_zone(zone), fold=fold), "UTC").replace(tzinfo=UTC)
        for fold in (0, 1)
    )
    if early == late:
        return early
    if early < late:
        if twice == "refuse":
            raise Rejected(
                f"{text!r} comes twice in {zone}: clocks were set back over it.",
                reason="bad_instant",
                next_step="Say which is meant: instant(text, format, zone, 'earlier'), or 'later'.",
            )
        return early if twice == "earlier" else late
    if skipped == "refuse":
        raise Rejected(
            f"{text!r} does not exist in {zone}: clocks were set forward over it.",
            reason="bad_instant",
            next_step="Correct it, or say instant(text, format, zone, 'refuse', 'forward').",
        )
    return early


def unix_seconds(instant: datetime) -> Decimal:
    """Seconds since 1970 began in UTC, exactly."""
    since = instant - _UNIX_START
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds).scaleb(-6)


def instant_from_unix(seconds: int | Decimal) -> datetime:
    """The instant so many seconds after 1970 began. Raises Rejected outside the calendar."""
    micros = Decimal(seconds).scaleb(6)
    if abs(micros) < _UNIX_MAX and micros == micros.to_integral_value():
        try:
            return _UNIX_START + timedelta(microseconds=int(micros))
        except OverflowError:
            pass
    raise Rejected(
        f"{str(seconds)[:40]} is no number of seconds since 1970.",
        reason="bad_instant",
        next_step="Milliseconds are divided first: divide(value, 1000, 3, 'down').",
    )


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


def check_twice(word: str) -> None:
    """Raises Rejected unless it says which of two equal local times is meant."""
    _one_of(word, TWICE)


def check_skipped(word: str) -> None:
    """Raises Rejected unless it says what a local time that does not exist is."""
    _one_of(word, SKIPPED)


def _one_of(word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise Rejected(
            f"{word[:40]!r} is not one of the choices.",
            reason="bad_argument",
            next_step=f"Use {' or '.join(words)}.",
        )


def codes_of(pattern: str) -> list[str]:
    """The letters of the codes in a format. Raises Rejected for one we do not read."""
    return [code for code, _ in _pieces(pattern) if code]


def _refuse_time_codes(pattern: str) -> None:
    for code in codes_of(pattern):
        if code in _TIME_CODES:
            raise Rejected(
                f"A date has no %{code}.",
                reason="bad_format",
                next_step="Instants are read by instant(...) and written by instant_format(...).",
            )


def _read(text: str, pattern: str) -> datetime:
    """What is written by a format, naive unless it says its offset. Raises Rejected."""
    codes = set(codes_of(pattern))
    if not codes & {"Y", "y"}:
        raise Rejected(f"The format {pattern!r} does not say the year (%Y).", reason="bad_format")
    if "j" not in codes and not {"m", "d"} <= codes:
        raise Rejected(f"The format {pattern!r} does not say the day (%m %d).", reason="bad_format")
    if "I" in codes and "p" not in codes:
        raise Rejected(
            f"The format {pattern!r} does not say which half of the day its hour is in.",
            reason="bad_format",
            next_step="Use %H for hours to 24, or add %p.",
        )
    try:
        found = datetime.strptime(text, "".join(piece for _, piece in _pieces(pattern)))
    except ValueError:
        raise _not_in_form(text, pattern) from None
    if _written(found, pattern) != text:
        raise _not_in_form(text, pattern)
    return found


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


def _offset(at: datetime) -> str:
    offset = at.utcoffset() or timedelta()
    minutes, seconds = divmod(abs(round(offset.total_seconds())), 60)
    if seconds:
        raise Rejected(f"{at} has no offset in whole minutes.", reason="bad_instant")
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


_WRITTEN: dict[str, Callable[[datetime], str]] = {
    "Y": lambda at: f"{at.year:04d}",
    "y": lambda at: f"{at.year % 100:02d}",
    "m": lambda at: f"{at.month:02d}",
    "d": lambda at: f"{at.day:02d}",
    "j": lambda at: f"{at.timetuple().tm_yday:03d}",
    "H": lambda at: f"{at.hour:02d}",
    "M": lambda at: f"{at.minute:02d}",
    "S": lambda at: f"{at.second:02d}",
    "I": lambda at: f"{at.hour % 12 or 12:02d}",
    "p": lambda at: "AM" if at.hour < 12 else "PM",
    "f": lambda at: f"{at.microsecond:06d}",
    "z": _offset,
    "%": lambda _: "%",
}


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
