"""The functions about dates, times and zones: what they take and give, with a true example."""

from typing import Final

from tillbridge.mapping import time_functions as times
from tillbridge.mapping.function import TEXT_PARAMETER, WHOLE, Function, Parameter
from tillbridge.mapping.value_type import DATE, DECIMAL, INSTANT, TEXT

_ZONE: Final = Parameter("zone", literal=times.check_zone)
_FORMAT: Final = Parameter("format", literal=times.check_format)
_TWICE: Final = Parameter("twice", literal=times.check_twice)
_SKIPPED: Final = Parameter("skipped", literal=times.check_skipped)

TIME_FUNCTIONS: Final = (
    Function(
        "date",
        (Parameter("instant", ("instant",)), _ZONE),
        DATE,
        "The calendar day of an instant in a time zone.",
        "text(date(instant_from('2026-01-01T02:00:00Z'), 'America/New_York')) == '2025-12-31'",
        times.day_of,
    ),
    Function(
        "date_from",
        (TEXT_PARAMETER, _FORMAT),
        DATE,
        "A date from text such as 2026-11-21, or from text written by a format.",
        "date_from('2026-11-21') == date_from('11/21/26', '%m/%d/%y')",
        times.day_from,
        optional=1,
    ),
    Function(
        "plus_days",
        (Parameter("date", ("date",)), Parameter("days", WHOLE)),
        DATE,
        "So many days later (or, below zero, earlier).",
        "text(plus_days(date_from('2026-02-27'), 2)) == '2026-03-01'",
        times.plus_days,
    ),
    Function(
        "date_format",
        (Parameter("date", ("date",)), _FORMAT),
        TEXT,
        "A date written with %Y %y %m %d %j; %% is a per cent sign.",
        "date_format(date_from('2026-11-21'), '%m/%d/%Y') == '11/21/2026'",
        times.date_format,
    ),
    Function(
        "instant_format",
        (Parameter("instant", ("instant",)), _FORMAT, _ZONE),
        TEXT,
        "An instant written in a time zone with the codes of date_format and %H %M %S %I %p %f %z.",
        "instant_format(instant_from('2026-11-21T14:30:00Z'), '%I:%M %p %z', 'America/New_York')"
        " == '09:30 AM -05:00'",
        times.instant_format,
    ),
    Function(
        "instant",
        (TEXT_PARAMETER, _FORMAT, _ZONE, _TWICE, _SKIPPED),
        INSTANT,
        "An instant from local text; with %z its own offset counts and not the zone. A local time"
        " that comes twice is refused unless 'earlier' or 'later' is said, one that the clock skips"
        " unless 'forward' is.",
        "text(instant('25.10.2026 02:30', '%d.%m.%Y %H:%M', 'Europe/Berlin', 'later'))"
        " == '2026-10-25T01:30:00Z'",
        times.instant,
        optional=2,
    ),
    Function(
        "instant_from",
        (TEXT_PARAMETER,),
        INSTANT,
        "An instant from RFC 3339 text with its offset.",
        "text(instant_from('2026-11-21T10:30:00+01:00')) == '2026-11-21T09:30:00Z'",
        times.instant_from,
    ),
    Function(
        "instant_from_unix",
        (Parameter("seconds", ("integer", "decimal")),),
        INSTANT,
        "An instant from the seconds since 1970 began in UTC.",
        "text(instant_from_unix(1795255800)) == '2026-11-21T10:10:00Z'",
        times.instant_from_unix,
    ),
    Function(
        "unix_seconds",
        (Parameter("instant", ("instant",)),),
        DECIMAL,
        "The seconds since 1970 began in UTC, to the microsecond.",
        "unix_seconds(instant_from('1970-01-01T00:01:00.5Z')) == 60.5",
        times.unix_seconds,
    ),
    Function(
        "plus_seconds",
        (Parameter("instant", ("instant",)), Parameter("seconds", WHOLE)),
        INSTANT,
        "So many seconds later (or, below zero, earlier).",
        "text(plus_seconds(instant_from('2026-11-21T09:30:00Z'), 3600)) == '2026-11-21T10:30:00Z'",
        times.plus_seconds,
    ),
)
"""In the order of the reference page."""
