"""Captures and reversals of what was authorized.

Source: REST API reference, Payments: "Capture a Payment", "Process an Authorization Reversal";
Payments Developer Guide, "Multiple Partial Captures" (sequence number = total
count marks the last one; without them a capture is the last; MISSING_AUTH is also an authorization
that another capture has used) and "Authorization Reversal" (the
amount must be the authorized one). Reasons: the 400 responses of the same pages.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Offer
from tillbridge_simulators.cybersource.batches import expect_young
from tillbridge_simulators.cybersource.documents import at, money_at, money_of, text_at
from tillbridge_simulators.cybersource.state import Authorization, Movement, MovementKind

_CAPTURE_COUNT_MAX = 99
_ID_LENGTH_MIN = 16
"""What is shorter is no request id at all (an integration's test of the test host)."""
_STATUSES: dict[MovementKind, str] = {
    "capture": "PENDING",
    "reversal": "REVERSED",
    "void": "VOIDED",
    "refund": "PENDING",
    "credit": "PENDING",
    "increment": "AUTHORIZED",
}


def capture(account: Account, authorization_id: str, document: Mapping[str, Any]) -> Movement:
    """POST /pts/v2/payments/{id}/captures. Raises Refusal."""
    code, transaction_id, comments = references_of(document)
    amount, currency = money_at(document, "orderInformation.amountDetails")
    last = _is_last(account, document)
    once = account.options.transaction_id_once and transaction_id
    if once and account.state.taken_by(transaction_id) is not None:
        raise Refusal("DUPLICATE_REQUEST")
    authorization = usable(account, authorization_id, used="MISSING_AUTH")
    if currency != authorization.currency:
        raise Refusal("INVALID_DATA", ["orderInformation.amountDetails.currency"])
    if amount > authorization.open_amount:
        raise Refusal("EXCEEDS_AUTH_AMOUNT", ["orderInformation.amountDetails.totalAmount"])
    movement = new_movement(
        account, "capture", (code, transaction_id, comments), authorization, amount
    )
    authorization.captured += amount
    authorization.captures += 1
    if last or not authorization.open_amount:
        authorization.state = "captured"
    account.record("capture", movement, "PENDING")
    account.tell("payments.capture.status.accepted", movement.code, capture_answer(movement))
    return movement


def sell(account: Account, authorization: Authorization) -> Movement:
    """The capture of a sale: at once, of everything, and under the authorization's own id."""
    references = (authorization.code, authorization.transaction_id, authorization.comments)
    movement = new_movement(
        account, "capture", references, authorization, authorization.amount, id_=authorization.id
    )
    authorization.captured, authorization.captures = authorization.amount, 1
    authorization.state, authorization.sale = "captured", True
    account.record("capture", movement, "PENDING")
    return movement


def reverse(account: Account, authorization_id: str, document: Mapping[str, Any]) -> Answer:
    """POST /pts/v2/payments/{id}/reversals: all that is still held, and exactly that."""
    references_of(document)
    known = account.state.authorizations.get(authorization_id)
    amount, currency = money_of(
        document, "reversalInformation.amountDetails", known.currency if known else "USD"
    )
    authorization = usable(account, authorization_id)
    if (amount, currency) != (authorization.open_amount, authorization.currency):
        raise Refusal("INVALID_AMOUNT", ["reversalInformation.amountDetails.totalAmount"])
    return Answer(201, reversal_answer(reverse_all(account, authorization, document)))


def reverse_all(
    account: Account,
    authorization: Authorization,
    document: Mapping[str, Any],
    state: Literal["reversed", "undone"] = "reversed",
) -> Movement:
    """Releases what is still held."""
    amount = authorization.open_amount
    movement = new_movement(account, "reversal", references_of(document), authorization, amount)
    authorization.reversed += amount
    authorization.state = state
    account.record("reversal" if state == "reversed" else "undone_by_fence", movement, "REVERSED")
    account.tell("payments.reversal.status.accepted", movement.code, reversal_answer(movement))
    return movement


def capture_answer(movement: Movement) -> dict[str, object]:
    """What was captured, as its answer and its notification show it."""
    details = {"totalAmount": str(movement.amount), "currency": movement.currency}
    answer = follow_on_answer(movement, "captures")
    answer["reconciliationId"] = movement.parent_id[-12:]
    path = f"/pts/v2/captures/{movement.id}"
    void = {"void": {"method": "POST", "href": f"{path}/voids"}}
    links = {**void, "self": {"method": "GET", "href": path}}
    return {**answer, "_links": links, "orderInformation": {"amountDetails": details}}


def reversal_answer(movement: Movement) -> dict[str, object]:
    """What was reversed, as its answer and its notification show it."""
    details = {"reversedAmount": str(movement.amount), "currency": movement.currency}
    return follow_on_answer(movement, "reversals") | {
        "reconciliationId": movement.parent_id[-12:],
        "reversalAmountDetails": details,
        "orderInformation": {"amountDetails": {"currency": movement.currency}},
        "processorInformation": {"responseCode": "100"},
    }


def follow_on_answer(movement: Movement, noun: str) -> dict[str, object]:
    """What the answers to everything that follows have alike; `noun` is in their addresses."""
    return {
        "_links": {"self": {"method": "GET", "href": f"/pts/v2/{noun}/{movement.id}"}},
        "id": movement.id,
        "submitTimeUtc": utc_text(movement.at_s),
        "status": movement.status,
        "clientReferenceInformation": reference_of(movement),
    }


def reference_of(movement: Movement | Authorization) -> dict[str, str]:
    """The order number, and the transactionId where one was sent."""
    return {"code": movement.code} | (
        {"transactionId": movement.transaction_id} if movement.transaction_id else {}
    )


def usable(
    account: Account, authorization_id: str, *, used: str = "TRANSACTION_ALREADY_SETTLED"
) -> Authorization:
    """An authorization that still holds money. Raises Refusal for every other; `used` is the reason
    for one that was captured to the end."""
    found = account.state.authorizations.get(authorization_id)
    if found is None and len(authorization_id) < _ID_LENGTH_MIN:
        raise Refusal("INVALID_DATA", ["id"])
    if found is None or found.state == "nothing":
        raise Refusal("MISSING_AUTH")
    if found.state in ("reversed", "undone"):
        raise Refusal("AUTH_ALREADY_REVERSED")
    if found.state == "captured":
        raise Refusal(used)
    expect_young(account, found.at_s)
    return found


def _is_last(account: Account, document: Mapping[str, Any]) -> bool:
    path = "processingInformation.captureOptions"
    number, count = (
        at(document, f"{path}.captureSequenceNumber"),
        at(document, f"{path}.totalCaptureCount"),
    )
    if (number is None and count is None) or number == count == 1:
        return True
    if not account.options.partial_captures:
        raise Refusal("NOT_SUPPORTED", [path])
    in_range = isinstance(number, int) and isinstance(count, int)
    if not in_range or not 1 <= number <= count <= _CAPTURE_COUNT_MAX:
        raise Refusal("INVALID_DATA", [path])
    return bool(number == count)


def references_of(document: Mapping[str, Any]) -> tuple[str, str, str]:
    """code, transactionId and comments; "" for what is absent. Raises Refusal."""
    path = "clientReferenceInformation"
    return (
        text_at(document, f"{path}.code", length_max=50, required=False),
        text_at(document, f"{path}.transactionId", length_max=30, required=False),
        text_at(document, f"{path}.comments", length_max=255, required=False),
    )


def new_movement(
    account: Account,
    kind: MovementKind,
    references: tuple[str, str, str],
    authorization: Authorization,
    amount: Decimal,
    *,
    id_: str = "",
) -> Movement:
    """Adds a movement of this authorization; `references` are code, transactionId, comments."""
    code, transaction_id, comments = references
    now_s = account.now()
    movement = Movement(
        id=id_ or account.state.new_id(now_s),
        kind=kind,
        code=code or authorization.code,
        transaction_id=transaction_id,
        comments=comments,
        parent_id=authorization.id,
        about_id=authorization.id,
        amount=amount,
        currency=authorization.currency,
        status=_STATUSES[kind],
        at_s=now_s,
    )
    account.state.movements[movement.id] = movement
    return movement


def add_movement(
    account: Account,
    kind: MovementKind,
    document: Mapping[str, Any],
    about: Movement,
    amount: Decimal,
) -> Movement:
    """Adds a void or refund of another movement."""
    code, transaction_id, comments = references_of(document)
    now_s = account.now()
    movement = Movement(
        id=account.state.new_id(now_s),
        kind=kind,
        code=code or about.code,
        transaction_id=transaction_id,
        comments=comments,
        parent_id=about.parent_id,
        about_id=about.id,
        amount=amount,
        currency=about.currency,
        status=_STATUSES[kind],
        at_s=now_s,
        brand=about.brand,
        last4=about.last4,
    )
    account.state.movements[movement.id] = movement
    return movement


OFFERS = (
    Offer(
        "reversal.auth_reversal",
        "reversal",
        lambda ask: reverse(ask.account, ask.id, ask.document),
    ),
)
