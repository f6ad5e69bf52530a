"""Money taken at once, money sent out, and what is taken back: each ends, whatever is lost."""

from typing import Any

import pytest

from tillbridge.canonical.errors import Rejected, Transient
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.connector.abilities import Absent, Found, NotYet
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.batches import close_batch

USD_25 = Money.of("25.00", "USD")


def seen(receipt: Any) -> Observation:
    (observation,) = receipt.observations
    assert isinstance(observation, Observation)
    return observation


def hold(world: Any) -> dict[str, str]:
    (row,) = world.simulator.holds()["1042"]
    return dict(row)


def standing(world: Any, kind: str) -> int:
    """How many movements of this kind still count."""
    moved = world.simulator.state.movements.values()
    return sum(one.kind == kind and not one.undone for one in moved)


def credit_of(world: Any, **changes: Any) -> dict[str, Any]:
    paid = world.payment()
    names = ("order_number", "amount", "token_kind", "token", "billing")
    return {name: paid[name] for name in names} | changes


async def resolved(world: Any, kind: str, fields: Any, key: str) -> Observation | None:
    """What becomes of a lost answer: what `find` shows, or None after a fence."""
    write, call = world.session.writes[kind], world.call(key)
    finding = await write.find(call, fields, call.now)
    if isinstance(finding, Found):
        return seen(finding.receipt)
    assert isinstance(finding, NotYet)
    later = world.call(key)
    await write.fence(later, fields)
    return None


async def test_a_sale_takes_the_money_at_once_and_search_shows_it(make_world: Any) -> None:
    world = await make_world(sale=True)
    sold = seen(await world.authorize())
    assert (sold.operation, sold.verdict, sold.amount) == (
        Operation.SALE, Verdict.APPROVED, USD_25,
    )  # fmt: skip
    assert (hold(world)["captured"], standing(world, "capture")) == ("25.00", 1)
    (found,) = await world.session.observe(world.call(), "1042")
    assert (found.operation, found.request_id) == (Operation.SALE, sold.request_id)
    declined = seen(await world.authorize("expired_card"))
    assert (declined.operation, declined.verdict) == (Operation.AUTHORIZATION, Verdict.DECLINED)


@pytest.mark.parametrize("lost", ["lose_answer", "late"])
async def test_a_sale_whose_answer_is_lost_is_undone_whole(make_world: Any, lost: str) -> None:
    world = await make_world(Options(search_lag_s=1e6), sale=True, fence_after_s=0)
    world.fault("authorization", lost, seconds=100)
    fields = world.payment()
    with pytest.raises(Transient):
        await world.write("authorization", fields, fields["attempt_key"])
    assert await resolved(world, "authorization", fields, fields["attempt_key"]) is None
    await world.simulator.settle()
    assert standing(world, "capture") == 0
    assert world.simulator.live_holds() == {}


async def test_a_sale_that_is_voided_and_still_held_is_not_taken_for_undone(
    make_world: Any,
) -> None:
    world = await make_world(sale=True, fence_after_s=0)
    world.fault("authorization", "lose_answer")
    fields = world.payment()
    key = fields["attempt_key"]
    write = world.session.writes["authorization"]
    with pytest.raises(Transient):
        await world.write("authorization", fields, key)
    world.fault("timeout_reversal", "refuse")
    with pytest.raises(Transient):
        await write.fence(world.call(key), fields)
    assert hold(world)["open"] == "25.00", "the void leaves the hold"
    assert isinstance(await write.find(world.call(key), fields, world.call().now), NotYet)
    assert (await write.fence(world.call(key), fields)).undone
    found = await write.find(world.call(key), fields, world.call().now)
    assert isinstance(found, Found)
    assert seen(found.receipt).verdict is Verdict.UNDONE
    assert world.simulator.live_holds() == {}


async def test_an_unwanted_sale_is_voided_and_its_hold_released(make_world: Any) -> None:
    world = await make_world(sale=True)
    sold = seen(await world.authorize())
    fields = {"order_number": "1042", "authorization_id": sold.request_id, "amount": USD_25}
    released = seen(await world.write("reversal", fields))
    assert (released.operation, released.verdict) == (Operation.REVERSAL, Verdict.APPROVED)
    assert (standing(world, "capture"), world.simulator.live_holds()) == (0, {})


