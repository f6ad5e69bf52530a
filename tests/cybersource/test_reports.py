"""What reports say of the money is what happened, to the cent, in either format."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from tests.cybersource.conftest import MakeWorld, World, new_call

from tillbridge.canonical.money import Money, total_of
from tillbridge.canonical.payments import Observation, Operation, Verdict
from tillbridge.canonical.settlements import SettlementKind, SettlementLine, Stage
from tillbridge.connector.abilities import ChangedRecord
from tillbridge.connector.documents import Fields
from tillbridge.connector.settlement_sources import SettlementSource, SettlesPayments, Told
from tillbridge_simulators.cybersource.report_subscriptions import subscribe
from tillbridge_simulators.cybersource.triggers import pull


def reports_of(world: World) -> SettlementSource:
    assert isinstance(world.session, SettlesPayments)
    return next(one for one in world.session.settlement_sources if one.name == "reports")


async def ready(world: World) -> Sequence[ChangedRecord]:
    await asyncio.sleep(0.005)  # a window is asked for in whole milliseconds
    return (await reports_of(world).ready.call(new_call(), {}, "")).records


async def told(world: World, report: ChangedRecord) -> list[Told]:
    return [one async for some in reports_of(world).lines(new_call(), report) for one in some]


async def lines(world: World, report: ChangedRecord) -> list[SettlementLine]:
    return [one for one in await told(world, report) if isinstance(one, SettlementLine)]


async def trade(world: World) -> dict[str, Decimal]:
    """Payments in two currencies, captures, a refund and a void; what is left of each currency."""
    for number, (amount, currency) in enumerate(
        (("25.00", "USD"), ("10.01", "USD"), ("500", "JPY"), ("7.77", "USD"))
    ):
        order = f"order {number}"
        paid = await world.authorize(order_number=order, amount=Money.of(amount, currency))
        held = paid.fields["request_id"]
        capture: Fields = {
            "order_number": order,
            "authorization_id": held,
            "amount": Money.of(amount, currency),
        }
        captured = await world.write("capture", capture, f"capture-{number}")
        if number == 0:
            await refund(world, captured.fields["request_id"], "4.99")
        if number == 3:
            await world.session._exchange.write(
                new_call(), f"/pts/v2/captures/{captured.fields['request_id']}/voids", {}
            )
    return {"USD": Decimal("30.02"), "JPY": Decimal(500)}


async def refund(world: World, capture_id: str, amount: str) -> None:
    details = {"amountDetails": {"totalAmount": amount, "currency": "USD"}}
    path = f"/pts/v2/captures/{capture_id}/refunds"
    answer = await world.session._exchange.write(new_call(), path, {"orderInformation": details})
    assert answer.status == 201


@pytest.mark.parametrize("form", ["text/csv", "application/xml"])
@pytest.mark.parametrize("convention", ["SCMP", "SOAPI"])
async def test_a_batch_report_sums_to_what_left_with_the_batch(
    make_world: MakeWorld, form: str, convention: str
) -> None:
    world = await make_world()
    subscribe(world.simulator.account, "PaymentBatchDetailClass", form, convention)
    left = await trade(world)
    for name in ("batch", "reports"):
        pull(world.simulator.account, name, {})

    (report,) = await ready(world)
    found = await lines(world, report)

    for currency, amount in left.items():
        sums = total_of((one.owed for one in found if one.amount.currency == currency), currency)
        assert sums.amount == amount
    assert {one.stage for one in found} == {Stage.BATCH}
    assert len({one.line for one in found}) == len(found) == 4
    refunded = next(one for one in found if one.kind is SettlementKind.REFUND)
    assert (refunded.amount, refunded.order_number) == (Money.of("-4.99", "USD"), "order 0")
    moved = world.simulator.state.movements
    assert all(moved[one.request_id].amount == abs(one.amount.amount) for one in found)


async def test_what_is_asked_for_by_day_adds_up_to_what_reached_the_bank(
    make_world: MakeWorld,
) -> None:
    world = await make_world(report_details="settlements deposits chargebacks retrievals clearings")
    subscribe(world.simulator.account, "DepositDetailClass")
    await trade(world)
    account = world.simulator.account
    (payment,) = [one.id for one in account.state.authorizations.values() if one.code == "order 1"]
    pull(account, "chargeback", {"payment": payment, "amount": "3.00"})
    pull(account, "retrieval", {"payment": payment})
    for name in ("batch", "funded", "reports"):
        pull(account, name, {})

    found = [one for source in world.session.settlement_sources for one in await all_of(source)]

    fee = Money.of("-15.00", "USD")  # of the chargeback: told with the payout, not with a payment
    for currency, extra in (("USD", fee), ("JPY", Money.zero("JPY"))):
        mine = [one for one in found if one.amount.currency == currency]
        (payout,) = [one.amount for one in mine if one.kind is SettlementKind.PAYOUT]
        assert total_of((one.owed for one in mine), currency) + extra == payout
        totals = [one.amount for one in mine if one.kind is SettlementKind.FUNDING]
        assert total_of(totals, currency) == payout
    (retrieval,) = [one for one in found if one.kind is SettlementKind.RETRIEVAL]
    assert not retrieval.owed
    assert retrieval.due_on is not None
    keys = [(one.report, one.line) for one in found]
    assert len(set(keys)) == len(keys)


async def all_of(source: SettlementSource) -> list[SettlementLine]:
    await asyncio.sleep(0.005)
    changes = await source.ready.call(new_call(), {}, "")
    return [
        one
        for record in changes.records
        async for some in source.lines(new_call(), record)
        for one in some
        if isinstance(one, SettlementLine)
    ]


async def test_an_electronic_checks_settlement_case_closes_each_day(make_world: MakeWorld) -> None:
    """What was sent is answered the same day: paid, or failed after all and told so."""
    world = await make_world(payment_type="check")
    account = world.simulator.account
    for definition in ("PaymentBatchDetailClass", "ProcessorEventsDetailClass"):
        subscribe(account, definition)
    open_: dict[str, Money] = {}
    for day in range(3):
        paid = [
            (await world.authorize(order_number=f"check {day} {number}")).fields["request_id"]
            for number in range(3)
        ]
        for name, given in (
            ("batch", {}),
            ("capture.failed", {"payment": paid[0]}),
            ("reports", {}),
        ):
            pull(account, name, given)

        failed = []
        for report in (await ready(world))[-2:]:
            for one in await told(world, report):
                if isinstance(one, Observation):
                    failed.append((one.operation, one.verdict, one.request_id))
                elif one.stage is Stage.BATCH:
                    open_[one.request_id] = one.amount
                else:
                    assert open_.pop(one.request_id) == one.amount
        assert failed == [(Operation.CAPTURE, Verdict.FAILED, paid[0])]
        assert not open_
