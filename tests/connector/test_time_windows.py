"""Windows of time: whatever comes late, at the same moment, or in the middle of a page is told."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tillbridge.canonical.errors import Misconfigured
from tillbridge.connector.time_windows import TimeWindow, WindowPlan

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLAN = WindowPlan(
    lag=timedelta(seconds=60),
    overlap=timedelta(seconds=360),
    reach=timedelta(days=30),
    span=timedelta(days=1),
)
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Source:
    """Another system: rows with their moments, each shown from a later moment on."""

    rows: list[tuple[datetime, int, datetime]] = field(default_factory=list)
    asked: int = 0

    def add(self, at: datetime, late: timedelta = timedelta(0)) -> None:
        self.rows.append((at, len(self.rows), at + late))

    def ask(
        self, window: TimeWindow, now: datetime, limit: int
    ) -> tuple[list[tuple[datetime, int]], bool]:
        self.asked += 1
        shown = sorted(
            (at, number)
            for at, number, seen_from in self.rows
            if window.since <= at <= window.until and seen_from <= now
        )
        page = shown[window.offset : window.offset + limit]
        return page, window.offset + len(page) >= len(shown)


@dataclass
class Asker:
    """Asks a source again and again; remembers nothing but its cursor."""

    source: Source
    page: int = 3
    cut: bool = False
    cursor: str = ""
    told: list[int] = field(default_factory=list)

    def look(self, now: datetime, *, pages_max: int = 10_000) -> bool:
        """One look; whether there is more."""
        for _ in range(pages_max):
            window = PLAN.window(self.cursor, now)
            if window is None:
                return False
            rows, is_last = self.source.ask(window, now, self.page)
            shown = [at.replace(microsecond=0) if self.cut else at for at, _ in rows]
            self.told += [number for _, number in rows]
            self.cursor, more = PLAN.after(window, shown, now, is_last=is_last)
            if not more:
                return False
        return True


def test_a_window_is_closed_before_the_question_and_the_next_begins_before_its_end() -> None:
    first = PLAN.window("", NOON)
    assert first is not None
    assert first.until == NOON - PLAN.lag

    cursor, more = PLAN.after(first, [], NOON, is_last=True)
    second = PLAN.window(cursor, NOON + timedelta(seconds=300))

    assert not more
    assert second is not None
    assert second.start == first.until - PLAN.overlap
    assert second.until == NOON + timedelta(seconds=240)


def test_rows_of_one_moment_are_told_however_many_there_are() -> None:
    """I74, I75, I77: those at the cursor's own moment, and those of the moment the look began."""
    source = Source()
    asker = Asker(source)
    asker.look(NOON)
    bound = NOON - PLAN.lag
    for _ in range(10):
        source.add(bound)
        source.add(bound + MICROSECOND)

    asker.look(NOON + timedelta(seconds=300))

    assert set(asker.told) == set(range(20))


def test_what_appears_among_rows_already_seen_moves_nothing_out_of_sight() -> None:
    """I76: between two pages rows of earlier moments come up."""
    source = Source()
    asker = Asker(source)
    asker.look(NOON)
    for second in range(30):
        source.add(NOON + timedelta(seconds=second))
    now = NOON + timedelta(seconds=300)
    while asker.look(now, pages_max=1):
        source.add(NOON + timedelta(seconds=len(source.rows) % 20))
        now += timedelta(seconds=1)
        if len(source.rows) > 60:
            break
    asker.look(now)
    asker.look(now + timedelta(seconds=300))

    assert set(asker.told) == set(range(len(source.rows)))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_that_shows_within_lag_and_overlap(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 (a test's rows, not a secret)
    tolerated = PLAN.lag + PLAN.overlap
    source = Source()
    for _ in range(400):
        at = NOON + timedelta(seconds=draw.randrange(3600), microseconds=draw.choice((0, 0, 5)))
        source.add(at, draw.random() * tolerated)
    asker = Asker(source, page=draw.choice((1, 2, 7, 50)), cut=draw.random() < 0.5)
    now = NOON
    while now < NOON + timedelta(hours=2):
        asker.look(now, pages_max=draw.choice((1, 5, 1000)))
        now += timedelta(seconds=draw.choice((1, 60, 300)))
    asker.look(now)

    assert set(asker.told) == set(range(400))


def test_a_pause_is_caught_up_with_in_steps() -> None:
    source = Source()
    asker = Asker(source, page=100)
    asker.look(NOON)
    asked = source.asked
    source.add(NOON + timedelta(hours=1))
    source.add(NOON + timedelta(days=5))

    more = asker.look(NOON + timedelta(days=7), pages_max=3)

    assert (more, asker.told, source.asked - asked) == (True, [0], 3)
    asker.look(NOON + timedelta(days=7))
    assert asker.told == [0, 1]
    assert source.asked - asked == 7


def test_no_window_reaches_back_further_than_its_plan() -> None:
    settled, _ = PLAN.after(TimeWindow(NOON, NOON, NOON), [], NOON, is_last=True)
    window = PLAN.window(settled, NOON + timedelta(days=90))
    assert window is not None
    assert window.start == NOON + timedelta(days=60)


def test_before_there_is_anything_new_nothing_is_asked() -> None:
    settled, _ = PLAN.after(TimeWindow(NOON, NOON, NOON), [], NOON, is_last=True)
    assert PLAN.window(settled, NOON + PLAN.lag) is None


def test_a_cursor_keeps_the_instant_in_utc_and_to_the_microsecond() -> None:
    """I59, I60: an hour elsewhere is the same instant, and no digit is lost."""
    elsewhere = NOON.astimezone(timezone(timedelta(hours=7))) + 123_456 * MICROSECOND
    window = PLAN.window("", elsewhere)
    assert window is not None

    assert PLAN.window(window.cursor(), NOON + timedelta(days=1)) == window
    assert window.until == NOON - PLAN.lag + 123_456 * MICROSECOND


def test_a_cursor_of_another_poll_is_refused() -> None:
    with pytest.raises(Misconfigured, match="no cursor of a poll by time"):
        PLAN.window("4711", NOON)
