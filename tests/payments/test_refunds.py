"""What refunds may claim of what was captured, and what counts, in whatever order it is told."""

import asyncio
from dataclasses import replace

import pytest
from tests.payments.book import CONNECTION, HELD_ID, begin, now, seen, tell, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Kind
from tillbridge.canonical.payments import AttemptState, Observation, Operation, Source, Verdict
from tillbridge.database.database import Database
from tillbridge.payments.claims import claim_capture, claim_reversal
from tillbridge.payments.refunds import (
    Asked,
    Portion,
    claim_credit,
    claim_refund,
    cover_refund,
    release_refund,
    told_refund,
)

CAPTURE, REFUND, VOID = Operation.CAPTURE, Operation.REFUND, Operation.VOID
APPROVED = Verdict.APPROVED


async def captured(database: Database, *amounts: str) -> None:
    """An attempt of 100.00 with captures c1, c2, ... of these amounts."""
    await begin(database)
    await tell(database, seen(Operation.AUTHORIZATION, APPROVED))
    for number, amount in enumerate(amounts or ("100.00",), start=1):
        await tell(database, seen(CAPTURE, APPROVED, f"c{number}", amount=amount))


async def ask(
    database: Database, key: str, amount: str | None, capture_id: str = ""
) -> list[Portion]:
    def key_of(part: int) -> str:
        return key if part == 1 else f"{key}.{part}"

    money = None if amount is None else usd(amount)
    async with database.transaction() as tx:
        return await claim_refund(tx, Asked(CONNECTION, "1042", key, money, capture_id, key_of))


async def send(database: Database, key: str, wire: str = "") -> None:
    async with database.transaction() as tx:
        assert await cover_refund(tx, key, wire or key)


def refunded(request_id: str, key: str = "", amount: str = "10.00", of: str = "c1") -> Observation:
    return seen(REFUND, APPROVED, request_id, amount=amount, attempt_key=key, parent_id=of)


def voided(request_id: str, about: str = "", key: str = "") -> Observation:
    return replace(seen(VOID, APPROVED, request_id, attempt_key=key), parent_id=about)


async def total(database: Database) -> str:
    return (await now(database)).refunded.text


async def test_refunds_share_what_was_captured_and_never_pass_it(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "60.00")
    with pytest.raises(Rejected, match=r"would pass what was captured: 40\.00 USD of 100\.00 USD"):
        await ask(database, "r2", "40.01")
    await ask(database, "r3", "40.00")
    with pytest.raises(Rejected) as refused:
        await ask(database, "r4", None)
    assert refused.value.reason == "over_refund"


async def test_many_who_ask_at_once_get_no_more_than_there_is(database: Database) -> None:
    await captured(database)
    asked = (ask(database, f"r{number}", "30.00") for number in range(8))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, list) for answer in answers) == 3


async def test_a_refund_takes_the_oldest_captures_first(database: Database) -> None:
    await captured(database, "30.00", "50.00")
    portions = await ask(database, "r1", "45.00")
    assert [(one.capture_id, one.amount.text) for one in portions] == [
        ("c1", "30.00"), ("c2", "15.00"),
    ]  # fmt: skip
    assert await ask(database, "r1", "45.00") == portions, "asked again it is the same"
    assert [one.amount.text for one in await ask(database, "r2", None)] == ["35.00"]


async def test_a_named_capture_is_given_back_alone(database: Database) -> None:
    await captured(database, "30.00", "50.00")
    with pytest.raises(Rejected):
        await ask(database, "r1", "50.01", "c2")
    (portion,) = await ask(database, "r2", None, "c2")
    assert (portion.capture_id, portion.amount) == ("c2", usd("50.00"))


async def test_the_same_refund_with_another_amount_is_refused(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "10.00")
    with pytest.raises(Rejected) as refused:
        await ask(database, "r1", "20.00")
    assert refused.value.reason == "claimed_before"


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
async def test_nothing_and_less_cannot_be_refunded(database: Database, amount: str) -> None:
    await captured(database)
    with pytest.raises(Rejected):
        await ask(database, "r1", amount)


