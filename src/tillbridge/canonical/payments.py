"""Payments, their attempts, and what was observed of them.

A payment is the debt of one order at one payment connection. An attempt is one try to get one
authorization for it. An observation is one thing somebody told us: a reply, a webhook, a search
hit, a read, a report row. The first observation that proves a state moves the attempt; later ones
confirm it or raise a conflict.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tillbridge.canonical.money import Money


class Operation(StrEnum):
    """What was done at the payment system."""

    AUTHORIZATION = "authorization"
    SALE = "sale"
    CAPTURE = "capture"
    REVERSAL = "reversal"
    VOID = "void"
    REFUND = "refund"
    REVIEW = "review"
    CREDIT = "credit"
    INCREMENT = "increment"


class Verdict(StrEnum):
    """How an operation ended, in our words.

    APPROVED: it took effect (for a review: accepted). DECLINED: an answer, nothing is held (for a
    review: rejected; the hold may still stand). IN_REVIEW: the issuer holds the money and somebody
    must decide. HELD_DECLINED: the issuer holds the money but the payment system's own rules said
    no: the hold has to be reversed. PARTIAL: the issuer holds less than was asked for, and that is
    kept as a part of the payment. CHALLENGE: the shopper must authenticate (3-D Secure).
    FAILED: it was accepted earlier and failed later. UNDONE: it took effect and was undone since.
    """

    APPROVED = "approved"
    DECLINED = "declined"
    IN_REVIEW = "in_review"
    HELD_DECLINED = "held_declined"
    PARTIAL = "partial"
    CHALLENGE = "challenge"
    FAILED = "failed"
    UNDONE = "undone"


class Source(StrEnum):
    """Who told us."""

    REPLY = "reply"
    WEBHOOK = "webhook"
    SEARCH = "search"
    READ = "read"
    REPORT = "report"
    PERSON = "person"


class AttemptState(StrEnum):
    """Where an attempt stands. `payments/judge` holds which may follow which.

    PARTIAL: a part of the order's money is held, and the rest is owed yet.
    """

    STARTED = "started"
    UNKNOWN = "unknown"
    CHALLENGE = "challenge"
    DECLINED = "declined"
    ABANDONED = "abandoned"
    IN_REVIEW = "in_review"
    PARTIAL = "partial"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REVERSING = "reversing"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Card:
    """What may be known of a card: never its number."""

    brand: str = ""
    last4: str = ""
    expires_month: int | None = None
    expires_year: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Stands for a card.

    Attributes:
        kind: "transient" (one checkout, minutes) or "tms" (stored).
        context: the capture context that a transient token was made in; "" when it is not shown.
    """

    kind: str
    value: str = field(repr=False)
    context: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact about one operation.

    Attributes:
        order_number: the reference both sides share (clientReferenceInformation.code).
        attempt_key: the key we sent, as the payment system echoes it: of an authorization the
            attempt's, of a follow-on its own, of a fence that of what it undoes; "" when it echoes
            none.
        request_id: the payment system's own id of this operation.
        parent_id: for a follow-on, the id of the operation it follows; else "".
        amount: what was held, captured or undone; None when it was not said.
        reason: the payment system's own word for why, upper case ("EXPIRED_CARD").
        review: for IN_REVIEW, which of "decision_manager", "address_check",
            "security_code", "contact_processor".
        token: a stored token this operation created, "" when none.
        occurred_at: the payment system's own time of it, UTC.
    """

    operation: Operation
    verdict: Verdict
    source: Source
    order_number: str
    request_id: str
    occurred_at: datetime
    attempt_key: str = ""
    parent_id: str = ""
    amount: Money | None = None
    reason: str = ""
    review: str = ""
    approval_code: str = ""
    token: str = ""
    card: Card = field(default_factory=Card)


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order as events carry it: the live attempt and what was moved.

    `authorization_id` is the payment system's id of the authorization; `captured` and `refunded`
    are sums of what is proven. `refunded` is None in what was told before refunds were counted. Of
    an order that is paid in parts it is the first part, with the sums of all; `owed` is what no
    part holds yet, None of every other order.
    """

    connection: str
    order_number: str
    attempt_key: str
    state: AttemptState
    authorized: Money
    captured: Money
    authorization_id: str = ""
    approval_code: str = ""
    reason: str = ""
    review: str = ""
    token: str = ""
    card: Card = field(default_factory=Card)
    authorized_at: datetime | None = None
    refunded: Money | None = None
    owed: Money | None = None
