"""A person decides about a payment whose address check failed."""

from pathlib import Path

import pytest
from tests.journeys.town import open_town, order_document, till
from tests.journeys.workshop import open_workshop
from tests.payments.book import begin

from tillbridge.access.audit import entries
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import AttemptState
from tillbridge.journeys.poll import poll_reviews
from tillbridge.journeys.review import decide


async def test_an_accepted_address_check_is_released_and_captured(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("1001"), outcome="avs_failed")
        assert answer["status"] == "in_review"
        await town.wait_for("1001", "order-to-dynamics", "decision")

        why = "the shopper called"
        attempt = await decide(town.desk, "1001", accept=True, operator="ann", why=why)
        await shop.ship("1001")
        await town.quiet()

        assert attempt.state is AttemptState.AUTHORIZED
        (hold,) = town.cybersource.holds()["1001"]
        assert hold["captured"] == "31.95"
        async with town.house.database.connection() as connection:
            (entry,) = await entries(connection, subject="order 1001")
        assert (entry.who, entry.action, entry.why) == ("ann", "accept", why)


async def test_a_rejected_address_check_gives_the_money_back(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("1002"), outcome="cv_failed")
        await town.wait_for("1002", "order-to-dynamics", "decision")

        await decide(town.desk, "1002", accept=False, operator="ann", why="it looks wrong")
        await town.quiet()

        assert town.held("1002") == []


async def test_what_decision_manager_has_is_decided_there(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("1003"), outcome="review")

        with pytest.raises(Rejected, match="Decision Manager"):
            await decide(town.desk, "1003", accept=True, operator="ann", why="a guess")

        town.cybersource.decide_review(answer["transaction_id"], accept=False)
        await town.quiet()


async def test_nothing_is_decided_twice(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("1004"), outcome="avs_failed")
        await decide(town.desk, "1004", accept=False, operator="ann", why="no")

        with pytest.raises(Rejected, match="waits for a decision"):
            await decide(town.desk, "1004", accept=True, operator="bob", why="yes")
        await town.quiet()


async def test_a_payment_whose_connection_is_gone_holds_up_no_other(
    tmp_path: Path, dsn: str
) -> None:
    """The workshop has no payment system: whose review waits there is asked about by nobody."""
    async with open_workshop(tmp_path, dsn, works=False) as shop:
        await begin(shop.house.database)
        await shop.house.database.execute("UPDATE attempts SET state = 'in_review'")
        await poll_reviews(shop.house)

        assert await shop.column("SELECT state FROM attempts") == ["in_review"]
