"""Planned times over both edges of summer time, and the calendars they go by."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.texts import CONNECTIONS

from tillbridge.canonical.errors import Misconfigured
from tillbridge.flows.bundle import TextFile
from tillbridge.flows.days import Days
from tillbridge.flows.folder import assemble
from tillbridge.flows.schedule import Schedule
from tillbridge.flows.trigger import OnSchedule

HOLIDAYS = TextFile("lookups/holidays.csv", "key,value\n2026-12-25,Christmas\n2026-12-31,Eve\n")
NEVER = TextFile("lookups/wrong.csv", "key,value\nChristmas,x\n")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC")
FEW_YEARS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31))


def schedule(text: str) -> Schedule:
    """The schedule of a flow with this text."""
    lines = "".join(f"  {line.strip()}\n" for line in text.split(";"))
    file = TextFile(
        "flows/f.yaml", f"flow: f\nlane: dynamics\nschedule:\n{lines}steps:\n  - stop: done\n"
    )
    found = assemble([file], [], [HOLIDAYS, NEVER], CONNECTIONS)
    for problem in found.problems:
        raise problem
    trigger = found.flows["f"].trigger
    assert isinstance(trigger, OnSchedule)
    return trigger.schedule


def starts(text: str, after: str, count: int = 5) -> list[str]:
    """The next starts as the wall clock of the schedule's zone shows them."""
    made = schedule(text)
    found = made.next_starts(datetime.fromisoformat(after).replace(tzinfo=UTC), count)
    return [f"{start.astimezone(made.zone):%Y-%m-%d %H:%M %Z}" for start in found]


@pytest.mark.complaint("I42b")
def test_a_time_that_the_clock_skips_starts_right_after_the_gap() -> None:
    assert starts("at: '02:30'; zone: Europe/Berlin", "2026-03-28T00:00", 3) == [
        "2026-03-28 02:30 CET",
        "2026-03-29 03:00 CEST",
        "2026-03-30 02:30 CEST",
    ]


@pytest.mark.complaint("I42b")
def test_a_time_that_the_clock_shows_twice_starts_once() -> None:
    assert starts("at: '02:30'; zone: Europe/Berlin", "2026-10-24T00:00", 3) == [
        "2026-10-24 02:30 CEST",
        "2026-10-25 02:30 CEST",
        "2026-10-26 02:30 CET",
    ]


def test_two_times_of_one_gap_start_once() -> None:
    made = starts("at: ['02:10', '02:50']; zone: Europe/Berlin", "2026-03-29T00:00", 2)
    assert made == ["2026-03-29 03:00 CEST", "2026-03-30 02:10 CEST"]


def test_a_gap_at_midnight_begins_the_day_later() -> None:
    assert starts("at: '00:00'; zone: America/Havana", "2026-03-07T12:00", 2) == [
        "2026-03-08 01:00 CDT",
        "2026-03-09 00:00 CDT",
    ]


@pytest.mark.parametrize("night", ["2026-03-29T00:30", "2026-10-25T00:00"])
def test_every_quarter_of_an_hour_is_a_quarter_of_an_hour(night: str) -> None:
    made = schedule("cron: '*/15 * * * *'; zone: Europe/Berlin")
    found = made.next_starts(datetime.fromisoformat(night).replace(tzinfo=UTC), 24)
    assert {later - start for start, later in pairwise(found)} == {timedelta(minutes=15)}


def test_a_step_of_hours_is_a_plan_by_the_clock() -> None:
    made = starts("cron: '0 */2 * * *'; zone: Europe/Berlin", "2026-10-24T23:00", 3)
    assert made == ["2026-10-25 02:00 CEST", "2026-10-25 04:00 CET", "2026-10-25 06:00 CET"]


@settings(max_examples=40)
@given(at=st.times(), after=FEW_YEARS, zone=st.sampled_from(ZONES))
@pytest.mark.complaint("I42")
def test_a_daily_time_starts_once_on_each_day_of_the_wall_clock(
    at: time, after: datetime, zone: str
) -> None:
    minute = at.replace(second=0, microsecond=0)
    made = schedule(f"at: '{minute:%H:%M}'; zone: {zone}")
    found = made.next_starts(after.replace(tzinfo=UTC), 400)
    days = [start.astimezone(made.zone).date() for start in found]
    assert all(later - day == timedelta(days=1) for day, later in pairwise(days))
    shown = [start.astimezone(made.zone).time() for start in found]
    assert sum(each != minute for each in shown) <= 2


LINES = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["0", "*/7", "5,35", "10-20/3"]),
        st.sampled_from(["6", "*/5", "9-17", "0,12"]),
        st.sampled_from(["*", "1", "29", "10-12", "*/9"]),
        st.sampled_from(["*", "2", "jan,jul", "4-6"]),
        st.sampled_from(["*", "1-5", "0", "mon,fri"]),
    ),
)


@settings(max_examples=60)
@given(line=LINES, after=FEW_YEARS)
def test_a_crontab_line_means_what_it_means_elsewhere(line: str, after: datetime) -> None:
    theirs = croniter(line, after)
    wanted = [theirs.get_next(datetime) for _ in range(5)]
    found = schedule(f"cron: '{line}'; zone: UTC").next_starts(after.replace(tzinfo=UTC))
    assert [start.replace(tzinfo=None) for start in found] == wanted


