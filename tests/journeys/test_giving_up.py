"""Orders that are cancelled, letters that are given up, waits that end: no hold is left behind."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.test_checkout import asked
from tests.journeys.test_deliver import (
    assert_once_each,
    buy,
    captured,
    facts,
    letter_of,
    letters,
    messages,
    misbehave,
    ship_part,
)
from tests.journeys.town import SECRET, Till, Town, open_town, order_document, till

from tillbridge.access.audit import entries
from tillbridge.assembly import close_house, open_house
from tillbridge.canonical.errors import Rejected
from tillbridge.connector.delivery import Delivery
from tillbridge.journeys.receive import receive
from tillbridge.journeys.steer import cancel, replay
from tillbridge_simulators.cybersource.options import Options
from tillbridge_simulators.faults import Fault
from tillbridge_simulators.shop.signing import signed


async def cancel_order(shop: Till, order: str) -> None:
    body = {
        "id": f"cancel-{order}",
        "type": "order.cancelled",
        "order_number": order,
        "occurred_at": "2026-03-03T09:00:00Z",
    }
    status, _ = await shop.post("/doors/webshop", body, f"cancel-{order}")
    assert status == 202


def sales_orders(town: Town, order: str) -> list[dict[str, Any]]:
    assert town.dynamics is not None
    found: list[dict[str, Any]] = town.dynamics.state()["sales_orders"]
    return [one for one in found if one["order_number"] == order]


def unknown_product(order: str) -> dict[str, Any]:
    """An order whose sales order cannot be written: nobody knows the product."""
    document = order_document(order)
    document["lines"][0]["product"] = "MUG-PINK"
    return document


async def test_an_order_cancelled_before_it_was_shipped_is_released_everywhere(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("6001"))
        await cancel_order(shop, "6001")
        await town.quiet()

        assert town.held("6001") == []
        assert [one["status"] for one in sales_orders(town, "6001")] == [4]
        assert len(messages(town, "6001", "reversed")) == 1


async def test_an_order_cancelled_while_it_is_in_review_is_released_once(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("6002"), outcome="review")
        await town.wait_for("6002", "order-to-dynamics", "decision")
        await cancel_order(shop, "6002")
        await town.quiet()

        assert town.held("6002") == []
        assert asked(town, "reversal") == 1
        assert [one["status"] for one in sales_orders(town, "6002")] == [4]


async def test_the_shop_hears_of_an_accepted_review_before_it_hears_of_the_cancellation(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        _, answer = await shop.pay(order_document("6005"), outcome="review")
        await town.wait_for("6005", "order-to-dynamics", "decision")
        await town.house.gates.pause("webshop", "it moves house", "ada")
        town.cybersource.decide_review(answer["transaction_id"], accept=True)
        await town.wait_for("6005", "order-to-dynamics", "paused")
        await cancel_order(shop, "6005")
        await town.wait_for("6005", "cancel-order", "review_told")
        await town.house.gates.resume("webshop", "ada")
        await town.quiet()

        told = facts(town.shop.log, "shop_message", order_number="6005")
        assert [one["status"] for one in told] == ["authorized", "reversed"]
        assert town.held("6005") == []


async def test_an_order_cancelled_after_it_was_captured_is_a_refunds_matter(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await buy(shop, "6003")
        await town.quiet()
        await cancel_order(shop, "6003")
        await town.quiet()

        assert asked(town, "reversal") == 0
        assert [one["status"] for one in sales_orders(town, "6003")] != [4]
        assert messages(town, "6003", "reversed") == []
        assert_once_each(town, "6003")


async def test_what_is_shipped_after_the_order_was_cancelled_is_not_captured(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(order_document("6004"))
        await cancel_order(shop, "6004")
        await town.quiet()
        await shop.ship("6004")
        await town.quiet()

        assert captured(town, "6004") == 0
        assert await letters(town) == []


async def test_giving_up_an_order_that_cannot_be_written_releases_its_hold(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(unknown_product("6101"))
        await shop.ship("6101")
        letter = await letter_of(town)
        assert len(town.held("6101")) == 1

        await cancel(town.house, letter.run_id, "ada", "a wrong order")
        await town.quiet()

        assert town.held("6101") == []
        assert captured(town, "6101") == 0
        assert await letters(town) == []
        async with town.house.database.transaction() as tx:
            (entry,) = await entries(tx)
        assert (entry.who, entry.action, entry.why) == ("ada", "cancel", "a wrong order")


async def test_giving_up_a_note_beside_one_shipment_does_not_stop_the_next(
    tmp_path: Path, dsn: str
) -> None:
    options = Options(partial_captures=True)
    settings = {"partial_captures": "true"}
    async with (
        open_town(tmp_path, dsn, options=options, settings=settings) as town,
        till(town) as shop,
    ):
        assert town.dynamics is not None
        misbehave(town.dynamics.faults, "payment_transaction", Fault("refuse", status=400))
        await shop.pay(order_document("6102"))
        await ship_part(shop, "6102", "1", "20.00", last=False)
        letter = await letter_of(town)
        await cancel(town.house, letter.run_id, "ada", "noted by hand")
        await town.quiet()

        await ship_part(shop, "6102", "2", "11.95", last=True)
        await town.quiet()

        assert captured(town, "6102") == Decimal("31.95")


async def test_giving_up_a_capture_that_was_refused_releases_the_hold(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        misbehave(town.cybersource.faults, "capture", Fault("refuse", status=400))
        await shop.pay(order_document("6103"))
        await shop.ship("6103")
        letter = await letter_of(town)

        await cancel(town.house, letter.run_id, "ada", "the parcel came back")
        await town.quiet()

        assert town.held("6103") == []
        assert captured(town, "6103") == 0


async def test_giving_up_a_letter_of_an_order_that_nobody_paid_ends_there(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, extend=_impatient) as town, till(town) as shop:
        await shop.pay(order_document("6104"), outcome="insufficient_fund")
        await shop.ship("6104")
        letter = await letter_of(town)

        await cancel(town.house, letter.run_id, "ada", "never paid")
        await town.quiet()

        assert await letters(town) == []
        assert asked(town, "reversal") == 0


async def test_what_may_still_have_happened_cannot_be_given_up(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.pay(unknown_product("6105"))
        letter = await letter_of(town)
        await town.house.database.execute(
            "INSERT INTO effects (key, connection, subject, effect, ordinal, state, run_id, step,"
            " lease, request, intended_at, resolve_after) VALUES ('k', 'dynamics', '6105',"
            " 'sales_order', '1', 'unknown', $1, 's', 1, '', now(), now())",
            letter.run_id,
        )

        with pytest.raises(Rejected) as refused:
            await cancel(town.house, letter.run_id, "ada", "a wrong order")

        assert refused.value.reason == "unknown_outcome"
        assert len(await letters(town)) == 1


async def test_a_wait_that_is_over_is_a_dead_letter_and_a_replay_waits_anew(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, extend=_impatient) as town, till(town) as shop:
        await shop.ship("6201")
        letter = await letter_of(town)
        assert letter.reason == "wait_timed_out"
        assert "payment.authorized" in letter.message

        await replay(town.house, letter.run_id, "ada", "it was paid by telephone")
        await town.wait_for("6201", "capture-when-shipped", "attempt")
        await shop.pay(order_document("6201"))
        await town.quiet()

        assert_once_each(town, "6201")


async def test_a_wait_that_may_go_on_without_an_event_goes_on_when_its_time_is_up(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, extend=_impatient) as town, till(town) as shop:
        await cancel_order(shop, "6202")
        await town.quiet()

        (run,) = await town.runs("6202")
        assert (run.state, run.ending) == ("done", "nothing was paid")


async def test_a_wait_keeps_its_time_through_an_outage_in_between(tmp_path: Path, dsn: str) -> None:
    """The timer is the wait's own: other reasons to look at the run do not start it anew."""
    async with open_town(tmp_path, dsn, extend=_impatient) as town, till(town) as shop:
        await shop.pay(order_document("6203"), outcome="review")
        await town.wait_for("6203", "order-to-dynamics", "decision")
        await town.house.gates.pause("dynamics", "month-end", "ada")

        letter = await letter_of(town)

        assert (letter.flow, letter.reason) == ("order-to-dynamics", "wait_timed_out")