async def test_a_sale_that_has_left_with_its_batch_is_a_persons_to_refund(make_world: Any) -> None:
    world = await make_world(sale=True)
    sold = seen(await world.authorize())
    close_batch(world.simulator.account)
    fields = {"order_number": "1042", "authorization_id": sold.request_id, "amount": USD_25}
    with pytest.raises(Rejected, match="NOT_VOIDABLE"):
        await world.write("reversal", fields)
    refund = {"order_number": "1042", "capture_id": sold.request_id, "amount": USD_25}
    back = seen(await world.write("refund", refund | {"of_sale": True}))
    assert (back.operation, back.parent_id) == (Operation.REFUND, sold.request_id)
    assert standing(world, "refund") == 1


@pytest.mark.parametrize("kind", ["refund", "credit"])
@pytest.mark.parametrize("lost", ["lose_answer", "late"])
async def test_money_that_goes_out_and_is_not_answered_for_is_taken_back(
    make_world: Any, kind: str, lost: str
) -> None:
    world = await make_world(Options(search_lag_s=1e6), fence_after_s=0)
    fields = credit_of(world)
    if kind == "refund":
        held = seen(await world.authorize()).request_id
        captured = seen(await world.capture(held, "25.00")).request_id
        fields = {"order_number": "1042", "capture_id": captured, "amount": USD_25}
    world.fault(kind, lost, seconds=100)
    with pytest.raises(Transient):
        await world.write(kind, fields, "out-1")
    assert await resolved(world, kind, fields, "out-1") is None
    await world.simulator.settle()
    assert standing(world, kind) == 0


async def test_a_credit_is_found_by_its_key_and_is_no_refund(make_world: Any) -> None:
    world = await make_world(fence=False)
    world.fault("credit", "lose_answer")
    fields = credit_of(world)
    with pytest.raises(Transient):
        await world.write("credit", fields, "out-1")
    assert world.session.writes["credit"].fence is None
    call = world.call("out-1")
    found = await world.session.writes["credit"].find(call, fields, call.now)
    assert isinstance(found, Found)
    told = seen(found.receipt)
    assert (told.operation, told.attempt_key, told.amount) == (Operation.CREDIT, "out-1", USD_25)
    assert isinstance(
        await world.session.writes["credit"].find(world.call("other"), fields, call.now),
        NotYet | Absent,
    )


@pytest.mark.parametrize("kind", ["capture", "refund", "credit", "sale"])
async def test_each_is_voided_before_its_batch_and_not_after(make_world: Any, kind: str) -> None:
    world = await make_world(sale=kind == "sale")

    async def made() -> str:
        if kind == "credit":
            return seen(await world.write("credit", credit_of(world))).request_id
        paid = seen(await world.authorize()).request_id
        if kind == "sale":
            return paid
        captured = seen(await world.capture(paid, "25.00")).request_id
        if kind == "capture":
            return captured
        fields = {"order_number": "1042", "capture_id": captured, "amount": USD_25}
        return seen(await world.write("refund", fields)).request_id

    def void_of(about: str) -> dict[str, Any]:
        return {"order_number": "1042", f"{kind}_id": about}

    about = await made()
    told = seen(await world.write("void", void_of(about)))
    assert (told.operation, told.parent_id) == (Operation.VOID, about)
    finding = await world.session.writes["void"].find(
        world.call("x"), void_of(about), told.occurred_at
    )
    assert isinstance(finding, Found)
    with pytest.raises(Rejected, match="NOT_VOIDABLE"):
        await world.write("void", void_of(about))
    later = await made()
    close_batch(world.simulator.account)
    with pytest.raises(Rejected, match="NOT_VOIDABLE"):
        await world.write("void", void_of(later))


async def test_a_void_is_of_one_thing(world: Any) -> None:
    for given in ({}, {"capture_id": "1", "refund_id": "2"}):
        with pytest.raises(Rejected, match="A void is of one of"):
            await world.write("void", {"order_number": "1042", **given})


