"""POST /pts/v2/payments: authorizations.

Source: REST API reference, Payments, "Process a Payment"; Payments Developer Guide, Authorization
(required fields), "Zero Amount Authorizations" (a card is verified, nothing is held). With
`processingInformation.capture` it is a sale: captured under the same id. A payment without an order
number is given one, as that of an official sample is.
"""

from collections.abc import Mapping
from typing import Any

from tillbridge_simulators.cybersource.account import Account
from tillbridge_simulators.cybersource.answers import Answer, Refusal, utc_text
from tillbridge_simulators.cybersource.ask import Offer
from tillbridge_simulators.cybersource.authentications import proven
from tillbridge_simulators.cybersource.currency_offers import check_offer, use_offer
from tillbridge_simulators.cybersource.documents import at, money_at, quantum, text_at
from tillbridge_simulators.cybersource.echoes import keep_echo
from tillbridge_simulators.cybersource.fences import undo_late_authorization, undo_late_movement
from tillbridge_simulators.cybersource.followons import reference_of, sell
from tillbridge_simulators.cybersource.instruments import (
    FLUID,
    STORED,
    TRACK,
    payer,
    pays_by_check,
)
from tillbridge_simulators.cybersource.messages import declined
from tillbridge_simulators.cybersource.outcomes import (
    OUTCOMES,
    TRIGGER_AMOUNTS,
    UNDONE_BY_FENCE,
    Outcome,
)
from tillbridge_simulators.cybersource.reauthorizations import check_reauthorization
from tillbridge_simulators.cybersource.state import Authorization
from tillbridge_simulators.cybersource.stored_tokens import store, wants_stored_token
from tillbridge_simulators.cybersource.tokens import MintedToken

CODE_LENGTH_MAX = 50
TRANSACTION_ID_LENGTH_MAX = 30
COMMENTS_LENGTH_MAX = 255
_AMOUNT = "orderInformation.amountDetails"

_BILLING = {
    "firstName": 60, "lastName": 60, "address1": 60, "locality": 50, "country": 2, "email": 255,
}  # fmt: skip
_BILLING_AT_HOME = {"administrativeArea": 20, "postalCode": 14}
_BILLING_OPTIONAL = {"address2": 60, "phoneNumber": 15}
_DECISIONS = ("review", "pending_review", "risk_declined", "score")
"""Decision Manager's outcomes."""
_RISKY = {400: "REJECT", 480: "REVIEW", 481: "REJECT"}
"""By their codes, what Decision Manager's rules said."""
_CAPTURED = ("AUTHORIZED", "PARTIAL_AUTHORIZED")
_EVENTS = {
    "AUTHORIZED": "accepted",
    "PARTIAL_AUTHORIZED": "partiallyApproved",
    "AUTHORIZED_PENDING_REVIEW": "reviewed",
    "PENDING_REVIEW": "reviewed",
    "DECLINED": "rejected",
    "AUTHORIZED_RISK_DECLINED": "rejected",
}


def authorize(account: Account, document: Mapping[str, Any]) -> Answer:
    """Checks the body, decides by token and amount, holds, tells. Raises Refusal."""
    token = _check(account, document)
    authorization = _decide(account, document, token)
    account.state.authorizations[authorization.id] = authorization
    keep_echo(account, authorization.id, document)
    account.record("authorization", authorization, authorization.outcome.status)
    use_offer(account, document, authorization.id)
    taken = None
    authorization.check = pays_by_check(document, token)
    if _is_sale(document, token) and authorization.outcome.status in _CAPTURED:
        taken = sell(account, authorization)
    answer = _describe(authorization, authorization.outcome)
    if authorization.check and taken is not None:
        answer["status"] = taken.status
    if wants_stored_token(document) and authorization.outcome.holds:
        made = answer["tokenInformation"] = store(account, document, token)
        authorization.stored = {
            kind: {"id": one["id"]} for kind, one in made.items() if isinstance(one, dict)
        }
    event = _EVENTS.get(authorization.outcome.status)
    if event is not None:
        name = f"payments.authorization.status.{event}"
        account.tell(name, authorization.code, answer)
    if taken is not None:
        undo_late_movement(account, taken)
    if undo_late_authorization(account, authorization):
        answer = _describe(authorization, UNDONE_BY_FENCE)
    return Answer(201, answer)


def _is_sale(document: Mapping[str, Any], token: MintedToken) -> bool:
    """A bank account is never only held: it is debited at once."""
    return pays_by_check(document, token) or at(document, "processingInformation.capture") in (
        True,
        "true",
    )


def _describe(one: Authorization, outcome: Outcome) -> dict[str, Any]:
    """An authorization as its answer and its notification show it."""
    body: dict[str, Any] = {
        "_links": _links(one),
        "id": one.id,
        "submitTimeUtc": utc_text(one.at_s),
        "status": outcome.status,
        "reconciliationId": one.id[-12:],
        "clientReferenceInformation": reference_of(one),
    }
    if one.brand:
        kind = {"type": one.brand}
        card = {**kind, "suffix": one.last4}
        body["paymentInformation"] = {"tokenizedCard": kind, "card": card}
        body["paymentAccountInformation"] = {"card": kind}
        body["pointOfSaleInformation"] = {"terminalId": "111111"}
    if outcome.holds:
        details = {"authorizedAmount": str(one.amount), "currency": one.currency}
        if one.amount != one.requested:
            details["totalAmount"] = str(one.requested)
        body["orderInformation"] = {"amountDetails": details}
        body["processorInformation"] = {
            "approvalCode": one.approval_code,
            "responseCode": "100",
            "networkTransactionId": one.network_id,
            "transactionId": one.network_id,
            "avs": outcome.avs,
        }
    if outcome.code in _RISKY:
        body["riskInformation"] = {
            "profile": {"name": "Standard"},
            "rules": [{"name": "Sandbox", "decision": _RISKY[outcome.code]}],
            "score": {"result": "80", "modelUsed": "default"},
        }
    if outcome.reason:
        body["errorInformation"] = {
            "reason": outcome.reason,
            "message": declined(outcome.reason),
        }
    return body


