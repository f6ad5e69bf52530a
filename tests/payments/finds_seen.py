"""Finds for the surfaces: one payment that is none of ours, and one that cannot be read yet."""

from datetime import UTC, datetime, timedelta

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Looked
from tillbridge.database.database import Database
from tillbridge.payments.finds import keep_find, keep_unread
from tillbridge.payments.observe import observe
from tillbridge.triggers.pulls import end_pull, move_pull, take_pull

CONNECTION = "till"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def look_once(database: Database) -> None:
    """One whole look with both."""
    look = await take_pull(database, CONNECTION, 60)
    assert look is not None
    seen = Observation(
        operation=Operation.AUTHORIZATION,
        verdict=Verdict.APPROVED,
        source=Source.SEARCH,
        order_number="POS-77",
        request_id="7000000000000000000001",
        occurred_at=NOON,
        amount=Money.of("75.00", "USD"),
    )
    async with database.transaction() as tx:
        await observe(tx, CONNECTION, seen)
        await keep_find(tx, CONNECTION, seen.request_id)
    await keep_unread(database, CONNECTION, "7000000000000000000002", "Not shown yet.", (60, 600))
    looked = Looked(NOON - timedelta(minutes=11), NOON, is_whole=True)
    assert await move_pull(database, look, "settled", looked, (212, 2))
    await end_pull(database, look, 300, "")
