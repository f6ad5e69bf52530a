"""Recurring billing of the simulated account: plans, subscriptions and what they charge."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cybersource.test_tokens import customer, instrument, send

from tillbridge_simulators.cybersource.recurring import due_on
from tillbridge_simulators.cybersource.subscriptions import bill_all

PLAN: dict[str, Any] = {
    "planInformation": {"name": "Gold", "billingPeriod": {"length": "1", "unit": "M"}},
    "orderInformation": {"amountDetails": {"currency": "USD", "billingAmount": "10.00"}},
}


@pytest.fixture
def later(world: Any) -> Any:
    """Moves the account's clock: `later(days)`."""
    clock = world.simulator.account.now
    moved = [timedelta()]

    def now() -> float:
        return cast(float, clock()) + moved[0] / timedelta(seconds=1)

    world.simulator.account.now = now

    def wait(days: int) -> None:
        moved[0] += timedelta(days=days)
        bill_all(world.simulator.account)

    return wait


async def plan(world: Any, **more: Any) -> str:
    status, made = await send(world, "POST", "/rbs/v1/plans", PLAN | more)
    assert (status, made["status"]) == (201, "COMPLETED")
    return str(made["id"])


async def subscription(world: Any, *, starts_in_days: int = 0, **changes: Any) -> Any:
    customer_id = await customer(world)
    await instrument(world, customer_id)
    start = datetime.now(UTC) + timedelta(days=starts_in_days)
    document = {
        "subscriptionInformation": {
            "planId": await plan(world),
            "name": "Maya's gold",
            "startDate": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "paymentInformation": {"customer": {"id": customer_id}},
    } | changes
    status, made = await send(world, "POST", "/rbs/v1/subscriptions", document)
    assert (status, made["status"]) == (201, "COMPLETED")
    return made


async def payments(world: Any, id_: str) -> list[str]:
    _, told = await send(world, "GET", f"/rbs/v1/subscriptions/{id_}/payments")
    return [one["status"] for one in told["subscriptionPayment"]]


async def test_a_subscription_that_starts_today_is_charged_today(world: Any) -> None:
    made = await subscription(world)
    assert made["subscriptionInformation"]["status"] == "ACTIVE"
    assert await payments(world, made["id"]) == ["PAID"]
    (hold,) = world.simulator.holds()[made["clientReferenceInformation"]["code"]]
    assert (hold["state"], hold["captured"]) == ("captured", "10.00")


async def test_every_cycle_is_charged_once_and_the_last_completes_it(
    world: Any, later: Any
) -> None:
    made = await subscription(world, planInformation={"billingCycles": {"total": "3"}})
    later(40)
    later(0)
    later(40)
    later(400)
    assert await payments(world, made["id"]) == ["PAID"] * 3
    _, told = await send(world, "GET", f"/rbs/v1/subscriptions/{made['id']}")
    assert told["subscriptionInformation"]["status"] == "COMPLETED"


async def test_a_suspended_one_is_not_charged_and_catches_up_when_told_to(
    world: Any, later: Any
) -> None:
    made = await subscription(world)
    path = f"/rbs/v1/subscriptions/{made['id']}"
    status, told = await send(world, "POST", f"{path}/suspend")
    assert (status, told["status"]) == (200, "ACCEPTED")
    later(70)
    assert await payments(world, made["id"]) == ["PAID"]
    await send(world, "POST", f"{path}/activate?processMissedPayments=true")
    assert await payments(world, made["id"]) == ["PAID"] * 3


async def test_missed_payments_may_be_left_out(world: Any, later: Any) -> None:
    made = await subscription(world)
    path = f"/rbs/v1/subscriptions/{made['id']}"
    await send(world, "POST", f"{path}/suspend")
    later(70)
    await send(world, "POST", f"{path}/activate?processMissedPayments=false")
    assert await payments(world, made["id"]) == ["PAID"]


async def test_a_cancelled_one_stays_cancelled(world: Any, later: Any) -> None:
    made = await subscription(world)
    path = f"/rbs/v1/subscriptions/{made['id']}"
    await send(world, "POST", f"{path}/cancel")
    later(70)
    assert await payments(world, made["id"]) == ["PAID"]
    status, told = await send(world, "POST", f"{path}/activate")
    assert (status, told["reason"]) == (400, "NOT_SUPPORTED")


async def test_a_declined_renewal_is_delinquent_and_told(world: Any, later: Any) -> None:
    made = await subscription(world)
    _, shown = await send(world, "GET", f"/rbs/v1/subscriptions/{made['id']}")
    customer_id = shown["paymentInformation"]["customer"]["id"]
    account = world.simulator.account
    declining = account.tokens.mint("expired_card", "tms")
    account.tokens.put(customer_id, account.tokens.known(declining))
    later(40)
    assert await payments(world, made["id"]) == ["PAID", "FAILED"]
    _, shown = await send(world, "GET", f"/rbs/v1/subscriptions/{made['id']}")
    assert shown["subscriptionInformation"]["status"] == "DELINQUENT"


async def test_a_skipped_cycle_is_not_charged(world: Any, later: Any) -> None:
    made = await subscription(world)
    path = f"/rbs/v1/subscriptions/{made['id']}/payments"
    status, told = await send(world, "PUT", path, {"billingCyclesToSkip": [2]})
    assert (status, told["billingCyclesToSkip"]) == (200, [2])
    later(70)
    _, told = await send(world, "GET", path)
    assert [one["billingCycle"] for one in told["subscriptionPayment"]] == ["1", "3"]
    status, told = await send(world, "PUT", path, {"billingCyclesToSkip": [1]})
    assert (status, told["reason"]) == (400, "INVALID_DATA")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subscriptionInformation": {"name": "x"}}, "subscriptionInformation.startDate"),
        ({"paymentInformation": {}}, "paymentInformation.customer.id"),
        (
            {"orderInformation": {"amountDetails": {"billingAmount": "-1", "currency": "USD"}}},
            "orderInformation.amountDetails.billingAmount",
        ),
    ],
)
async def test_a_subscription_without_what_it_needs_is_refused(
    world: Any, changes: Any, field: str
) -> None:
    customer_id = await customer(world)
    await instrument(world, customer_id)
    document = {
        "subscriptionInformation": {"name": "x", "startDate": "2099-01-01T00:00:00Z"},
        "paymentInformation": {"customer": {"id": customer_id}},
        **PLAN,
    } | changes
    status, told = await send(world, "POST", "/rbs/v1/subscriptions", document)
    assert (status, told["details"][0]["field"]) == (400, field)


