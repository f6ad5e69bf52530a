"""Voids: a capture, sale, refund or credit is cancelled before it leaves with its batch.

Source: REST API reference, Payments: "Void a Payment" (a sale), "Void a Capture", "Void a Refund",
"Void a Credit". The reasons are those of their 400 responses.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batches import has_left
from tillbridge_simulators.cybersource.followons import add_movement, follow_on_answer
from tillbridge_simulators.cybersource.state import Movement, MovementKind


def void_capture(account: Account, capture_id: str, document: Mapping[str, Any]) -> Answer:
    """POST /pts/v2/captures/{id}/voids. Raises Refusal."""
    found = account.state.movements.get(capture_id)
    if found is None or found.kind != "capture" or found.refunded:
        raise Refusal("NOT_VOIDABLE")
    return _void(account, found, document)


def void_payment(account: Account, payment_id: str, document: Mapping[str, Any]) -> Answer:
    """POST /pts/v2/payments/{id}/voids: only a sale can be voided. Raises Refusal."""
    found = account.state.authorizations.get(payment_id)
    if found is None or not found.sale:
        raise Refusal("NOT_VOIDABLE", request_id=payment_id)
    return void_capture(account, payment_id, document)


def void_given_back(ask: Ask, kind: MovementKind) -> Answer:
    """POST /pts/v2/credits/{id}/voids or /pts/v2/refunds/{id}/voids. Raises Refusal."""
    found = ask.account.state.movements.get(ask.id)
    if found is None or found.kind != kind:
        raise Refusal("NOT_VOIDABLE")
    return _void(ask.account, found, ask.document)


def void_movement(
    account: Account, taken: Movement, document: Mapping[str, Any], kind: str = "void"
) -> Movement:
    """Undoes it; what a capture took is held again, what a refund gave back can be again."""
    taken.voided = True
    if taken.kind == "capture":
        authorization = account.state.authorizations[taken.parent_id]
        authorization.captured -= taken.amount
        authorization.state = "held"
    elif taken.kind == "refund":
        captured = account.state.movements[taken.about_id]
        captured.refunded = max(captured.refunded - taken.amount, Decimal(0))
    movement = add_movement(account, "void", document, taken, taken.amount)
    account.record(kind, movement, "VOIDED")
    account.tell("payments.void.status.accepted", movement.code, void_answer(movement))
    return movement


def void_answer(movement: Movement) -> dict[str, object]:
    """What was voided, as its answer and its notification show it."""
    details = {"voidAmount": str(movement.amount), "currency": movement.currency}
    return follow_on_answer(movement, "voids") | {
        "voidAmountDetails": details,
        "orderInformation": {"amountDetails": {"currency": movement.currency}},
    }


def _void(account: Account, found: Movement, document: Mapping[str, Any]) -> Answer:
    if found.undone:
        raise Refusal("NOT_VOIDABLE")
    if has_left(account, found):
        raise Refusal("NOT_VOIDABLE", request_id=found.id)
    return Answer(201, void_answer(void_movement(account, found, document)))


OFFERS = (
    Offer("void.void_payment", "void", lambda ask: void_payment(ask.account, ask.id, ask.document)),
    Offer("void.void_capture", "void", lambda ask: void_capture(ask.account, ask.id, ask.document)),
    Offer("void.void_refund", "void", lambda ask: void_given_back(ask, "refund")),
    Offer("void.void_credit", "void", lambda ask: void_given_back(ask, "credit")),
)
