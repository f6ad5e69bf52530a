"""Mandates are made, signed, changed and revoked; standing instructions are announced."""

from datetime import date
from typing import Any

import pytest
from tests.cybersource.conftest import BILLING
from tests.cybersource.test_money_moves import visa
from tests.cybersource.test_tokens import send

from tillbridge.canonical.errors import Misconfigured, Rejected
from tillbridge.canonical.money import Money
from tillbridge_simulators.cybersource import Options
from tillbridge_simulators.cybersource.recorded import recorded
from tillbridge_simulators.cybersource.triggers import pull

PATH = "/pts/v2/billing-agreements"
IBAN = "DE89370400440532013000"
NUMBER = {"number": "M-1"}
MAKE = "billing_agreements.billing_agreements_registration"
CHANGE = "billing_agreements.billing_agreements_de_registration"
ANNOUNCE = "billing_agreements.billing_agreements_intimation"


def sepa(**changes: Any) -> dict[str, Any]:
    pages = dict.fromkeys(("success_url", "cancel_url", "failure_url"), "https://shop.example/m")
    about = {"scheme": "SEPA", "iban": IBAN, "customer_id": "maya", "billing": BILLING}
    return {**NUMBER, **pages, **about} | changes


def bacs(**changes: Any) -> dict[str, Any]:
    about = {"scheme": "BACS", "bank_code": "200000", "account_number": "55779911"}
    return {**NUMBER, "customer_id": "maya", "billing": BILLING, **about} | changes


async def state_of(world: Any, id_: str) -> str:
    about = {**NUMBER, "mandate_id": id_}
    found = await world.session.reads["mandate"].call(world.call(), about)
    return str(found.fields["state"])


def doing(action: str, **more: Any) -> dict[str, Any]:
    return {
        "clientReferenceInformation": {"code": "M-1"},
        "processingInformation": {"actionList": [action]},
        **more,
    }


async def test_a_mandate_is_signed_changed_and_revoked_once(sealed: Any) -> None:
    made = (await sealed.write("mandate", sepa())).fields
    assert (made["state"], made["number"]) == ("pending", "M-1")
    assert made["page"].endswith(made["mandate_id"])
    pull(sealed.simulator.account, "mandate.signed", {"agreement": made["mandate_id"]})
    assert await state_of(sealed, made["mandate_id"]) == "active"
    about = {**NUMBER, "mandate_id": made["mandate_id"]}
    moved = BILLING | {"line1": "2 Market St"}
    await sealed.write("mandate_update", {**about, "billing": moved})
    kept = sealed.simulator.state.agreements.copy(made["mandate_id"])
    assert (kept["payer"]["address1"], kept["payer"]["lastName"]) == ("2 Market St", "Ortiz")
    for _ in range(2):
        ended = await sealed.write("mandate_revocation", about)
        assert (ended.fields["state"], len(ended.fields["revoked_on"])) == ("revoked", 8)
    with pytest.raises(Rejected, match="was not accepted: FAILED"):
        await sealed.write("mandate_update", {**about, "billing": moved})
    assert not list(sealed.simulator.log.entries("unknown_fields"))
    requests = [entry.facts for entry in sealed.simulator.log.entries("request")]
    assert all(one["encrypted"] for one in requests)
    assert IBAN not in repr(sealed.simulator.state)


@pytest.mark.parametrize(
    ("trigger", "life_s", "state"),
    [("mandate.refused", 86_400, "failed"), ("", 0, "expired")],
)
async def test_a_mandate_that_nobody_signs_comes_to_nothing(
    make_world: Any, trigger: str, life_s: float, state: str
) -> None:
    world = await make_world(Options(mandate_life_s=life_s))
    document = doing("BILLING_AGREEMENT_CREATE", paymentInformation=paypal())
    status, made = await send(world, "POST", PATH, document)
    assert status == 201
    if trigger:
        pull(world.simulator.account, trigger, {"agreement": made["id"]})
    about = {"number": made["agreementInformation"]["id"], "mandate_id": made["id"]}
    found = await world.session.reads["mandate"].call(world.call(), about)
    assert found.fields["state"] == state
    with pytest.raises(ValueError, match="waits for no signature"):
        pull(world.simulator.account, "mandate.signed", {"agreement": made["id"]})


async def test_a_mandate_that_is_signed_already_is_active_and_its_number_is_taken(
    sealed: Any,
) -> None:
    imported = bacs(signed_on=date(2026, 3, 1))
    made = (await sealed.write("mandate", imported)).fields
    assert (made["state"], made["signed_on"]) == ("active", "20260301")
    document = doing(
        "AP_UPDATE_AGREEMENT", paymentInformation={"bank": {"account": {"number": "1"}}}
    )
    status, told = await send(sealed, "PATCH", f"{PATH}/{made['mandate_id']}", document)
    assert (status, told["status"]) == (201, "FAILED"), "a Bacs account needs a new mandate"
    assert await state_of(sealed, made["mandate_id"]) == "active"
    again = doing("AP_IMPORT_AGREEMENT", **told_of(imported))
    status, told = await send(sealed, "POST", PATH, again)
    assert (status, told["reason"]) == (400, "DUPLICATE_REQUEST")


def told_of(fields: dict[str, Any]) -> dict[str, Any]:
    number = {"number": fields["account_number"]}
    return {
        "agreementInformation": {"id": fields["number"], "dateSigned": "20260301"},
        "buyerInformation": {"merchantCustomerId": "maya"},
        "paymentInformation": {
            "bank": {"scheme": "BACS", "swiftCode": fields["bank_code"], "account": number}
        },
    }


