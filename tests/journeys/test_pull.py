"""What webhooks lost is found by asking: ours is settled, a stranger's is shown, none guessed."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cybersource.conftest import BILLING, new_call
from tests.journeys.test_checkout import fault
from tests.journeys.town import Till, Town, open_town, order_document, till, usd, working

from tillbridge import assembly
from tillbridge.assembly import close_house, open_house
from tillbridge.canonical.errors import Rejected
from tillbridge.canonical.payments import AttemptState, Verdict
from tillbridge.connector.abilities import ObservesPayments
from tillbridge.connector.documents import Fields
from tillbridge.desk.notices import notices
from tillbridge.journeys.alert import conditions
from tillbridge.journeys.house import House
from tillbridge.journeys.pull import pull_payments, set_find_aside
from tillbridge.journeys.receive import take_in
from tillbridge.journeys.standing import figures
from tillbridge.payments.attempts import of_order
from tillbridge.payments.finds import Find, finds, open_finds
from tillbridge.payments.observations import observations_of
from tillbridge.triggers.pulls import PullRow, all_pulls, move_pull, take_pull
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault, Rule

SETTINGS = {"search_lag_s": "0", "pull_overlap_s": "600", "fence": "no", "absent_after_s": "0"}
STRANGER = "POS-77"


@contextlib.asynccontextmanager
async def quiet_town(
    folder: Path, dsn: str, options: Options | None = None, *, turns: int = 0, **settings: str
) -> AsyncIterator[Town]:
    """A town in which nobody pulls but the test, and that resolves nothing unless it has turns."""
    patch = pytest.MonkeyPatch()

    async def nobody(_: House) -> None:
        return

    patch.setattr(assembly, "pull_payments", nobody)
    try:
        async with open_town(
            folder, dsn, options=options, settings=SETTINGS | settings, turns_by_target=turns
        ) as town:
            town.desk.pace = dataclasses.replace(town.desk.pace, read_on_s=0.8, answer_s=0.4)
            yield town
    finally:
        patch.undo()


def no_webhooks(town: Town) -> None:
    town.cybersource.faults.rules.append(Rule("webhook", Fault("lost")))


async def lose_both(shop: Till, town: Town, order: str) -> None:
    """The order's authorization takes place; neither its answer nor its webhook arrives."""
    no_webhooks(town)
    fault(town, "lose_answer")
    await shop.pay(order_document(order))


async def pay_elsewhere(town: Town, order: str = STRANGER) -> str:
    """Somebody pays at the same account, and we have nothing to do with it. The request id."""
    fields: Fields = {
        "order_number": order,
        "amount": usd("75.00"),
        "token_kind": "transient",
        "token": town.cybersource.mint_token(),
        "attempt_key": "made elsewhere",
        "billing": BILLING,
    }
    writes = town.house.connections["cybersource"].writes
    receipt = await writes["authorization"].send(new_call(), fields)
    return str(receipt.fields["request_id"])


async def pull(town: Town, house: House | None = None) -> PullRow:
    """One look, as if its time had come."""
    await town.house.database.execute("UPDATE pulls SET next_at = now()")
    await pull_payments(house or town.house)
    (row,) = await all_pulls(town.house.database)
    return row


def asked(town: Town, operation: str) -> int:
    requests = town.cybersource.log.entries("request")
    return sum(entry.facts["operation"] == operation for entry in requests)


async def found(town: Town) -> list[Find]:
    return await finds(town.house.database)


async def state_of(town: Town, order: str) -> AttemptState:
    (attempt,) = await of_order(town.house.database, order)
    return attempt.state


async def stranger_found(town: Town) -> Find:
    """Somebody paid elsewhere, no webhook came, and it was found."""
    no_webhooks(town)
    await pay_elsewhere(town)
    await pull(town)
    (find,) = await open_finds(town.house.database)
    return find


async def until(town: Town, order: str, state: AttemptState) -> None:
    async with asyncio.timeout(10):
        while await state_of(town, order) is not state:  # noqa: ASYNC110 (nothing rings for a test)
            await asyncio.sleep(0.05)


