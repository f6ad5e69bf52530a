"""Every promise can be broken, and the auditor says so by its key; a sound day breaks none."""

import json
from collections.abc import Callable
from dataclasses import asdict

import aiohttp
import pytest
from tests.simulators.day import Day, believed, in_dynamics

from tillbridge_simulators.auditor import KEYS, audit, judge
from tillbridge_simulators.auditor_evidence import evidence_of, read_evidence
from tillbridge_simulators.auditor_summary import summarize
from tillbridge_simulators.world import World


def test_a_sound_day_breaks_no_promise() -> None:
    verdict = judge(Day().evidence())
    assert verdict.findings == ()
    assert verdict.ok
    assert verdict.counts == dict.fromkeys(KEYS, 0)


def no_sales_order(day: Day) -> None:
    day.sage.clear()


def a_shipment_not_captured(day: Day) -> None:
    day.hold["captured"], day.hold["open"] = "19.99", "0.01"


def a_cancellation_that_released_nothing(day: Day) -> None:
    day.orders["W2"] = believed("cancelled")
    day.authorize("W2", "A2")
    day.write("W2")
    day.note("shop", "delivery", order_number="W2", what="cancellation", taken=True)


def a_second_hold(day: Day) -> None:
    day.authorize("W1", "A2")


def two_holds_while_captured(day: Day) -> None:
    day.orders["W2"] = believed(paid="20.00")
    day.authorize("W2", "A2")
    day.authorize("W2", "A3")
    day.write("W2")
    day.note("shop", "delivery", order_number="W2", what="fulfilment", taken=True)
    day.capture("W2", "A2", "20.00")
    day.reverse("W2", "A3")


def a_hold_anew_beside_an_open_one(day: Day) -> None:
    in_two_parcels(day)
    day.capture("W2", "A2", "0")


def a_hold_anew_of_more_than_is_shipped(day: Day) -> None:
    in_two_parcels(day, held="8.01")


def captured_twice(day: Day) -> None:
    day.capture("W1", "A1", "20.00")
    day.tell("captured")


def refunded_twice(day: Day) -> None:
    day.hold["refunded"] = "40.00"
    day.order["refunded"] = "40.00"


def refunded_and_not_told(day: Day) -> None:
    day.hold["refunded"] = "5.00"


def a_hold_nobody_wants(day: Day) -> None:
    day.orders["W2"] = believed("declined")
    day.authorize("W2", "A2")


def a_hold_of_an_order_nobody_placed(day: Day) -> None:
    day.authorize("X9", "A9")


def a_rejected_review_whose_hold_stays(day: Day) -> None:
    a_review(day)
    day.pay("decision", "W2", "A2", "", "20.00")
    facts = dict(day.log["pay"][-1].facts) | {"status": "rejected"}
    day.log["pay"].pop()
    day.note("pay", "decision", **facts)


def two_sales_orders(day: Day) -> None:
    day.dynamics.append(in_dynamics("W1") | {"id": "guid-again"})


def captured_before_it_was_written(day: Day) -> None:
    day.log["sage"].clear()
    day.note("sage", "sales_order", order="W1")


def captured_and_cancelled(day: Day) -> None:
    day.dynamics[0]["state"] = 2


def released_without_money(day: Day) -> None:
    day.orders["W2"] = believed("declined")
    day.write("W2")


def a_cent_less_held(day: Day) -> None:
    day.hold["amount"] = "20.01"


def a_cent_more_in_dynamics(day: Day) -> None:
    day.dynamics[0]["totalamount"] = "20.01"


def lines_that_do_not_add_up(day: Day) -> None:
    day.sage[0]["lines"][1]["extprice"] = "2.01"


def another_product(day: Day) -> None:
    day.sage[0]["lines"][0]["item"] = "MUG-WHITE"


def another_currency(day: Day) -> None:
    day.sage[0]["currid"] = "CAD"


def the_shop_was_not_told(day: Day) -> None:
    day.order["paid"] = "0"


def an_order_nobody_answered(day: Day) -> None:
    day.orders["W2"] = believed("unanswered")


def a_decided_review_that_nobody_told(day: Day) -> None:
    a_review(day)
    day.reverse("W2", "A2")


def authorized_after_captured(day: Day) -> None:
    day.tell("authorized")


def in_two_parcels(day: Day, held: str = "8.00") -> None:
    """Order W2: its hold takes one capture, and the second parcel is authorized anew."""
    day.orders["W2"] = believed(paid="20.00")
    day.authorize("W2", "A2")
    day.write("W2")
    day.note("shop", "delivery", order_number="W2", what="fulfilment", taken=True)
    day.capture("W2", "A2", "12.00")
    day.holds["W2"][0]["open"] = "0"
    day.authorize("W2", "A3", held)
    day.capture("W2", "A3", "8.00")
    day.holds["W2"][1]["open"] = "0"


def a_review(day: Day) -> None:
    """Order W2 waits for somebody's decision: on hold everywhere."""
    day.orders["W2"] = believed("in_review")
    day.authorize("W2", "A2")
    day.write("W2")
    day.dynamics[-1]["status"], day.sage[-1]["release"] = 690970000, "N"


