"""A reply's short way, judged before it is told in one statement, tells what the long one does."""

import asyncio
from typing import Any

import pytest
from tests.payments.book import CONNECTION, HELD_ID, WIRE, begin, now, seen, tell, usd

from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.database.database import Database
from tillbridge.payments.claims import claim_capture
from tillbridge.payments.observe import fact_row, foresee, move_row, observe

V = Verdict
AUTHORIZATION, CAPTURE, VOID = Operation.AUTHORIZATION, Operation.CAPTURE, Operation.VOID
TELL = "SELECT tell_payment($1, $2)"


async def tell_shortly(database: Database, fact: Observation) -> bool:
    """Whether the short way took it in."""
    foreseen = foresee(await now(database), fact)
    if foreseen is None or foreseen.attempt is None:
        return False
    values = (fact_row(CONNECTION, fact), move_row(foreseen.attempt))
    return await database.at_once(TELL, *values) is not None


async def book(database: Database) -> list[dict[str, Any]]:
    """All that is kept of the payment, without the times at which it was."""
    rows = [
        *await database.fetch("SELECT * FROM attempts"),
        *await database.fetch("SELECT * FROM observations ORDER BY number"),
    ]
    untold = ("started_at", "observed_at", "number", "asked_at")
    return [{name: row[name] for name in row.keys() if name not in untold} for row in rows]  # noqa: SIM118 (a Record yields values)


async def forget(database: Database) -> None:
    await database.execute("TRUNCATE attempts, observations")


HELD = seen(AUTHORIZATION, V.APPROVED)


@pytest.mark.parametrize(
    ("before", "fact"),
    [
        ([], HELD),
        ([], seen(AUTHORIZATION, V.DECLINED, "d1", amount=None, reason="EXPIRED_CARD")),
        ([], seen(AUTHORIZATION, V.CHALLENGE, "d1", amount=None)),
        ([], seen(AUTHORIZATION, V.APPROVED, amount="60.00")),
        ([], seen(AUTHORIZATION, V.HELD_DECLINED, amount="60.00")),
        ([HELD], seen(CAPTURE, V.APPROVED, "c1", amount="40.00", attempt_key="first")),
        (
            [HELD, seen(CAPTURE, V.APPROVED, "c1", amount="40.00", attempt_key="first")],
            seen(CAPTURE, V.APPROVED, "c2", amount="60.00", attempt_key="second"),
        ),
    ],
)
async def test_both_ways_leave_the_same_books(
    database: Database, before: list[Observation], fact: Observation
) -> None:
    await begin(database)
    await tell(database, *before, fact)
    long = await book(database)
    await forget(database)
    await begin(database)
    await tell(database, *before)

    assert await tell_shortly(database, fact)
    assert await book(database) == long


@pytest.mark.parametrize(
    "fact",
    [
        seen(AUTHORIZATION, V.IN_REVIEW),
        seen(CAPTURE, V.FAILED, "c1", amount="40.00"),
        seen(CAPTURE, V.APPROVED, "c1", amount="40.00", parent_id="unheard of"),
        seen(CAPTURE, V.APPROVED, "c1", amount="140.00"),
        seen(Operation.REVERSAL, V.APPROVED, "r1"),
        seen(AUTHORIZATION, V.APPROVED, attempt_key="ANOTHERANOTHERANOTHERANOTH"),
    ],
)
async def test_what_has_to_be_judged_under_a_lock_takes_the_long_way(
    database: Database, fact: Observation
) -> None:
    await begin(database)
    if fact.operation is not AUTHORIZATION:
        await tell(database, HELD)

    assert not await tell_shortly(database, fact)


async def test_an_attempt_that_moved_since_it_was_read_takes_the_long_way(
    database: Database,
) -> None:
    await begin(database)
    await tell(database, HELD)
    fact = seen(CAPTURE, V.APPROVED, "c1", amount="40.00", attempt_key="first")
    foreseen = foresee(await now(database), fact)
    assert foreseen is not None
    assert foreseen.attempt is not None
    await claim_capture(database, "another", HELD_ID, usd("10.00"), order_number="an order")
    values = (fact_row(CONNECTION, fact), move_row(foreseen.attempt))

    assert await database.at_once(TELL, *values) is None
    assert (await now(database, WIRE)).captured == usd("0")
    assert await database.fetch_value("SELECT count(*) FROM observations") == 1


async def test_a_capture_whose_undoing_is_told_at_the_same_moment_does_not_count(
    database: Database,
) -> None:
    """The void has looked for what it undoes and found nothing yet; its commit is on the way."""
    await begin(database)
    await tell(database, HELD)
    void = seen(VOID, V.APPROVED, "v1", amount=None, attempt_key="first", parent_id="c1")
    fact = seen(CAPTURE, V.APPROVED, "c1", amount="40.00", attempt_key="first")
    async with database.transaction() as other:
        await observe(other, CONNECTION, void)
        short = asyncio.create_task(tell_shortly(database, fact))
        await asyncio.sleep(0.2)
    if not await short:
        await tell(database, fact)

    assert (await now(database)).captured == usd("0")
