"""What ends an unknown: by one clock, not against newer evidence, and heard however late."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from tests.lanes import claim, due
from tests.runs.follows import Follows
from tests.runs.ledger import Ledger
from tests.runs.test_journal import (
    EFFECT,
    FIELDS,
    LANE,
    QUICK,
    TIMEOUT_S,
    Desk,
    journal_for,
    open_desk,
    until_due,
)

from tillbridge.canonical.errors import Transient
from tillbridge.canonical.payments import Observation, Operation, Source, Verdict
from tillbridge.connector.abilities import Call, Fenced, Finding, Receipt
from tillbridge.connector.documents import Fields
from tillbridge.database.database import Database
from tillbridge.runs import testimony
from tillbridge.runs.journal import FencedOff, Journal
from tillbridge.runs.keys import Effect
from tillbridge.runs.lanes import release, renew
from tillbridge.runs.run import Change, Parked


@dataclass
class Watching(Ledger):
    """Remembers how old the effect was said to be when it was asked for."""

    ages: list[timedelta] = field(default_factory=list)

    async def find(self, call: Call, fields: Fields, sent_at: datetime) -> Finding:
        self.ages.append(call.now - sent_at)
        return await super().find(call, fields, sent_at)


async def unknown(desk: Desk, ledger: Ledger, safety: str) -> Parked:
    with pytest.raises(Parked) as parked:
        await desk.note(ledger, safety)
    return parked.value


@pytest.mark.parametrize("off_by", [timedelta(days=1), timedelta(days=-1), timedelta(0)])
async def test_how_long_ago_something_was_sent_does_not_depend_on_whose_clock_is_right(
    database: Database, off_by: timedelta
) -> None:
    """A clock that runs ahead must not make "not found" a proof of absence too soon."""
    desk = await open_desk(database)
    ledger = Watching(lose_answers=1)
    await until_due(await unknown(desk, ledger, "find"))
    desk.journal = Journal(
        database,
        desk.turn.lease,
        desk.run,
        clock=lambda: datetime.now(UTC) + off_by,
        patience=QUICK,
        settles=Follows(),
    )

    await desk.note(ledger, "find")

    assert [timedelta(0) < age < timedelta(seconds=5) for age in ledger.ages] == [True]


async def test_an_effect_that_somebody_told_us_of_is_done_without_asking(
    database: Database,
) -> None:
    desk = await open_desk(database)
    ledger = Watching(lose_answers=1)
    await unknown(desk, ledger, "fence")
    assert await desk.journal.unanswered(EFFECT) == EFFECT.key

    await desk.journal.prove(EFFECT, Receipt(fields={"status": "observed"}))

    assert (await desk.note(ledger, "fence")).fields == {"status": "observed"}
    assert await desk.journal.done(EFFECT) is not None
    assert await desk.journal.unanswered(EFFECT) == ""
    assert (ledger.sends, ledger.ages, ledger.burnt) == (1, [], set())


async def test_no_fence_is_sent_when_evidence_came_in_the_last_moment(
    database: Database,
) -> None:
    desk = await open_desk(database)
    ledger = Ledger(lose_answers=1, lag=True)
    await until_due(await unknown(desk, ledger, "fence"))
    standing = await desk.journal.standing(EFFECT)
    assert standing is not None

    async def told_meanwhile() -> bool:
        return False

    with pytest.raises(Parked, match="told meanwhile"):
        await desk.journal.resolve(
            EFFECT, ledger.write("fence"), standing, TIMEOUT_S, may_fence=told_meanwhile
        )

    assert ledger.burnt == set()


@dataclass
class Burning(Ledger):
    """Burns the key; then its answer is lost, or a worker that wakes says it has sent nothing."""

    wakes: Database | None = None

    async def fence(self, call: Call, fields: Fields) -> Fenced:
        told = await super().fence(call, fields)
        if self.wakes is None:
            raise Transient("the answer was lost", sent="perhaps")
        await self.wakes.execute("UPDATE effects SET state = 'planned', ended_at = now()")
        return told


async def test_a_key_is_not_used_again_after_a_fence_whose_answer_was_lost(
    database: Database,
) -> None:
    desk = await open_desk(database)
    ledger = Burning(lose_answers=1, lag=True)
    await until_due(await unknown(desk, ledger, "fence"))
    await until_due(await unknown(desk, ledger, "fence"))
    assert (ledger.burnt, ledger.taken) == ({EFFECT.key}, {})
    ledger.absent = True

    receipt = await desk.note(ledger, "fence")

    assert [reference.id for reference in receipt.references] == list(ledger.taken)
    assert ledger.sends == 2


async def test_a_key_is_not_used_again_though_a_worker_says_it_has_sent_nothing_under_it(
    database: Database,
) -> None:
    """It wakes while another, which took its lane, has a fence under way."""
    desk = await open_desk(database)
    ledger = Burning(lose_answers=1, lag=True, wakes=database)
    await until_due(await unknown(desk, ledger, "fence"))
    with pytest.raises(FencedOff):
        await desk.note(ledger, "fence")
    assert await desk.state() == "planned"

    receipt = await desk.note(ledger, "fence")

    assert [reference.id for reference in receipt.references] == list(ledger.taken)


async def test_an_answer_that_is_heard_after_its_effect_was_ended_still_counts_as_evidence(
    database: Database,
) -> None:
    """A stalled worker reads "approved" after another has fenced: the hold is real and is told."""
    desk = await open_desk(database, lease_s=0.3)
    heard: list[tuple[str, tuple[Observation, ...]]] = []

    def note(effect: Effect, receipt: Receipt) -> None:
        heard.append((effect.key, tuple(receipt.observations)))

    stalled = Journal(
        database,
        desk.turn.lease,
        desk.run,
        clock=lambda: datetime.now(UTC),
        patience=QUICK,
        settles=Follows(note),
    )
    approved = Observation(
        Operation.AUTHORIZATION, Verdict.APPROVED, Source.REPLY, "1042", "id-1", datetime.now(UTC)
    )
    answering = asyncio.Event()

    class Slow(Ledger):
        async def send(self, call: Call, fields: Fields) -> Receipt:
            await super().send(call, fields)
            await answering.wait()
            return Receipt(observations=(approved,))

    slow = Slow(lag=True)
    write = slow.write("fence")
    intent = await stalled.intend("note", EFFECT, write, FIELDS, TIMEOUT_S)
    assert intent is not None
    sending = asyncio.create_task(stalled.send(intent, write, FIELDS, TIMEOUT_S))
    await asyncio.sleep(0.5)
    turn = await claim(database, LANE, "another", 30.0)
    assert turn is not None
    desk.journal = journal_for(desk, turn, turn.runs[0])
    await database.execute("UPDATE effects SET state = 'fenced', ended_at = now()")
    answering.set()
    await sending

    assert heard == [(EFFECT.key, (approved,))]
    assert await desk.state() == "fenced"


async def test_a_lane_that_was_freed_is_not_held_again_by_a_renewal_on_its_way(
    database: Database,
) -> None:
    desk = await open_desk(database)
    desk.turn.change(Change(desk.run.id, "waiting", 0.0, "ready to go on"))
    await release(database, desk.turn)

    lost = await renew(database, [desk.turn.lease], 30.0)

    assert lost == [desk.turn.lease]
    assert await due(database) == [LANE]


async def test_a_persons_word_and_the_release_of_the_lane_do_not_end_in_a_deadlock(
    database: Database,
) -> None:
    """Both take the subject's row before the run, whoever comes first."""
    desk = await open_desk(database)
    await unknown(desk, Ledger(lose_answers=1), "find")
    desk.turn.change(Change(desk.run.id, "waiting", 3600.0, "unknown"))
    await release(database, desk.turn)
    await database.execute("UPDATE effects SET resolve_after = now()")

    async def speak() -> None:
        async with database.transaction() as tx:
            ended = await testimony.testify(tx, EFFECT.key, None, "they know nothing of it")
            await testimony.wake_waiting(tx, ended)

    async with database.transaction() as releasing:
        await releasing.execute("SELECT 1 FROM subjects FOR UPDATE")
        speaking = asyncio.create_task(speak())
        await asyncio.sleep(0.2)
        await releasing.execute("UPDATE runs SET tries = 0")
    await speaking

    assert await due(database) == [LANE]


async def test_a_transaction_that_lost_its_process_does_not_keep_its_locks(
    database: Database,
) -> None:
    async with database.connection() as connection:
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"
