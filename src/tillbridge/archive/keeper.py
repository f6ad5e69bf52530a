"""The keeper: moves what has ended out of the working tables, a few rows at a time.

Each batch is one short transaction, after which it rests, as long as it worked if not told
otherwise; a keeper that dies between any two statements leaves nothing half moved. One keeper works
at a time: it holds a lock of PostgreSQL that ends with its connection, and does all of it over that
connection.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from tillbridge.archive.months import SQL
from tillbridge.database.database import Database, Tx

RUNS = "runs"
SPARE, SEEN = "spare ", "seen "
SPARE_AGE = timedelta(hours=1)
"""However many runs a flow has: one that has just ended stays for so long."""
BATCH: Mapping[str, int] = {RUNS: 100, "events": 300, "bodies": 100, "notices": 300}
"""Rows looked at in one transaction: a few tens of milliseconds."""
_STATEMENTS = {
    "events": "put_away_events",
    "bodies": "put_away_bodies",
    "notices": "put_away_notices",
}


@dataclass(slots=True)
class Moved:
    """How many rows were moved, by kind; `is_done` when nothing is left that is old enough."""

    by_kind: Counter[str] = field(default_factory=Counter)
    is_done: bool = True


@dataclass(frozen=True, slots=True)
class Before:
    """What ended before these moments leaves the working tables.

    Attributes:
        by_kind: for "runs", "events", "bodies", "notices" and "rest".
        by_flow: for runs of some flows.
        flow_runs_max: so many ended runs of a flow stay at most; 0: any.
    """

    now: datetime
    by_kind: Mapping[str, datetime]
    by_flow: Mapping[str, datetime] = field(default_factory=dict)
    flow_runs_max: int = 0


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[Tx | None]:
    """The connection of the one keeper; None when another keeper is at work."""
    async with database.connection() as connection:
        if not await connection.fetchval(SQL["keep_alone"]):
            yield None
            return
        try:
            yield connection
        finally:
            await connection.execute(SQL["let_go"])


async def put_away(tx: Tx, before: Before, budget_s: float, rests: float = 1.0) -> Moved:
    """Moves for so many seconds at most, going on where the last keeper stopped; after each batch
    it rests so many times as long as that took."""
    keeper = _Keeper(tx, before, time.monotonic() + budget_s, rests)
    keeper.positions = {row["name"]: row["position"] for row in await tx.fetch(SQL["positions"])}
    try:
        for kind in BATCH:
            await keeper.walk(kind)
        await keeper.rest()
    finally:
        await tx.execute(SQL["stand"], list(keeper.positions), list(keeper.positions.values()))
    return keeper.moved


@dataclass(slots=True)
class _Keeper:
    tx: Tx
    before: Before
    until: float
    rests: float
    moved: Moved = field(default_factory=Moved)
    positions: dict[str, int] = field(default_factory=dict)

    async def walk(self, kind: str) -> None:
        """Looks through a table from where it was left to what is too young."""
        while time.monotonic() < self.until:
            began = time.monotonic()
            row = await self._batch(kind, self.positions.get(kind, 0))
            self.moved.by_kind[kind] += row["moved"]
            self.positions[kind] = 0 if row["is_end"] else row["last"]
            if kind == RUNS:
                self._count(row)
            if row["is_end"]:
                return
            await asyncio.sleep((time.monotonic() - began) * self.rests)
        self.moved.is_done = False

    async def rest(self) -> None:
        """The few things that are looked for from the oldest on."""
        while time.monotonic() < self.until:
            moved = await self.tx.fetchval(
                SQL["put_away_rest"], BATCH["notices"], self.before.by_kind["rest"]
            )
            self.moved.by_kind["rest"] += moved
            if not moved:
                return
        self.moved.is_done = False

    async def _batch(self, kind: str, after: int) -> asyncpg.Record:
        most, moment = BATCH[kind], self.before.by_kind[kind]
        if kind == RUNS:
            flows = {**dict.fromkeys(self._spare(), moment), **self.before.by_flow}
            if self.before.flow_runs_max and not flows:
                flows = {"": moment}  # all are looked at, to be counted
            own = (
                list(flows),
                list(flows.values()),
                [self.positions.get(f"{SPARE}{flow}", 0) for flow in flows],
            )
            young = self.before.now - SPARE_AGE
            row = await self.tx.fetchrow(SQL["put_away_runs"], after, most, moment, *own, young)
        else:
            row = await self.tx.fetchrow(SQL[_STATEMENTS[kind]], after, most, moment)
        assert row is not None, "every look answers one row"
        return row

    def _spare(self) -> list[str]:
        return [
            name.removeprefix(SPARE)
            for name, number in self.positions.items()
            if name.startswith(SPARE) and number > 0
        ]

    def _count(self, row: asyncpg.Record) -> None:
        """Counts the ended runs of each flow; what it has too many by the end may leave in the
        next walk, the oldest first."""
        if not self.before.flow_runs_max:
            return
        moved = Counter(row["moved_flows"] or ())
        stays = Counter(row["ended_flows"] or ())
        stays.subtract(moved)
        for flow, number in moved.items():
            spare = f"{SPARE}{flow}"
            self.positions[spare] = max(self.positions.get(spare, 0) - number, 0)
        for flow, number in stays.items():
            seen = f"{SEEN}{flow}"
            self.positions[seen] = self.positions.get(seen, 0) + number
        if row["is_end"]:
            for seen in [name for name in self.positions if name.startswith(SEEN)]:
                too_many = self.positions[seen] - self.before.flow_runs_max
                self.positions[f"{SPARE}{seen.removeprefix(SEEN)}"] = max(too_many, 0)
                self.positions[seen] = 0