async def test_a_bank_account_is_debited_found_by_search_and_credited(make_world: Any) -> None:
    world = await make_world(payment_type="check")
    assert world.session.writes["authorization"].safety == "find"
    world.fault("authorization", "lose_answer")
    fields = world.payment()
    key = fields["attempt_key"]
    with pytest.raises(Transient):
        await world.write("authorization", fields, key)
    call = world.call(key)
    found = await world.session.writes["authorization"].find(call, fields, call.now)
    assert isinstance(found, Found)
    debited = seen(found.receipt)
    assert (debited.operation, debited.verdict) == (Operation.SALE, Verdict.APPROVED)
    again = seen(await world.authorize(attempt_key="another"))
    assert again.operation is Operation.SALE
    refund = {"order_number": "1042", "capture_id": debited.request_id, "amount": USD_25}
    await world.write("refund", refund | {"of_sale": True}, "back-1")
    await world.write("credit", credit_of(world), "back-2")
    told = {one.operation for one in await world.session.observe(world.call(), "1042")}
    assert told == {Operation.SALE, Operation.REFUND, Operation.CREDIT}
    assert not list(world.simulator.log.entries("unknown_fields"))


async def test_level_data_goes_with_each_capture_and_each_credit(world: Any) -> None:
    def usd(amount: str) -> Money:
        return Money.of(amount, "USD")

    line = {
        "product": "MUG", "description": "Mug", "quantity": 2, "unit_price": usd("10.00"),
        "unit_of_measure": "EA", "commodity_code": "1234", "tax": usd("5.00"),
        "amount": usd("25.00"),
    }  # fmt: skip
    purchase = {
        "tax": usd("5.00"), "freight": usd("0.00"), "purchase_order": "PO-77",
        "purchase_date": "2026-01-02", "ship_from": "94105", "lines": [line],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    exchange = world.session._exchange
    write = exchange.write

    async def noted(call: Any, path: str, document: Any) -> Any:
        sent.append(document)
        return await write(call, path, document)

    exchange.write = noted
    held = seen(await world.authorize()).request_id
    captured = seen(await world.capture(held, "25.00", purchase=purchase)).request_id
    refund = {"order_number": "1042", "capture_id": captured, "amount": USD_25}
    await world.write("refund", refund | {"purchase": purchase})
    await world.write("credit", credit_of(world, purchase=purchase))
    for document in sent[1:]:
        order = document["orderInformation"]
        assert order["amountDetails"]["taxAmount"] == "5.00"
        assert order["invoiceDetails"]["purchaseOrderNumber"] == "PO-77"
        assert order["lineItems"][0]["commodityCode"] == "1234"
        assert order["shippingDetails"] == {"shipFromPostalCode": "94105"}
    assert not list(world.simulator.log.entries("unknown_fields"))


async def test_a_hold_is_made_larger_and_captured_whole(make_world: Any) -> None:
    world = await make_world(fence=False)
    held = seen(await world.authorize()).request_id
    more = {"order_number": "1042", "authorization_id": held, "amount": Money.of("5.00", "USD")}
    world.fault("increment", "lose_answer")
    with pytest.raises(Transient):
        await world.write("increment", more, "more-1")
    call = world.call("more-1")
    found = await world.session.writes["increment"].find(call, more, call.now)
    assert isinstance(found, Found)
    told = seen(found.receipt)
    assert (told.operation, told.parent_id, told.amount) == (
        Operation.INCREMENT, held, more["amount"],
    )  # fmt: skip
    no = seen(await world.write("increment", more | {"amount": Money.of("9902", "USD")}, "more-2"))
    assert (no.verdict, no.amount, no.reason) == (Verdict.DECLINED, None, "INSUFFICIENT_FUND")
    assert hold(world)["open"] == "30.00"
    await world.capture(held, "30.00")
    with pytest.raises(Rejected, match="TRANSACTION_ALREADY_SETTLED"):
        await world.write("increment", more, "more-3")
    assert not list(world.simulator.log.entries("unknown_fields"))


@pytest.mark.parametrize(
    ("account", "wanted", "ends"),
    [
        (True, {}, Verdict.HELD_DECLINED),
        (True, {"partial_authorizations": True}, Verdict.PARTIAL),
        (True, {"partial_authorizations": True, "sale": True}, Verdict.HELD_DECLINED),
        (False, {"partial_authorizations": True}, Verdict.DECLINED),
    ],
)
async def test_a_part_is_kept_only_where_split_tender_is_set_up(
    make_world: Any, account: bool, wanted: dict[str, bool], ends: Verdict
) -> None:
    world = await make_world(Options(split_tender=account), **wanted)
    told = seen(await world.authorize("partial"))
    assert told.verdict is ends
    assert not list(world.simulator.log.entries("unknown_fields"))
