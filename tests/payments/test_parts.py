"""An order that several cards pay: what its parts mean for each other, and what others hear."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.payments.book import CONNECTION, WHEN, begin, now, order, seen, tell, usd

from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.events import Event, Kind
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState, Operation, Verdict
from tillbridge.database.database import Database
from tillbridge.journeys.lapse import due_to_lapse
from tillbridge.payments.attempts import Opening, fingerprint, of_order
from tillbridge.payments.claims import HoldInParts, Release, claim_capture, claim_reversal
from tillbridge.payments.judge import judge
from tillbridge.payments.observe import observe
from tillbridge.payments.parts import NotOpened, lapse, open_part
from tillbridge.payments.portions import Due, claim_portions

FIRST, SECOND, THIRD = (f"WIREKEYWIREKEYWIREKEYWIRE{number}" for number in (1, 2, 3))
AUTHORIZATION, APPROVED, PARTIAL = Operation.AUTHORIZATION, Verdict.APPROVED, Verdict.PARTIAL


async def ask(database: Database, wire: str, owed: str, **changes: object) -> NotOpened | None:
    own = replace(order(), **changes)  # type: ignore[arg-type]  # a test names real fields
    opening = Opening(
        wire_key=wire,
        connection=CONNECTION,
        shop="webshop",
        attempt_key=f"key {wire}",
        order=own,
        request_sha256=fingerprint(own, "transient", usd(owed)),
        owed=usd(owed),
    )
    async with database.transaction() as tx:
        return await open_part(tx, opening)


async def hold(database: Database, wire: str, verdict: Verdict, amount: str) -> list[Event]:
    told = seen(AUTHORIZATION, verdict, f"h-{wire}", amount=amount, attempt_key=wire)
    return await tell(database, told)


async def first_part(database: Database, amount: str = "60.00") -> None:
    await begin(database, FIRST)
    await hold(database, FIRST, PARTIAL, amount)


async def two_parts(database: Database) -> None:
    await first_part(database)
    assert await ask(database, SECOND, "40.00") is None
    await hold(database, SECOND, APPROVED, "40.00")


def said(events: list[Event]) -> list[tuple[Kind, str, str]]:
    """Kind, what is held by then, and the authorization that it names."""
    payments = [(event.kind, event.data.payment) for event in events]
    return [(kind, one.authorized.text, one.authorization_id) for kind, one in payments if one]


async def states(database: Database) -> list[AttemptState]:
    return [one.state for one in await of_order(database, "1042")]


async def test_the_order_is_paid_when_the_last_part_is_held(database: Database) -> None:
    await begin(database, FIRST)
    assert said(await hold(database, FIRST, PARTIAL, "60.00")) == [
        (Kind.PAYMENT_PARTLY_AUTHORIZED, "60.00", f"h-{FIRST}")
    ]
    assert await ask(database, SECOND, "40.00") is None
    assert said(await hold(database, SECOND, PARTIAL, "30.00")) == [
        (Kind.PAYMENT_PARTLY_AUTHORIZED, "90.00", f"h-{FIRST}")
    ]
    assert await ask(database, THIRD, "10.00") is None
    assert said(await hold(database, THIRD, APPROVED, "10.00")) == [
        (Kind.PAYMENT_AUTHORIZED, "100.00", f"h-{FIRST}")
    ]
    assert await states(database) == [AttemptState.AUTHORIZED] * 3
    assert await hold(database, THIRD, APPROVED, "10.00") == []


@pytest.mark.parametrize(
    ("verdict", "amount", "ends"),
    [
        (Verdict.DECLINED, None, AttemptState.DECLINED),
        (Verdict.IN_REVIEW, "40.00", AttemptState.REVERSING),
        (Verdict.HELD_DECLINED, "40.00", AttemptState.REVERSING),
        (APPROVED, "39.00", AttemptState.REVERSING),
        (PARTIAL, "40.00", AttemptState.REVERSING),
        (PARTIAL, None, AttemptState.REVERSING),
        (PARTIAL, "3.00 EUR", AttemptState.REVERSING),
    ],
)
async def test_a_part_that_is_not_had_leaves_the_others_as_they_were(
    database: Database, verdict: Verdict, amount: str | None, ends: AttemptState
) -> None:
    await first_part(database)
    await ask(database, SECOND, "40.00")
    number, _, currency = (amount or "").partition(" ")
    told = seen(AUTHORIZATION, verdict, "h-2", amount=number or None, attempt_key=SECOND)
    if currency:
        told = replace(told, amount=Money.of(number, currency))
    events = await tell(database, told)
    strays = [Kind.PAYMENT_STRAY] if ends is AttemptState.REVERSING else []
    assert [event.kind for event in events] == strays
    assert await states(database) == [AttemptState.PARTIAL, ends]
    again = await ask(database, THIRD, "40.00")
    assert again == (NotOpened("in_flight") if strays else None)


async def test_a_part_is_asked_for_once_and_for_what_is_owed(database: Database) -> None:
    await begin(database, FIRST)
    assert await ask(database, SECOND, "40.00") == NotOpened("in_flight")
    await hold(database, FIRST, PARTIAL, "60.00")
    assert await ask(database, SECOND, "60.00") == NotOpened("not_owed", usd("40.00"))
    assert await ask(database, SECOND, "40.00", custom={"gift": "yes"}) == (
        NotOpened("order_changed")
    )
    assert await ask(database, SECOND, "40.00") is None
    assert await ask(database, THIRD, "40.00") == NotOpened("in_flight")
    await hold(database, SECOND, APPROVED, "40.00")
    assert await ask(database, THIRD, "40.00") == NotOpened("nothing_owed")


async def test_when_one_part_is_given_back_elsewhere_the_others_are_released(
    database: Database,
) -> None:
    await two_parts(database)
    gone = seen(Operation.REVERSAL, APPROVED, "r-2", amount="40.00", parent_id=f"h-{SECOND}")
    events = said(await tell(database, gone))
    assert [(kind, about) for kind, _, about in events] == [
        (Kind.PAYMENT_STRAY, f"h-{FIRST}"),
        (Kind.PAYMENT_REVERSED, f"h-{FIRST}"),
    ]
    assert await states(database) == [AttemptState.REVERSING, AttemptState.REVERSED]


async def test_what_is_held_after_the_order_was_given_up_is_released(database: Database) -> None:
    await first_part(database)
    await ask(database, SECOND, "40.00")
    async with database.transaction() as tx:
        assert [one.kind for one in await lapse(tx, FIRST, WHEN)] == [
            Kind.PAYMENT_LAPSED,
            Kind.PAYMENT_STRAY,
        ]
        assert await lapse(tx, FIRST, WHEN) == []
    assert said(await hold(database, SECOND, APPROVED, "40.00")) == [
        (Kind.PAYMENT_STRAY, "40.00", f"h-{SECOND}")
    ]
    assert await states(database) == [AttemptState.REVERSING] * 2


async def test_an_order_lapses_by_the_clock_that_is_given_and_never_while_it_is_paid(
    database: Database,
) -> None:
    await first_part(database)
    later = WHEN + timedelta(seconds=1)
    assert await due_to_lapse(database, CONNECTION, WHEN, 10) == []
    assert await due_to_lapse(database, CONNECTION, later, 10) == [FIRST]
    await ask(database, SECOND, "40.00")
    assert await due_to_lapse(database, CONNECTION, later, 10) == []
    await hold(database, SECOND, APPROVED, "40.00")
    assert await due_to_lapse(database, CONNECTION, later, 10) == []
    async with database.transaction() as tx:
        assert await lapse(tx, FIRST, later) == []


async def test_the_clock_and_the_last_part_end_one_way_whoever_is_first(
    database: Database,
) -> None:
    async def give_up(number: str) -> list[Event]:
        return await database.commit(lambda tx: lapse(tx, f"{number} first", WHEN))

    async def pay(number: str) -> list[Event]:
        told = seen(
            AUTHORIZATION, APPROVED, f"{number} h", amount="40.00",
            attempt_key=f"{number} second", order_number=number,
        )  # fmt: skip
        observed = await database.commit(lambda tx: observe(tx, CONNECTION, told))
        return list(observed.events)

    for n in range(12):
        number = f"20{n:02d}"
        await begin(database, f"{number} first", f"{number} k", number)
        part = seen(
            AUTHORIZATION, PARTIAL, f"{number} p", amount="60.00",
            attempt_key=f"{number} first", order_number=number,
        )  # fmt: skip
        await tell(database, part)
        assert await ask(database, f"{number} second", "40.00", number=number) is None
        both = (give_up(number), pay(number))
        events = await asyncio.gather(*(both if n % 2 else reversed(both)))
        kinds = sorted(event.kind for told in events for event in told)
        paid = kinds == [Kind.PAYMENT_AUTHORIZED]
        assert paid or kinds == [Kind.PAYMENT_LAPSED, Kind.PAYMENT_STRAY, Kind.PAYMENT_STRAY]
        wanted = AttemptState.AUTHORIZED if paid else AttemptState.REVERSING
        assert [one.state for one in await of_order(database, number)] == [wanted] * 2


async def take(database: Database, key: str, amount: str, *, once: bool = False) -> list[str]:
    """What each hold gives."""
    due = Due(await now(database, FIRST), key, usd(amount), once, lambda n: f"{key} {n}")
    async with database.transaction() as tx:
        return [one.amount.text for one in await claim_portions(tx, due)]


async def test_captures_take_of_one_hold_after_the_other_and_never_more_than_each_has(
    database: Database,
) -> None:
    await two_parts(database)
    with pytest.raises(HoldInParts):
        await claim_capture(database, "c1", f"h-{FIRST}", usd("1.00"), order_number="1042")
    assert await take(database, "c1", "50.00") == ["50.00"]
    assert await take(database, "c2", "25.00") == ["10.00", "15.00"]
    assert await take(database, "c2", "25.00") == ["10.00", "15.00"]
    for key, amount, why in (("c2", "26.00", "claimed_before"), ("c3", "25.01", "over_capture")):
        with pytest.raises(Rejected) as refused:
            await take(database, key, amount)
        assert refused.value.reason == why
    assert await claim_capture(
        database, "c2 2", f"h-{SECOND}", usd("15.00"), order_number="1042"
    ) is None  # fmt: skip
    assert await take(database, "c3", "25.00") == ["25.00"]


async def test_a_hold_that_takes_one_capture_gives_none_twice(database: Database) -> None:
    await two_parts(database)
    assert await take(database, "c1", "50.00", once=True) == ["50.00"]
    with pytest.raises(Rejected) as refused:
        await take(database, "c2", "50.00", once=True)
    assert refused.value.reason == "hold_used"
    assert await take(database, "c3", "40.00", once=True) == ["40.00"]


async def test_one_part_is_released_only_with_all_of_them(database: Database) -> None:
    await two_parts(database)
    async with database.transaction() as tx:
        with pytest.raises(HoldInParts):
            await claim_reversal(tx, "r", f"h-{FIRST}")
        await tx.execute("UPDATE attempts SET state = 'reversing'")
        assert await claim_reversal(tx, "r", f"h-{FIRST}") == Release(usd("60.00"))
        assert await claim_reversal(tx, "r", f"h-{FIRST}") == Release(usd("60.00"))


async def test_nothing_is_captured_of_a_part_before_all_is_held(database: Database) -> None:
    await first_part(database)
    with pytest.raises(Rejected) as refused:
        await take(database, "c1", "10.00")
    assert refused.value.reason == "not_capturable"
    by_hand = seen(Operation.CAPTURE, APPROVED, "c", amount="10.00", parent_id=f"h-{FIRST}")
    assert judge(await now(database, FIRST), by_hand).meaning == "conflict"
