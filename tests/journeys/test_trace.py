"""One order's story, by any id."""

import pytest
from tests.api.history import (
    OPEN,
    ORDER,
    REQUEST_ID,
    SALES_ORDER,
    pay,
    usd,
    whole_story,
)

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.references import ExternalReference
from tillbridge.database.database import Database
from tillbridge.journeys.trace import trace
from tillbridge.references.references import record


async def test_every_id_of_an_order_leads_to_the_same_story(database: Database) -> None:
    run_id = await whole_story(database)
    for any_id in (ORDER, REQUEST_ID, SALES_ORDER, OPEN.key, f"run:{run_id}"):
        assert (await trace(database, any_id)).subject == ORDER


async def test_the_story_tells_payments_events_effects_and_runs_in_time_order(
    database: Database,
) -> None:
    await whole_story(database)
    story = await trace(database, ORDER)
    assert {moment.kind for moment in story.moments} == {"payment", "event", "effect", "run"}
    times = [moment.at for moment in story.moments]
    assert times == sorted(times)
    told = [moment.what for moment in story.moments]
    assert told.index("authorization approved") < told.index("sales_order done")
    assert "capture shipment 1 unknown" in told


async def test_money_is_told_with_its_currency_and_never_a_card(database: Database) -> None:
    await pay(database)
    story = await trace(database, ORDER)
    [payment] = story.payments
    assert (payment.amount, payment.captured, payment.card) == (usd("25.00"), usd("0"), "visa 1111")
    assert story.moments[0].amount == usd("25.00")


async def test_an_id_that_two_orders_share_names_them_both(database: Database) -> None:
    await pay(database)
    await pay(database, "1043", "7300000000000000000043")
    customer = ExternalReference("books", "customer", "C-9")
    async with database.transaction() as tx:
        for number in (ORDER, "1043"):
            await record(tx, number, [customer])
    story = await trace(database, "C-9")
    assert (story.subject, story.others) == (ORDER, ("1043",))


@pytest.mark.parametrize("any_id", ["", "nobody", "run:99999999999999999999", "4111111111111111"])
async def test_an_id_that_nobody_knows_is_refused_and_no_card_is_repeated(
    database: Database, any_id: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await trace(database, any_id)
    assert "4111" not in str(caught.value)