async def test_a_plan_goes_its_way_and_is_deleted_while_nobody_has_subscribed(world: Any) -> None:
    made = await subscription(world)
    _, told = await send(world, "GET", f"/rbs/v1/subscriptions/{made['id']}")
    used, other = told["subscriptionInformation"]["planId"], await plan(world)
    status, refused = await send(world, "DELETE", f"/rbs/v1/plans/{used}")
    assert (status, refused["reason"]) == (400, "NOT_SUPPORTED")
    path = f"/rbs/v1/plans/{other}"
    for verb, taken in (("activate", 400), ("deactivate", 200), ("deactivate", 400)):
        assert (await send(world, "POST", f"{path}/{verb}"))[0] == taken
    status, refused = await send(world, "PATCH", path, {"planInformation": {"name": "Silver"}})
    assert (status, refused["reason"]) == (400, "NOT_SUPPORTED")
    assert (await send(world, "DELETE", path))[0] == 200
    assert (await send(world, "GET", path))[0] == 404


async def test_the_same_subscription_twice_within_minutes_is_refused(
    world: Any, later: Any
) -> None:
    starts = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    customer_id = await customer(world)
    await instrument(world, customer_id)
    document = {
        "subscriptionInformation": {"name": "Gold", "startDate": starts},
        "paymentInformation": {"customer": {"id": customer_id}},
        **PLAN,
    }
    _, made = await send(world, "POST", "/rbs/v1/subscriptions", document)
    status, told = await send(world, "POST", "/rbs/v1/subscriptions", document)
    assert (status, told["reason"]) == (400, "DUPLICATE_REQUEST")
    assert told["details"][0]["subscriptionId"] == made["id"]
    later(1)
    assert (await send(world, "POST", "/rbs/v1/subscriptions", document))[0] == 201


async def test_plans_are_listed_by_what_is_asked(world: Any) -> None:
    for code in ("A", "B"):
        information = PLAN["planInformation"] | {"code": code}
        await plan(world, planInformation=information)
    _, told = await send(world, "GET", "/rbs/v1/plans?code=B")
    assert (told["totalCount"], told["plans"][0]["planInformation"]["code"]) == (1, "B")


@given(
    start=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    length=st.integers(1, 12),
    unit=st.sampled_from("DWMY"),
    cycle=st.integers(1, 60),
)
def test_cycles_come_in_order_and_never_drift(
    start: date, length: int, unit: str, cycle: int
) -> None:
    this, following = (due_on(start, length, unit, one) for one in (cycle, cycle + 1))
    assert this < following
    assert due_on(start, length, unit, 1) == start
    if unit in "MY" and this.day != start.day:
        assert (this + timedelta(days=1)).day == 1, "only a month's end makes a day earlier"
