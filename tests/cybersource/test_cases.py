"""Decision Manager, taxes and payment links, as the connector writes and asks."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.cybersource.conftest import BILLING, World
from tests.cybersource.test_billing import read, walked

from tillbridge.canonical.errors import Rejected, Transient, Unreconciled
from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import Operation, Verdict
from tillbridge.connector.abilities import Found, NotYet
from tillbridge_simulators.cybersource import payment_links

AMOUNT = Money.of("25.00", "USD")


async def reviewed(world: World) -> dict[str, Any]:
    held = await world.authorize("review")
    return {"order_number": "1042", "authorization_id": held.references[0].id}


@pytest.mark.parametrize(
    ("decision", "verdict"), [("accept", Verdict.APPROVED), ("reject", Verdict.DECLINED)]
)
async def test_a_decision_is_an_observation_of_the_payment(
    world: World, decision: str, verdict: Verdict
) -> None:
    case = await reviewed(world)
    told = await world.write("case_decision", {**case, "decision": decision, "comments": "Known"})
    (seen,) = told.observations
    assert (seen.operation, seen.verdict, seen.request_id, seen.order_number) == (
        Operation.REVIEW,
        verdict,
        case["authorization_id"],
        "1042",
    )
    (hold,) = world.simulator.holds()["1042"]
    assert hold["state"] == "held", "money is moved by captures and reversals, never by a decision"


async def test_a_lost_decision_is_found_and_another_than_ours_is_a_persons(world: World) -> None:
    case = await reviewed(world)
    find = world.session.writes["case_decision"].find
    assert find is not None
    began = datetime.now(UTC)
    accept = {**case, "decision": "accept"}
    assert isinstance(await find(world.call("key"), accept, began), NotYet)
    world.fault("case_decision", "lose_answer")
    with pytest.raises(Transient):
        await world.write("case_decision", accept)
    await asyncio.sleep(0.01)  # the report's windows are cut to milliseconds
    found = await find(world.call("key"), accept, began)
    assert isinstance(found, Found)
    assert found.receipt.observations[0].verdict is Verdict.APPROVED
    with pytest.raises(Unreconciled, match="decided otherwise"):
        await find(world.call("key"), {**case, "decision": "reject"}, began)
    with pytest.raises(Rejected, match="NOT_SUPPORTED"):
        await world.write("case_decision", {**case, "decision": "reject"})


async def test_cases_are_commented_marked_and_listed(world: World) -> None:
    case = await reviewed(world)
    id_ = case["authorization_id"]
    state = world.simulator.state
    comment = {"authorization_id": id_, "comments": "Called her"}
    assert (await world.write("case_comment", comment)).references[0].id
    assert state.case_comments == {id_: ["Called her"]}
    await world.write("fraud_marking", {**case, "action": "add", "reason": "suspected"})
    assert state.marks == {id_: "add"}
    entry: dict[str, Any] = {
        "order_number": "1042",
        "list": "negative",
        "action": "add",
        "billing": {"email": "mallory@example.com", "company": "Mallory Ltd"},
        "ip_address": "203.0.113.7",
    }
    await world.write("list_entry", entry)
    assert state.listed == {
        "negative": [
            {
                "orderInformation": {"billTo": {"email": "mallory@example.com"}},
                "deviceInformation": {"ipAddress": "203.0.113.7"},
            }
        ]
    }
    await world.write("list_entry", {**entry, "action": "delete"})
    assert state.listed == {"negative": []}
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        ("authorized", "approved", ""),
        ("review", "in_review", "DECISION_PROFILE_REVIEW"),
        ("risk_declined", "declined", "DECISION_PROFILE_REJECT"),
    ],
)
async def test_a_decision_is_asked_for_alone(
    world: World, outcome: str, state: str, reason: str
) -> None:
    told = await read(
        world,
        "risk_decision",
        order_number="1042",
        amount=AMOUNT,
        customer=world.simulator.mint_token(outcome, kind="tms"),
        billing=BILLING,
        merchant_defined=[{"key": "1", "value": "gift"}],
    )
    assert (told.fields["state"], told.fields.get("reason", "")) == (state, reason)
    assert not world.simulator.state.authorizations
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_addresses_and_exports_are_asked_about(world: World) -> None:
    asked = {"order_number": "1042", "billing": BILLING, "shipping": BILLING}
    told = await read(world, "address_verification", **asked)
    assert (told.fields["state"], told.fields["line1"]) == ("passed", "1 MARKET ST")
    nowhere = asked | {"billing": {**BILLING, "postal_code": "00000"}}
    told = await read(world, "address_verification", **nowhere)
    assert (told.fields["state"], told.fields["message"]) == (
        "declined",
        "Postal code not found in database.",
    )
    goods = [{"product": "MUG", "description": "Mug", "quantity": 2}]
    told = await read(world, "export_compliance", **asked, goods=goods)
    assert (told.fields["state"], told.fields["matches"]) == ("passed", "0")
    denied = asked | {"billing": {**BILLING, "last_name": "Denied"}}
    told = await read(world, "export_compliance", **denied)
    assert (told.fields["state"], told.fields["lists"], told.fields["matches"]) == (
        "declined",
        "OFAC",
        "1",
    )
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_taxes_are_asked_committed_and_voided(world: World) -> None:
    lines = [
        {"product": "MUG", "quantity": Decimal(2), "unit_price": Money.of("10.00", "USD")},
        {"product": "CLOTH", "quantity": Decimal("1.5"), "unit_price": Money.of("4.00", "USD")},
    ]
    order: dict[str, Any] = {"order_number": "1042", "currency": "USD", "billing": BILLING}
    order["lines"] = lines
    asked = await read(world, "tax_quote", **order)
    assert (asked.fields["tax"], asked.fields["total"]) == ("1.89", "27.89")
    assert not list(world.simulator.state.taxes.where(lambda _: True))
    made = await world.write("tax_commitment", order)
    void = {"order_number": "1042", "tax_id": made.fields["tax_id"]}
    assert (await world.write("tax_void", void)).fields["status"] == "VOIDED"
    with pytest.raises(Rejected, match="NOT_VOIDABLE"):
        await world.write("tax_void", void)
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


def link(**changes: Any) -> dict[str, Any]:
    line = {"description": "Tea", "quantity": Decimal(1), "unit_price": AMOUNT}
    return {"number": "P1", "total": AMOUNT, "lines": [line]} | changes


async def test_a_link_is_paid_by_closed_and_opened(world: World) -> None:
    made = await world.write("payment_link", link(expires_at_amount=Money.of("75.00", "USD")))
    assert (made.fields["state"], made.fields["amount"]) == ("active", "25.00")
    assert made.fields["payment_link"].startswith("https://")
    payment_links.pay(world.simulator.account, "P1", Decimal("25.00"))
    for active, state in ((False, "inactive"), (True, "active")):
        told = await world.write("payment_link_update", link(active=active))
        assert told.fields["state"] == state
    assert (await read(world, "payment_link", number="P1")).fields["state"] == "active"
    assert await walked(world, "payment_links", status="active") == [("P1", "active")]
    with pytest.raises(Rejected, match="another payment link P1"):
        await world.write("payment_link", link(total=Money.of("26.00", "USD")))
    assert not list(world.simulator.log.entries(kind="unknown_fields"))


async def test_a_donation_has_its_bounds(world: World) -> None:
    bounds = {"least": Money.of("5.00", "USD"), "most": Money.of("500.00", "USD")}
    await world.write("payment_link", {"number": "D1", "kind": "donation", **bounds})
    row = world.simulator.state.invoicing.links.copy("D1")
    assert row["orderInformation"]["amountDetails"] == {
        "currency": "USD",
        "minAmount": "5.00",
        "maxAmount": "500.00",
    }
    with pytest.raises(Rejected, match="but the document is in USD"):
        mixed = bounds | {"most": Money.of("500.00", "EUR")}
        await world.write("payment_link", {"number": "D2", "kind": "donation", **mixed})
