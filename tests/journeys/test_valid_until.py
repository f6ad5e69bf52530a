"""An authorization is valid for as long as its shopper is kept waiting, and not a moment longer."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.runtime.mill import open_mill

from tillbridge.canonical.errors import Transient
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.authorization import while_waited_for
from tillbridge.journeys.house import House
from tillbridge.runs.journal import Intent
from tillbridge.runs.keys import Effect
from tillbridge.runs.lease import Lease


@pytest.fixture
async def house(dsn: str) -> AsyncIterator[House]:
    async with open_mill(dsn) as mill:
        yield replace(mill.house, pace=replace(mill.house.pace, answer_s=25.0))


def intent_of(house: House, age_s: float) -> Intent:
    """An intent that may be sent for 5 s, of a checkout that came so long ago."""
    received_at = house.clock() - timedelta(seconds=age_s)
    delivery = Delivery("webshop", "POST", "/checkout/payments", {}, b"", received_at)
    effect = Effect("cybersource", "1042", "authorization", "webshop:try-1")
    intent = Intent(effect, "key", time.monotonic() + 5.0, 60.0, lease=1)
    return while_waited_for(house, intent, delivery)


def may_leave(intent: Intent) -> bool:
    lease = Lease("1042", "cybersource", 1, None, time.monotonic() + 60.0)
    try:
        lease.guard(intent.send_by)()
    except Transient as late:
        assert late.sent == "no"
        return False
    return True


async def test_a_checkout_that_just_came_has_its_whole_time_to_be_sent(house: House) -> None:
    intent = intent_of(house, 1.0)
    assert intent.send_by - time.monotonic() == pytest.approx(5.0, abs=0.5)
    assert may_leave(intent)


async def test_what_was_held_up_has_what_is_left(house: House) -> None:
    assert intent_of(house, 23.0).send_by - time.monotonic() == pytest.approx(2.0, abs=0.5)


async def test_nobody_is_sent_after_the_shop_was_answered(house: House) -> None:
    assert not may_leave(intent_of(house, 25.5))
