"""Settlements: what a payment system's reports say became of the money is read and kept.

    every interval, one worker: which reports are ready -> registered, the cursor moves -> each is
    read to its end, some rows at a time -> lines kept, what failed is taken in

A report is read as often as it takes: its lines are kept once by report and line. One that is not
what it should be is refused whole, and people are told. What a report tells of an operation (a
capture that failed after it was taken) goes the way of a webhook.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tillbridge.access.audit import record
from tillbridge.canonical.card_text import DIGITS_MIN, mask
from tillbridge.canonical.errors import (
    Misconfigured,
    Rejected,
    TillbridgeError,
    Transient,
    Unreconciled,
)
from tillbridge.canonical.payments import Observation
from tillbridge.canonical.settlements import SettlementLine
from tillbridge.connections.connections import Connection
from tillbridge.connections.gates import GateClosed
from tillbridge.connector.abilities import Call, ChangedRecord
from tillbridge.connector.settlement_sources import SettlementSource, SettlesPayments, Told
from tillbridge.database.database import Database
from tillbridge.database.statements import load_statements
from tillbridge.desk.notices import keep_notice
from tillbridge.inbox.sightings import note_sighting
from tillbridge.journeys.following import follow_subject
from tillbridge.journeys.house import House
from tillbridge.journeys.receive import take_in
from tillbridge.payments.finds import keep_find
from tillbridge.runs.lanes import keep_chore, take_chore
from tillbridge.settlements.lines import keep_lines
from tillbridge.settlements.reports import (
    due_reports,
    end_reading,
    put_off,
    read_report_again,
    refuse_report,
    register_reports,
)
from tillbridge.triggers.cursors import cursor_of, move_cursor

SQL = load_statements("tillbridge.journeys", "settlements.sql")
PAGES_MAX = 20
REPORTS_MAX = 50
"""Pages listed and reports read in one go."""
LINES_MAX = 1_000
"""Lines kept in one statement."""
PUT_OFF_MAX_S = 86_400.0
_SAID = ("order_number", "method", "service", "reason")
"""What people and processors write; all else of a line are ids."""
_LOG = logging.getLogger(__name__)


async def fetch_settlements(house: House) -> None:
    """Reads what is ready at every payment system whose time has come, one worker a source."""
    for at in house.connections.all():
        if not isinstance(at.session, SettlesPayments):
            continue
        for source in at.session.settlement_sources:
            chore = f"settlements of {at.name} by {source.name}"
            if await take_chore(house.database, chore, source.every_s):
                await _Fetching(house, at, source, chore).run()


async def read_again(database: Database, connection: str, report: str, operator: str) -> None:
    """A person has one report read once more, whatever became of it.

    Raises:
        Rejected: no such report was read.
    """
    async with database.transaction() as tx:
        await read_report_again(tx, connection, report)
        await record(tx, operator, "read again", f"report {report} of {connection}")


@dataclass(slots=True)
class _Fetching:
    """One worker's look at one source."""

    house: House
    at: Connection
    source: SettlementSource
    chore: str

    async def run(self) -> None:
        """Lists what is ready, then reads what waits. A report's trouble is not its connection's:
        payments go on."""
        try:
            await self._list()
            for report in await due_reports(
                self.house.database, self.at.name, self.source.name, REPORTS_MAX
            ):
                await keep_chore(self.house.database, self.chore, self.source.every_s)
                await self._read(report)
        except GateClosed:
            return
        except TillbridgeError as error:
            if isinstance(error, Transient) and error.gate:
                await self.house.gates.failed(self.at.name, error)
            _LOG.warning("the %s of %s: %s", self.source.name, self.at.name, error)

    async def _list(self) -> None:
        for _ in range(PAGES_MAX):
            await self.house.gates.enter(self.at.name)
            before = await cursor_of(self.house.database, self.chore)
            changes = await self.source.ready.call(self._call(), {}, before)
            await self.house.gates.succeeded(self.at.name)
            if changes.records or changes.cursor != before:
                async with self.house.database.transaction() as tx:
                    await register_reports(tx, self.at.name, self.source.name, changes.records)
                    now = self.house.clock()
                    if not await move_cursor(tx, self.chore, before, changes.cursor, now):
                        return
            if not changes.more:
                return

    async def _read(self, report: ChangedRecord) -> None:
        """One report to its end. Raises Transient, Misconfigured: the connection's trouble."""
        try:
            await self.house.gates.enter(self.at.name)
            lines = 0
            waiting: list[SettlementLine] = []
            async for told in self.source.lines(self._call(), report):
                waiting += await self._sorted(told)
                lines += sum(1 for one in told if isinstance(one, SettlementLine))
                while len(waiting) >= LINES_MAX:
                    await keep_lines(self.house.database, self.at.name, waiting[:LINES_MAX])
                    del waiting[:LINES_MAX]
            if waiting:
                await keep_lines(self.house.database, self.at.name, waiting)
            await self.house.gates.succeeded(self.at.name)
        except (Rejected, Unreconciled) as error:
            await self._refuse(report, mask(str(error)))
            return
        except (Transient, Misconfigured) as error:
            waits_s = (self.source.every_s, PUT_OFF_MAX_S / self.house.factor)
            await put_off(self.house.database, self.at.name, report, mask(str(error)), waits_s)
            raise
        await end_reading(self.house.database, self.at.name, report, lines)
        _LOG.info("%s: %d lines of the report %s", self.at.name, lines, report.id)

    async def _sorted(self, told: Sequence[Told]) -> list[SettlementLine]:
        """The lines of some rows, without card data; operations are taken in."""
        for one in told:
            if isinstance(one, Observation):
                await self._take_in(one)
        return [await self._clean(one) for one in told if isinstance(one, SettlementLine)]

    async def _take_in(self, seen: Observation) -> None:
        """As if its webhook had come; a report that names no order is told whose it is."""
        row = await self.house.database.fetch_row(
            SQL["told_operation"], self.at.name, seen.request_id, seen.operation
        )
        if row is not None:
            seen = replace(
                seen,
                order_number=row["order_number"],
                parent_id=seen.parent_id or row["parent_id"],
            )
        seen = replace(seen, order_number=mask(seen.order_number), reason=mask(seen.reason))
        await follow_subject(self.house, seen.order_number)
        async with self.house.database.transaction() as tx:
            await take_in(self.house, tx, self.at.name, [seen], ())
            if row is None:
                await keep_find(tx, self.at.name, seen.request_id)

    async def _clean(self, line: SettlementLine) -> SettlementLine:
        """What a payment system sends is masked, and kept. Its ids are ids."""
        said = {name: getattr(line, name) for name in _SAID}
        clean: dict[str, Any] = {name: _masked(text) for name, text in said.items()}
        other = {_masked(name): _masked(text) for name, text in line.other.items()}
        if clean == said and other == line.other:
            return line
        place = next((name for name in _SAID if clean[name] != said[name]), "another column")
        await note_sighting(self.house.database, f"reports of {self.at.name}", place, "masked")
        return replace(line, other=other, **clean)

    async def _refuse(self, report: ChangedRecord, why: str) -> None:
        _LOG.warning("%s: the report %s is refused: %s", self.at.name, report.id, why)
        name = report.fields.get("name") or report.id
        async with self.house.database.transaction() as tx:
            await refuse_report(tx, self.at.name, report, why)
            await keep_notice(
                tx,
                f"report {self.at.name} {report.id} {report.version}",
                flow="",
                subject=self.at.name,
                level="warning",
                title=f"A report of {self.at.name} cannot be used: {name}",
                content=f"{why} None of its lines counts. When it is mended: tillbridge settlements"
                f" read-again {self.at.name} {report.id}",
            )

    def _call(self) -> Call:
        now = self.house.clock()
        return Call("", now, self.at.timeout_s, f"{self.source.name} of {self.at.name}", _allowed)


def _masked(text: str) -> str:
    """Without card numbers; what is shorter than one is not looked at."""
    return text if len(text) < DIGITS_MIN else mask(text)


def _allowed() -> None:
    """A read may leave at any time."""
