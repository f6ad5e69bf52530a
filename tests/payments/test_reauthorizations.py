"""Attempts that follow another: what they may hold, what others hear of them, what goes back."""

from dataclasses import replace

import pytest
from tests.payments.book import CONNECTION, HELD_ID, begin, now, seen, tell, usd
from tests.payments.test_refunds import ask, refunded, send

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.canonical.payments import AttemptState, Observation, Operation, Source, Verdict
from tillbridge.database.database import Database
from tillbridge.payments.attempts import live, newest, of_order
from tillbridge.payments.claims import HoldUsed, claim_capture
from tillbridge.payments.reauthorizations import (
    Wanted,
    following,
    no_longer_wanted,
    open_reauthorization,
)

FIRST = "WIREKEYWIREKEYWIREKEYWIRE1"
AUTHORIZATION, CAPTURE = Operation.AUTHORIZATION, Operation.CAPTURE
APPROVED = Verdict.APPROVED


async def captured_once(database: Database, amount: str = "60.00") -> None:
    """An attempt of 100.00 whose hold takes one capture, and has had it."""
    await begin(database)
    await tell(database, seen(AUTHORIZATION, APPROVED))
    await claim(database, "c1", amount)
    await tell(database, seen(CAPTURE, APPROVED, "taken-1", amount=amount, attempt_key="c1"))


async def claim(database: Database, key: str, amount: str, of: str = HELD_ID) -> None:
    await claim_capture(database, key, of, usd(amount), order_number="1042", once=True)


async def anew(database: Database, wire: str, amount: str) -> None:
    async with database.transaction() as tx:
        await open_reauthorization(tx, Wanted(wire, FIRST, f"anew {wire}", usd(amount)))


def _without_parent(one: Observation) -> Observation:
    """As a webhook tells it."""
    return replace(one, parent_id="")


async def test_a_hold_that_takes_one_capture_is_claimed_by_one(database: Database) -> None:
    await captured_once(database)
    await claim(database, "c1", "60.00")

    with pytest.raises(HoldUsed) as used:
        await claim(database, "c2", "40.00")

    assert used.value.attempt.captured == usd("60.00")


async def test_what_is_authorized_anew_never_passes_what_is_left(database: Database) -> None:
    await captured_once(database)
    await anew(database, "second", "30.00")
    await anew(database, "second", "30.00")

    with pytest.raises(Rejected, match=r"10\.00 USD of 100\.00 USD is left"):
        await anew(database, "third", "10.01")
    await tell(
        database,
        seen(AUTHORIZATION, Verdict.DECLINED, "no-2", attempt_key="second", amount=None),
    )
    await anew(database, "third", "40.00")

    assert [one.wire_key for one in await following(database, FIRST)] == ["second", "third"]
    first = await live(database, CONNECTION, "1042")
    assert first is not None and first.wire_key == FIRST
    assert await newest(database, "1042") == await now(database, FIRST)


async def test_others_hear_of_one_payment(database: Database) -> None:
    await captured_once(database)
    await anew(database, "second", "40.00")
    held = seen(AUTHORIZATION, APPROVED, "held-2", attempt_key="second", amount="40.00")
    assert await tell(database, held) == []
    await claim(database, "c2", "40.00", "held-2")

    # a webhook says neither which hold it captures nor anything but its own key
    webhook = seen(
        CAPTURE, APPROVED, "taken-2", amount="40.00", attempt_key="c2", source=Source.WEBHOOK
    )
    (event,) = await tell(database, _without_parent(webhook))

    assert event.kind is Kind.PAYMENT_CAPTURED and event.data.payment is not None
    payment = event.data.payment
    assert (payment.attempt_key, payment.authorization_id) == ("k1", HELD_ID)
    assert (payment.authorized, payment.captured) == (usd("100.00"), usd("100.00"))
    states = [(one.state, one.captured) for one in await of_order(database, "1042")]
    assert states == [
        (AttemptState.CAPTURED, usd("60.00")),
        (AttemptState.CAPTURED, usd("40.00")),
    ]


@pytest.mark.parametrize("verdict", [Verdict.IN_REVIEW, Verdict.HELD_DECLINED])
async def test_one_that_is_in_doubt_is_released(database: Database, verdict: Verdict) -> None:
    await captured_once(database)
    await anew(database, "second", "40.00")

    told = seen(AUTHORIZATION, verdict, "held-2", attempt_key="second", amount="40.00")
    (event,) = await tell(database, told)

    assert event.kind is Kind.PAYMENT_STRAY and event.data.payment is not None
    assert event.data.payment.authorization_id == "held-2"
    assert (await now(database, "second")).state is AttemptState.REVERSING


async def test_a_hold_of_a_shipment_that_is_given_up_is_to_be_released_unless_it_is_claimed(
    database: Database,
) -> None:
    await captured_once(database)
    await anew(database, "second", "40.00")
    held = seen(AUTHORIZATION, APPROVED, "held-2", attempt_key="second", amount="40.00")
    await tell(database, held)

    async with database.transaction() as tx:
        assert await no_longer_wanted(tx, FIRST, held.occurred_at) == []
        (event,) = await no_longer_wanted(tx, "second", held.occurred_at)
    assert event.data.payment is not None
    assert event.data.payment.authorization_id == "held-2"

    await claim(database, "c2", "40.00", "held-2")
    async with database.transaction() as tx:
        assert await no_longer_wanted(tx, "second", held.occurred_at) == []


async def test_refunds_share_all_that_was_captured_of_an_order(database: Database) -> None:
    await captured_once(database)
    await anew(database, "second", "40.00")
    await tell(
        database,
        seen(AUTHORIZATION, APPROVED, "held-2", attempt_key="second", amount="40.00"),
        seen(CAPTURE, APPROVED, "taken-2", amount="40.00", attempt_key="c2", parent_id="held-2"),
    )

    portions = await ask(database, "r1", "75.00")
    assert [(one.capture_id, one.amount) for one in portions] == [
        ("taken-1", usd("60.00")),
        ("taken-2", usd("15.00")),
    ]
    assert await ask(database, "r1", "75.00") == portions
    with pytest.raises(Rejected, match=r"25\.00 USD of 100\.00 USD is left"):
        await ask(database, "r2", "25.01")

    await send(database, "r1")
    await send(database, "r1.2")
    (event,) = await tell(
        database, _without_parent(refunded("back-2", "r1.2", "15.00", of="taken-2"))
    )
    assert event.data.payment is not None
    assert event.data.payment.refunded == usd("15.00")
    (event,) = await tell(database, refunded("back-1", "r1", "60.00", of="taken-1"))
    assert event.data.payment is not None
    assert event.data.payment.refunded == usd("75.00")
    assert [one.refunded for one in await of_order(database, "1042")] == [
        usd("60.00"),
        usd("15.00"),
    ]
