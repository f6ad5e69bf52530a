"""What tests do with one lane, by the claim that workers make of many."""

from tillbridge.database.database import Database
from tillbridge.runs.lanes import Lane, Turn, claim_due


async def claim(database: Database, lane: Lane, holder: str, lease_s: float) -> Turn | None:
    """A turn of this lane, which has waited longest at its target; None when none is due there."""
    turns = await claim_due(database, holder, lease_s, {lane.target: 1})
    assert [turn.lease.subject for turn in turns] in ([], [lane.subject])
    return turns[0] if turns else None


async def due(database: Database) -> list[Lane]:
    """The lanes that a worker would claim now, longest waiting first."""
    rows = await database.fetch(
        "SELECT subject, target FROM lanes WHERE wake_at <= now()"
        " AND (lease_until IS NULL OR lease_until <= now()) ORDER BY wake_at"
    )
    return [Lane(row["subject"], row["target"]) for row in rows]