async def test_an_iban_that_is_none_is_not_accepted(sealed: Any) -> None:
    with pytest.raises(Rejected, match="was not accepted: FAILED"):
        await sealed.write("mandate", sepa(iban="DE88370400440532013000"))
    assert (await sealed.write("mandate", sepa())).fields["state"] == "pending"


async def test_without_encryption_no_bank_account_leaves(world: Any) -> None:
    with pytest.raises(Misconfigured, match="only sent encrypted"):
        await world.write("mandate", sepa())
    assert not list(world.simulator.log.entries("request"))


async def test_an_unknown_mandate_is_refused(world: Any) -> None:
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await state_of(world, "1")
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await world.write("mandate_revocation", {**NUMBER, "mandate_id": "1"})


def paypal() -> dict[str, Any]:
    return {"paymentType": {"name": "EWALLET", "method": {"name": "PAYPAL"}}}


async def test_an_agreement_is_made_of_a_session_at_paypal(world: Any) -> None:
    amount = {"amountDetails": {"totalAmount": "25.00", "currency": "USD"}}
    asking = doing("AP_SESSIONS", paymentInformation=paypal(), orderInformation=amount)
    _, session = await send(world, "POST", "/pts/v2/payment-references", asking)
    path = f"{PATH}/{session['id']}"
    status, made = await send(world, "PATCH", path, doing("BILLING_AGREEMENT_CREATE"))
    assert (status, made["status"]) == (201, "ACTIVE")
    _, found = await send(world, "PATCH", path, doing("AP_REFRESH_AGREEMENT_STATUS"))
    transaction = found["agreementInformation"]["transactionId"]
    assert transaction == made["agreementInformation"]["transactionId"] != ""


async def instructed(world: Any) -> Any:
    card = {"number": visa(), "expirationMonth": "12", "expirationYear": "2031"}
    document = {
        "orderInformation": {"amountDetails": {"totalAmount": "0.00", "currency": "INR"}},
        "paymentInformation": {"card": card},
        "installmentInformation": {"minAmount": "10", "maxAmount": "100"},
    }
    status, made = await send(world, "POST", PATH, document)
    assert (status, made["status"]) == (201, "SUCCESS")
    return made


async def test_a_standing_instruction_is_announced_up_to_its_most(world: Any) -> None:
    made = await instructed(world)
    notice = {"order_number": "1042", "agreement_id": made["id"]}
    named = {"identifier": made["installmentInformation"]["identifier"]}
    told = await world.write("debit_notice", notice | named | {"amount": Money.of("100", "INR")})
    assert told.fields["status"] == "SUCCESS"
    for changes, field in (
        ({"amount": Money.of("100.01", "INR")}, "totalAmount"),
        ({"amount": Money.of("50.00", "USD")}, "currency"),
        ({"amount": Money.of("50.00", "INR"), "identifier": "1"}, "identifier"),
    ):
        with pytest.raises(Rejected, match="INVALID_DATA") as refused:
            await world.write("debit_notice", notice | changes)
        assert field in str(refused.value.place)
    await send(world, "PATCH", f"{PATH}/{made['id']}", doing("CANCEL_AGREEMENT"))
    with pytest.raises(Rejected, match="INVALID_DATA"):
        await world.write("debit_notice", notice | {"amount": Money.of("50.00", "INR")})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"processingInformation": {"actionList": ["DANCE"]}}, "processingInformation.actionList"),
        ({"agreementInformation": {"id": "X"}}, "agreementInformation.id"),
        ({"agreementInformation": {"dateRevoked": "2026-1"}}, "agreementInformation.dateRevoked"),
        ({"agreementInformation": {"frequency": "hourly"}}, "agreementInformation.frequency"),
        ({"agreementInformation": {"type": "never"}}, "agreementInformation.type"),
        ({"processingInformation": None}, "processingInformation.actionList"),
    ],
)
async def test_what_is_wrong_with_a_change_is_named(
    world: Any, changes: dict[str, Any], field: str
) -> None:
    document = doing("BILLING_AGREEMENT_CREATE", paymentInformation=paypal())
    _, made = await send(world, "POST", PATH, document)
    asked = doing("AP_CANCEL_AGREEMENT") | changes
    status, told = await send(world, "PATCH", f"{PATH}/{made['id']}", asked)
    assert (status, told["details"][0]["field"]) == (400, field)
    about = doing("AP_REFRESH_AGREEMENT_STATUS")
    assert (await send(world, "PATCH", f"{PATH}/{made['id']}", about))[1]["status"] == "PENDING"


async def test_answers_are_as_recorded(world: Any) -> None:
    document = doing("AP_IMPORT_AGREEMENT", **told_of(bacs()))
    document["orderInformation"] = {"billTo": {"firstName": "Maya"}}
    _, made = await send(world, "POST", PATH, document)
    path = f"{PATH}/{made['id']}"
    _, ended = await send(world, "PATCH", path, doing("AP_CANCEL_AGREEMENT"))
    instruction = await instructed(world)
    amount = {"amountDetails": {"totalAmount": "00", "currency": "INR"}}
    path = f"{PATH}/{instruction['id']}/intimations"
    _, notice = await send(world, "POST", path, {"orderInformation": amount})
    bodies = ((MAKE, made), (CHANGE, ended), (MAKE, instruction), (ANNOUNCE, notice))
    for key, body in bodies:
        model = recorded().operations[key].answer
        assert not recorded().unknown(model, body)
        assert not recorded().flaws(model, body)
