"""What captures and reversals may claim of a hold, however many try at once."""

import asyncio

import pytest
from tests.payments.book import HELD_ID, begin, now, seen, tell, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import AttemptState, Operation, Verdict
from tillbridge.database.database import Database
from tillbridge.payments.claims import claim_capture, claim_reversal, release_claim


async def held(database: Database, verdict: Verdict = Verdict.APPROVED) -> None:
    await begin(database)
    await tell(database, seen(Operation.AUTHORIZATION, verdict))


async def capture(database: Database, key: str, amount: str, held_id: str = HELD_ID) -> bool:
    await claim_capture(database, key, held_id, usd(amount), order_number="an order")
    return True


async def reverse(database: Database, key: str = "r", held_id: str = HELD_ID) -> bool:
    async with database.transaction() as tx:
        return await claim_reversal(tx, key, held_id) is not None


async def test_captures_share_the_hold_and_never_pass_it(database: Database) -> None:
    await held(database)

    await capture(database, "c1", "60.00")
    with pytest.raises(Rejected, match=r"would pass what is held: 40\.00 USD of 100\.00 USD"):
        await capture(database, "c2", "40.01")
    await capture(database, "c3", "40.00")


async def test_the_same_capture_claims_once(database: Database) -> None:
    await held(database)

    for _ in range(3):
        await capture(database, "c1", "60.00")

    await capture(database, "c2", "40.00")


async def test_the_same_capture_with_another_amount_is_refused(database: Database) -> None:
    await held(database)
    await capture(database, "c1", "10.00")

    with pytest.raises(Rejected) as refused:
        await capture(database, "c1", "100.00")

    assert refused.value.reason == "claimed_before"


async def test_a_claim_that_is_given_back_can_be_claimed_again(database: Database) -> None:
    await held(database)
    await capture(database, "c1", "100.00")

    async with database.transaction() as tx:
        await release_claim(tx, "1042", "c1")

    await capture(database, "c2", "100.00")


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
async def test_nothing_and_less_cannot_be_captured(database: Database, amount: str) -> None:
    await held(database)

    with pytest.raises(Rejected):
        await capture(database, "c1", amount)


async def test_what_is_captured_is_not_reversed(database: Database) -> None:
    await held(database)
    await capture(database, "c1", "1.00")

    assert not await reverse(database)


async def test_what_is_being_reversed_is_not_captured(database: Database) -> None:
    await held(database)
    assert await reverse(database)

    with pytest.raises(Rejected) as refused:
        await capture(database, "c1", "1.00")

    assert refused.value.reason == "not_capturable"
    assert (await now(database)).state is AttemptState.REVERSING
    assert await reverse(database), "the same reversal finds its own claim"


async def test_what_is_in_review_is_not_captured_yet(database: Database) -> None:
    await held(database, Verdict.IN_REVIEW)

    with pytest.raises(Rejected):
        await capture(database, "c1", "1.00")


async def test_what_is_reversed_is_neither_captured_nor_reversed_again(
    database: Database,
) -> None:
    await held(database)
    await tell(database, seen(Operation.REVERSAL, Verdict.APPROVED, "r1"))

    assert not await reverse(database)
    with pytest.raises(Rejected):
        await capture(database, "c1", "1.00")


async def test_a_stray_hold_may_always_be_reversed_and_never_captured(
    database: Database,
) -> None:
    await held(database)

    assert await reverse(database, "r", "nobody's")
    with pytest.raises(Rejected) as refused:
        await capture(database, "c", "1.00", "nobody's")

    assert refused.value.reason == "unknown_authorization"
    assert (await now(database)).state is AttemptState.AUTHORIZED


async def test_of_many_captures_at_once_only_what_is_held_gets_through(
    database: Database,
) -> None:
    await held(database)

    async def try_one(number: int) -> bool:
        try:
            await capture(database, f"c{number}", "30.00")
        except Rejected:
            return False
        return True

    assert sum(await asyncio.gather(*(try_one(number) for number in range(8)))) == 3


async def test_a_capture_and_a_reversal_at_once_exclude_each_other(database: Database) -> None:
    for number in range(5):
        order = str(number)
        await begin(database, f"w{order}", f"k{order}", order)
        fact = seen(
            Operation.AUTHORIZATION,
            Verdict.APPROVED,
            f"id{order}",
            attempt_key=f"w{order}",
            order_number=order,
        )
        await tell(database, fact)

        captured, reversed_ = await asyncio.gather(
            capture(database, f"c{order}", "100.00", f"id{order}"),
            reverse(database, f"r{order}", f"id{order}"),
            return_exceptions=True,
        )

        assert (captured is True) != (reversed_ is True)
