"""What is delivered is kept once, whatever it is; what has to be refused leaves nothing behind."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.journeys.room import PLANTED, Room, capture_told, fulfilled, open_room
from tests.lanes import claim

from tillbridge.assembly import JOURNEYS
from tillbridge.canonical.errors import Rejected
from tillbridge.inbox.inbox import counts, kept_back
from tillbridge.journeys.steer import replay
from tillbridge.journeys.turn import take_turn
from tillbridge.payments.observations import observations_of
from tillbridge.runs import history
from tillbridge.runs.dead_letters import dead_letters, open_dead_letter
from tillbridge.runs.history import RunRow, events_of, runs
from tillbridge.runs.lanes import Lane
from tillbridge.runtime.leases import HeldLeases
from tillbridge_simulators.cybersource.webhooks import signature_header

CAPTURED = "payments.capture.status.accepted"


@pytest.fixture
async def room(tmp_path: Path, dsn: str) -> AsyncIterator[Room]:
    async with open_room(tmp_path, dsn) as opened:
        yield opened


async def nothing_was_kept(room: Room) -> bool:
    tables = ("deliveries", "delivery_bodies", "events", "runs", "observations", "dead_letters")
    return sum([await room.count(table) for table in tables]) == 0


async def test_a_delivery_is_kept_with_what_it_starts(room: Room) -> None:
    received = await room.hear_shop(fulfilled())

    assert (received.verdict, received.delivery_id) == ("accepted", "evt-1")
    (started,) = await runs(room.house.database)
    assert (started.flow, started.subject, started.state) == (
        "capture-when-shipped",
        "1042",
        "ready",
    )


@pytest.mark.complaint("I8")
async def test_the_same_delivery_again_is_a_repeat_and_starts_nothing(room: Room) -> None:
    await room.hear_shop(fulfilled())

    assert (await room.hear_shop(fulfilled())).verdict == "repeat"

    assert (await room.count("runs"), await room.count("delivery_bodies")) == (1, 1)
    assert (await counts(room.house.database)).repeats == 1


@pytest.mark.complaint("I6")
async def test_the_same_delivery_many_times_at_once_starts_one_run(room: Room) -> None:
    verdicts = await asyncio.gather(*(room.hear_shop(fulfilled()) for _ in range(12)))

    assert sorted(one.verdict for one in verdicts) == ["accepted", *["repeat"] * 11]
    assert await room.count("runs") == 1


async def test_the_same_id_with_another_meaning_is_an_alert_and_both_are_kept(room: Room) -> None:
    await room.hear_shop(fulfilled())

    again = await room.hear_shop(fulfilled(order="1043"))

    assert again.verdict == "altered"
    assert (await room.count("runs"), await room.count("delivery_bodies")) == (1, 2)
    assert (await counts(room.house.database)).altered == 1


async def test_a_senders_own_retry_is_a_repeat_though_its_envelope_counts_attempts(
    room: Room,
) -> None:
    await room.hear_cybersource(CAPTURED, capture_told())

    again = await room.hear_cybersource(CAPTURED, capture_told(), attempt=1)

    assert again.verdict == "repeat"
    assert (await counts(room.house.database)).altered == 0


@pytest.mark.complaint("I8")
async def test_the_same_event_under_another_delivery_id_happens_once(room: Room) -> None:
    await room.hear_cybersource(CAPTURED, capture_told(), number="n-1")

    assert (
        await room.hear_cybersource(CAPTURED, capture_told(), number="n-2")
    ).verdict == "accepted"

    assert len(await observations_of(room.house.database, "1042")) == 1


async def test_an_event_of_an_unknown_type_is_kept_back_and_shown(room: Room) -> None:
    received = await room.hear_shop({"id": "evt-9", "type": "order.praised", "order_number": "1"})

    assert received.verdict == "kept_back"
    (shown,) = await kept_back(room.house.database)
    assert (shown.delivery_id, "order.praised" in shown.why) == ("evt-9", True)
    assert await room.count("runs") == 0


CARD_TOLD = """\
flow: card-told
title: A stored card has changed
lane: webshop
starts_on: [token.updated]
steps:
  - stop: "Noted"
    outcome: done
