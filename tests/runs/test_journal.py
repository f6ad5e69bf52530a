"""The step journal against a real PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from tests.lanes import claim
from tests.runs.follows import Follows
from tests.runs.ledger import Ledger

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.connector.abilities import Receipt
from tillbridge.connector.documents import Fields
from tillbridge.database.database import Database, Tx
from tillbridge.runs.journal import FencedOff, Journal, Patience
from tillbridge.runs.keys import Effect, wire_key
from tillbridge.runs.lanes import Lane, Turn, start_held, wake
from tillbridge.runs.lease import LeaseLost
from tillbridge.runs.run import Parked, Run

LANE = Lane("1042", "ledger")
EFFECT = Effect("ledger", "1042", "note")
FIELDS: Fields = {"text": "hello"}
QUICK = Patience(send_window_s=0.8, margin_s=0.05, desk_s=1.0)
TIMEOUT_S = 0.1


@dataclass
class Desk:
    """One run under one lease, with its journal."""

    database: Database
    journal: Journal
    run: Run
    turn: Turn
    settled: list[str] = field(default_factory=list)

    async def note(self, ledger: Ledger, safety: str = "natural_key") -> Receipt:
        return await self.journal.write("note", EFFECT, ledger.write(safety), FIELDS, TIMEOUT_S)

    async def state(self) -> str:
        return str(
            await self.database.fetch_value("SELECT state FROM effects WHERE key = $1", EFFECT.key)
        )


async def open_desk(database: Database, *, lease_s: float = 30.0) -> Desk:
    async with database.transaction() as tx:
        turn = await start_held(tx, LANE, "a test", lease_s, journey="deliver", content=b"{}")
    assert turn is not None
    run = turn.runs[0]
    desk = Desk(database, None, run, turn)  # type: ignore[arg-type]  # given on the next line
    desk.journal = journal_for(desk, turn, run)
    return desk


def journal_for(desk: Desk, turn: Turn, run: Run) -> Journal:
    return Journal(
        desk.database,
        turn.lease,
        run,
        clock=lambda: datetime.now(UTC),
        patience=QUICK,
        settles=Follows(lambda effect, _: desk.settled.append(effect.key)),
    )


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    yield await open_desk(database)


async def until_due(parked: Parked) -> None:
    assert parked.wait_s is not None
    await asyncio.sleep(parked.wait_s + 0.02)


async def test_a_write_is_intended_before_it_is_sent_and_done_after(desk: Desk) -> None:
    ledger = Ledger()

    receipt = await desk.note(ledger)

    assert receipt.fields == {"status": "taken"}
    assert await desk.state() == "done"
    assert desk.settled == [EFFECT.key]


async def test_a_done_write_answers_its_receipt_and_sends_nothing(desk: Desk) -> None:
    ledger = Ledger()
    first = await desk.note(ledger)

    assert await desk.note(ledger) == first
    assert ledger.sends == 1


async def test_a_lost_answer_is_unknown_and_nothing_is_sent_meanwhile(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1)

    with pytest.raises(Parked):
        await desk.note(ledger, "find")
    with pytest.raises(Parked):
        await desk.note(ledger, "find")

    assert await desk.state() == "unknown"
    assert ledger.sends == 1


async def test_an_unknown_ends_by_evidence(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger, "find")
    await until_due(parked.value)

    receipt = await desk.note(ledger, "find")

    assert receipt.fields == {"status": "taken"}
    assert ledger.sends == 1


async def test_not_found_yet_is_no_evidence_of_absence(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1, lag=True)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger, "find")
    await until_due(parked.value)

    with pytest.raises(Parked, match="proves nothing"):
        await desk.note(ledger, "find")

    assert ledger.sends == 1


async def test_proven_absence_sends_again(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger, "find")
    ledger.taken.clear()
    ledger.absent = True
    await until_due(parked.value)

    await desk.note(ledger, "find")

    assert ledger.sends == 2
    assert len(ledger.taken) == 1


async def test_a_natural_key_is_sent_again_and_makes_nothing_new(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger)
    await until_due(parked.value)

    await desk.note(ledger)

    assert ledger.sends == 2
    assert len(ledger.taken) == 1


async def test_a_natural_key_that_has_just_become_due_is_no_case_for_a_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time came between the refused intent and the look at the effect: hard to time."""
    ledger = Ledger(lose_answers=1)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger)
    await until_due(parked.value)

    async def too_early(*_: object) -> None:
        return None

    with monkeypatch.context() as just_before:
        just_before.setattr(desk.journal, "intend", too_early)
        with pytest.raises(Parked) as again:
            await desk.note(ledger)

    assert again.value.wait_s == 0.0
    await desk.note(ledger)
    assert len(ledger.taken) == 1


async def test_a_fence_ends_an_unknown_and_the_next_round_has_its_own_key(desk: Desk) -> None:
    ledger = Ledger(lose_answers=1, lag=True)
    with pytest.raises(Parked) as parked:
        await desk.note(ledger, "fence")
    await until_due(parked.value)
    with pytest.raises(FencedOff) as fenced:
        await desk.note(ledger, "fence")

    await desk.note(ledger, "fence")

    assert fenced.value.undone
    assert list(ledger.taken) == [wire_key(EFFECT.key, 1)]


