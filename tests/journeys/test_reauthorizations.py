"""A hold that takes one capture only: what ships later is authorized anew, once, and captured."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.journeys.test_deliver import captured, facts, letters, messages, misbehave, ship_part
from tests.journeys.test_refunds import ask_back, given_back
from tests.journeys.town import Till, Town, open_town, order_document, till

from tillbridge.canonical.payments import AttemptState
from tillbridge.connector.abilities import Call, Fenced, Receipt, Send
from tillbridge.connector.documents import Fields
from tillbridge.journeys.steer import cancel, replay
from tillbridge.journeys.trace import trace
from tillbridge.payments.attempts import of_order
from tillbridge.runs.dead_letters import DeadLetter
from tillbridge.runs.lease import LeaseLost
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.cybersource.tokens import MintedToken
from tillbridge_simulators.faults import Fault, Rule

WEATHER: dict[str, list[Fault]] = {
    "6201": [],
    "6202": [Fault("lose_answer")],
    "6203": [Fault("late", seconds=60)],
    "6204": [Fault("refuse", status=502)],
    "6205": [Fault("refuse", status=429, seconds=1)],
    "6206": [Fault("lose_answer"), Fault("late", seconds=30)],
}
"""By order, what happens to the calls that authorize the second shipment."""
DEATHS = {
    "6211": "before authorization",
    "6212": "after authorization",
    "6213": "before capture",
    "6214": "after capture",
}
"""By order, at which call its worker dies."""
SILENT = ("6203", "6206", "6212")
"""Orders of which no webhook tells."""
IMPATIENT = "6215"
"""Its second parcel leaves while nobody knows whether the first one's capture took place."""
TOLD = "6216"
"""Only a webhook tells of its first authorization."""
UNSTORED = "6209"
PARTS = (Decimal("11.95"), Decimal("20.00"))


def storing(folder: Path) -> None:
    """Every order's card is stored, but one's."""
    path = folder / "mappings" / "cybersource-authorization.yaml"
    text = path.read_text()
    rule = f"fields:\n  store_token: order.number != '{UNSTORED}'\n"
    path.write_text(text.replace("fields:\n", rule, 1))
    connections = folder / "tillbridge.yaml"
    named = "pays_through: cybersource\n    authorizes_with: cybersource-authorization\n"
    text = connections.read_text().replace("pays_through: cybersource\n", named)
    connections.write_text(text)


def taken(town: Town, order: str) -> list[Decimal]:
    """What was captured of each authorization that was captured."""
    rows = town.cybersource.holds()[order]
    return sorted(Decimal(row["captured"]) for row in rows if Decimal(row["captured"]))


def mortal(town: Town) -> dict[str, str]:
    """From now on workers die: whoever holds the lane next finds what was committed. Answers those
    that have not died yet."""
    writes, left = town.house.connections["cybersource"].writes, dict(DEATHS)
    assert isinstance(writes, dict)
    for kind in ("authorization", "capture"):
        writes[kind] = replace(writes[kind], send=dying(kind, writes[kind].send, left))
    return left


def dying(kind: str, send: Send, left: dict[str, str]) -> Send:
    async def sends(call: Call, fields: Fields) -> Receipt:
        order = str(fields["order_number"])
        if left.get(order) == f"before {kind}":
            del left[order]
            raise LeaseLost
        receipt = await send(call, fields)
        if left.get(order) == f"after {kind}":
            del left[order]
            raise LeaseLost
        return receipt

    return sends


async def first_half(shop: Till, *orders: str) -> None:
    for order in orders:
        await shop.pay(order_document(order))
        await ship_part(shop, order, "1", "20.00", last=False)
    await shop.town.quiet()


async def letter_of(town: Town, order: str) -> DeadLetter:
    (letter,) = [one for one in await letters(town) if one.subject == order]
    return letter


