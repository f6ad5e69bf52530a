"""What a shop is told about a checkout."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tillbridge.canonical.money import Money
from tillbridge.canonical.payments import AttemptState
from tillbridge.database.database import Database
from tillbridge.payments.attempts import NOT_SENT, Attempt
from tillbridge.payments.reauthorizations import whole


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shop is told.

    Attributes:
        status: "authorized", "partial", "declined", "in_review", "challenge" (200), "pending"
            (202), "abandoned" (200: nothing is held, pay again with a new key), "conflict" (409),
            "not_attempted" (503, safe to retry).
        attempt: None when none was begun.
        page: with "challenge": the step that the shopper's page has to do, and what it needs.
        held, owed: of an order that is paid in parts, by all of them together.
    """

    status: Literal[
        "authorized",
        "partial",
        "declined",
        "in_review",
        "challenge",
        "pending",
        "abandoned",
        "conflict",
        "not_attempted",
    ]
    attempt: Attempt | None
    reason: str = ""
    message: str = ""
    next_step: str = ""
    page: Mapping[str, str] = field(default_factory=dict)
    held: Money | None = None
    owed: Money | None = None


def in_flight(other: Attempt | None, order_number: str) -> Answer:
    """Another attempt of the same debt is under way."""
    return Answer(
        "conflict",
        other,
        reason="attempt_in_flight",
        message=f"Another attempt for order {order_number} is in flight.",
        next_step="Wait for its end, then try again.",
    )


def in_the_way(other: Attempt | None, order_number: str) -> Answer:
    """Another attempt of the same debt is open or holds money."""
    if other is None or other.state in (
        AttemptState.STARTED,
        AttemptState.UNKNOWN,
        AttemptState.REVERSING,
    ):
        return in_flight(other, order_number)
    if other.state is AttemptState.PARTIAL:
        return Answer(
            "conflict",
            other,
            reason="order_partly_paid",
            message=f"A part of order {order_number} is paid.",
            next_step=f"Ask what is owed (GET /checkout/payments/{other.attempt_key}) and post it"
            " along as `owed`; or cancel the order.",
        )
    return Answer(
        "conflict",
        other,
        reason="order_paid",
        message=f"Order {order_number} has a payment that is {other.state}.",
        next_step="Do not charge it again.",
    )


def may_reopen(attempt: Attempt) -> bool:
    """Whether its call certainly never left: the same key may be used again."""
    return attempt.state is AttemptState.ABANDONED and attempt.reason == NOT_SENT


def not_attempted(message: str) -> Answer:
    """Nothing was sent; the message says why."""
    return Answer(
        "not_attempted",
        None,
        reason="not_attempted",
        message=message,
        next_step="Nothing was sent; the same request may be sent again.",
    )


async def with_sums(database: Database, answer: Answer) -> Answer:
    """The answer; of an order that is paid in parts with what is held and what is owed."""
    if answer.attempt is None or not answer.attempt.part:
        return answer
    async with database.connection() as tx:
        payment = await whole(tx, answer.attempt)
    if payment.owed is None:
        return answer
    return replace(answer, held=payment.authorized, owed=payment.owed)


def answer_for(attempt: Attempt) -> Answer:
    """What a shop is told of an attempt as it stands."""
    match attempt.state:
        case AttemptState.AUTHORIZED | AttemptState.CAPTURED:
            return Answer("authorized", attempt)
        case AttemptState.PARTIAL:
            return Answer("partial", attempt)
        case AttemptState.IN_REVIEW:
            return Answer("in_review", attempt, attempt.review)
        case AttemptState.CHALLENGE:
            return Answer("challenge", attempt)
        case AttemptState.STARTED | AttemptState.UNKNOWN:
            return Answer("pending", attempt)
        case AttemptState.DECLINED | AttemptState.REVERSING | AttemptState.REVERSED:
            return Answer("declined", attempt, attempt.reason)
        case AttemptState.ABANDONED if attempt.reason == NOT_SENT:
            return not_attempted("The payment system could not be reached.")
        case AttemptState.ABANDONED:
            return Answer("abandoned", attempt, attempt.reason)