async def test_a_payment_whose_answer_and_webhook_are_lost_is_settled(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        await lose_both(shop, town, "4001")
        assert await state_of(town, "4001") is AttemptState.UNKNOWN

        row = await pull(town)

        assert await state_of(town, "4001") is AttemptState.AUTHORIZED
        assert (row.listed, row.unheard, row.is_whole) == (1, 1, True)
        (find,) = await found(town)
        assert (find.meaning, find.order_number, find.amount) == ("moved", "4001", usd("31.95"))
        await shop.ship("4001")
        async with working(town.house, dsn, 20):
            await town.quiet()
        (hold,) = town.cybersource.holds()["4001"]
        assert hold["captured"] == "31.95"


async def test_a_webhook_that_comes_after_all_adds_nothing(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        town.cybersource.faults.rules.append(Rule("webhook", Fault("slow", 40), times=1))
        fault(town, "lose_answer")
        await shop.pay(order_document("4002"))
        await pull(town)
        database = town.house.database
        before = await observations_of(database, "4002")
        events = await database.fetch_value("SELECT count(*) FROM events")

        await town.cybersource.settle()

        assert await database.fetch_value("SELECT count(*) FROM deliveries") == 1
        assert await observations_of(database, "4002") == before
        assert [seen.source for seen in before] == ["search"]
        assert await database.fetch_value("SELECT count(*) FROM events") == events


async def test_it_is_found_within_the_interval_by_a_worker(tmp_path: Path, dsn: str) -> None:
    settings = SETTINGS | {"pull_every_s": "10"}
    async with (
        open_town(tmp_path, dsn, settings=settings, turns_by_target=0) as town,
        till(town) as shop,
    ):
        town.desk.pace = dataclasses.replace(town.desk.pace, read_on_s=0.8, answer_s=0.4)
        await lose_both(shop, town, "4003")
        await until(town, "4003", AttemptState.AUTHORIZED)


async def test_an_authorization_of_an_abandoned_attempt_is_reversed_once(
    tmp_path: Path, dsn: str
) -> None:
    """Search is trusted too early: what comes after it was given up is a hold nobody wants. Whoever
    else tells of it, it is asked for once to let it go."""
    async with (
        quiet_town(tmp_path, dsn, turns=20, absent_after_s="10") as town,
        till(town) as shop,
    ):
        no_webhooks(town)
        fault(town, "late", 50)
        await shop.pay(order_document("4004"))
        await until(town, "4004", AttemptState.ABANDONED)
        await town.cybersource.settle()
        assert len(town.held("4004")) == 1

        await pull(town)
        await town.quiet()

        assert town.held("4004") == []
        assert [find.meaning for find in await found(town)] == ["stray"]
        session = town.house.connections["cybersource"].session
        assert isinstance(session, ObservesPayments)
        seen = await session.observe(new_call(), "4004")
        async with town.house.database.transaction() as tx:
            await take_in(town.house, tx, "cybersource", seen, ())
        await pull(town)
        await town.quiet()
        assert [one.verdict for one in seen] == [Verdict.UNDONE, Verdict.APPROVED]
        assert asked(town, "reversal") == 1


async def test_a_payment_that_we_never_made_is_shown_and_nothing_is_guessed(
    tmp_path: Path, dsn: str
) -> None:
    """Even under the number of an order that we know: adoption is a person's, or another flow's."""
    async with quiet_town(tmp_path, dsn, turns=20) as town, till(town) as shop:
        no_webhooks(town)
        await shop.pay(order_document("4005"))
        await town.quiet()
        mine = await state_of(town, "4005")
        await pay_elsewhere(town)
        await pay_elsewhere(town, "4005")

        await pull(town)
        await town.quiet()

        unplaced = await open_finds(town.house.database)
        assert [(find.meaning, find.order_number) for find in unplaced] == [
            ("unplaced", STRANGER),
            ("unplaced", "4005"),
        ]
        assert unplaced[0].amount == usd("75.00")
        assert await state_of(town, "4005") is mine
        assert len(town.held(STRANGER)) == 1
        assert len(town.held("4005")) == 2
        assert asked(town, "reversal") == 0


async def test_a_strangers_payment_whose_webhook_came_is_shown_without_a_further_question(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        await pay_elsewhere(town)
        await town.cybersource.settle()

        row = await pull(town)

        assert (row.listed, row.unheard, asked(town, "details")) == (1, 0, 0)
        (find,) = await open_finds(town.house.database)
        assert (find.meaning, find.order_number) == ("unplaced", STRANGER)


async def test_what_is_known_costs_one_question_an_interval(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town, till(town) as shop:
        for number in range(5):
            await shop.pay(order_document(f"41{number:02}"))

        row = await pull(town)

        assert (row.listed, row.unheard) == (5, 0)
        assert (asked(town, "search"), asked(town, "details")) == (1, 0)
        assert await found(town) == []


async def test_a_find_is_set_aside_by_a_person_with_a_reason_and_not_found_again(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        find = await stranger_found(town)

        await set_find_aside(town.house.database, find.number, "maya", "The till in the store.")
        await pull(town)

        assert await open_finds(town.house.database) == []
        (aside,) = await found(town)
        assert (aside.meaning, aside.why) == ("set_aside", "The till in the store.")
        with pytest.raises(Rejected, match="no find"):
            await set_find_aside(town.house.database, find.number, "maya", "Once more.")


async def test_people_are_told_of_what_is_unplaced_and_of_a_look_that_is_late(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        await stranger_found(town)
        await town.house.database.execute(
            "UPDATE pulls SET settled_until = now() - interval '2 hours', trouble = 'a test'"
        )

        found = {one.name: one for one in await conditions(town.house)}

        assert found["unplaced"].title == "Operations at cybersource that fit no payment of ours: 1"
        assert found["pull_late"].title.startswith("cybersource was not asked for lost webhooks")
        assert found["pull_late"].content.startswith("Why: a test (tillbridge pulls)")
        text = (await figures(town.house)).decode()
        assert 'tillbridge_finds{connection="cybersource",meaning="unplaced"} 1' in text
        assert 'tillbridge_pull_behind_seconds{connection="cybersource"} 7' in text


async def test_of_two_workers_one_looks(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        no_webhooks(town)
        await pay_elsewhere(town)
        town.cybersource.faults.rules.append(Rule("search", Fault("slow", 5)))
        other = await open_house(town.site, dsn, role="worker", pool=2)
        try:
            await asyncio.gather(*(pull_payments(house) for house in (town.house, other) * 3))
        finally:
            await close_house(other)

        assert (asked(town, "search"), asked(town, "details")) == (1, 1)
        assert len(await found(town)) == 1


async def test_a_look_that_broke_off_goes_on_behind_what_it_has_taken_in(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn, pull_page="2", pull_every_s="1") as town:
        no_webhooks(town)
        for number in range(5):
            await pay_elsewhere(town, f"POS-{number}")
        rules = town.cybersource.faults.rules
        rules.append(Rule("details", Fault("slow"), times=3))
        rules.append(Rule("details", Fault("break_before"), times=1))

        broken = await pull(town)
        before = [find.meaning for find in await open_finds(town.house.database)]
        await asyncio.sleep(0.1)
        row = await pull(town)

        assert (before, broken.is_whole) == (["unplaced"] * 3 + ["unread"], False)
        assert "details" in broken.trouble or "transactions" in broken.trouble
        assert (row.is_whole, row.trouble) == (True, "")
        after = [find.meaning for find in await open_finds(town.house.database)]
        assert after == ["unplaced"] * 5
        assert asked(town, "details") == 6  # one of them was cut


async def test_a_worker_that_died_is_followed_by_another_and_moves_nothing_any_more(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        database = town.house.database
        dead = await take_pull(database, "cybersource", 0.2)
        assert dead is not None
        assert await take_pull(database, "cybersource", 60) is None
        await asyncio.sleep(0.3)

        row = await pull(town)

        assert row.is_whole
        assert not await move_pull(database, dead, "elsewhere", None, (1, 1))


async def test_what_is_listed_and_cannot_be_read_yet_is_asked_for_again(
    tmp_path: Path, dsn: str
) -> None:
    async with quiet_town(tmp_path, dsn, pull_every_s="1") as town, till(town) as shop:
        await lose_both(shop, town, "4006")
        rule = Rule("details", Fault("refuse", status=404), times=1)
        town.cybersource.faults.rules.append(rule)

        await pull(town)
        (unread,) = await open_finds(town.house.database)
        await asyncio.sleep(0.1)
        await pull(town)

        assert (unread.meaning, unread.tries) == ("unread", 1)
        assert await state_of(town, "4006") is AttemptState.AUTHORIZED
        assert [find.meaning for find in await found(town)] == ["moved"]


async def test_a_closed_gate_stops_the_look_and_is_said(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        await town.house.gates.pause("cybersource", "a test", "maya")

        row = await pull(town)

        assert asked(town, "search") == 0
        assert "paused" in row.trouble


async def test_a_pause_that_is_longer_than_the_reach_is_told(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn, pull_reach_days="2") as town:
        await pull(town)
        real = town.house.clock
        town.house.clock = lambda: real() + timedelta(days=9)

        await pull(town)

        (notice,) = await notices(town.house.database)
        assert notice.title == "cybersource was not looked at for a time"
        assert "Compare its own reports" in notice.content


async def test_a_card_number_for_an_order_number_is_masked(tmp_path: Path, dsn: str) -> None:
    async with quiet_town(tmp_path, dsn) as town:
        no_webhooks(town)
        await pay_elsewhere(town, "4111 1111 1111 1111")

        await pull(town)

        (find,) = await open_finds(town.house.database)
        assert "1111 1111" not in find.order_number