async def test_what_certainly_did_not_leave_is_planned_again(desk: Desk) -> None:
    ledger = Ledger(not_sent=1)

    with pytest.raises(Transient):
        await desk.note(ledger)
    assert await desk.state() == "planned"

    await desk.note(ledger)
    assert await desk.state() == "done"


async def test_a_refusal_is_kept_and_may_be_sent_again_after_it_was_mended(desk: Desk) -> None:
    ledger = Ledger(refuse=True)
    with pytest.raises(Rejected):
        await desk.note(ledger)
    assert await desk.state() == "refused"
    ledger.refuse = False

    await desk.note(ledger)

    assert await desk.state() == "done"


async def test_a_worker_that_lost_its_lease_sends_nothing(database: Database) -> None:
    ledger = Ledger()
    desk = await open_desk(database, lease_s=0.05)
    await asyncio.sleep(0.1)
    later = await claim(database, LANE, "another", 30.0)
    assert later is not None

    with pytest.raises(LeaseLost):
        await desk.note(ledger)

    assert ledger.sends == 0


async def test_a_stalled_worker_is_stopped_at_the_socket(desk: Desk) -> None:
    ledger = Ledger()
    intent = await desk.journal.intend(
        "note", EFFECT, ledger.write("natural_key"), FIELDS, TIMEOUT_S
    )
    assert intent is not None
    time.sleep(QUICK.send_window_s + 0.05)  # noqa: ASYNC251 (the whole worker stalls)

    with pytest.raises(Transient, match="nothing was sent"):
        await desk.journal.send(intent, ledger.write("natural_key"), FIELDS, TIMEOUT_S)

    assert ledger.sends == 0


async def test_a_worker_that_wakes_late_says_nothing_of_a_try_that_another_has_under_way(
    database: Database,
) -> None:
    """Else the other's answer would find its effect ended, and what follows of it were lost."""
    write = Ledger().write("natural_key")
    desk = await open_desk(database, lease_s=0.05)
    stale = await desk.journal.intend("note", EFFECT, write, FIELDS, TIMEOUT_S)
    assert stale is not None
    await asyncio.sleep(QUICK.resolve_in_s(TIMEOUT_S) + 0.02)
    turn = await claim(database, LANE, "another", 30.0)
    assert turn is not None
    journal = journal_for(desk, turn, turn.runs[0])
    intent = await journal.intend("note", EFFECT, write, FIELDS, TIMEOUT_S)
    assert intent is not None

    with pytest.raises(Transient, match="nothing was sent"):
        await desk.journal.send(stale, write, FIELDS, TIMEOUT_S)
    await journal.send(intent, write, FIELDS, TIMEOUT_S)

    assert await desk.state() == "done"
    assert desk.settled == [EFFECT.key]


async def test_a_crash_between_intent_and_answer_is_unknown_to_the_next_holder(
    database: Database,
) -> None:
    ledger = Ledger()
    desk = await open_desk(database, lease_s=0.2)
    await desk.journal.intend("note", EFFECT, ledger.write("find"), FIELDS, TIMEOUT_S)
    await asyncio.sleep(0.25)
    turn = await claim(database, LANE, "another", 30.0)
    assert turn is not None
    desk.journal = journal_for(desk, turn, turn.runs[0])

    with pytest.raises(Parked) as parked:
        await desk.note(ledger, "find")

    assert parked.value.wait_s is not None
    assert parked.value.wait_s > 0
    assert ledger.sends == 0


async def test_a_late_answer_of_a_fenced_worker_still_counts_as_evidence(
    database: Database,
) -> None:
    desk = await open_desk(database, lease_s=0.2)
    ledger = Ledger()
    intent = await desk.journal.intend("note", EFFECT, ledger.write("find"), FIELDS, TIMEOUT_S)
    assert intent is not None

    async def overtaken_send() -> None:
        write = ledger.write("find")
        await desk.journal.send(intent, write, FIELDS, TIMEOUT_S)

    await overtaken_send()
    await asyncio.sleep(0.25)
    assert await claim(database, LANE, "another", 30.0) is not None
    assert await desk.state() == "done"


@pytest.mark.complaint("I39")
async def test_a_local_step_is_done_once(desk: Desk) -> None:
    calls = []

    async def count(_tx: Tx) -> bytes:
        calls.append(1)
        return b"counted"

    assert await desk.journal.local("count", count) == b"counted"
    assert await desk.journal.local("count", count) == b"counted"
    assert calls == [1]


async def test_a_read_is_asked_once(desk: Desk) -> None:
    asked = []

    async def ask(_call: object) -> Receipt:
        asked.append(1)
        return Receipt(fields={"status": "open"})

    first = await desk.journal.read("look", ask, 1.0)

    assert await desk.journal.read("look", ask, 1.0) == first
    assert asked == [1]


async def test_waking_a_lane_makes_it_due(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO lanes (subject, target) VALUES ($1, $2)", LANE.subject, LANE.target
        )
    assert await claim(database, LANE, "a test", 30.0) is None
    async with database.transaction() as tx:
        await wake(tx, LANE)

    assert await claim(database, LANE, "a test", 30.0) is not None
