"""Times in the reader's zone, lengths of time in words, money with its currency."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tillbridge.canonical.money import Money
from tillbridge.cli.printing import age, cell_of, clean, span


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_an_instant_is_shown_in_the_readers_zone_summer_and_winter() -> None:
    assert cell_of(datetime(2026, 1, 2, 12, tzinfo=UTC)) == "2026-01-02 13:00:00 CET"
    assert cell_of(datetime(2026, 7, 2, 12, tzinfo=UTC)) == "2026-07-02 14:00:00 CEST"


def test_money_is_shown_with_its_currency_and_all_its_digits() -> None:
    assert cell_of(Money.of("1234.50", "USD")) == "1,234.50 USD"
    assert cell_of(Money.of("1200", "JPY")) == "1,200 JPY"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90061, "1 d 1 h")],
)
def test_a_length_of_time_has_its_two_largest_units(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_an_age_is_never_negative() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert age(now + timedelta(seconds=5), now) == "0 s"


def test_control_characters_are_not_printed() -> None:
    assert clean("a\x1b[2Jb\x07") == "a\ufffd[2Jb\ufffd"
