"""Sales, captures, refunds, credits and voids of the simulated account add up."""

import json
from typing import Any

import pytest
from tests.cybersource.test_simulator import ask, payment

from tillbridge_simulators.cybersource.batches import close_batch
from tillbridge_simulators.cybersource.cards import check_digit

BILL_TO = {
    "firstName": "Maya", "lastName": "Ortiz", "address1": "1 Market St", "locality": "Boston",
    "administrativeArea": "MA", "postalCode": "02110", "country": "US", "email": "m@example.com",
}  # fmt: skip


def amount(total: str, currency: str = "USD") -> dict[str, Any]:
    return {"orderInformation": {"amountDetails": {"totalAmount": total, "currency": currency}}}


async def sale(world: Any, **order: Any) -> Any:
    document = payment(world, **order) | {"processingInformation": {"capture": True}}
    status, answer = await ask(world, "/pts/v2/payments", document)
    assert status == 201
    return answer


def visa() -> str:
    digits = "4" + "1" * 14
    return digits + check_digit(digits)


async def test_a_sale_captures_everything_at_once_under_its_own_id(world: Any) -> None:
    sold = await sale(world)
    assert sold["status"] == "AUTHORIZED"
    (hold,) = world.simulator.holds()["1042"]
    assert (hold["state"], hold["captured"], hold["open"]) == ("captured", "25.00", "0")
    assert list(world.simulator.state.movements) == [sold["id"]]


async def test_refunds_end_where_the_sale_ends(world: Any) -> None:
    sold = await sale(world)
    path = f"/pts/v2/payments/{sold['id']}/refunds"
    first, told = await ask(world, path, amount("20.00"))
    assert (first, told["status"], told["refundAmountDetails"]["refundAmount"]) == (
        201,
        "PENDING",
        "20.00",
    )
    too_much, told = await ask(world, path, amount("5.01"))
    assert (too_much, told["reason"]) == (400, "INVALID_AMOUNT")
    assert (await ask(world, path, amount("5.00")))[0] == 201
    again, told = await ask(world, path, amount("0.01"))
    assert (again, told["reason"]) == (400, "INVALID_AMOUNT")


async def test_a_refund_in_another_currency_is_refused(world: Any) -> None:
    sold = await sale(world)
    status, told = await ask(world, f"/pts/v2/payments/{sold['id']}/refunds", amount("5", "JPY"))
    assert (status, told["reason"]) == (400, "INVALID_DATA")


async def test_a_capture_is_refunded_by_its_own_id_and_not_by_another(world: Any) -> None:
    _, held = await ask(world, "/pts/v2/payments", payment(world))
    _, captured = await ask(world, f"/pts/v2/payments/{held['id']}/captures", amount("25.00"))
    assert (await ask(world, f"/pts/v2/captures/{held['id']}/refunds", amount("1.00")))[0] == 400
    status, told = await ask(world, f"/pts/v2/captures/{captured['id']}/refunds", amount("25.00"))
    assert (status, told["status"]) == (201, "PENDING")


async def test_a_voided_refund_may_be_refunded_again(world: Any) -> None:
    sold = await sale(world)
    path = f"/pts/v2/payments/{sold['id']}/refunds"
    _, refund = await ask(world, path, amount("25.00"))
    status, told = await ask(world, f"/pts/v2/refunds/{refund['id']}/voids", {})
    assert (status, told["status"]) == (201, "VOIDED")
    assert (await ask(world, path, amount("25.00")))[0] == 201
    again, told = await ask(world, f"/pts/v2/refunds/{refund['id']}/voids", {})
    assert (again, told["reason"]) == (400, "NOT_VOIDABLE")


async def test_what_left_with_a_batch_cannot_be_voided_but_refunded(world: Any) -> None:
    sold = await sale(world)
    assert close_batch(world.simulator.account) == 1
    status, told = await ask(world, f"/pts/v2/payments/{sold['id']}/voids", {})
    assert (status, told["reason"]) == (400, "NOT_VOIDABLE")
    assert (await ask(world, f"/pts/v2/payments/{sold['id']}/refunds", amount("25.00")))[0] == 201


async def test_a_sale_is_voided_before_its_batch_closes(world: Any) -> None:
    sold = await sale(world)
    status, told = await ask(world, f"/pts/v2/payments/{sold['id']}/voids", {})
    assert (status, told["status"]) == (201, "VOIDED")
    refused, told = await ask(world, f"/pts/v2/payments/{sold['id']}/refunds", amount("1.00"))
    assert (refused, told["reason"]) == (400, "CAPTURE_ALREADY_VOIDED")


async def test_a_credit_needs_no_payment_and_can_be_voided(world: Any) -> None:
    status, told = await ask(world, "/pts/v2/credits", payment(world))
    assert (status, told["status"], told["creditAmountDetails"]["creditAmount"]) == (
        201,
        "PENDING",
        "25.00",
    )
    status, voided = await ask(world, f"/pts/v2/credits/{told['id']}/voids", {})
    assert (status, voided["status"]) == (201, "VOIDED")


async def test_a_test_card_pays_and_its_number_is_kept_nowhere(world: Any) -> None:
    document = payment(world)
    document["paymentInformation"] = {
        "card": {"number": visa(), "expirationMonth": "12", "expirationYear": "2031"}
    }
    document["orderInformation"]["billTo"] = BILL_TO
    status, told = await ask(world, "/pts/v2/payments", document)
    assert (status, told["status"]) == (201, "AUTHORIZED")
    assert told["paymentInformation"]["card"]["suffix"] == "1111"
    kept = repr(world.simulator.state) + json.dumps(
        [dict(entry.facts) for entry in world.simulator.log.entries()]
    )
    assert visa() not in kept


@pytest.mark.parametrize(
    ("month", "year", "ends"),
    [("12", "2020", "EXPIRED_CARD"), ("13", "2031", "INVALID_DATA"), ("", "2031", "MISSING_FIELD")],
)
async def test_a_cards_expiry_is_judged(world: Any, month: str, year: str, ends: str) -> None:
    document = payment(world)
    card = {"number": visa(), "expirationMonth": month, "expirationYear": year}
    document["paymentInformation"] = {"card": card}
    document["orderInformation"]["billTo"] = BILL_TO
    _, told = await ask(world, "/pts/v2/payments", document)
    assert ends in (told.get("reason"), told.get("errorInformation", {}).get("reason"))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("clientReferenceInformation.code", "x" * 51),
        ("orderInformation.billTo.country", "USA"),
        ("orderInformation.billTo", "Market St"),
        ("merchantDefinedInformation", {"key": "1"}),
        ("processingInformation.capture", "perhaps"),
    ],
)
async def test_what_is_longer_or_other_than_recorded_is_refused_with_its_place(
    world: Any, path: str, field: Any
) -> None:
    document = payment(world)
    *steps, last = path.split(".")
    place = document
    for step in steps:
        place = place.setdefault(step, {})
    place[last] = field
    status, told = await ask(world, "/pts/v2/payments", document)
    assert (status, told["reason"]) == (400, "INVALID_DATA")
    assert told["details"] == [{"field": path, "reason": "INVALID_DATA"}]
