"""Time-out reversals and time-out voids: undo what may or may not have happened.

Sources: Payments Developer Guide (Visa Platform Connect), "Time-Out Authorization Reversals"
(wait 60 s; the transactionId is unique for 180 days; the amount must be the authorized one) and
"Time-Out Void for a Capture, Sale, Refund, or Credit". What an unknown transactionId is answered
is documented only for a void (INVALID_DATA); that it is remembered is our option "remembers".
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Ask, Offer
from tillbridge_simulators.cybersource.batches import has_left
from tillbridge_simulators.cybersource.documents import money_of, text_at
from tillbridge_simulators.cybersource.followons import (
    capture,
    capture_answer,
    references_of,
    reversal_answer,
    reverse_all,
)
from tillbridge_simulators.cybersource.refunds import (
    credit,
    credit_answer,
    refund_capture,
    refund_payment,
)
from tillbridge_simulators.cybersource.state import Authorization, Fence, Movement
from tillbridge_simulators.cybersource.voids import void_answer, void_movement

_NAME = "clientReferenceInformation.transactionId"
Show: TypeAlias = Callable[[Movement], dict[str, object]]


def reverse_by_transaction(account: Account, document: Mapping[str, Any]) -> Answer:
    """POST /pts/v2/reversals. Raises Refusal."""
    _refuse_unsupported(account)
    transaction_id = text_at(document, _NAME, length_max=30, required=True)
    found = account.state.authorization_by(transaction_id)
    amount, currency = money_of(
        document, "reversalInformation.amountDetails", found.currency if found else "USD"
    )
    if found is None or found.state == "nothing":
        return _wait(
            account, document, "reversal", transaction_id, amount=amount, currency=currency
        )
    if found.state in ("reversed", "undone"):
        raise Refusal("AUTH_ALREADY_REVERSED")
    if found.captured:
        raise Refusal("TRANSACTION_ALREADY_SETTLED")
    if (amount, currency) != (found.amount, found.currency):
        raise Refusal("INVALID_AMOUNT", ["reversalInformation.amountDetails.totalAmount"])
    reversal = reverse_all(account, found, document, state="undone")
    return Answer(201, reversal_answer(reversal))


def void_by_transaction(account: Account, document: Mapping[str, Any]) -> Answer:
    """POST /pts/v2/voids. Raises Refusal."""
    _refuse_unsupported(account)
    transaction_id = text_at(document, _NAME, length_max=30, required=True)
    found = account.state.taken_by(transaction_id)
    if found is None:
        return _wait(account, document, "void", transaction_id, amount=None, currency="")
    if found.undone or found.refunded or has_left(account, found):
        raise Refusal("NOT_VOIDABLE")
    void = void_movement(account, found, document, kind="undone_by_fence")
    return Answer(201, void_answer(void))


def undo_late_authorization(account: Account, authorization: Authorization) -> bool:
    """Undoes an authorization that a fence has been waiting for; True when there was one."""
    fence = account.state.fences.get(("reversal", authorization.transaction_id))
    if fence is None or not authorization.transaction_id:
        return False
    if authorization.state == "held":
        reverse_all(account, authorization, _reference(fence), state="undone")
    return True


def unless_fenced(take: Callable[[Ask], Movement], show: Show) -> Callable[[Ask], Answer]:
    """A capture, refund or credit; one that a fence has been waiting for is voided at once."""

    def act(ask: Ask) -> Answer:
        movement = take(ask)
        undo_late_movement(ask.account, movement)
        return Answer(201, show(movement))

    return act


def undo_late_movement(account: Account, taken: Movement) -> bool:
    """Voids what a fence has been waiting for; True when there was one."""
    fence = account.state.fences.get(("void", taken.transaction_id))
    if fence is None or not taken.transaction_id:
        return False
    void_movement(account, taken, _reference(fence), kind="undone_by_fence")
    return True


def _refuse_unsupported(account: Account) -> None:
    if account.options.fence == "unsupported":
        raise Refusal("NOT_SUPPORTED")


def _wait(
    account: Account,
    document: Mapping[str, Any],
    kind: Literal["reversal", "void"],
    transaction_id: str,
    *,
    amount: Decimal | None,
    currency: str,
) -> Answer:
    if account.options.fence == "forgets":
        raise Refusal("INVALID_DATA")
    now_s = account.now()
    code, _, comments = references_of(document)
    account.state.fences[kind, transaction_id] = Fence(kind, code, transaction_id, comments, now_s)
    account.log.add("fence", order=code, transaction_id=transaction_id, waits_for=kind)
    details = {"originalTransactionAmount": str(amount or 0), "currency": currency}
    body: dict[str, object] = {
        "id": account.state.new_id(now_s),
        "submitTimeUtc": utc_text(now_s),
        "status": "REVERSED" if kind == "reversal" else "VOIDED",
        "clientReferenceInformation": {"code": code, "transactionId": transaction_id},
        "processorInformation": {"responseCode": "200"},
    }
    if kind == "reversal":
        body["reversalAmountDetails"] = details | {"reversedAmount": "0.00"}
    else:
        body["voidAmountDetails"] = details | {"voidAmount": "0.00"}
    return Answer(201, body)


def _reference(fence: Fence) -> dict[str, dict[str, str]]:
    """What undoes a late transaction is found by what its fence had said, as one that came in
    time."""
    said = {"code": fence.code, "transactionId": fence.transaction_id, "comments": fence.comments}
    return {"clientReferenceInformation": said}


OFFERS = (
    Offer(
        "capture.capture_payment",
        "capture",
        unless_fenced(lambda ask: capture(ask.account, ask.id, ask.document), capture_answer),
    ),
    Offer("refund.refund_capture", "refund", unless_fenced(refund_capture, credit_answer)),
    Offer("refund.refund_payment", "refund", unless_fenced(refund_payment, credit_answer)),
    Offer("credit.create_credit", "credit", unless_fenced(credit, credit_answer)),
    Offer(
        "reversal.mit_reversal",
        "timeout_reversal",
        lambda ask: reverse_by_transaction(ask.account, ask.document),
    ),
    Offer(
        "void.mit_void",
        "timeout_void",
        lambda ask: void_by_transaction(ask.account, ask.document),
    ),
)
