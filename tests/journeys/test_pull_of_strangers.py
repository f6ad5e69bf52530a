"""A connector that nobody of us wrote is pulled like our own, by whatever cursor its poll has."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.journeys.workshop import open_workshop

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Call, ChangedRecord, Pull
from tillbridge.journeys.pull import pull_payments
from tillbridge.payments.finds import finds
from tillbridge.triggers.pulls import all_pulls

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def proven(_call: Call, request_id: str) -> Sequence[Observation]:
    return (
        Observation(
            operation=Operation.SALE,
            verdict=Verdict.APPROVED,
            source=Source.READ,
            order_number=f"order-{request_id}",
            request_id=request_id,
            occurred_at=NOON,
            amount=Money.of("12.00", "EUR"),
        ),
    )


async def test_what_a_strangers_poll_lists_is_found_page_by_page(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, works=False) as shop:
        shop.ledger.entries = [ChangedRecord(str(number), "", {}) for number in range(5)]
        shop.ledger.pull = Pull(300.0, shop.ledger.polls["entries"], proven)

        await pull_payments(shop.house)
        await pull_payments(shop.house)

        found = await finds(shop.house.database)
        assert sorted(find.request_id for find in found) == ["0", "1", "2", "3", "4"]
        assert {(find.meaning, find.amount) for find in found} == {
            ("unplaced", Money.of("12.00", "EUR"))
        }
        assert shop.ledger.polled == 3
        (row,) = await all_pulls(shop.house.database)
        assert (row.connection, row.since, row.trouble) == ("ledger", None, "")
        assert row.behind_s < 60


async def test_a_look_at_which_nothing_was_new_is_a_look(tmp_path: Path, dsn: str) -> None:
    async with open_workshop(tmp_path, dsn, works=False) as shop:
        shop.ledger.pull = Pull(300.0, shop.ledger.polls["entries"], proven)
        database = shop.house.database
        await pull_payments(shop.house)
        await database.execute(
            "UPDATE pulls SET next_at = now(), looked_at = now() - interval '1 hour'"
        )

        await pull_payments(shop.house)

        (row,) = await all_pulls(database)
        assert row.behind_s < 60