def _links(one: Authorization) -> dict[str, dict[str, str]]:
    """What may follow: of a hold its reversal and capture, of a sale its void."""
    path = f"/pts/v2/payments/{one.id}"
    nouns = {"void": "voids"} if one.sale else {"authReversal": "reversals", "capture": "captures"}
    follows = {
        name: {"method": "POST", "href": f"{path}/{noun}"}
        for name, noun in nouns.items()
        if one.state in ("held", "captured")
    }
    return follows | {"self": {"method": "GET", "href": path}}


def _check(account: Account, document: Mapping[str, Any]) -> MintedToken:
    text_at(document, "clientReferenceInformation.code", length_max=CODE_LENGTH_MAX, required=False)
    transaction_id = text_at(
        document,
        "clientReferenceInformation.transactionId",
        length_max=TRANSACTION_ID_LENGTH_MAX,
        required=False,
    )
    text_at(
        document,
        "clientReferenceInformation.comments",
        length_max=COMMENTS_LENGTH_MAX,
        required=False,
    )
    once = account.options.transaction_id_once and transaction_id
    if once and account.state.authorization_by(transaction_id) is not None:
        raise Refusal("DUPLICATE_REQUEST")
    token = payer(account, document)
    money_at(document, _AMOUNT, or_nothing=not _is_sale(document, token))
    present = at(document, TRACK) or at(document, FLUID)
    _check_billing(document, required=token.kind != "tms" and not present)
    check_reauthorization(account, document, token)
    check_offer(account, document)
    return token


def _check_billing(document: Mapping[str, Any], *, required: bool) -> None:
    path = "orderInformation.billTo"
    home = at(document, f"{path}.country") in ("US", "CA")
    needed = _BILLING | (_BILLING_AT_HOME if home else {})
    missing = [name for name in needed if not at(document, f"{path}.{name}")]
    if required and missing:
        raise Refusal("MISSING_FIELD", [f"{path}.{name}" for name in missing])
    for name, length_max in (_BILLING | _BILLING_AT_HOME | _BILLING_OPTIONAL).items():
        text_at(document, f"{path}.{name}", length_max=length_max, required=False)


def takes_part(account: Account, document: Mapping[str, Any]) -> bool:
    """Whether a hold of less than was asked for is wanted: by the account and by the request."""
    wish = at(document, "processingInformation.authorizationOptions.partialAuthIndicator")
    return account.options.split_tender and wish not in (False, "false")


def _unasked(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The outcomes that cannot come about, because the request does not want them looked for."""
    wishes = at(document, "processingInformation.authorizationOptions") or {}
    skips = "DECISION_SKIP" in (at(document, "processingInformation.actionList") or ())
    return (
        *(_DECISIONS if skips else ()),
        *(("avs_failed",) if wishes.get("ignoreAvsResult") in (True, "true") else ()),
        *(("cv_failed",) if wishes.get("ignoreCvResult") in (True, "true") else ()),
    )


def _decide(account: Account, document: Mapping[str, Any], token: MintedToken) -> Authorization:
    amount, currency = money_at(document, _AMOUNT, or_nothing=True)
    wanted = TRIGGER_AMOUNTS.get(amount, token.outcome)
    if wanted == "partial" and not takes_part(account, document):
        wanted = "insufficient_fund"
    if wanted == "challenge" and proven(account, document):
        wanted = "authorized"
    if wanted in _unasked(document):
        wanted = "authorized"
    outcome = OUTCOMES[wanted]
    now_s = account.now()
    held = (amount * outcome.share).quantize(quantum(currency)) if outcome.holds else amount * 0
    reference = document.get("clientReferenceInformation") or {}
    code = reference.get("code") or str(int(now_s * 1000))
    return Authorization(
        id=account.state.new_id(now_s),
        code=code,
        transaction_id=reference.get("transactionId", ""),
        comments=reference.get("comments", ""),
        requested=amount,
        amount=held,
        currency=currency,
        outcome=outcome,
        at_s=now_s - account.options.aged_s.get(code, 0.0),
        state="held" if held else "nothing",
        approval_code=account.state.approval_code() if outcome.holds else "",
        brand=token.brand,
        last4=token.last4,
        customer_id=str(at(document, "paymentInformation.customer.id") or ""),
        paid_with={
            kind: {"id": str(id_)}
            for kind in STORED
            if (id_ := at(document, f"paymentInformation.{kind}.id"))
        },
        review="pending" if outcome.reason == "DECISION_PROFILE_REVIEW" else "",
    )


OFFERS = (
    Offer(
        "payments.create_payment", "authorization", lambda ask: authorize(ask.account, ask.document)
    ),
)
