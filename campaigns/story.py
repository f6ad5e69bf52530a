"""The story of an order as the house has it, for people who look into a finding."""

from typing import Final

import asyncpg

_STORY: Final = {
    "events": "SELECT number, source, kind, kept_at FROM events WHERE subject = $1 ORDER BY number",
    "runs": "SELECT id, target, flow, state, waits, waiting_for, wake_at, started_at, ended_at,"
    " ending, replay_of FROM runs WHERE subject = $1 ORDER BY id",
    "effects": "SELECT effect, state, connection, run_id, tries, intended_at, ended_at, reason,"
    " resolved_by FROM effects WHERE subject = $1 ORDER BY intended_at",
    "lanes": "SELECT target, sequence, lease, holder, lease_until, wake_at, waits, claims"
    " FROM lanes WHERE subject = $1",
    "subject": "SELECT arrivals FROM subjects WHERE subject = $1",
    "observations": "SELECT request_id, operation, verdict, source, amount, meaning"
    " FROM observations WHERE order_number = $1 ORDER BY number",
    "attempts": "SELECT wire_key, state, reason, captured, reversed, held FROM attempts"
    " WHERE order_number = $1",
}
"""By table, what is shown of an order that has broken a promise."""


async def story(dsn: str, order: str) -> list[str]:
    """A line for each row about it, by table."""
    database = await asyncpg.connect(dsn)
    try:
        return [
            f"{order} {table}: {' | '.join(str(value) for value in row.values())}"
            for table, statement in _STORY.items()
            for row in await database.fetch(statement, order)
        ]
    finally:
        await database.close()
