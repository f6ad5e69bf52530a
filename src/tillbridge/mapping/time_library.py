"""The functions about dates, times and zones: what they take and give, with a true example."""

from typing import Final

from tillbridge.mapping import time_functions as times
from tillbridge.mapping.function import TEXT_PARAMETER, WHOLE, Function, Parameter
from tillbridge.mapping.value_type import DATE, INSTANT, TEXT

_ZONE: Final = Parameter("zone", literal=times.check_zone)
_FORMAT: Final = Parameter("format", literal=times.check_format)

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
        (TEXT_PARAMETER,),
        DATE,
        "A date from text such as 2026-11-21.",
        "date_from('2026-11-21') < date_from('2026-11-22')",
        times.day_from,
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
        "A date written with %Y %y %m %d %j.",
        "date_format(date_from('2026-11-21'), '%m/%d/%Y') == '11/21/2026'",
        times.date_format,
    ),
    Function(
        "instant_format",
        (Parameter("instant", ("instant",)), _FORMAT, _ZONE),
        TEXT,
        "An instant written with the codes of date_format and %H %M %S %f, in a time zone.",
        "instant_format(instant_from('2026-11-21T09:30:00Z'), '%H:%M', 'UTC') == '09:30'",
        times.instant_format,
    ),
    Function(
        "instant",
        (TEXT_PARAMETER, _FORMAT, _ZONE),
        INSTANT,
        "An instant from local text; of an hour that comes twice, the earlier one.",
        "text(instant('21.11.2026 09:30', '%d.%m.%Y %H:%M', 'UTC')) == '2026-11-21T09:30:00Z'",
        times.instant,
    ),
    Function(
        "instant_from",
        (TEXT_PARAMETER,),
        INSTANT,
        "An instant from RFC 3339 text with its offset.",
        "text(instant_from('2026-11-21T10:30:00+01:00')) == '2026-11-21T09:30:00Z'",
        times.instant_from,
    ),
)
"""In the order of the reference page."""
