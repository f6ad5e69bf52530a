"""The live table: who stands where while the day runs; plain lines where nobody looks."""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tillbridge.database.database import Database
from tillbridge.demo.figures import Progress, progress
from tillbridge.demo.trade import Trade

REFRESH_S = 0.4
LINE_EVERY_S = 3.0
STATES = ("authorized", "captured", "in_review", "reversing", "reversed", "declined", "abandoned")


class DayTable:
    """Shows the day until it is left. `say` writes a line above it."""

    def __init__(self, console: Console, database: Database, trade: Trade, orders: int) -> None:
        self._console = console
        self._database = database
        self._trade = trade
        self._orders = orders
        self._began = time.monotonic()
        self._showing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._showing = asyncio.create_task(self._show())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._showing is not None, "it was entered"
        self._showing.cancel()
        with suppress(asyncio.CancelledError):
            await self._showing

    def say(self, sentence: str) -> None:
        """One line of what happens."""
        self._console.print(Text(f"{self._elapsed:5.1f} s  {sentence}", style="yellow"))

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    async def _show(self) -> None:
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(LINE_EVERY_S)
                self._console.print(Text(self._line(await progress(self._database))))
        with Live(console=self._console, transient=True, auto_refresh=False) as live:
            while True:
                live.update(self._grid(await progress(self._database)), refresh=True)
                await asyncio.sleep(REFRESH_S)

    def _line(self, now: Progress) -> str:
        return (
            f"{self._elapsed:5.1f} s  {self._trade.shop.orders} of {self._orders} orders placed,"
            f" {now.done.get(('cybersource', 'capture'), 0)} captures,"
            f" {now.open_runs} runs open, {now.unknown} unknown, {now.dead_letters} dead letters"
        )

    def _grid(self, now: Progress) -> Table:
        grid = Table(title=f"A day's trade, {self._elapsed:.0f} s", title_justify="left")
        grid.add_column("where")
        grid.add_column("what")
        grid.add_column("how many", justify="right")
        for where, rows in self._sections(now).items():
            for at, (what, count) in enumerate(rows):
                grid.add_row(where if at == 0 else "", what, str(count))
            grid.add_section()
        return grid

    def _sections(self, now: Progress) -> dict[str, list[tuple[str, int | str]]]:
        shop = self._trade.shop
        sections: dict[str, list[tuple[str, int | str]]] = {
            "shop": [("orders placed", f"{shop.orders} of {self._orders}")]
            + [(state.replace("_", " "), count) for state, count in sorted(shop.states.items())],
            "payments": [
                (state.replace("_", " "), now.attempts[state])
                for state in STATES
                if state in now.attempts
            ],
        }
        for (connection, effect), count in sorted(now.done.items()):
            sections.setdefault(connection, []).append((effect.replace("_", " "), count))
        sections["tillbridge"] = [
            ("runs open", now.open_runs),
            ("unknown now", now.unknown),
            ("dead letters", now.dead_letters),
            ("gates closed", now.closed or "none"),
        ]
        return sections
