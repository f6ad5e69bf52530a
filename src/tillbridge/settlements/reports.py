"""Reports that a connection has for us: which were read, which wait, which could not be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tillbridge.canonical.codec import encode, read_json
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.abilities import ChangedRecord
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.settlements", "settlements.sql")


@dataclass(frozen=True, slots=True)
class ReportRow:
    """How a report stands.

    Attributes:
        source: the way it was asked for.
        since, until: the time it is about, as it says it.
        state: "waiting" to be read, "read", or "refused": it cannot be used as it is.
        lines: settlement lines that were read of it.
        found_at: we heard of it; read_at: it was read to its end.
        trouble: why it was not read; "" when it was.
    """

    connection: str
    report: str
    source: str
    name: str
    title: str
    since: str
    until: str
    state: str
    lines: int
    found_at: datetime
    read_at: datetime | None
    tries: int
    trouble: str


async def register_reports(
    tx: Tx, connection: str, source: str, records: Sequence[ChangedRecord]
) -> None:
    """Keeps what is ready, once; what has changed since is read again."""
    named = ("name", "title", "since", "until")
    await tx.execute(
        SQL["register_reports"],
        connection,
        source,
        [one.id for one in records],
        [one.version for one in records],
        *([one.fields.get(name, "") for one in records] for name in named),
        [encode(dict(one.fields)).decode() for one in records],
    )


async def due_reports(
    database: Database, connection: str, source: str, limit: int
) -> list[ChangedRecord]:
    """Those that wait to be read now, oldest first."""
    rows = await database.fetch(SQL["due_reports"], connection, source, limit)
    return [ChangedRecord(row["report"], row["version"], read_json(row["fields"])) for row in rows]


async def end_reading(
    database: Database, connection: str, report: ChangedRecord, lines: int
) -> None:
    """It was read to its end; its lines count from now on."""
    await database.execute(SQL["end_reading"], connection, report.id, report.version, lines)


async def put_off(
    database: Database,
    connection: str,
    report: ChangedRecord,
    why: str,
    waits_s: tuple[float, float],
) -> None:
    """It is read later, each time later: first and at most after so many seconds."""
    values = (connection, report.id, report.version, why, *waits_s)
    await database.execute(SQL["put_off"], *values)


async def refuse_report(tx: Tx, connection: str, report: ChangedRecord, why: str) -> None:
    """It cannot be used as it is; none of its lines counts."""
    await tx.execute(SQL["refuse_report"], connection, report.id, report.version, why)


async def read_report_again(tx: Tx, connection: str, report: str) -> None:
    """It is read once more. Raises Rejected when there is no such report that was read."""
    if await tx.fetchval(SQL["read_again"], connection, report) is None:
        raise Rejected(
            f"There is no report {report!r} of {connection} that was read.",
            reason="unknown_report",
            next_step="See tillbridge settlements.",
        )


async def newest_reports(
    database: Database, connection: str = "", limit: int = 100
) -> list[ReportRow]:
    """All reports, or one connection's, newest first."""
    rows = await database.fetch(SQL["newest_reports"], connection, limit)
    return [ReportRow(**dict(row)) for row in rows]
