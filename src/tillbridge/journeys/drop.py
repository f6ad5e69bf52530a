"""Drop: a file laid into a watched folder is taken once, when it is complete.

    file -> settled? -> its digest -> inbox -> a run for each batch of rows -> done/ or refused/

All runs of a file and the note that it was taken are one commit; only then is it moved. A file that
is found again (we died before it was moved, or somebody dropped it twice) is known by its name and
digest, and only moved. Card data refuses the whole file: nothing of it is stored, and in refused/
it lies without digits.
"""

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from tillbridge.canonical.card_data import mask, scan
from tillbridge.canonical.codec import encode
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind, Trigger
from tillbridge.connector.delivery import Delivery
from tillbridge.database.database import Tx
from tillbridge.flows.flow import Flow
from tillbridge.flows.trigger import OnFile
from tillbridge.inbox.inbox import keep
from tillbridge.journeys.card_guard import CARD_DATA, card_data_found, count_refusal
from tillbridge.journeys.house import House
from tillbridge.journeys.start import start
from tillbridge.runs.lanes import keep_chore, take_chore
from tillbridge.triggers.file_rows import Row, read_rows

LOOK_S = 2.0
"""How often a folder is looked into; of all workers one does it at a time. Who sees a file that is
not complete yet looks again: another would have to watch it anew."""
DONE, REFUSED = "done", "refused"
_DIGIT = re.compile(r"\d")
_LOG = logging.getLogger(__name__)


class _ChangedMeanwhileError(Exception):
    """Somebody writes to the file while it is read: it is looked at again later."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A file as it was seen: it is complete when it has looked so for long enough."""

    size: int
    modified_ns: int

    @classmethod
    def at(cls, path: Path) -> "_Look":
        seen = path.stat()
        return cls(seen.st_size, seen.st_mtime_ns)


@dataclass(slots=True)
class Drops:
    """The watched folders of one process, and since when each file has looked as it does."""

    _since: dict[Path, tuple[_Look, float]] = field(default_factory=dict)
    _watching: dict[str, float] = field(default_factory=dict)
    """Until when this process keeps a flow's folder, as a monotonic moment."""

    async def take(self, house: House) -> None:
        """Takes every file that is complete."""
        for flow in house.catalogue.active:
            if isinstance(flow.trigger, OnFile) and await self._is_mine(house, flow):
                try:
                    await self._look_into(house, flow, flow.trigger)
                except OSError as error:
                    _LOG.warning("the folder of %s: %s", flow.name, error)

    async def _is_mine(self, house: House, flow: Flow) -> bool:
        if self._watching.pop(flow.name, 0.0) > time.monotonic():
            return True
        return await take_chore(house.database, _chore(flow), LOOK_S / house.factor)

    async def _look_into(self, house: House, flow: Flow, trigger: OnFile) -> None:
        folder, settled_s = house.folder / trigger.folder, trigger.settled_s / house.factor
        unsettled = False
        for path in await asyncio.to_thread(_files, folder, trigger.pattern):
            if await asyncio.to_thread(self._is_settled, path, settled_s):
                look = await asyncio.to_thread(_Look.at, path)
                await _File(flow, trigger, path, look).take(house)
                self._since.pop(path, None)
            else:
                unsettled = True
        if unsettled:
            keeps_s = settled_s + LOOK_S / house.factor
            await keep_chore(house.database, _chore(flow), keeps_s)
            self._watching[flow.name] = time.monotonic() + keeps_s

    def _is_settled(self, path: Path, settled_s: float) -> bool:
        now = time.monotonic()
        try:
            look = _Look.at(path)
        except FileNotFoundError:
            self._since.pop(path, None)
            return False
        before = self._since.get(path)
        if before is None or before[0] != look:
            self._since[path] = (look, now)
            return settled_s <= 0
        return now - before[1] >= settled_s


def _chore(flow: Flow) -> str:
    return f"files of {flow.name}"


def _files(folder: Path, pattern: str) -> list[Path]:
    """What lies in a folder and fits: whole files only, no links, nothing hidden."""
    for name in (DONE, REFUSED):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return sorted(
        path
        for path in folder.iterdir()
        if fnmatchcase(path.name, pattern)
        and not path.name.startswith(".")
        and path.is_file()
        and not path.is_symlink()
    )