"""


async def test_an_update_of_a_stored_card_that_came_late_starts_nothing(
    tmp_path: Path, dsn: str
) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "card-told.yaml").write_text(CARD_TOLD)
    updated = "tms.token.updated"
    async with open_room(tmp_path, dsn) as room:
        for number, told, day in (("2", "A1", 3), ("1", "A1", 2), ("4", "A1", 4), ("3", "B7", 1)):
            payload = {"data": {"id": told, "state": f"state {number}"}}
            at = f"2026-03-0{day}T10:00:00Z"
            await room.hear_cybersource(updated, payload, number=number, at=at)

        started = await runs(room.house.database)

        assert await room.count("events") == 4
        assert sorted(run.subject for run in started) == ["A1", "A1", "B7"]


async def test_what_cannot_be_used_is_kept_as_a_dead_letter(room: Room) -> None:
    received = await room.hear_shop(fulfilled(occurred_at="yesterday"))

    assert received.verdict == "kept_back"
    (letter,) = await dead_letters(room.house.database)
    assert (letter.kind, letter.whose_turn) == ("invalid_data", "sender")
    opened = await open_dead_letter(room.house.database, letter.run_id)
    assert opened.content["occurred_at"] == "yesterday"


async def test_what_cannot_be_used_is_one_dead_letter_however_often_it_is_sent(
    room: Room,
) -> None:
    for _ in range(3):
        await room.hear_shop(fulfilled(occurred_at="yesterday"))

    assert len(await dead_letters(room.house.database)) == 1


async def test_a_shops_own_id_may_look_like_ours(room: Room) -> None:
    """An id that begins like those we give to unusable deliveries is an id like any other."""
    received = await room.hear_shop(fulfilled(number="unusable-1"))

    assert received.verdict == "accepted"
    assert [run.flow for run in await runs(room.house.database)] == ["capture-when-shipped"]


HOSTILE = [
    {},
    [],
    {"payload": 7},
    {"eventType": CAPTURED, "payload": {"id": "x"}},
    {"eventType": CAPTURED, "payload": {"id": "x", "submitTimeUtc": "soon"}},
    {"eventType": CAPTURED, "payload": {"id": ["x"], "submitTimeUtc": "2026-03-03T10:00:00Z"}},
    {"eventType": ["x"], "payload": [[]]},
    {"eventType": "payments.authorization.status.accepted", "payload": {"id": 1, "status": {}}},
    {
        "eventType": CAPTURED,
        "payload": capture_told(amount="a lot"),
    },
    {"eventType": CAPTURED, "payload": capture_told(amount="1e400")},
    {"eventType": "risk.casemanagement.decision.accept", "payload": {"id": "x", "code": None}},
]


@pytest.mark.parametrize("envelope", HOSTILE, ids=range(len(HOSTILE)))
async def test_whatever_a_genuine_sender_sends_is_kept(room: Room, envelope: object) -> None:
    body = json.dumps(envelope).encode()
    headers = {"v-c-signature": signature_header(room.subscription, body, time.time())}

    received = await room.hear("cybersource", body, headers)

    assert received.verdict in ("accepted", "kept_back")
    assert await room.count("delivery_bodies") == 1


async def test_a_translation_that_trips_over_a_bug_of_ours_keeps_the_delivery(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which bug, nobody can know beforehand: so one is planted."""

    def trip(_delivery: object) -> None:
        raise KeyError("a bug")

    session = type(room.house.connections["webshop"].session)
    monkeypatch.setattr(session, "translate", lambda _self, delivery: trip(delivery))

    assert (await room.hear_shop(fulfilled())).verdict == "kept_back"

    (letter,) = await dead_letters(room.house.database)
    assert "KeyError" in letter.message


@pytest.mark.parametrize("secret", ["another-secret-of-forty-characters-0001", ""])
async def test_a_bad_signature_is_refused_and_nothing_is_kept(room: Room, secret: str) -> None:
    with pytest.raises(Rejected) as refused:
        await room.hear_shop(fulfilled(), secret=secret or "x" * 40)

    assert refused.value.reason == "bad_signature"
    assert await nothing_was_kept(room)


@pytest.mark.parametrize("door", ["nowhere", "dynamics", ""])
async def test_an_unknown_door_is_refused_and_nothing_is_kept(room: Room, door: str) -> None:
    with pytest.raises(Rejected) as refused:
        await room.hear(door, b"{}", {})

    assert refused.value.reason == "unknown_door"
    assert await nothing_was_kept(room)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"id": NaN}', b"[" * 100_000])
