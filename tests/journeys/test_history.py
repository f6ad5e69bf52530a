"""Whatever somebody holds in hand leads to the whole of it, and to one sentence what to do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.api.history import (
    OPEN,
    ORDER,
    REQUEST_ID,
    SALES_ORDER,
    SOLD,
    bury,
    pay,
    usd,
    whole_story,
)

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.references import ExternalReference
from tillbridge.connections.retention import Retention
from tillbridge.database.database import Database
from tillbridge.journeys.history import History, history
from tillbridge.journeys.keep import keep
from tillbridge.references.references import record
from tillbridge.runs.keys import wire_key

FAR = datetime.now(UTC) + timedelta(days=200)


async def look_up(database: Database, any_id: str) -> History:
    return await history(database, Path("nowhere"), any_id)


async def resolve(database: Database, run_id: int) -> None:
    await database.execute(
        "UPDATE dead_letters SET resolved_at = now(), resolution = 'cancelled' WHERE run_id = $1",
        run_id,
    )


async def answer(database: Database) -> None:
    await database.execute("UPDATE effects SET state = 'done' WHERE state = 'unknown'")


async def move(database: Database) -> None:
    kept = await keep(database, Retention(database=36_500), Path("nowhere"), FAR, 60)
    assert kept.moved["runs"] > 0


async def test_any_business_key_leads_to_the_same_order(database: Database) -> None:
    run_id = await whole_story(database)
    async with database.transaction() as tx:
        await record(tx, ORDER, [ExternalReference("shop", "customer", "C-9")])
    keys = (
        *(ORDER, REQUEST_ID, SALES_ORDER, "C-9", OPEN.key, SOLD.key),
        *("evt-1042", "a-1042", f"run:{run_id}"),
    )
    for key in keys:
        assert (await look_up(database, key)).subject == ORDER, key


async def test_each_run_says_its_flows_version_and_where_it_is_kept(database: Database) -> None:
    run_id = await whole_story(database)
    (run,) = (await look_up(database, ORDER)).runs
    assert (run.id, run.flow, run.version, run.state, run.stored) == (
        *(run_id, "reverse-cancelled", "0" * 12, "dead"),
        "live",
    )
    await resolve(database, run_id)
    await answer(database)
    await move(database)
    (past,) = (await look_up(database, ORDER)).runs
    assert (past.id, past.version, past.stored) == (run_id, "0" * 12, "history")


async def test_the_story_is_the_same_before_and_after_it_moved(database: Database) -> None:
    run_id = await whole_story(database)
    await resolve(database, run_id)
    await answer(database)
    before = await look_up(database, ORDER)
    await move(database)
    after = await look_up(database, ORDER)
    assert after.moments == before.moments
    assert after.payments == before.payments
    assert after.payments[0].amount == usd("25.00")
    assert (await look_up(database, f"run:{run_id}")).subject == ORDER


async def test_the_next_step_names_what_is_most_pressing(database: Database) -> None:
    run_id = await whole_story(database)
    assert (await look_up(database, ORDER)).next_step == (
        f"It needs a person: tillbridge dead-letters show {run_id}"
    )
    await resolve(database, run_id)
    assert "has no answer so far" in (await look_up(database, ORDER)).next_step
    await answer(database)
    assert "25.00 USD is held" in (await look_up(database, ORDER)).next_step
    await database.execute(
        "INSERT INTO runs (subject, target, sequence, journey, input, state, waiting_for)"
        " VALUES ($1, 'till', 9, 'deliver', '', 'waiting', 'order.fulfilled')",
        ORDER,
    )
    assert "waits for order.fulfilled" in (await look_up(database, ORDER)).next_step


async def test_the_key_of_a_second_round_leads_to_its_order(database: Database) -> None:
    """After a fence another key travels than the effect's own."""
    await whole_story(database)
    await database.execute("UPDATE effects SET round = 2 WHERE key = $1", OPEN.key)
    assert (await look_up(database, wire_key(OPEN.key, 2))).subject == ORDER


async def test_when_all_has_ended_nothing_is_to_be_done(database: Database) -> None:
    await resolve(database, await bury(database))
    assert (await look_up(database, ORDER)).next_step.startswith("Nothing to do")


async def test_an_id_of_two_orders_names_both(database: Database) -> None:
    await pay(database)
    await pay(database, "1043", "7300000000000000000043")
    async with database.transaction() as tx:
        for number in (ORDER, "1043"):
            await record(tx, number, [ExternalReference("books", "customer", "C-9")])
    found = await look_up(database, "C-9")
    assert (found.subject, found.others) == (ORDER, ("1043",))


@pytest.mark.parametrize("any_id", ["", "nobody", "run:7", "run:9" + "9" * 40, "4111111111111111"])
async def test_what_nobody_knows_is_refused_and_no_card_is_repeated(
    database: Database, any_id: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await look_up(database, any_id)
    assert caught.value.reason == "unknown_id"
    assert "4111" not in str(caught.value)


async def test_a_delivery_is_found_by_its_own_id_when_its_body_has_moved(
    database: Database,
) -> None:
    await bury(database)
    await database.execute(
        "INSERT INTO delivery_bodies (source, delivery_id, headers, body, received_at)"
        " VALUES ('webshop', 'evt-1042', '{}', '{}', now())"
    )
    kept = await keep(database, Retention(database=36_500), Path("nowhere"), FAR, 60)
    assert kept.moved["bodies"] == 1
    found = await look_up(database, "evt-1042")
    assert found.subject == ORDER
    assert any(moment.what == "delivered" for moment in found.moments)