async def test_what_was_never_captured_cannot_be_refunded(database: Database) -> None:
    await begin(database)
    await tell(database, seen(Operation.AUTHORIZATION, APPROVED))
    with pytest.raises(Rejected):
        await ask(database, "r1", "1.00")
    with pytest.raises(Rejected) as refused:
        async with database.transaction() as tx:
            await claim_refund(tx, Asked(CONNECTION, "9", "r", None, "", str))
    assert refused.value.reason == "nothing_captured"


async def test_a_refund_counts_once_whoever_tells_of_it(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "10.00")
    await send(database, "r1")
    told = refunded("x1", "r1")
    events = await tell(database, told, replace(told, source=Source.WEBHOOK, parent_id=""))
    assert [event.kind for event in events] == [Kind.PAYMENT_REFUNDED]
    (event,) = events
    assert event.data.refund is not None
    assert (event.data.refund.id, event.data.refund.capture_id) == ("x1", "c1")
    assert event.data.payment is not None
    assert event.data.payment.refunded == usd("10.00")
    assert await total(database) == "10.00"
    assert await told_refund(database, "r1") == "x1"
    assert (await now(database)).state is AttemptState.CAPTURED
    with pytest.raises(Rejected):
        await ask(database, "r2", "90.01")


async def test_a_refund_made_elsewhere_counts_too(database: Database) -> None:
    await captured(database)
    strange = seen(
        REFUND, APPROVED, "x9", amount="70.00", attempt_key="", parent_id="c1",
        order_number="another reference",
    )  # fmt: skip
    events = await tell(database, strange)
    assert [event.subject for event in events] == ["1042"]
    assert await total(database) == "70.00"
    with pytest.raises(Rejected):
        await ask(database, "r1", "30.01")
    await ask(database, "r2", "30.00")


async def test_one_of_which_nobody_says_what_it_gives_back_counts_too(database: Database) -> None:
    await captured(database, "50.00", "50.00")
    nameless = replace(refunded("x9", amount="40.00"), parent_id="")
    await tell(database, nameless)
    with pytest.raises(Rejected):
        await ask(database, "r1", "60.01")
    await ask(database, "r2", "60.00")


@pytest.mark.parametrize("overtaken", [False, True])
@pytest.mark.parametrize("by", ["id", "key"])
async def test_a_refund_that_was_undone_counts_no_more(
    database: Database, by: str, overtaken: bool
) -> None:
    await captured(database)
    await ask(database, "r1", "100.00")
    await send(database, "r1")
    made = refunded("x1", "r1", "100.00")
    undone = voided("v1", about="x1") if by == "id" else voided("v1", key="r1")
    events = await tell(database, *((undone, made) if overtaken else (made, undone)))
    expected = [] if overtaken else [Kind.PAYMENT_REFUNDED, Kind.PAYMENT_REFUND_FAILED]
    assert [event.kind for event in events] == expected
    assert await total(database) == "0.00"
    assert (await now(database)).captured == usd("100.00"), "the capture stands"


async def test_a_refund_that_failed_later_counts_no_more(database: Database) -> None:
    await captured(database)
    failed = seen(REFUND, Verdict.FAILED, "x1", amount="10.00", attempt_key="", parent_id="c1")
    events = await tell(database, refunded("x1"), failed)
    assert events[-1].kind is Kind.PAYMENT_REFUND_FAILED
    assert await total(database) == "0.00"
    await ask(database, "r1", "100.00")


async def test_after_a_fence_only_the_new_key_counts(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "100.00")
    await send(database, "r1", "wire-0")
    await send(database, "r1", "wire-1")
    late = await tell(database, refunded("x0", "wire-0", "100.00"))
    assert late == [], "it has run into its fence"
    await tell(database, refunded("x1", "wire-1", "100.00"), voided("v0", about="x0"))
    assert await total(database) == "100.00"
    assert await told_refund(database, "r1") == "x1"


