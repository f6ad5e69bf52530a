"""Refunds of captures and sales, credits that stand alone, and voids of both.

Source: REST API reference, Payments: "Refund a Capture", "Refund a Payment", "Process a Credit",
"Void a Refund", "Void a Credit"; Payments Developer Guide, Credits (a follow-on credit is at most
what was captured, within 180 days).
"""

from decimal import Decimal

from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batches import expect_young, has_left
from tillbridge_simulators.cybersource.documents import money_at
from tillbridge_simulators.cybersource.followons import references_of, void_answer
from tillbridge_simulators.cybersource.instruments import resolve
from tillbridge_simulators.cybersource.state import Authorization, Movement


def refund_capture(ask: Ask) -> Answer:
    """POST /pts/v2/captures/{id}/refunds. Raises Refusal."""
    captured = ask.account.state.movements.get(ask.id)
    if captured is None or captured.kind != "capture":
        raise Refusal("INVALID_DATA", ["id"])
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    return _refund(ask, [captured], amount, currency)


def refund_payment(ask: Ask) -> Answer:
    """POST /pts/v2/payments/{id}/refunds: of a sale, or of what was captured of it."""
    authorization = ask.account.state.authorizations.get(ask.id)
    if authorization is None:
        raise Refusal("INVALID_DATA", ["id"])
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    return _refund(ask, _captures(ask, authorization), amount, currency)


def credit(ask: Ask) -> Answer:
    """POST /pts/v2/credits: money to a card without a payment before it. Raises Refusal."""
    references = references_of(ask.document)
    amount, currency = money_at(ask.document, "orderInformation.amountDetails")
    paid_with = resolve(ask.account, ask.document)
    now_s = ask.account.now()
    id_ = ask.account.state.new_id(now_s)
    movement = Movement(
        id=id_, kind="credit", code=references[0], transaction_id=references[1],
        comments=references[2], parent_id=id_, about_id=id_, amount=amount, currency=currency,
        status="PENDING", at_s=now_s, brand=paid_with.brand, last4=paid_with.last4,
    )  # fmt: skip
    ask.account.state.movements[id_] = movement
    ask.account.record("credit", movement, "PENDING")
    ask.account.tell("payments.credits.status.accepted", movement.code, credit_answer(movement))
    return Answer(201, credit_answer(movement))


def void_credit(ask: Ask) -> Answer:
    """POST /pts/v2/credits/{id}/voids and /pts/v2/refunds/{id}/voids. Raises Refusal."""
    found = ask.account.state.movements.get(ask.id)
    if found is None or found.kind not in ("credit", "refund") or found.voided:
        raise Refusal("NOT_VOIDABLE")
    if has_left(ask.account, found):
        raise Refusal("NOT_VOIDABLE", request_id=found.id)
    found.voided = True
    if found.kind == "refund":
        ask.account.state.movements[found.about_id].refunded -= found.amount
    movement = _added(ask, "void", found, found.amount)
    ask.account.record("void", movement, "VOIDED")
    ask.account.tell("payments.void.status.accepted", movement.code, void_answer(movement))
    return Answer(201, void_answer(movement))


def credit_answer(movement: Movement) -> dict[str, object]:
    """A refund or credit as its answer and its notification show it."""
    noun = "refunds" if movement.kind == "refund" else "credits"
    details = {f"{movement.kind}Amount": str(movement.amount), "currency": movement.currency}
    return {
        "_links": {
            "self": {"method": "GET", "href": f"/pts/v2/{noun}/{movement.id}"},
            "void": {"method": "POST", "href": f"/pts/v2/{noun}/{movement.id}/voids"},
        },
        "id": movement.id,
        "submitTimeUtc": utc_text(movement.at_s),
        "status": movement.status,
        "reconciliationId": movement.id[-12:],
        "clientReferenceInformation": {
            "code": movement.code,
            "transactionId": movement.transaction_id,
        },
        f"{movement.kind}AmountDetails": details,
        "orderInformation": {"amountDetails": {"currency": movement.currency}},
    }


def _refund(ask: Ask, captures: list[Movement], amount: Decimal, currency: str) -> Answer:
    left = [one for one in captures if not one.undone]
    if not left:
        raise Refusal("CAPTURE_ALREADY_VOIDED" if captures else "INVALID_DATA", ["id"])
    if currency != left[0].currency:
        raise Refusal("INVALID_DATA", ["orderInformation.amountDetails.currency"])
    if amount > sum(one.amount - one.refunded for one in left):
        raise Refusal("INVALID_AMOUNT", ["orderInformation.amountDetails.totalAmount"])
    expect_young(ask.account, left[0].at_s)
    movement = _added(ask, "refund", left[0], amount)
    for one in left:
        part = min(amount, one.amount - one.refunded)
        one.refunded, amount = one.refunded + part, amount - part
    ask.account.record("refund", movement, "PENDING")
    ask.account.tell("payments.refunds.status.accepted", movement.code, credit_answer(movement))
    return Answer(201, credit_answer(movement))


def _added(ask: Ask, kind: str, about: Movement, amount: Decimal) -> Movement:
    code, transaction_id, comments = references_of(ask.document)
    now_s = ask.account.now()
    movement = Movement(
        id=ask.account.state.new_id(now_s),
        kind="void" if kind == "void" else "refund",
        code=code or about.code,
        transaction_id=transaction_id,
        comments=comments,
        parent_id=about.parent_id,
        about_id=about.id,
        amount=amount,
        currency=about.currency,
        status="VOIDED" if kind == "void" else "PENDING",
        at_s=now_s,
        brand=about.brand,
        last4=about.last4,
    )
    ask.account.state.movements[movement.id] = movement
    return movement


def _captures(ask: Ask, authorization: Authorization) -> list[Movement]:
    return [
        one
        for one in ask.account.state.movements.values()
        if one.kind == "capture" and one.parent_id == authorization.id
    ]


OFFERS = (
    Offer("refund.refund_capture", "refund", refund_capture),
    Offer("refund.refund_payment", "refund", refund_payment),
    Offer("credit.create_credit", "credit", credit),
    Offer("void.void_refund", "void", void_credit),
    Offer("void.void_credit", "void", void_credit),
)
