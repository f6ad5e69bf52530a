"""Decisions about held payments in a real database: before, after and beside what they decide."""

from dataclasses import replace

import pytest
from tests.payments.book import begin, now, seen, tell

from tillbridge.canonical.events import Kind
from tillbridge.canonical.payments import AttemptState, Operation, Verdict
from tillbridge.database.database import Database

S = AttemptState
V = Verdict
AUTH, REVIEW = Operation.AUTHORIZATION, Operation.REVIEW
CAPTURE, VOID = Operation.CAPTURE, Operation.VOID


async def test_a_review_is_decided_by_what_came_before_it(database: Database) -> None:
    await begin(database)

    events = await tell(database, seen(REVIEW, V.DECLINED, amount=None), seen(AUTH, V.IN_REVIEW))

    assert [event.kind for event in events] == [
        Kind.PAYMENT_IN_REVIEW,
        Kind.PAYMENT_REVIEW_REJECTED,
    ]
    assert (await now(database)).state is S.REVERSING


async def test_a_decision_that_knows_only_the_authorization_is_applied_too(
    database: Database,
) -> None:
    await begin(database)
    decision = seen(REVIEW, V.APPROVED, amount=None, attempt_key="")

    await tell(database, decision, seen(AUTH, V.IN_REVIEW))

    assert (await now(database)).state is S.AUTHORIZED


@pytest.mark.parametrize(
    ("decisions", "state"),
    [((), S.IN_REVIEW), ((V.APPROVED,), S.AUTHORIZED), ((V.DECLINED,), S.REVERSING)],
)
async def test_what_was_captured_in_review_and_voided_is_in_review_as_it_was_or_is_decided(
    database: Database, decisions: tuple[V, ...], state: S
) -> None:
    await begin(database)
    held = replace(seen(AUTH, V.IN_REVIEW), review="decision_manager")
    await tell(database, held, seen(CAPTURE, V.APPROVED, "c1"))
    await tell(database, *(seen(REVIEW, verdict, amount=None) for verdict in decisions))
    assert (await now(database)).state is S.CAPTURED

    await tell(database, seen(VOID, V.APPROVED, "v1", amount=None, parent_id="c1"))

    assert (await now(database)).state is state


async def test_a_rejected_hold_that_was_captured_all_the_same_is_to_be_released_once_more(
    database: Database,
) -> None:
    await begin(database)
    held = replace(seen(AUTH, V.IN_REVIEW), review="decision_manager")
    before = await tell(database, held, seen(REVIEW, V.DECLINED, amount=None))

    after = await tell(
        database,
        seen(CAPTURE, V.APPROVED, "c1"),
        seen(VOID, V.APPROVED, "v1", amount=None, parent_id="c1"),
    )

    assert (before[-1].kind, after[-1].kind) == (Kind.PAYMENT_REVIEW_REJECTED,) * 2
    assert before[-1].id != after[-1].id
    assert (await now(database)).state is S.REVERSING