async def test_one_that_was_told_before_its_fence_is_claimed_anew(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "100.00")
    await send(database, "r1", "wire-0")
    await tell(database, refunded("x0", "wire-0", "100.00"), voided("v0", key="wire-0"))
    await send(database, "r1", "wire-1")
    await tell(database, refunded("x1", "wire-1", "100.00"))
    assert await total(database) == "100.00"
    with pytest.raises(Rejected):
        await ask(database, "r2", "0.01")


async def test_a_refund_that_was_refused_gives_its_claim_back(database: Database) -> None:
    await captured(database)
    await ask(database, "r1", "100.00")
    await send(database, "r1")
    async with database.transaction() as tx:
        await release_refund(tx, "r1")
    await ask(database, "r2", "60.00")
    with pytest.raises(Rejected, match=r"40\.00 USD of 100\.00 USD is left"):
        await send(database, "r1")


async def test_a_void_of_a_capture_is_no_void_of_a_refund(database: Database) -> None:
    await captured(database)
    events = await tell(database, voided("v1", about="c1"))
    assert [event.kind for event in events] == [Kind.PAYMENT_CAPTURE_FAILED]
    assert (await now(database)).authorization_id == HELD_ID
    with pytest.raises(Rejected):
        await ask(database, "r1", "1.00")


async def test_a_credit_of_ours_is_known_and_a_strangers_is_not(database: Database) -> None:
    async with database.transaction() as tx:
        await claim_credit(tx, "credit-1", usd("5.00"))
        await claim_credit(tx, "credit-1", usd("5.00"))
    for request_id, key in (("x1", "credit-1"), ("x2", "somebody's")):
        told = seen(Operation.CREDIT, APPROVED, request_id, amount="5.00", attempt_key=key)
        await tell(database, replace(told, parent_id=""))
    rows = await database.fetch("SELECT meaning FROM observations ORDER BY number")
    assert [row["meaning"] for row in rows] == ["confirmed", "unmatched"]


async def test_a_capture_that_was_voided_leaves_a_hold_that_can_be_released(
    database: Database,
) -> None:
    await begin(database)
    await tell(database, seen(Operation.AUTHORIZATION, APPROVED))
    await claim_capture(database, "take-1", HELD_ID, usd("100.00"), order_number="1042")
    await tell(database, seen(CAPTURE, APPROVED, "c1", attempt_key="take-1"))
    async with database.transaction() as tx:
        assert not await claim_reversal(tx, "release-1", HELD_ID), "it is captured"
    await tell(database, voided("v1", about="c1"))
    assert (await now(database)).state is AttemptState.AUTHORIZED
    async with database.transaction() as tx:
        assert await claim_reversal(tx, "release-1", HELD_ID)
    events = await tell(database, seen(Operation.REVERSAL, APPROVED, "r1"))
    assert [event.kind for event in events] == [Kind.PAYMENT_REVERSED]


async def test_a_hold_that_was_made_larger_can_be_captured_whole(database: Database) -> None:
    await begin(database)
    await tell(database, seen(Operation.AUTHORIZATION, APPROVED))
    more = seen(Operation.INCREMENT, APPROVED, "i1", amount="20.00")
    events = await tell(database, more, more)
    assert [event.kind for event in events] == [Kind.PAYMENT_INCREMENTED]
    await claim_capture(database, "take-1", HELD_ID, usd("120.00"), order_number="1042")
    assert (await now(database)).amount == usd("120.00")


async def test_a_sale_is_captured_at_once_and_leaves_nothing_to_capture(
    database: Database,
) -> None:
    await begin(database)
    events = await tell(database, seen(Operation.SALE, APPROVED))
    assert [event.kind for event in events] == [Kind.PAYMENT_AUTHORIZED, Kind.PAYMENT_CAPTURED]
    with pytest.raises(Rejected) as refused:
        await claim_capture(database, "take-1", HELD_ID, usd("0.01"), order_number="1042")
    assert refused.value.reason == "over_capture"
    (portion,) = await ask(database, "r1", "40.00")
    assert (portion.of_sale, portion.capture_id) == (True, HELD_ID)
    await tell(database, replace(voided("v1", about=HELD_ID), attempt_key=""))
    assert (await now(database)).state is AttemptState.AUTHORIZED
