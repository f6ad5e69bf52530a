"""Refunds of captures and sales, and credits that stand alone.

Source: REST API reference, Payments: "Refund a Capture", "Refund a Payment", "Process a Credit";
Payments Developer Guide, Credits (a follow-on credit is at most
what was captured, within 180 days).
"""

from decimal import Decimal

from tillbridge_simulators.cybersource.answers import Declined, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask
from tillbridge_simulators.cybersource.batches import expect_young
from tillbridge_simulators.cybersource.documents import money_at
from tillbridge_simulators.cybersource.followons import (
    add_movement,
    reference_of,
    references_of,
)
from tillbridge_simulators.cybersource.instruments import check_month, payer, pays_by_check
from tillbridge_simulators.cybersource.state import Authorization, Movement


def refund_capture(ask: Ask) -> Movement:
    """POST /pts/v2/captures/{id}/refunds. Raises Refusal."""
    captured = ask.account.state.movements.get(ask.id)
    if captured is None or captured.kind != "capture":
        raise Refusal("INVALID_DATA", ["id"])
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    return _refund(ask, [captured], amount, currency)


def refund_payment(ask: Ask) -> Movement:
    """POST /pts/v2/payments/{id}/refunds: of a sale only. Raises Refusal."""
    authorization = ask.account.state.authorizations.get(ask.id)
    if authorization is None or not authorization.sale:
        raise Refusal("INVALID_DATA", ["id"])
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    return _refund(ask, _captures(ask, authorization), amount, currency)


def credit(ask: Ask) -> Movement:
    """POST /pts/v2/credits: money to a card without a payment before it. Raises Refusal."""
    references = references_of(ask.document)
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    paid_with = payer(ask.account, ask.document)
    now_s = ask.account.now()
    id_ = ask.account.state.new_id(now_s)
    if paid_with.outcome == "invalid_account":
        raise Declined("INVALID_ACCOUNT", id_, references[0])
    movement = Movement(
        id=id_, kind="credit", code=references[0], transaction_id=references[1],
        comments=references[2], parent_id=id_, about_id=id_, amount=amount, currency=currency,
        status="PENDING", at_s=now_s, brand=paid_with.brand, last4=paid_with.last4,
        check=pays_by_check(ask.document, paid_with),
    )  # fmt: skip
    ask.account.state.movements[id_] = movement
    ask.account.record("credit", movement, "PENDING")
    ask.account.tell("payments.credit.status.accepted", movement.code, credit_answer(movement))
    return movement


def credit_answer(movement: Movement) -> dict[str, object]:
    """A refund or credit as its answer and its notification show it."""
    noun = "refunds" if movement.kind == "refund" else "credits"
    details = {f"{movement.kind}Amount": str(movement.amount), "currency": movement.currency}
    return _credited(movement) | {
        "_links": {
            "self": {"method": "GET", "href": f"/pts/v2/{noun}/{movement.id}"},
            "void": {"method": "POST", "href": f"/pts/v2/{noun}/{movement.id}/voids"},
        },
        "id": movement.id,
        "submitTimeUtc": utc_text(movement.at_s),
        "status": movement.status,
        "reconciliationId": movement.id[-12:],
        "clientReferenceInformation": reference_of(movement),
        f"{movement.kind}AmountDetails": details,
        "orderInformation": {"amountDetails": {"currency": movement.currency}},
    }


def _credited(movement: Movement) -> dict[str, object]:
    """What a credit that stands alone says besides: whom the processor let have it."""
    if movement.kind != "credit" or not movement.brand:
        return {}
    kind = {"type": movement.brand}
    return {
        "paymentAccountInformation": {"card": kind},
        "paymentInformation": {"tokenizedCard": kind, "card": kind},
        "processorInformation": {"approvalCode": "888888", "responseCode": "100"},
    }


def _refund(ask: Ask, captures: list[Movement], amount: Decimal, currency: str) -> Movement:
    check_month(ask.document)
    left = [one for one in captures if not one.undone]
    if not left:
        raise Refusal("CAPTURE_ALREADY_VOIDED" if captures else "INVALID_DATA", ["id"])
    if currency != left[0].currency:
        raise Refusal("INVALID_DATA", ["orderInformation.amountDetails.currency"])
    rest = sum(one.amount - one.refunded for one in left)
    if amount > rest and not ask.account.options.refunds_beyond:
        raise Refusal("INVALID_AMOUNT", ["orderInformation.amountDetails.totalAmount"])
    expect_young(ask.account, left[0].at_s)
    movement = add_movement(ask.account, "refund", ask.document, left[0], amount)
    movement.check = ask.account.state.authorizations[movement.parent_id].check
    for one in left:
        part = min(amount, one.amount - one.refunded)
        one.refunded, amount = one.refunded + part, amount - part
    ask.account.record("refund", movement, "PENDING")
    ask.account.tell("payments.refund.status.accepted", movement.code, credit_answer(movement))
    return movement


def _captures(ask: Ask, authorization: Authorization) -> list[Movement]:
    return [
        one
        for one in ask.account.state.movements.by("parent_id", authorization.id)
        if one.kind == "capture"
    ]