CASES = [
    (no_sales_order, "lost"),
    (a_shipment_not_captured, "lost"),
    (a_cancellation_that_released_nothing, "lost"),
    (a_second_hold, "live_auths_over_one"),
    (two_holds_while_captured, "live_auths_over_one"),
    (a_hold_anew_beside_an_open_one, "live_auths_over_one"),
    (a_hold_anew_of_more_than_is_shipped, "amounts_differ"),
    (captured_twice, "overcaptured"),
    (refunded_twice, "overrefunded"),
    (refunded_and_not_told, "overrefunded"),
    (a_hold_nobody_wants, "orphan_holds"),
    (a_hold_of_an_order_nobody_placed, "orphan_holds"),
    (a_cancellation_that_released_nothing, "orphan_holds"),
    (a_rejected_review_whose_hold_stays, "orphan_holds"),
    (two_sales_orders, "sales_orders_over_one"),
    (captured_before_it_was_written, "captured_without_order"),
    (captured_and_cancelled, "captured_without_order"),
    (released_without_money, "order_without_payment"),
    (a_cent_less_held, "amounts_differ"),
    (a_cent_more_in_dynamics, "amounts_differ"),
    (lines_that_do_not_add_up, "amounts_differ"),
    (another_product, "amounts_differ"),
    (another_currency, "amounts_differ"),
    (the_shop_was_not_told, "amounts_differ"),
    (an_order_nobody_answered, "stuck"),
    (a_decided_review_that_nobody_told, "stuck"),
    (authorized_after_captured, "state_regressions"),
]


@pytest.mark.parametrize(("spoil", "key"), CASES)
def test_a_broken_promise_is_found(spoil: Callable[[Day], None], key: str) -> None:
    day = Day()
    spoil(day)
    verdict = judge(day.evidence())
    assert verdict.counts[key] > 0, verdict.findings
    assert not verdict.ok


def test_every_key_was_provoked_but_the_one_the_caller_counts() -> None:
    assert {key for _, key in CASES} == set(KEYS) - {"unknown_without_owner"}


def test_unknown_effects_without_an_owner_are_the_callers_to_count() -> None:
    verdict = judge(Day().evidence(), unknown_without_owner=2)
    assert verdict.counts["unknown_without_owner"] == 2
    assert not verdict.ok


def test_a_review_nobody_has_decided_is_open_and_not_broken() -> None:
    day = Day()
    a_review(day)
    assert judge(day.evidence()).findings == ()
    assert summarize(day.evidence()).shop == {"shipped": 1, "in review": 1}


def test_a_hold_reversed_before_its_successor_was_captured_is_not_counted() -> None:
    day = Day()
    day.orders["W2"] = believed(paid="20.00")
    day.authorize("W2", "A2")
    day.authorize("W2", "A3")
    day.reverse("W2", "A2")
    day.write("W2")
    day.note("shop", "delivery", order_number="W2", what="fulfilment", taken=True)
    day.capture("W2", "A3", "20.00")
    assert judge(day.evidence()).findings == ()


def test_what_is_authorized_anew_for_a_second_parcel_breaks_nothing() -> None:
    day = Day()
    in_two_parcels(day)
    assert judge(day.evidence()).findings == ()


def test_a_shipment_the_shop_itself_lost_is_nobody_elses_fault() -> None:
    day = Day()
    day.orders["W2"] = believed(due="0")
    day.authorize("W2", "A2")
    day.write("W2")
    day.note("shop", "delivery_lost", order_number="W2", id="ship-W2-1")
    assert judge(day.evidence()).findings == ()


def test_orders_typed_into_an_erp_by_hand_are_not_ours_to_judge() -> None:
    day = Day()
    day.sage.append(day.sage[0] | {"websono": "", "ponum": "BY HAND", "sono": "77"})
    assert judge(day.evidence()).findings == ()


def test_a_finding_reads_as_a_sentence() -> None:
    day = Day()
    day.sage.clear()
    first = judge(day.evidence()).findings[0]
    assert str(first) == "W1 is shipped in the shop and has no live sales order in Sage Pro (lost)"


def test_a_day_is_told_as_json() -> None:
    day = Day()
    a_review(day)
    json.dumps([asdict(summarize(day.evidence())), asdict(judge(day.evidence()))], default=str)


def test_a_day_in_numbers() -> None:
    day = Day()
    day.note("shop", "shop_message", key="M1")
    day.note("shop", "request", key="M1")
    day.note("dynamics", "request", status=412)
    found = summarize(day.evidence())
    assert (found.orders, found.captures, found.reversals) == (1, 1, 0)
    assert str(found.money["USD"].captured) == "20.00"
    assert found.books["Sage Pro"].live == 1
    assert {name: str(amount) for name, amount in found.paid.items()} == {"USD": "20.00"}
    assert found.repeats == {"the shop": 1, "Dynamics 365": 1}


async def test_the_evidence_is_the_same_in_the_process_and_over_http() -> None:
    world = World({"factor": 100})
    await world.start()
    try:
        urls = {name: address["url"] for name, address in world.addresses().items()}
        async with aiohttp.ClientSession() as session:
            read = await read_evidence(urls, session)
        here = evidence_of(world)
        told = json.loads(await audit(urls))
        assert judge(read) == judge(here)
        assert told["verdict"]["counts"] == dict.fromkeys(KEYS, 0)
        assert sorted(told["summary"]["books"]) == ["Dynamics 365", "Sage Pro"]
        assert read.sagepro is not None
        assert here.sagepro is not None
        assert read.sagepro.state["orders"] == here.sagepro.state["orders"]
    finally:
        await world.stop()
