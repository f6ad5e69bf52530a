"""Plans and subscriptions, written and read by the connector."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.cybersource.conftest import World, new_call
from tests.cybersource.test_billing import read, walked

from tillbridge.canonical.errors import Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.connector.abilities import Absent, Found, NotYet, Receipt
from tillbridge_simulators.cybersource.payments import authorize
from tillbridge_simulators.cybersource.subscriptions import bill_all

TEN = Money.of("10.00", "USD")


def plan(**changes: Any) -> dict[str, Any]:
    return {"name": "Gold", "every": 1, "unit": "month", "amount": TEN} | changes


async def subscribe(world: Any, outcome: str = "authorized", **changes: Any) -> Receipt:
    made = await world.write("plan", plan(), f"{changes.get('name', '')}-plan-key")
    fields = {
        "order_number": "1042",
        "name": "Maya's gold",
        "starts_on": datetime.now(UTC).date(),
        "plan_id": made.fields["plan_id"],
        "customer": world.simulator.mint_token(outcome, kind="tms"),
    }
    receipt = await world.write("subscription", fields | changes, "subscription-key-1")
    assert isinstance(receipt, Receipt)
    return receipt


def began_earlier(world: Any, id_: str, days: int) -> None:
    """The subscription began so much earlier: what has fallen due since is billed, if it may be."""
    shelf = world.simulator.state.recurring.subscriptions
    row = shelf.copy(id_)
    starts_on = date.fromisoformat(row["_start_on"]) - timedelta(days=days)
    shelf.put(id_, row | {"_start_on": starts_on.isoformat()})
    bill_all(world.simulator.account)


async def test_a_plan_says_every_field_exactly(world: World) -> None:
    made = await world.write("plan", plan(draft=True, payments=12, setup_fee=TEN, code="GOLD-1"))
    id_ = made.fields["plan_id"]
    assert (made.fields["state"], made.fields["code"]) == ("draft", "GOLD-1")
    row = world.simulator.state.recurring.plans.copy(id_)
    assert row["planInformation"] == {
        "code": "GOLD-1",
        "status": "DRAFT",
        "name": "Gold",
        "billingPeriod": {"length": "1", "unit": "M"},
        "billingCycles": {"total": "12"},
    }
    assert row["orderInformation"]["amountDetails"] == {
        "currency": "USD",
        "billingAmount": "10.00",
        "setupFee": "10.00",
    }
    told = await read(world, "plan", plan_id=id_)
    assert (told.fields["amount"], told.fields["unit"]) == ("10.00", "M")
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_a_plan_goes_from_draft_to_gone(world: World) -> None:
    made = await world.write("plan", plan(draft=True))
    pointer = {"plan_id": made.fields["plan_id"]}
    for kind, state in (
        ("plan_activation", "active"),
        ("plan_activation", "active"),
        ("plan_deactivation", "inactive"),
        ("plan_deactivation", "inactive"),
        ("plan_activation", "active"),
    ):
        assert (await world.write(kind, pointer)).fields["state"] == state
    assert await walked(world, "plans", status="active") == [(pointer["plan_id"], "active")]
    await world.write("plan_deletion", pointer)
    assert await walked(world, "plans") == []
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await world.write("plan_deletion", pointer)
    with pytest.raises(Rejected, match="no plan"):
        await read(world, "plan", **pointer)


async def test_a_plan_with_our_code_and_another_price_is_not_ours(world: World) -> None:
    await world.write("plan", plan(code="GOLD"))
    find = world.session.writes["plan"].find
    assert find is not None
    other = plan(code="GOLD", amount=Money.of("11.00", "USD"))
    assert isinstance(await find(new_call("key"), plan(code="GOLD"), datetime.now(UTC)), Found)
    assert isinstance(await find(new_call("key"), other, datetime.now(UTC)), NotYet)


async def test_a_subscription_is_billed_suspended_and_taken_up_again(world: World) -> None:
    made = await subscribe(world)
    pointer = {"subscription_id": made.fields["subscription_id"]}
    assert (made.fields["state"], made.references[0].kind) == ("active", "subscription")
    paid = await read(world, "subscription_payments", **pointer)
    assert (paid.fields["paid_count"], paid.fields["amount"], paid.fields["status"]) == (
        "1",
        "10.00",
        "PAID",
    )
    for _ in range(2):
        told = await world.write("subscription_suspension", pointer)
        assert told.fields["state"] == "suspended"
    began_earlier(world, made.references[0].id, 70)
    told = await world.write("subscription_activation", {**pointer, "bill_missed": False})
    assert told.fields["state"] == "active"
    paid = await read(world, "subscription_payments", **pointer)
    assert (paid.fields["paid_count"], paid.fields["skipped"]) == ("1", "2 3")
    told = await world.write("subscription_cancellation", pointer)
    assert told.fields["state"] == "cancelled"
    with pytest.raises(Rejected, match="NOT_SUPPORTED"):
        await world.write("subscription_suspension", pointer)


async def test_a_subscription_is_read_by_our_reference(world: World) -> None:
    made = await subscribe(world)
    told = await read(world, "subscription", order_number="1042")
    assert told.references == made.references
    assert (told.fields["amount"], told.fields["cycle"], told.fields["name"]) == (
        "10.00",
        "1",
        "Maya's gold",
    )
    with pytest.raises(Rejected, match="no subscription for 1043") as caught:
        await read(world, "subscription", order_number="1043")
    assert caught.value.reason == "unknown_subscription"
    await world.write("subscription_cancellation", {"subscription_id": made.references[0].id})
    await subscribe(world, name="Another")
    with pytest.raises(Rejected, match="2 subscriptions have the reference 1042"):
        await read(world, "subscription", order_number="1042")


async def test_a_lost_subscription_is_found_by_code_and_reference_both(world: World) -> None:
    world.fault("subscription", "lose_answer")
    began = datetime.now(UTC)
    with pytest.raises(Transient) as caught:
        await subscribe(world)
    assert caught.value.sent == "perhaps"
    find = world.session.writes["subscription"].find
    assert find is not None
    call, fields = new_call("subscription-key-1"), {"order_number": "1042"}
    found = await find(call, fields, began)
    assert isinstance(found, Found)
    assert found.receipt.fields["code"] == "subscripti"
    assert isinstance(await find(call, {"order_number": "1043"}, began), NotYet)
    long_ago = began - timedelta(hours=2)
    assert isinstance(await find(new_call("another-key"), fields, long_ago), Absent)


async def test_a_second_subscription_of_the_same_is_not_taken_for_done(world: World) -> None:
    first = await subscribe(world)
    there = await read(world, "subscription", subscription_id=first.references[0].id)
    again: dict[str, Any] = {
        "order_number": "1042",
        "name": "Maya's gold",
        "starts_on": datetime.now(UTC).date(),
        "plan_id": there.fields["plan_id"],
        "customer": there.fields["customer"],
    }
    with pytest.raises(Transient) as caught:
        await world.write("subscription", again, "another-key-2")
    assert (caught.value.sent, caught.value.reason) == ("perhaps", "duplicate_request")


async def test_a_renewal_that_fails_leaves_it_delinquent(world: World) -> None:
    made = await subscribe(world, "insufficient_fund")
    assert made.fields["state"] == "delinquent"
    pointer = {"subscription_id": made.references[0].id}
    paid = await read(world, "subscription_payments", **pointer)
    assert (paid.fields["paid_count"], paid.fields["status"]) == ("0", "FAILED")


async def test_a_subscription_follows_a_payment(world: World) -> None:
    made = await world.write("plan", plan())
    customer = world.simulator.mint_token(kind="tms")
    document = {
        "clientReferenceInformation": {"code": "1041"},
        "paymentInformation": {"customer": {"id": customer}},
        "orderInformation": {"amountDetails": {"totalAmount": "10.00", "currency": "USD"}},
    }
    payment_id = str(authorize(world.simulator.account, document).body["id"])
    origin = await read(world, "subscription_origin", payment_id=payment_id)
    assert origin.fields["customer"] == customer
    fields: dict[str, Any] = {
        "order_number": "1042",
        "name": "Gold",
        "starts_on": datetime.now(UTC).date(),
        "plan_id": made.fields["plan_id"],
        "payment_id": payment_id,
        "amount": Money.of("9.00", "USD"),
        "payments": 3,
        "surcharge": Money.of("0.50", "USD"),
        "surcharge_text": "Weekend",
    }
    told = await world.write("subscription_follow_on", fields)
    row = world.simulator.state.recurring.subscriptions.copy(told.references[0].id)
    assert row["paymentInformation"]["customer"]["id"] == customer
    assert row["orderInformation"]["amountDetails"] == {
        "currency": "USD",
        "billingAmount": "9.00",
        "surcharge": {"amount": "0.50", "description": "Weekend"},
    }
    assert row["planInformation"]["billingCycles"]["total"] == "3"
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_a_subscription_is_changed_and_payments_left_out(world: World) -> None:
    made = await subscribe(world)
    pointer = {"subscription_id": made.references[0].id}
    change: dict[str, Any] = {
        **pointer,
        "name": "Silver",
        "amount": Money.of("8.00", "USD"),
        "payments": 6,
    }
    await world.write("subscription_update", change)
    told = await read(world, "subscription", **pointer)
    assert (told.fields["name"], told.fields["amount"], told.fields["payments"]) == (
        "Silver",
        "8.00",
        "6",
    )
    skipped = await world.write("subscription_skips", {**pointer, "cycles": [{"cycle": 3}]})
    assert skipped.fields["skipped"] == "3"
    with pytest.raises(Rejected, match="billingCyclesToSkip"):
        await world.write("subscription_skips", {**pointer, "cycles": [{"cycle": 1}]})
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_codes_and_unknown_states_are_told(world: World) -> None:
    for kind in ("plan_code", "subscription_code"):
        assert (await read(world, kind)).fields["code"]
    made = await subscribe(world)
    id_ = made.references[0].id
    shelf = world.simulator.state.recurring.subscriptions
    row = shelf.copy(id_)
    row["subscriptionInformation"]["status"] = "DORMANT"
    shelf.put(id_, row)
    with pytest.raises(Unreconciled, match=f"'DORMANT' of subscription {id_}"):
        await read(world, "subscription", subscription_id=id_)
    assert await walked(world, "subscriptions", order_number="1042") == [(id_, "unknown")]