async def test_unreadable_json_is_refused_and_nothing_is_kept(room: Room, body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        await room.hear_shop(body)

    assert refused.value.reason == "bad_json"
    assert await nothing_was_kept(room)


@pytest.mark.parametrize("at", ["description", "id", "custom", "key"])
async def test_card_data_from_a_shop_is_refused_and_nothing_is_kept(room: Room, at: str) -> None:
    document = {
        "description": fulfilled(note=f"paid with {PLANTED}"),
        "id": fulfilled(number=PLANTED.replace(" ", "")),
        "custom": fulfilled(custom={"note": [PLANTED]}),
        "key": fulfilled(custom={PLANTED: "x"}),
    }[at]

    with pytest.raises(Rejected) as refused:
        await room.hear_shop(document)

    assert refused.value.reason == "card_data"
    assert PLANTED not in str(refused.value)
    assert await nothing_was_kept(room)


async def test_card_data_in_a_webhook_is_masked_and_flagged_and_its_fact_is_kept(
    room: Room,
) -> None:
    told = capture_told() | {"note": f"card {PLANTED}"}

    received = await room.hear_cybersource(CAPTURED, told)

    assert received.verdict == "accepted"
    assert len(await observations_of(room.house.database, "1042")) == 1
    row = await room.house.database.fetch_row("SELECT body, card_data_masked FROM delivery_bodies")
    assert row is not None
    assert row["card_data_masked"]
    assert b"1111" in row["body"]
    assert await room.holds(PLANTED) == []


async def test_card_data_in_a_header_is_masked(room: Room) -> None:
    body, headers = room.notification(CAPTURED, capture_told())

    await room.hear("cybersource", body, headers | {"x-note": PLANTED, PLANTED: "x"})

    assert await room.holds(PLANTED) == []


async def test_a_request_id_that_looks_like_a_card_is_kept_as_it_is(room: Room) -> None:
    """Ids are declared: a payment fact is never made unfindable for its number's sake."""
    looks_like_a_card = PLANTED.replace(" ", "")

    await room.hear_cybersource(CAPTURED, capture_told(looks_like_a_card))

    (seen,) = await observations_of(room.house.database, "1042")
    assert seen.request_id == looks_like_a_card


@pytest.mark.complaint("I30")
async def test_nothing_is_half_kept_when_the_commit_fails(room: Room) -> None:
    """The last of what one statement does is refused."""
    database = room.house.database
    await database.execute("ALTER TABLE runs ADD CONSTRAINT broken CHECK (false) NOT VALID")
    with pytest.raises(asyncpg.CheckViolationError):
        await room.hear_shop(fulfilled())

    assert await nothing_was_kept(room)
    await database.execute("ALTER TABLE runs DROP CONSTRAINT broken")
    assert (await room.hear_shop(fulfilled())).verdict == "accepted"


async def test_a_delivery_that_lost_a_deadlock_is_taken_in_again(room: Room) -> None:
    """PostgreSQL ends it after one second, by whoever began to wait first: only then the other goes
    on."""
    database = room.house.database
    await database.execute("INSERT INTO subjects (subject, arrivals) VALUES ('1042', 0)")
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as other:
            await other.execute("SELECT 1 FROM subjects WHERE subject = '1042' FOR UPDATE")
            hearing = asyncio.create_task(room.hear_shop(fulfilled()))
            await asyncio.sleep(0.3)
            await other.execute(
                "INSERT INTO deliveries (source, delivery_id, meaning_sha256, received_at)"
                " VALUES ('webshop', 'evt-1', '', now())"
            )
            raise ZeroDivisionError

    assert (await hearing).verdict == "accepted"
    assert len(await events_of(database, "1042")) == 1


async def test_an_unusable_delivery_is_read_again_once_its_cause_is_mended(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Any = type(room.house.connections["webshop"].session)
    mended = session.translate

    def broken(_self: object, _delivery: object) -> None:
        raise Rejected("There is no key for it yet.", reason="cannot_decrypt")

    monkeypatch.setattr(session, "translate", broken)
    await room.hear_shop(fulfilled())
    (letter,) = await dead_letters(room.house.database)
    again = await _read_again(room, letter.run_id)
    assert again.state == "dead"

    monkeypatch.setattr(session, "translate", mended)
    again = await _read_again(room, again.id)

    assert (again.state, again.ending) == ("done", "read as evt-1")
    flows = [run.flow for run in await runs(room.house.database, subject="1042")]
    assert flows == ["capture-when-shipped"]
    assert (await room.hear_shop(fulfilled())).verdict == "repeat"
    assert await dead_letters(room.house.database) == []


async def _read_again(room: Room, run_id: int) -> RunRow:
    number = await replay(room.house, run_id, "ada", "the key is set")
    run, _ = await history.run(room.house.database, number)
    turn = await claim(room.house.database, Lane(run.subject, run.target), "a test", 30.0)
    assert turn is not None
    await take_turn(room.house, turn, JOURNEYS, HeldLeases(room.house.database, 30.0, 900.0))
    ended, _ = await history.run(room.house.database, number)
    return ended