@pytest.mark.parametrize("fence", ["yes", "no"])
async def test_the_second_shipment_is_authorized_once_whatever_happens_to_its_answer(
    tmp_path: Path, dsn: str, fence: str
) -> None:
    options = Options(search_lag_s=2)
    settings = {"fence": fence, "absent_after_s": "100", "search_lag_s": "4"}
    async with (
        open_town(tmp_path, dsn, options=options, settings=settings, extend=storing) as town,
        till(town) as shop,
    ):
        orders = [*WEATHER, *DEATHS, TOLD]
        misbehave(town.cybersource.faults, "authorization", Fault("lose_answer"), order=TOLD)
        await first_half(shop, *orders)
        misbehave(town.cybersource.faults, "webhook", Fault("lost"), order=IMPATIENT, times=100)
        misbehave(town.cybersource.faults, "capture", Fault("lose_answer"), order=IMPATIENT)
        await shop.pay(order_document(IMPATIENT))
        for number, amount in (("1", "20.00"), ("2", "11.95")):
            await ship_part(shop, IMPATIENT, number, amount, last=False)
        alive = mortal(town)
        rules = town.cybersource.faults.rules
        rules += [Rule("webhook", Fault("lost"), subject=order) for order in SILENT]
        for order, faults in WEATHER.items():
            rules += [Rule("authorization", fault, subject=order, times=1) for fault in faults]
        for order in orders:
            await ship_part(shop, order, "2", "11.95", last=True)
        await town.quiet(60)
        await town.cybersource.settle()
        await town.quiet()

        assert not alive
        assert [one.message for one in await letters(town)] == []
        left = "SELECT * FROM effects WHERE state IN ('intended', 'unknown')"
        assert await town.house.database.fetch(left) == []
        for order in (*orders, IMPATIENT):
            assert taken(town, order) == [*PARTS], order
            assert town.held(order) == [], order
            assert len(messages(town, order)) == 2, order
            live = [
                one
                for one in await of_order(town.house.database, order)
                if one.state is AttemptState.CAPTURED
            ]
            assert sorted(one.captured.amount for one in live) == [*PARTS], order

        await ask_back(shop, "6202")
        await town.quiet()
        assert sorted(given_back(town, "6202")) == [*PARTS]


async def test_what_an_earlier_try_holds_after_all_is_released_before_more_is_captured(
    tmp_path: Path, dsn: str
) -> None:
    order = "6221"
    settings = {"fence": "yes", "search_lag_s": "0"}
    async with (
        open_town(tmp_path, dsn, settings=settings, extend=storing) as town,
        till(town) as shop,
    ):
        await first_half(shop, order)
        writes = town.house.connections["cybersource"].writes
        assert isinstance(writes, dict)
        undo = town.house.connections["cybersource"].write("authorization").fence
        deaths = [LeaseLost()]

        async def dies(call: Call, fields: Fields) -> Fenced:
            if deaths:
                await asyncio.sleep(60 / town.house.factor)  # until the late one is there
                raise deaths.pop()
            assert undo is not None
            return await undo(call, fields)

        writes["authorization"] = replace(writes["authorization"], fence=dies)
        misbehave(town.cybersource.faults, "webhook", Fault("lost"), order=order, times=100)
        misbehave(town.cybersource.faults, "authorization", Fault("late", seconds=60), order=order)
        await ship_part(shop, order, "2", "11.95", last=True)
        await town.quiet(60)

        assert not deaths
        assert await letters(town) == []
        assert taken(town, order) == [*PARTS]
        told = [
            entry.kind
            for entry in town.cybersource.log.entries()
            if entry.facts.get("order") == order and entry.kind in ("reversal", "capture")
        ]
        assert told == ["capture", "reversal", "capture"]


async def test_a_shipment_that_cannot_be_authorized_anew_is_a_persons_turn(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, extend=storing) as town, till(town) as shop:
        await first_half(shop, "6207", "6208", UNSTORED)
        (token,) = {one.token for one in await of_order(town.house.database, "6207")}
        tokens = town.cybersource.account.tokens
        tokens.put(token, MintedToken("tms", "insufficient_fund", "001", "1111", None))
        misbehave(town.cybersource.faults, "capture", Fault("refuse", status=400), order="6208")
        for order in ("6207", "6208", UNSTORED):
            await ship_part(shop, order, "2", "11.95", last=True)
        await town.quiet()

        letter = await letter_of(town, UNSTORED)
        assert (letter.reason, str(letter.at_risk)) == ("no_stored_card", "11.95 USD")

        letter = await letter_of(town, "6207")
        assert (letter.reason, str(letter.at_risk)) == ("reauthorization_declined", "11.95 USD")
        assert "INSUFFICIENT_FUND" in letter.message
        tokens.put(token, MintedToken("tms", "authorized", "001", "1111", None))
        await replay(town.house, letter.run_id, "ada", "the shopper has money again")
        await town.quiet()
        assert taken(town, "6207") == [*PARTS]
        story = await trace(town.house.database, "6207")
        assert [line.state for line in story.payments] == ["captured", "declined", "captured"]

        letter = await letter_of(town, "6208")
        assert [row["open"] for row in town.held("6208")] == ["11.95"]
        await cancel(town.house, letter.run_id, "ada", "the parcel came back")
        await town.quiet()
        assert town.held("6208") == []
        assert captured(town, "6208") == Decimal("20.00")
        assert len(facts(town.cybersource.log, "reversal", order="6208")) == 1