@pytest.mark.complaint("I31")
async def test_a_run_stays_with_the_version_it_began_with_and_new_ones_take_the_new(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:
        await shop.ship("6301")
        await town.wait_for("6301", "capture-when-shipped", "attempt")
        _tells_twice(town.site.folder)
        newer = await open_house(town.site, dsn, role="newer", pool=3)
        try:
            await receive(newer, _shipped(newer.clock(), "6302"))
        finally:
            await close_house(newer)
        await shop.pay(order_document("6301"))
        await shop.pay(order_document("6302"))
        await town.quiet()

        assert len(messages(town, "6301")) == 1
        assert len(messages(town, "6302")) == 2
        versions = await town.house.database.fetch(
            "SELECT DISTINCT flow_version FROM runs WHERE flow = 'capture-when-shipped'"
        )
        assert len(versions) == 2


async def test_the_sage_template_survives_every_break_of_its_sales_order(
    tmp_path: Path, dsn: str
) -> None:
    async with open_town(tmp_path, dsn, template="order-to-cash-sage") as town, till(town) as shop:
        assert town.sage is not None
        breaks = [Fault("lose_answer"), Fault("late", seconds=15), Fault("break_before")]
        orders = [f"64{number:02d}" for number in range(len(breaks))]
        for order, fault in zip(orders, breaks, strict=True):
            misbehave(town.sage.faults, "sales_order", fault, order)
        await buy(shop, *orders)
        await town.quiet(60)

        assert await letters(town) == []
        for order in orders:
            assert len(facts(town.sage.log, "sales_order", order=order)) == 1
            assert captured(town, order) == Decimal("31.95")
            assert len(messages(town, order)) == 1


async def test_an_order_cancelled_in_sage_is_released_everywhere(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn, template="order-to-cash-sage") as town, till(town) as shop:
        assert town.sage is not None
        await shop.pay(order_document("6501"))
        await cancel_order(shop, "6501")
        await town.quiet()

        assert town.held("6501") == []
        assert len(facts(town.sage.log, "sales_order_cancellation", order="6501")) == 1


def _impatient(folder: Path) -> None:
    """Every wait of the flows takes a second of a test's time."""
    for path in (folder / "flows").glob("*.yaml"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join(_shortened(line) for line in lines) + "\n")


def _shortened(line: str) -> str:
    before, found, _ = line.partition("timeout:")
    return f"{before}timeout: 20s" if found and not before.strip() else line


def _tells_twice(folder: Path) -> None:
    """The next version of the flow tells the shop of each capture twice."""
    path = folder / "flows" / "capture-when-shipped.yaml"
    text = path.read_text()
    told = text[text.index("  - write: shop_told") :]
    path.write_text(
        text
        + told.replace("shop_told", "told_again").replace(
            "ordinal: captured.references.capture",
            "ordinal: concat('again ', captured.references.capture)",
        )
    )


def _shipped(now: Any, order: str) -> Delivery:
    body = json.dumps(
        {
            "id": f"ship-{order}",
            "type": "order.fulfilled",
            "order_number": order,
            "occurred_at": "2026-03-03T10:00:00Z",
            "fulfilment": {"id": "1", "lines": [], "complete": True},
        }
    ).encode()
    path = "/doors/webshop"
    headers = {name.lower(): value for name, value in signed(SECRET, "POST", path, body).items()}
    return Delivery("webshop", "POST", path, headers, body, now)


async def test_many_orders_at_once_end_as_their_shoppers_wished(tmp_path: Path, dsn: str) -> None:
    async with open_town(tmp_path, dsn) as town, till(town) as shop:

        async def one(number: int) -> None:
            order = f"66{number:02d}"
            await shop.pay(order_document(order))
            await (cancel_order(shop, order) if number % 2 else shop.ship(order))

        await asyncio.gather(*(one(number) for number in range(12)))
        await town.quiet(40)

        for number in range(12):
            order = f"66{number:02d}"
            assert town.held(order) == []
            assert captured(town, order) == (0 if number % 2 else Decimal("31.95"))
