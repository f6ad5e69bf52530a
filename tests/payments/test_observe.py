"""Observations in a real database: once each, from any source, in any order."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.payments.book import (
    CONNECTION,
    HELD_ID,
    WIRE,
    attempt,
    begin,
    now,
    seen,
    tell,
    usd,
)

from tillbridge.canonical.events import Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Observation, Operation, Source, Verdict
from tillbridge.database.database import Database
from tillbridge.payments.attempts import Attempt, begin_fence, give_up_fence, live, mark_unknown
from tillbridge.payments.finds import Unheard, unheard
from tillbridge.payments.judge import judge
from tillbridge.payments.known import Known
from tillbridge.payments.observations import observations_of, told_capture

S = AttemptState
AUTH, REVIEW = Operation.AUTHORIZATION, Operation.REVIEW
CAPTURE, REVERSAL = Operation.CAPTURE, Operation.REVERSAL
V = Verdict

APPROVED = seen(AUTH, V.APPROVED)


async def meanings(database: Database) -> list[str]:
    return [one.meaning for one in await observations_of(database, "1042")]


async def test_the_same_fact_from_every_source_moves_once(database: Database) -> None:
    await begin(database)

    events = await tell(database, *(seen(AUTH, V.APPROVED, source=source) for source in Source))

    assert [event.kind for event in events] == [Kind.PAYMENT_AUTHORIZED]
    assert await meanings(database) == ["moved"]


async def test_a_stray_is_told_with_its_own_id_and_amount(database: Database) -> None:
    await begin(database)

    events = await tell(database, APPROVED, seen(AUTH, V.APPROVED, "another", amount="99.00"))

    (_, stray) = events
    assert stray.kind is Kind.PAYMENT_STRAY
    assert stray.data.payment is not None
    assert stray.data.payment.authorization_id == "another"
    assert stray.data.payment.authorized == usd("99.00")
    assert (await now(database)).authorization_id == HELD_ID


async def test_a_partial_hold_is_a_stray_of_what_is_held(database: Database) -> None:
    await begin(database)

    events = await tell(database, seen(AUTH, V.HELD_DECLINED, amount="50.00"))

    assert [event.kind for event in events] == [Kind.PAYMENT_DECLINED, Kind.PAYMENT_STRAY]
    assert events[1].data.payment is not None
    assert events[1].data.payment.authorized == usd("50.00")
    assert (await now(database)).state is S.REVERSING


async def test_a_capture_told_first_by_somebody_who_knows_less_counts_all_the_same(
    database: Database,
) -> None:
    """A webhook names neither the attempt nor the authorization, and often overtakes the reply."""
    await begin(database)
    await tell(database, APPROVED)
    bare = Observation(
        CAPTURE, V.APPROVED, Source.WEBHOOK, "unheard of", "c1", APPROVED.occurred_at,
        amount=usd("100.00"),
    )  # fmt: skip

    events = await tell(database, bare, seen(CAPTURE, V.APPROVED, "c1"))

    assert [event.kind for event in events] == [Kind.PAYMENT_CAPTURED]
    assert (await now(database)).captured == usd("100.00")


@pytest.mark.parametrize("verdict", [V.FAILED, V.UNDONE])
async def test_a_capture_that_fails_before_it_is_told_never_counts(
    database: Database, verdict: V
) -> None:
    await begin(database)
    await tell(database, APPROVED)

    await tell(database, seen(CAPTURE, verdict, "c1"), seen(CAPTURE, V.APPROVED, "c1"))

    assert ((await now(database)).state, (await now(database)).captured) == (
        S.AUTHORIZED,
        usd("0"),
    )


async def test_a_capture_that_failed_and_was_undone_is_taken_back_once(
    database: Database,
) -> None:
    await begin(database)
    await tell(
        database,
        APPROVED,
        seen(CAPTURE, V.APPROVED, "c1", amount="40.00"),
        seen(CAPTURE, V.APPROVED, "c2", amount="60.00"),
        seen(CAPTURE, V.FAILED, "c1", amount="40.00"),
        seen(CAPTURE, V.UNDONE, "c1", amount="40.00"),
    )

    assert (await now(database)).captured == usd("60.00")


async def test_a_capture_of_an_ended_attempt_leaves_the_live_one_alone(
    database: Database,
) -> None:
    await begin(database)
    await tell(database, APPROVED, seen(REVERSAL, V.APPROVED, "r1"))
    await begin(database, "WIRE2", "k2")

    await tell(database, seen(CAPTURE, V.APPROVED, "c1"))

    assert (await now(database)).state is S.REVERSED
    assert (await now(database, "WIRE2")).state is S.STARTED
    assert (await meanings(database))[-1] == "conflict"


async def test_a_debt_that_was_captured_is_not_payable_again_when_the_rest_is_released(
    database: Database,
) -> None:
    await begin(database)
    await tell(
        database,
        APPROVED,
        seen(CAPTURE, V.APPROVED, "c1", amount="70.00"),
        seen(REVERSAL, V.APPROVED, "r1", amount="30.00"),
    )

    assert not await begin(database, "WIRE2", "k2")
    assert await live(database, CONNECTION, "1042") == await now(database)


VOID = Operation.VOID


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 1, 0)])
async def test_a_void_takes_back_the_capture_whose_key_it_carries_in_any_order(
    database: Database, order: tuple[int, ...]
) -> None:
    """A lost answer that was fenced, and whose capture is told of all the same."""
    await begin(database)
    await tell(database, APPROVED)
    facts = [
        seen(CAPTURE, V.APPROVED, "c1", amount="40.00", attempt_key="first"),
        seen(VOID, V.APPROVED, "v1", amount=None, attempt_key="first", parent_id="unheard of"),
        seen(CAPTURE, V.APPROVED, "c2", amount="40.00", attempt_key="second"),
    ]

    await tell(database, *(facts[at] for at in order))

    assert (await now(database)).captured == usd("40.00")
    assert await told_capture(database, CONNECTION, "first") == ""
    assert await told_capture(database, CONNECTION, "second") == "c2"


async def test_a_void_of_a_capture_by_its_id_takes_it_back_once(database: Database) -> None:
    await begin(database)
    await tell(database, APPROVED, seen(CAPTURE, V.APPROVED, "c1", amount="40.00"))

    events = await tell(
        database,
        seen(VOID, V.APPROVED, "v1", amount="40.00", parent_id="c1"),
        seen(VOID, V.APPROVED, "v2", amount="40.00", parent_id="c1"),
        seen(CAPTURE, V.FAILED, "c1", amount="40.00"),
    )

    assert [event.kind for event in events] == [Kind.PAYMENT_CAPTURE_FAILED]
    assert ((await now(database)).state, (await now(database)).captured) == (
        S.AUTHORIZED,
        usd("0"),
    )


@pytest.mark.parametrize("told", list(permutations(range(3))))
async def test_a_capture_for_which_there_was_no_room_counts_once_another_is_undone(
    database: Database, told: tuple[int, ...]
) -> None:
    await begin(database)
    await tell(database, APPROVED)
    facts = [
        seen(CAPTURE, V.APPROVED, "c1", amount="70.00"),
        seen(CAPTURE, V.APPROVED, "c2", amount="60.00"),
        seen(VOID, V.APPROVED, "v1", amount="70.00", parent_id="c1"),
    ]

    events = await tell(database, *(facts[at] for at in told))

    assert (await now(database)).captured == usd("60.00")
    paid = [event for event in events if event.kind is Kind.PAYMENT_CAPTURED]
    assert paid[-1].data.payment is not None
    assert paid[-1].data.payment.captured == usd("60.00")
    assert len({event.id for event in events}) == len(events)


async def test_a_capture_for_which_there_was_no_room_and_that_was_undone_itself_never_counts(
    database: Database,
) -> None:
    await begin(database)
    await tell(
        database,
        APPROVED,
        seen(CAPTURE, V.APPROVED, "c1", amount="70.00"),
        seen(CAPTURE, V.APPROVED, "c2", amount="60.00"),
        seen(VOID, V.APPROVED, "v2", amount="60.00", parent_id="c2"),
        seen(VOID, V.APPROVED, "v1", amount="70.00", parent_id="c1"),
    )

    found = await now(database)
    assert (found.state, found.captured) == (S.AUTHORIZED, usd("0"))


async def test_a_void_that_does_not_say_of_what_is_asked_for_and_counts_then(
    database: Database,
) -> None:
    """A webhook names the void alone, and often overtakes the reply that names the capture."""
    await begin(database)
    await tell(database, APPROVED, seen(CAPTURE, V.APPROVED, "c1"))
    bare = Observation(VOID, V.APPROVED, Source.WEBHOOK, "1042", "v1", APPROVED.occurred_at, "own")

    assert await tell(database, bare, bare) == []
    assert await unheard(database, CONNECTION, ["v1"]) == [Unheard("v1", is_told=False)]
    events = await tell(database, seen(VOID, V.APPROVED, "v1", amount=None, parent_id="c1"))

    assert [event.kind for event in events] == [Kind.PAYMENT_CAPTURE_FAILED]
    assert (await now(database)).captured == usd("0")
    assert await unheard(database, CONNECTION, ["v1"]) == []


async def test_one_order_has_one_live_attempt_and_many_ended_ones(database: Database) -> None:
    assert await begin(database)
    assert not await begin(database, "WIRE2", "k2")
    await tell(database, seen(AUTH, V.DECLINED, amount=None))

    assert await begin(database, "WIRE2", "k2")


async def test_from_the_fence_on_what_is_found_is_nobodys_wish(database: Database) -> None:
    await begin(database)
    async with database.transaction() as tx:
        await mark_unknown(tx, WIRE)
        assert await begin_fence(tx, WIRE)

    events = await tell(database, APPROVED)

    assert [event.kind for event in events] == [Kind.PAYMENT_STRAY]
    assert (await now(database)).state is S.UNKNOWN


async def test_a_fence_that_was_refused_leaves_the_attempt_as_it_was(database: Database) -> None:
    await begin(database)
    async with database.transaction() as tx:
        await begin_fence(tx, WIRE)
        await give_up_fence(tx, WIRE)

    await tell(database, APPROVED)

    assert (await now(database)).state is S.AUTHORIZED


async def test_what_is_proven_is_not_fenced_any_more(database: Database) -> None:
    await begin(database)
    await tell(database, APPROVED)

    async with database.transaction() as tx:
        assert not await begin_fence(tx, WIRE)


FACTS = [
    seen(operation, verdict, request_id, amount=amount)
    for operation, verdict, request_id, amount in [
        (AUTH, V.APPROVED, HELD_ID, "100.00"),
        (AUTH, V.IN_REVIEW, HELD_ID, "100.00"),
        (AUTH, V.HELD_DECLINED, HELD_ID, "100.00"),
        (AUTH, V.DECLINED, HELD_ID, None),
        (AUTH, V.UNDONE, HELD_ID, "100.00"),
        (AUTH, V.CHALLENGE, HELD_ID, None),
        (AUTH, V.APPROVED, "another", "100.00"),
        (AUTH, V.APPROVED, "a part", "40.00"),
        (REVIEW, V.APPROVED, HELD_ID, None),
        (REVIEW, V.DECLINED, HELD_ID, None),
        (CAPTURE, V.APPROVED, "c1", "60.00"),
        (CAPTURE, V.FAILED, "c1", "60.00"),
        (CAPTURE, V.UNDONE, "c1", None),
        (CAPTURE, V.APPROVED, "c2", "60.00"),
        (CAPTURE, V.APPROVED, "c3", "40.00"),
        (CAPTURE, V.DECLINED, "c4", "40.00"),
        (REVERSAL, V.APPROVED, "r1", "100.00"),
        (REVERSAL, V.APPROVED, "r2", None),
    ]
]

_RANK = {
    S.STARTED: 0, S.UNKNOWN: 0, S.CHALLENGE: 1, S.IN_REVIEW: 2, S.AUTHORIZED: 3, S.CAPTURED: 4,
    S.REVERSING: 5, S.DECLINED: 9, S.ABANDONED: 9, S.REVERSED: 9,
}  # fmt: skip
_BACK = {(S.CAPTURED, S.AUTHORIZED), (S.REVERSING, S.CAPTURED)}
"""The only ways back: a capture that failed, and a capture that overtook the reversal."""


class Story:
    """One attempt through any facts in any order, each taken once, as `observe` does."""

    def __init__(self) -> None:
        self.attempt = attempt()
        self.taken: set[tuple[str, str, str]] = set()
        self.counted: dict[str, Money] = {}
        self.undone: set[str] = set()
        self.strays: set[str] = set()
        self.held: set[str] = set()
        self.no_room: list[Observation] = []

    def take(self, fact: Observation) -> None:
        identity = (fact.operation.value, fact.request_id, fact.verdict.value)
        if identity in self.taken:
            return
        self.taken.add(identity)
        self.judged(fact)
        self.check()

    def judged(self, fact: Observation) -> None:
        before = self.attempt
        known = Known(self.counted.get(fact.request_id), fact.request_id in self.undone)
        move = judge(before, fact, known if fact.operation is CAPTURE else Known())
        if fact.operation is CAPTURE and fact.verdict in (V.FAILED, V.UNDONE):
            self.undone.add(fact.request_id)
        if move.attempt is not None:
            self.moved(before, move.attempt, fact)
        if Kind.PAYMENT_STRAY in move.kinds:
            self.strays.add(fact.request_id)
        if fact.operation is AUTH and fact.verdict in (V.APPROVED, V.IN_REVIEW, V.HELD_DECLINED):
            self.held.add(fact.request_id)
        if fact.operation is CAPTURE and move.meaning == "conflict":
            self.no_room.append(fact)
        if Kind.PAYMENT_CAPTURE_FAILED in move.kinds:
            waiting, self.no_room = self.no_room, []
            for capture in waiting:
                self.judged(capture)

    def moved(self, before: Attempt, after: Attempt, fact: Observation) -> None:
        assert before.state not in (S.DECLINED, S.ABANDONED, S.REVERSED), "an ending is final"
        forward = _RANK[after.state] >= _RANK[before.state]
        assert forward or (before.state, after.state) in _BACK, (before.state, after.state)
        if fact.operation is CAPTURE and fact.verdict is V.APPROVED:
            assert fact.amount is not None
            self.counted[fact.request_id] = fact.amount
        self.attempt = after

    def check(self) -> None:
        now_ = self.attempt
        assert usd("0") <= now_.captured <= now_.amount
        total = sum(
            (self.counted[one].amount for one in self.counted.keys() - self.undone),
            start=usd("0").amount,
        )
        assert now_.captured.amount == total
        unowned = self.held - self.strays - {now_.authorization_id}
        assert not unowned, f"nobody releases {unowned}"


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.sampled_from(FACTS), max_size=14))
def test_any_facts_in_any_order_keep_the_promises(facts: list[Observation]) -> None:
    """One transition a fact, captured never above amount, endings final, no hold without owner."""
    story = Story()
    for fact in facts:
        story.take(fact)


async def test_the_database_tells_the_same_story_as_the_pure_machine(database: Database) -> None:
    await begin(database)
    story = Story()
    facts = [FACTS[at] for at in (8, 1, 10, 10, 6, 13, 14, 11, 12, 16, 0, 3)]

    for fact in facts:
        story.take(fact)
        await tell(database, fact)

    stands = await now(database)
    assert (stands.state, stands.captured) == (story.attempt.state, story.attempt.captured)
