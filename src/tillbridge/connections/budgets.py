"""Budgets: the slices that this process takes of what its connections may be asked.

One statement about once a second for all connections in use, off the path of the work: it tells
what was spent, hands back what was not, takes new slices, and reads every gate. A process without
work asks for nothing. A slice whose process dies is counted as spent, and its share in flight comes
back with its lease.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, fields

import asyncpg

from tillbridge.connections.budget import Budget, Given
from tillbridge.connections.configuration import Configured
from tillbridge.connector.permits import Permits, Unlimited
from tillbridge.database.database import BROKEN, Database
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.connections", "gates.sql")
FREE: Permits = Unlimited()
_LOG = logging.getLogger(__name__)
_GIVEN = tuple(field.name for field in fields(Given))
AFTER_BROKEN_S = 1.0
RENEWED = 0.8
"""The next slice is taken at this part of the life of the one before."""
EARLY = 4
"""A slice that is used up before its time is followed by the next after a fourth of it at least."""


class Budgets:
    """The budgets of one process, by connection."""

    def __init__(self, database: Database, holder: str, *, turns_max: int = 100) -> None:
        """`turns_max`: entries that are asked for where more work is known to wait."""
        self._database = database
        self._holder = holder
        self._turns_max = turns_max
        self._by_name: dict[str, Budget] = {}
        self._wanted = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self._began = float("-inf")
        self._heard: list[Callable[[], None]] = []
        self.seen: Callable[[Sequence[asyncpg.Record]], None] = lambda _rows: None
        """Hears every gate as it was read with the slices."""

    def open(self, configured: Configured, factor: float) -> Permits:
        """The permits of a connection, which its connector asks for."""
        budget = Budget(
            configured.name,
            configured.limits,
            factor=factor,
            checkout_percent=configured.checkout_percent,
            wake=self._wake,
        )
        self._by_name[configured.name] = budget
        return budget

    def of(self, connection: str) -> Budget | None:
        """The budget of a connection; None where nothing is counted."""
        return self._by_name.get(connection)

    def hear(self, heard: Callable[[], None]) -> None:
        """`heard` is called whenever new slices have come."""
        self._heard.append(heard)

    def keep(self) -> None:
        """Takes slices again and again, for as long as there is something to ask for or to tell."""
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.ensure_future(self._keep())

    async def take(self) -> None:
        """Takes slices now; who asks while others do shares theirs. Raises one of BROKEN."""
        asked = time.monotonic()
        async with self._asking:
            if self._began > asked:
                return
            budgets = {one.connection: one for one in self._by_name.values() if one.is_awake}
            began = self._began = time.monotonic()
            wishes = [astuple(budgets[name].wish(self._turns_max)) for name in sorted(budgets)]
            rows = await self._database.fetch(SQL["take_slices"], self._holder, wishes)
        for row in rows:
            budget = budgets.get(row["connection"])
            if budget is not None and row["taken_ms"] is not None:
                budget.give(began, Given(**{name: row[name] for name in _GIVEN}))
        self.seen(rows)
        for heard in self._heard:
            heard()

    async def close(self) -> None:
        """Ends the keeper, hands everything back, and takes part no more."""
        if self._keeper is None:
            return
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        try:
            await self._database.execute(SQL["leave"], self._holder)
        except BROKEN as error:
            _LOG.warning("slices could not be handed back: %s", error)

    def _wake(self) -> None:
        self._wanted.set()
        self.keep()

    async def _keep(self) -> None:
        while any(one.is_awake for one in self._by_name.values()):
            self._wanted.clear()
            life_s = min(one.life_s for one in self._by_name.values() if one.is_awake)
            try:
                await self.take()
            except BROKEN as error:
                _LOG.warning("no slices: %s", error)
                await asyncio.sleep(AFTER_BROKEN_S)
            await asyncio.sleep(life_s / EARLY)
            try:
                await asyncio.wait_for(self._wanted.wait(), life_s * (RENEWED - 1 / EARLY))
            except TimeoutError:
                continue