@dataclass(frozen=True, slots=True)
class _File:
    """One file that is complete, as far as could be seen."""

    flow: Flow
    trigger: OnFile
    path: Path
    look: _Look

    async def take(self, house: House) -> None:
        """Takes it, or refuses it, and moves it out of the way."""
        name = mask(self.path.name)
        try:
            self._expect_fit()
            digest = await asyncio.to_thread(_digest, self.path)

            async def keep_all(tx: Tx) -> None:
                await self._keep(house, tx, digest)
                self._expect_unchanged(await asyncio.to_thread(_Look.at, self.path))

            await house.database.commit(keep_all)
        except Rejected as error:
            _LOG.warning("the file %s of %s is refused: %s", name, self.flow.name, error)
            await count_refusal(house.database, f"files of {self.flow.name}", error)
            if error.reason == CARD_DATA:
                await asyncio.to_thread(_blank, self.path)
            await asyncio.to_thread(_move, self.path, REFUSED, str(error))
        except _ChangedMeanwhileError:
            _LOG.info("the file %s of %s is still being written", name, self.flow.name)
        else:
            await asyncio.to_thread(_move, self.path, DONE)

    def _expect_fit(self) -> None:
        if self.look.size > self.trigger.size_max_bytes:
            raise Rejected(
                f"It has {self.look.size:,} bytes; {self.trigger.size_max_bytes:,} are taken.",
                reason="too_large",
                next_step="Split it, or raise size_max_mb in the flow.",
            )
        if mask(self.path.name) != self.path.name:
            raise card_data_found(["the file's name"])

    def _expect_unchanged(self, look: _Look) -> None:
        if look != self.look:
            raise _ChangedMeanwhileError

    async def _keep(self, house: House, tx: Tx, digest: str) -> None:
        """The file in the inbox, and a run for each batch; nothing when it was taken before."""
        name, flow, now = self.path.name, self.flow, house.clock()
        about = encode({"name": name, "sha256": digest, "size_bytes": self.look.size})
        delivery = Delivery(f"files of {flow.name}", "FILE", name, {}, about, now)
        keeping = await keep(tx, delivery, f"{name}:{digest}")
        if keeping.verdict != "new":
            return
        part = 0
        async for batch in self._batches():
            part += 1
            fields = {"sha256": digest, "part": str(part)}
            await start(
                house,
                tx,
                flow,
                kind=Kind.FILE_DROPPED,
                number=f"{name}:{digest}:{part}",
                trigger=Trigger(flow.name, name, fields=fields, rows=tuple(batch)),
                subject=f"{flow.name} {name} {digest[:12]} {part}",
                occurred_at=now,
            )

    async def _batches(self) -> AsyncIterator[list[Row]]:
        """Its rows, so many at a time; read beside the event loop."""
        trigger = self.trigger
        rows = read_rows(
            self.path,
            trigger.format,
            rows=trigger.rows,
            separator=trigger.separator,
            encoding=trigger.encoding,
        )
        taken = 0
        while batch := await asyncio.to_thread(_batch, rows, trigger.batch, taken):
            taken += len(batch)
            if taken > trigger.rows_max:
                raise Rejected(
                    f"It has more than {trigger.rows_max:,} rows.",
                    reason="too_many_rows",
                    next_step="Split it, or raise rows_max in the flow.",
                )
            yield batch


def _batch(rows: Iterator[Row], count: int, before: int) -> list[Row]:
    """The next rows, searched for card data. Raises Rejected, naming the row and column."""
    batch = list(islice(rows, count))
    for number, row in enumerate(batch, before + 1):
        found = scan(row)
        if found:
            raise card_data_found([f"row {number}, {name}" for name in found])
    return batch


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blank(path: Path) -> None:
    """The file without card numbers and digits: the folder does not keep what we may not, and what
    else stood in it can still be told by."""
    blanked = path.with_name(f".{path.name}.blanked")
    with path.open("rb") as source, blanked.open("wb") as target:
        for line in source:
            text = _DIGIT.sub("*", mask(line.decode("utf-8", "surrogateescape")))
            target.write(text.encode("utf-8", "surrogateescape"))
    blanked.replace(path)


def _move(path: Path, where: str, reason: str = "") -> None:
    """Out of the way; a name that lies there already is not overwritten."""
    name = path.name if mask(path.name) == path.name else _DIGIT.sub("x", path.name)
    first = target = path.parent / where / name
    number = 1
    while target.exists():
        number += 1
        target = path.parent / where / f"{first.stem}.{number}{first.suffix}"
    if reason:
        target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
    with suppress(FileNotFoundError):  # another worker has moved it
        path.rename(target)
