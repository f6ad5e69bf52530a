"""A person's word is the last way for an unknown to end."""

import asyncio
from pathlib import Path

import pytest
from tests.journeys.town import Town, open_town, order_document, till

from tillbridge.canonical.errors import Rejected
from tillbridge.journeys.witness import say_it_did_not, say_it_happened
from tillbridge.runs.history import unknowns
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault, Rule

BLIND = Options(fence="unsupported", search_lag_s=1e9)
UNFENCED = {"fence": "no", "absent_after_s": "0"}


async def until_a_person_may_speak(town: Town) -> str:
    """The key of the one unknown, once its call has had its time."""
    async with asyncio.timeout(15):
        while True:
            for row in await unknowns(town.house.database):
                due = await town.house.database.fetch_value(
                    "SELECT resolve_after <= now() FROM effects WHERE key = $1", row.key
                )
                if due:
                    return row.key
            await asyncio.sleep(0.1)


async def test_a_lost_authorization_that_took_place_is_taken_over(tmp_path: Path, dsn: str) -> None:
    async with (
        open_town(tmp_path, dsn, options=BLIND, settings=UNFENCED) as town,
        till(town) as shop,
    ):
        town.cybersource.faults.rules += [
            Rule("authorization", Fault("lose_answer"), times=1),
            Rule("webhook", Fault("lost")),
        ]
        status, _ = await shop.pay(order_document("1001"))
        assert status == 202
        key = await until_a_person_may_speak(town)
        (hold,) = town.held("1001")

        await say_it_happened(town.desk, key, hold["id"], operator="ann", why="seen there")
        await shop.ship("1001")
        await town.quiet()

        (hold,) = town.cybersource.holds()["1001"]
        assert hold["captured"] == "31.95"


async def test_what_never_took_place_leaves_the_order_payable(tmp_path: Path, dsn: str) -> None:
    async with (
        open_town(tmp_path, dsn, options=BLIND, settings=UNFENCED) as town,
        till(town) as shop,
    ):
        town.cybersource.faults.rules.append(Rule("authorization", Fault("break_before"), times=1))
        await shop.pay(order_document("1002"))
        key = await until_a_person_may_speak(town)

        await say_it_did_not(town.desk, key, operator="ann", why="they know nothing of it")
        status, answer = await shop.pay(order_document("1002"), key="another")

        assert (status, answer["status"]) == (200, "authorized")
        assert len(town.held("1002")) == 1


async def test_nobody_speaks_of_what_is_known(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town:
        with pytest.raises(Rejected, match="is open"):
            await say_it_happened(town.desk, "NOKEY", "1", operator="ann", why="a guess")
        with pytest.raises(Rejected, match="person's word"):
            await say_it_did_not(town.desk, "NOKEY", operator="ann", why="a guess")
