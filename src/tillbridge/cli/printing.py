"""How answers look in a terminal: tables that align, sentences, times in the reader's zone."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tillbridge.canonical.money import Money

PIPED_WIDTH = 240
"""Columns when nobody looks at a terminal, so that lines stay whole in a file."""


def say(*sentences: str) -> None:
    """Sentences on a line; empty ones are left out."""
    line = " ".join(sentence for sentence in sentences if sentence)
    _console().print(Text(clean(line)), soft_wrap=True)


def next_step(sentence: str) -> None:
    """What to do next, after an empty line."""
    _console().print(Text(f"\n{clean(sentence)}", style="bold"), soft_wrap=True)


def complain(sentence: str) -> None:
    """A sentence on the error stream."""
    Console(stderr=True, highlight=False).print(Text(clean(sentence)), soft_wrap=True)


def verdict(passed: bool, sentence: str, then: str = "") -> None:
    """A line of a check: whether it passed, and what to do if not."""
    line = Text("  pass  " if passed else "  FAIL  ", style="green" if passed else "bold red")
    line.append(clean(sentence), style="default")
    _console().print(line, soft_wrap=True)
    if then and not passed:
        _console().print(Text(f"        {clean(then)}"), soft_wrap=True)


def heading(title: str) -> None:
    """The title of what follows."""
    _console().print(Text(f"\n{clean(title)}", style="bold"), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under their columns; money stands right, with its currency."""
    shown = [list(row) for row in rows]
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, column in enumerate(columns):
        right = any(isinstance(row[at], Money | int) for row in shown)
        grid.add_column(
            column, justify="right" if right else "left", overflow="fold", vertical="top"
        )
    for row in shown:
        grid.add_row(*(Text(cell_of(value)) for value in row))
    _console().print(grid)


def cell_of(value: object) -> str:
    """A value as people read it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def moment(at: datetime) -> str:
    """An instant in the reader's own zone: "2026-01-02 13:30:05 CET"."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def age(since: datetime, now: datetime | None = None) -> str:
    """How long ago in the two largest units: "3 h 12 min"."""
    passed = (now or datetime.now(UTC)) - since
    return span(max(passed, timedelta(0)))


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = int(length.total_seconds())
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def clean(text: str) -> str:
    """Text without control characters, so that no stored value can steer a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def _console() -> Console:
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, width=width)
