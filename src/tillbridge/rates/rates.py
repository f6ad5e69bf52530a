"""Exchange rates that connections have published: kept for good, the newest correction counts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tillbridge.canonical.rates import Rate
from tillbridge.database.database import Database, Tx
from tillbridge.database.statements import load_statements

SQL = load_statements("tillbridge.rates", "rates.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a source: everything from a day on, as it was when it was asked last."""

    known_from: date
    asked_at: datetime


async def keep_rates(
    tx: Tx, connection: str, rates: Sequence[Rate], *, known_from: date, at: datetime
) -> None:
    """Keeps what a source answered to a question for everything from a day on.

    Args:
        known_from: the day that was asked for.
        at: the instant of asking, UTC.
    """
    await tx.execute(
        SQL["keep_rates"],
        connection,
        at,
        [rate.rated_on for rate in rates],
        [rate.base for rate in rates],
        [rate.currency for rate in rates],
        [rate.rate for rate in rates],
        [rate.source for rate in rates],
    )
    await tx.execute(SQL["note_asked"], connection, known_from, at)


async def asked(database: Database, connection: str) -> Asked | None:
    """What is known of a source; None when it was never asked."""
    row = await database.fetch_row(SQL["asked"], connection)
    return None if row is None else Asked(row["known_from"], row["asked_at"])


async def pinned_before(database: Database, run_id: int, step: str) -> bytes | None:
    """What a step was done with in the runs that a run replays; None when it was not done."""
    outcome: bytes | None = await database.fetch_value(SQL["pinned"], run_id, step)
    return outcome


async def rates_between(
    database: Database, connection: str, since: date, until: date, currencies: Collection[str]
) -> list[Rate]:
    """The rates of days, both included, that start from or lead to one of the currencies."""
    rows = await database.fetch(SQL["rates_between"], connection, since, until, [*currencies])
    return [
        Rate(row["base"], row["currency"], row["rated_on"], row["rate"], row["source"])
        for row in rows
    ]
