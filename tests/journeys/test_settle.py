"""A reply, its webhook and what follows from them count once, whichever way and order they come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.room import Room, open_room
from tests.journeys.shipment import AMOUNT, Shipment, ship
from tests.payments.book import begin, now, order, seen

from tillbridge.canonical.payments import AttemptState, Operation, Verdict
from tillbridge.connector.abilities import Receipt
from tillbridge.journeys.checkout import journal_of
from tillbridge.journeys.settle import Settling
from tillbridge.payments.observations import observations_of
from tillbridge.references.references import subjects_of
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import Lane, release, start_held
from tillbridge.runs.run import Change


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


async def reply_first(shipment: Shipment) -> None:
    await shipment.send(await shipment.intend())
    await shipment.hear()


async def webhook_first(shipment: Shipment) -> None:
    intent = await shipment.intend()
    await shipment.hear()
    await shipment.send(intent)


async def at_once(shipment: Shipment) -> None:
    intent = await shipment.intend()
    await asyncio.gather(shipment.send(intent), shipment.hear())


Order = Callable[[Shipment], Awaitable[None]]


@pytest.mark.parametrize("puts_off", [True, False])
@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("come", [reply_first, webhook_first, at_once])
async def test_a_capture_and_its_webhook_count_once(
    room: Room, come: Order, short: bool, puts_off: bool
) -> None:
    shipments = [
        await ship(room, str(number), short=short, puts_off=puts_off) for number in range(8)
    ]

    await asyncio.gather(*map(come, shipments))
    for shipment in shipments:
        await shipment.journal.close()

    for shipment in shipments:
        assert await told(shipment) == {
            "state": AttemptState.CAPTURED,
            "captured": AMOUNT,
            "observed": [("authorization", "moved"), ("capture", "moved")],
            "events": 1,
            "effect": {"1": "done"},
            "known as": [shipment.lane.subject],
        }
    assert await room.count("deliveries") == len(shipments)


async def told(shipment: Shipment) -> dict[str, Any]:
    """What became of it, as everybody sees it."""
    subject, database = shipment.lane.subject, shipment.room.house.database
    attempt = await now(database, f"wire of {subject}")
    observed = await observations_of(database, subject)
    return {
        "state": attempt.state,
        "captured": attempt.captured,
        "observed": [(one.operation, one.meaning) for one in observed],
        "events": await database.fetch_value(
            "SELECT count(*) FROM events WHERE subject = $1 AND kind = 'payment.captured'", subject
        ),
        "effect": await shipment.states(),
        "known as": await subjects_of(database, shipment.capture_id),
    }


async def test_the_short_way_is_gone_when_nothing_has_moved(room: Room) -> None:
    shipment = await ship(room)

    await shipment.send(await shipment.intend())

    assert shipment.settling.attempt is not None
    assert shipment.settling.attempt.captured == AMOUNT


async def test_an_attempt_that_has_moved_is_judged_again_under_its_lock(room: Room) -> None:
    shipment = await ship(room)
    intent = await shipment.intend()
    await room.house.database.execute("UPDATE attempts SET approval_code = 'a new code'")

    await shipment.send(intent)

    assert shipment.settling.attempt is None  # not known any more: the long way was gone
    attempt = await now(room.house.database, "wire of 1042")
    assert (attempt.captured, attempt.approval_code) == (AMOUNT, "a new code")


async def test_a_capture_that_was_undone_before_its_reply_was_read_counts_for_nothing(
    room: Room,
) -> None:
    """The void names the capture, and leaves the attempt as it was: only observations tell."""
    shipment = await ship(room)
    intent = await shipment.intend()
    undone = {
        "id": "v-1",
        "submitTimeUtc": "2026-03-03T10:00:00Z",
        "status": "VOIDED",
        "clientReferenceInformation": {"code": "1042", "transactionId": shipment.effect.key},
        "voidAmountDetails": {"voidAmount": str(AMOUNT.amount), "currency": "USD"},
    }
    await room.hear_cybersource("payments.voids.accept", undone, number="n-v")

    await shipment.send(intent)

    assert (await now(room.house.database, "wire of 1042")).captured.amount == 0


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("first", ["reply", "webhook", "neither"])
async def test_an_authorization_and_its_webhook_count_once(
    room: Room, first: str, short: bool
) -> None:
    database = room.house.database
    effect = Effect("cybersource", "1042", "authorization", "webshop:k1")
    await begin(database, effect.key)
    async with database.transaction() as tx:
        turn = await start_held(
            tx, Lane("1042", "cybersource"), "a test", 30.0, journey="checkout", content=b""
        )
    assert turn is not None
    attempt = await now(database, effect.key) if short else None
    settling = Settling(room.house, attempt=attempt, ends_turn=short)
    journal = journal_of(room.house, turn, turn.runs[0], settling)
    held = seen(Operation.AUTHORIZATION, Verdict.APPROVED, "h-1", attempt_key=effect.key)
    shipment = Shipment(
        room, Lane("1042", "cybersource"), turn, settling, journal, effect,
        Receipt(observations=(held,)),
    )  # fmt: skip
    intent = await shipment.intend()

    async def hear() -> None:
        amounts = {"authorizedAmount": str(order().total.amount), "currency": "USD"}
        payload = {
            "id": "h-1",
            "submitTimeUtc": "2026-03-03T10:00:00Z",
            "status": "AUTHORIZED",
            "clientReferenceInformation": {"code": "1042", "transactionId": effect.key},
            "orderInformation": {"amountDetails": amounts},
        }
        await room.hear_cybersource("payments.authorization.status.accepted", payload)

    async def reply() -> None:
        await shipment.send(intent)
        if not settling.ended:
            turn.change(Change(turn.runs[0].id, "done"))
            await release(database, turn)

    if first == "neither":
        await asyncio.gather(reply(), hear())
    else:
        for come in (reply, hear) if first == "reply" else (hear, reply):
            await come()

    assert (await now(database, effect.key)).state is AttemptState.AUTHORIZED
    assert [one.meaning for one in await observations_of(database, "1042")] == ["moved"]
    flows = await database.fetch(
        "SELECT journey || ' ' || flow AS run, state FROM runs ORDER BY id"
    )
    assert [tuple(row) for row in flows] == [
        ("checkout ", "done"),
        ("deliver order-to-dynamics", "ready"),
    ]
    assert await database.fetch_value(
        "SELECT count(*) FROM lanes WHERE target = 'cybersource' AND lease_until IS NULL"
    )
