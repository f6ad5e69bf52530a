"""A workshop for flows: one chat that is told things, a ledger that reports changes, one house and
its worker, all real. Flows are given as text."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.notify.channels import Hook, open_hook

from tillbridge.assembly import Site, close_house, open_house, prepare, worker
from tillbridge.connector.abilities import Call, ChangedRecord, Changes, Poll, Pull
from tillbridge.connector.connector import Connector, Opening
from tillbridge.connector.documents import DocumentShape, Fields
from tillbridge.connector.installed import installed_connectors
from tillbridge.connector.settings import setting
from tillbridge.journeys.ask import ask_for_run
from tillbridge.journeys.house import House
from tillbridge.runs.dead_letters import DeadLetter, dead_letters
from tillbridge.runs.history import RunRow, runs

FACTOR = 20.0
HOOK_SECRET = "TILLBRIDGE_SECRET_HOOK"
SETTINGS = """
connections:
  chat:
    connector: notify
    settings: {channel: webhook, url: hook}
  ledger:
    connector: ledger
    settings: {}
"""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Nothing to set."""

    page: int = setting("Page", "Records a page.", default=2)


@dataclass(slots=True)
class Ledger:
    """A made-up system whose entries change; the cursor is how many were read. A test may let it
    be pulled."""

    entries: list[ChangedRecord] = field(default_factory=list)
    polled: int = 0
    pull: Pull | None = None

    @property
    def polls(self) -> dict[str, Poll]:
        shape = DocumentShape("entries", "Entries", ())
        return {"entries": Poll("entries", shape, ("amount",), self._changes)}

    async def _changes(self, _call: Call, _fields: Fields, cursor: str) -> Changes:
        self.polled += 1
        start = int(cursor or 0)
        page = self.entries[start : start + 2]
        end = start + len(page)
        return Changes(tuple(page), str(end), more=end < len(self.entries))

    def open(self, _settings: LedgerSettings, _opening: Opening) -> "Ledger":
        return self


@dataclass
class Watch:
    """A clock that a test may put forward."""

    ahead: timedelta = timedelta(0)
    stands_at: datetime | None = None

    def __call__(self) -> datetime:
        return self.stands_at or datetime.now(UTC) + self.ahead


@dataclass
class Workshop:
    """What runs. Set `hook.says` and it misbehaves."""

    house: House
    hook: Hook
    ledger: Ledger
    folder: Path
    dsn: str
    watch: Watch

    @property
    def told(self) -> list[str]:
        """The titles the chat was told, each telling once, in alphabetical order."""
        return sorted(each["title"] for each in self.hook.told.values())

    async def ask(self, flow: str, subject: str = "", key: str = "", **given: str) -> str:
        """Starts a run by hand; answers its subject."""
        return await ask_for_run(
            self.house, flow, given, who="ada", why="a test", subject=subject, key=key
        )

    async def runs(self, flow: str = "", subject: str = "") -> list[RunRow]:
        found = await runs(self.house.database, subject=subject, limit=500)
        return [run for run in found if flow in ("", run.flow)]

    async def letters(self) -> list[DeadLetter]:
        return await dead_letters(self.house.database)

    async def until(self, fits: Callable[[list[RunRow]], bool], timeout_s: float = 20.0) -> None:
        """Waits until the runs are as they should be."""
        async with asyncio.timeout(timeout_s):
            while not fits(await self.runs()):  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.03)

    async def quiet(self, count: int = 1, timeout_s: float = 20.0) -> None:
        """Waits until so many runs, and all there are, have ended."""
        await self.until(
            lambda found: len(found) >= count and all(run.ended_at for run in found), timeout_s
        )

    async def until_no_letters(self, timeout_s: float = 20.0) -> None:
        """Waits until nothing is on the desk."""
        async with asyncio.timeout(timeout_s):
            while await self.letters():  # noqa: ASYNC110 (nothing rings for a test)
                await asyncio.sleep(0.03)

    async def waits_for(self, text: str) -> RunRow:
        """Waits until a run waits for something."""
        await self.until(lambda found: any(text in run.waiting_for for run in found))
        return next(run for run in await self.runs() if text in run.waiting_for)

    async def column(self, statement: str) -> list[Any]:
        return [row[0] for row in await self.house.database.fetch(statement)]

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A running worker."""
        toil = worker(self.house)
        task = asyncio.create_task(toil.run(self.dsn))
        try:
            yield
        finally:
            toil.stop()
            await asyncio.wait_for(task, 10)

    @contextlib.asynccontextmanager
    async def dying(self) -> AsyncIterator[None]:
        """A worker that is cut off in the middle of whatever it does."""
        toil = worker(self.house)
        task = asyncio.create_task(toil.run(self.dsn))
        try:
            yield
        finally:
            task.cancel()
            for turn in asyncio.all_tasks() - {asyncio.current_task()}:
                if "take_turn" in repr(turn.get_coro()) or "_run" in repr(turn.get_coro()):
                    turn.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def open_workshop(
    folder: Path, dsn: str, *flows: str, works: bool = True, lookups: Sequence[str] = ()
) -> AsyncIterator[Workshop]:
    """A workshop with these flows over a migrated database; `works` starts a worker."""
    for name in ("flows", "lookups"):
        (folder / name).mkdir(parents=True)
    (folder / "tillbridge.yaml").write_text(SETTINGS)
    for number, text in enumerate(flows):
        (folder / "flows" / f"{number}.yaml").write_text(text)
    for number, text in enumerate(lookups):
        (folder / "lookups" / f"table{number}.csv").write_text(text)
    ledger, watch = Ledger(), Watch()
    connector = Connector("ledger", "Ledger", LedgerSettings, ledger.open)
    with pytest.MonkeyPatch.context() as patch:
        known = {**installed_connectors(), "ledger": connector}
        patch.setattr("tillbridge.assembly.installed_connectors", lambda: known)
        async with open_hook() as hook:
            patch.setitem(os.environ, HOOK_SECRET, hook.url)
            await prepare(dsn)
            site = Site(folder, factor=FACTOR)
            house = await open_house(site, dsn, role="a workshop", pool=8, clock=watch)
            shop = Workshop(house, hook, ledger, folder, dsn, watch)
            try:
                async with contextlib.AsyncExitStack() as stack:
                    if works:
                        await stack.enter_async_context(shop.working())
                    yield shop
            finally:
                await close_house(house)


def lines_of(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as jsonl."""
    return "".join(json.dumps(row) + "\n" for row in rows)