def test_a_crontab_knows_sunday_by_two_numbers() -> None:
    assert schedule("cron: '0 6 * * 7'; zone: UTC").cron is not None
    assert starts("cron: '0 6 * * 7'; zone: UTC", "2026-11-21T00:00") == starts(
        "cron: '0 6 * * 0'; zone: UTC", "2026-11-21T00:00"
    )


def test_working_days_leave_out_weekends_and_holidays() -> None:
    text = "at: '09:00'; zone: Europe/Berlin; days: working_days; holidays: holidays"
    assert [start[:10] for start in starts(text, "2026-12-23T12:00", 4)] == [
        "2026-12-24",
        "2026-12-28",
        "2026-12-29",
        "2026-12-30",
    ]


def test_the_last_working_day_of_a_month_moves_before_holidays_and_weekends() -> None:
    text = "at: '18:00'; zone: Europe/Berlin; days: last_working_day; holidays: holidays"
    assert [start[:10] for start in starts(text, "2026-10-01T00:00", 4)] == [
        "2026-10-30",
        "2026-11-30",
        "2026-12-30",
        "2027-01-29",
    ]


def test_the_first_working_day_and_the_last_day_of_a_month() -> None:
    first = "at: '06:00'; zone: UTC; days: first_working_day"
    assert [start[:10] for start in starts(first, "2026-07-31T12:00", 2)] == [
        "2026-08-03",
        "2026-09-01",
    ]
    last = "at: '06:00'; zone: UTC; days: last_day_of_month"
    assert [start[:10] for start in starts(last, "2028-01-31T12:00", 2)] == [
        "2028-02-29",
        "2028-03-31",
    ]


def test_weekdays_and_days_of_the_month_narrow() -> None:
    text = "at: '06:00'; zone: UTC; weekdays: [friday]; days_of_month: [13]"
    assert [start[:10] for start in starts(text, "2026-01-01T00:00", 3)] == [
        "2026-02-13",
        "2026-03-13",
        "2026-11-13",
    ]


def test_a_day_that_comes_every_eight_years_is_found() -> None:
    assert starts("cron: '0 0 29 2 *'; zone: UTC", "2096-03-01T00:00", 1)[0][:10] == "2104-02-29"


def test_days_that_never_come_together_never_start() -> None:
    made = schedule("at: '06:00'; zone: UTC; days: last_day_of_month; days_of_month: [5]")
    assert made.after(datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_what_was_planned_between_two_moments_is_told() -> None:
    made = schedule("at: '06:00'; zone: UTC")
    after, until = datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 1, 3, 6, tzinfo=UTC)
    assert list(made.planned_between(after, until)) == [after + timedelta(days=1), until]


def test_a_calendar_knows_its_working_days() -> None:
    days = Days(holidays=frozenset({date(2026, 12, 25)}))
    assert not days.works(date(2026, 12, 25))
    assert not days.works(date(2026, 12, 26))
    assert days.works(date(2026, 12, 28))


@pytest.mark.complaint("I42")
def test_a_schedule_names_its_zone() -> None:
    assert schedule("at: '06:00'; zone: Asia/Kathmandu").zone == ZoneInfo("Asia/Kathmandu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at: '06:00'", "The field 'zone' is missing."),
        ("zone: UTC", "One of at, cron is missing."),
        ("at: '06:00'; cron: '0 6 * * *'; zone: UTC", "at and cron exclude each other."),
        ("at: '06:00'; zone: Europe/Berlim", "Did you mean 'Europe/Berlin'?"),
        ("at: '6:00'; zone: UTC", "'6:00' is not a time."),
        ("at: ['06:00', '06:00']; zone: UTC", "06:00 stands here twice."),
        ("at: []; zone: UTC", "There is no time here."),
        ("cron: '0 6 * *'; zone: UTC", "has 4 fields; a schedule has five."),
        ("cron: '60 6 * * *'; zone: UTC", "'60' is not a minute: it goes from 0 to 59."),
        ("cron: '5-3 6 * * *'; zone: UTC", "'5-3' is not a minute"),
        ("cron: '*/0 6 * * *'; zone: UTC", "'*/0' is not a minute"),
        ("cron: '0 6 L * *'; zone: UTC", "'l' is not a day of month."),
        ("cron: '0 6 30 2 *'; zone: UTC", "names a day that no year has."),
        ("cron: '0 6 * * someday'; zone: UTC", "'someday' is not a day of week."),
        ("at: '06:00'; zone: UTC; holidays: holiday", "Did you mean 'holidays'?"),
        ("at: '06:00'; zone: UTC; holidays: wrong", "'Christmas' is not a date."),
        ("at: '06:00'; zone: UTC; days: workdays", "There is no value of days 'workdays'. Did you"),
        ("at: '06:00'; zone: UTC; weekdays: [fryday]", "There is no weekday 'fryday'. Did you"),
        ("at: '06:00'; zone: UTC; days_of_month: [32]", "'32' is not a whole number from 1 to 31."),
        (
            "at: '06:00'; zone: UTC; days: last_day_of_month; holidays: holidays",
            "A month whose last day is a holiday would be left out.",
        ),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        schedule(text)
    assert message in str(caught.value)
